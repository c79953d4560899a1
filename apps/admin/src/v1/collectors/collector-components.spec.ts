import type { AgentPlan } from '#pipeline/flume-plan';
import { componentViews, reportedAgent } from './collector-components.js';

/** Only names are looked at here. */
const typed = <T>(name: string): T => ({ name, classNames: [], doc: '', options: {}, create: () => undefined }) as T;
const plan: AgentPlan = {
  name: 'a1',
  sources: [
    {
      name: 'r1',
      type: typed('taildir'),
      options: {},
      channels: ['c1'],
      selector: { type: 'replicating', required: ['c1'], optional: [] },
      interceptors: [{ name: 'i1', type: typed('regex_filter'), options: {} }],
      exactlyOnce: { support: 'requested', positionsTopic: 'p', boundaryMs: 1, owner: null },
    },
  ],
  channels: [{ name: 'c1', type: typed('memory'), options: {} }],
  sinks: [{ name: 'k1', type: typed('kafka'), options: {}, channel: 'c1' }],
  sinkGroups: [],
};
const reported = [
  {
    kind: 'source',
    name: 'r1',
    type: 'taildir',
    state: 'RUNNING',
    error: null,
    counters: { EventReceivedCount: 10, EventAcceptedCount: 8, ChannelWriteFail: 1 },
    lastEventAt: 1_700_000_000_000,
    startedAt: 1_600_000_000_000,
    interceptors: [{ name: 'i1', type: 'regex_filter', received: 10, passed: 7, failed: 1 }],
  },
  {
    kind: 'channel',
    name: 'c1',
    type: 'memory',
    state: 'RUNNING',
    error: null,
    counters: { ChannelSize: 95, ChannelCapacity: 100, ChannelFillPercentage: 95, EventPutSuccessCount: 7 },
  },
  { kind: 'sink', name: 'k1', type: 'kafka', state: 'FAILED', error: 'http://me:secret@host is away.', counters: {} },
];

describe('the components of a collector', () => {
  it('are what its worker said of those that its text wants', () => {
    const { components } = reportedAgent.parse({ components: reported });
    const views = componentViews(plan, 'RUNNING', components);
    expect(views.map(({ kind, name, state, reason }) => [kind, name, state, reason])).toEqual([
      ['source', 'r1', 'RUNNING', 'It waits for room in c1.'],
      ['interceptor', 'i1', 'RUNNING', 'It threw for 1 events, which its source gives again.'],
      ['channel', 'c1', 'RUNNING', 'Nearly full: sinks take less than sources give.'],
      ['sink', 'k1', 'FAILED', 'http://me:***@host is away. It is tried again every 3 s.'],
    ]);
    const [source, interceptor, channel, sink] = views;
    expect(source).toMatchObject({ received: 10, passed: 8, failures: 1, last_event_at: '2023-11-14T22:13:20.000Z' });
    expect(interceptor).toMatchObject({ source: 'r1', received: 10, passed: 7, dropped: 2, failures: 1 });
    expect(channel).toMatchObject({ size: 95, capacity: 100, fill: 0.95, received: 7 });
    expect(sink).toMatchObject({ takes_from: ['c1'], last_event_at: null });
  });

  it.each([
    ['RUNNING', 'WAITING', 'No worker has said anything of it yet.'],
    ['PAUSED', 'PAUSED', null],
    ['STOPPED', 'STOPPED', null],
  ] as const)('that nobody runs are %s as wanted: %s', (target, state, reason) => {
    const views = componentViews(plan, target, []);
    expect(views).toHaveLength(4);
    for (const view of views) expect(view).toMatchObject({ state, reason, received: null });
  });

  it('are those of the worker alone where the text cannot be read here', () => {
    const { components } = reportedAgent.parse({ components: reported });
    expect(componentViews(null, 'RUNNING', components).map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'source r1',
      'interceptor i1',
      'channel c1',
      'sink k1',
    ]);
    expect(reportedAgent.parse({ components: 'nonsense' }).components).toEqual([]);
  });
});
