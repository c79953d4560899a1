import { AgentSinkTask } from '#pipeline/agent-sink-task';
import { channelSinkAsTask } from '#pipeline/channel-sink-task';
import type { ChannelSink, ComponentContext } from '#pipeline/collector';
import { FatalSinkError, FencedSinkError, PoisonRecordError } from '#pipeline/errors';
import type { EventBatch } from '#pipeline/event-batch';
import { FakeDeadLetters, FakeReader, SimulatedClock } from '#pipeline/sink-task.testkit';
import { silentLogger } from '#std/log';

interface Rig {
  readonly clock: SimulatedClock;
  readonly readers: FakeReader[];
  readonly letters: FakeDeadLetters;
  readonly written: string[];
  readonly counters: Map<string, number>;
  readonly errors: unknown[];
  readonly task: AgentSinkTask;
  refusal: Error | null;
}

/** A task over a topic without records; `refusal` is thrown by the next write. */
function startRig(): Rig {
  const clock = new SimulatedClock();
  const events: string[] = [];
  const rig = {
    clock,
    readers: [] as FakeReader[],
    letters: new FakeDeadLetters(events),
    written: [] as string[],
    counters: new Map<string, number>(),
    errors: [] as unknown[],
    refusal: null as Error | null,
  };
  const sink = (): ChannelSink => ({
    batchSize: 2,
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    write(batch: EventBatch) {
      const { refusal } = rig;
      rig.refusal = null;
      if (refusal !== null) return Promise.reject(refusal);
      for (let index = 0; index < batch.count; index += 1) {
        const body = batch.body(index).toString();
        if (body === 'bad') return Promise.reject(new PoisonRecordError('It is bad.', index));
        rig.written.push(`${body} ${JSON.stringify(batch.headersOf(index))}`);
      }
      return Promise.resolve();
    },
  });
  const context: ComponentContext = {
    name: 'k1',
    clock,
    logger: silentLogger,
    stateDirectory: 'nowhere',
    count: (counter, by) => rig.counters.set(counter, (rig.counters.get(counter) ?? 0) + by),
    reportError: (error) => {
      if (error !== null) rig.errors.push(error);
    },
  };
  const task = new AgentSinkTask({
    createPlan: () => ({ sink: channelSinkAsTask(sink()), deadLetterTopic: 'letters' }),
    openTopic() {
      const reader = new FakeReader(clock, events);
      rig.readers.push(reader);
      return { reader, deadLetters: rig.letters, close: () => Promise.resolve() };
    },
    context,
    type: 'fake',
    connector: 'a1-k1',
  });
  task.start();
  return Object.assign(rig, { task });
}

describe('a sink of an agent that runs as a sink task', () => {
  it('writes events with their headers, counts them by the names of Flume, and puts aside what the sink refuses', async () => {
    const rig = startRig();
    const [reader] = rig.readers;
    reader?.append('orders', 0, ['a', 'b', 'bad', 'c']);
    await rig.clock.advance(100);
    await reader?.assign('orders', 0);
    await rig.clock.advance(10_000);
    expect(rig.written.filter((line, at, all) => all.indexOf(line) === at)).toEqual([
      'a {"from":"test","key":"k0"}',
      'b {"from":"test"}',
      'c {"from":"test","key":"k3"}',
    ]);
    expect(rig.letters.letters.map(({ value }) => value?.toString())).toEqual(['bad']);
    expect(reader?.committed.get('orders-0')).toBe(4);
    expect(rig.counters.get('EventDrainAttemptCount')).toBe(4);
    expect(rig.counters.get('EventDrainSuccessCount')).toBe(3);
    expect(rig.counters.get('DeadLetterCount')).toBe(1);
    await rig.task.stop();
    expect(reader?.stopped).toBe(true);
  });

  it.each([
    ['it has failed', new FatalSinkError('The table is gone.')],
    ['another owner was met', new FencedSinkError('The partition is gone.')],
  ])('begins anew after %s', async (_what, refusal) => {
    const rig = startRig();
    rig.refusal = refusal;
    rig.readers[0]?.append('orders', 0, ['a']);
    await rig.clock.advance(100);
    await rig.readers[0]?.assign('orders', 0);
    await rig.clock.advance(3000);
    expect(rig.errors.join()).toMatch(/is gone/);
    expect(rig.readers).toHaveLength(1);
    await rig.clock.advance(5000);
    expect(rig.readers).toHaveLength(2);
    rig.readers[1]?.append('orders', 0, ['a']);
    await rig.readers[1]?.assign('orders', 0);
    await rig.clock.advance(3000);
    // The task that was fenced has tried once more before it began anew, and the second reader knows nothing of its commits.
    expect([...new Set(rig.written)]).toEqual(['a {"from":"test","key":"k0"}']);
    await rig.task.stop();
  });
});
