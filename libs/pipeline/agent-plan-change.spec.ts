import { planChange } from '#pipeline/agent-plan-change';
import type { AgentPlan } from '#pipeline/flume-plan';
import { build } from './agent.testkit.js';

describe('what another plan changes', () => {
  const options = { x: '1' };
  const cases: [string, (plan: AgentPlan) => Partial<AgentPlan>][] = [
    ['nothing', () => ({})],
    ['a sink', ({ sinks }) => ({ sinks: sinks.map((sink) => ({ ...sink, options })) })],
    ['a source', ({ sources }) => ({ sources: sources.map((source) => ({ ...source, options })) })],
    ['a channel, and who holds on to it', ({ channels }) => ({ channels: channels.map((c) => ({ ...c, options })) })],
    ['a sink that goes', () => ({ sinks: [] })],
  ];

  it.each(cases)('is what the agent then does: %s', async (_what, more) => {
    const { agent, plan: before } = build();
    await agent.start();
    const after = { ...before, ...more(before) };
    const { restarted, added, removed, kept } = planChange(before, after);
    const done = await agent.change(after);
    await agent.stop();
    expect([[...restarted, ...removed].sort(), [...restarted, ...added].sort()]).toEqual([
      done.stopped.toSorted(),
      done.started.toSorted(),
    ]);
    expect(kept.length + restarted.length + removed.length).toBe(3);
  });
});
