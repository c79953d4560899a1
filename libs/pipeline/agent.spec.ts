import { describe, expect, it } from '@jest/globals';
import { Agent } from '#pipeline/agent';
import type {
  Channel,
  ChannelSink,
  ChannelTake,
  ComponentType,
  Interceptor,
  Source,
  SourceContext,
} from '#pipeline/collector';
import { ChannelError, pipelineErrors } from '#pipeline/errors';
import { EventBatch } from '#pipeline/event-batch';
import type { AgentPlan, SourcePlan } from '#pipeline/flume-plan';
import { systemClock, type Clock } from '#std/clock';
import { silentLogger } from '#std/log';

/** Time that only runs on demand for timers of a second and more; shorter ones are real. */
class TestClock implements Clock {
  private readonly waiting = new Set<{ at: number; callback: () => void }>();
  private time = 0;

  now = () => 1_700_000_000_000 + this.time;
  monotonic = () => this.time;

  after(delayMs: number, callback: () => void) {
    if (delayMs < 1000) return systemClock.after(0, callback);
    const entry = { at: this.time + delayMs, callback };
    this.waiting.add(entry);
    return { cancel: () => void this.waiting.delete(entry) };
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.reject(new Error('aborted'));
    return new Promise((resolve, reject) => {
      const timer = this.after(delayMs, resolve);
      signal?.addEventListener('abort', () => {
        timer.cancel();
        reject(new Error('aborted'));
      });
    });
  }

  async advance(ms: number): Promise<void> {
    this.time += ms;
    for (const entry of this.waiting) {
      if (entry.at > this.time) continue;
      this.waiting.delete(entry);
      entry.callback();
    }
    await settle();
  }
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 5));
const lines = (...texts: string[]) => EventBatch.of(texts.map((text) => ({ body: Buffer.from(text) })));
const texts = (batch: EventBatch) => Array.from({ length: batch.count }, (_, index) => batch.body(index).toString());

/** A channel of whole batches. */
class TestChannel implements Channel {
  readonly capacity = 100;
  readonly volatile = true;
  readonly batches: EventBatch[] = [];
  committed: string[] = [];
  refuse = false;
  private wake: () => void = () => undefined;

  constructor(
    private readonly name: string,
    private readonly journal: string[],
    public failingStarts = 0,
  ) {}

  start(): Promise<void> {
    if (this.failingStarts > 0) {
      this.failingStarts -= 1;
      return Promise.reject(new Error('no room'));
    }
    this.journal.push(`start ${this.name}`);
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.journal.push(`stop ${this.name}`);
    return Promise.resolve();
  }

  put(batch: EventBatch): Promise<void> {
    if (this.refuse) return Promise.reject(new ChannelError(pipelineErrors.channelFull, `${this.name} is full`));
    this.batches.push(batch);
    this.wake();
    return Promise.resolve();
  }

  async take(_maxEvents: number, _waitMs: number, signal?: AbortSignal): Promise<ChannelTake | null> {
    if (this.batches.length === 0) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        signal?.addEventListener('abort', () => resolve());
      });
    }
    const batch = this.batches.shift();
    if (batch === undefined) return null;
    return {
      batch,
      commit: () => {
        this.committed.push(...texts(batch));
        return Promise.resolve();
      },
      rollback: () => {
        this.batches.unshift(batch);
        return Promise.resolve();
      },
    };
  }

  size(): number {
    return this.batches.reduce((total, batch) => total + batch.count, 0);
  }
}

class TestSource implements Source {
  context: SourceContext | null = null;

  constructor(private readonly journal: string[]) {}

  start(context: SourceContext): Promise<void> {
    this.context = context;
    this.journal.push('start r1');
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.journal.push('stop r1');
    return Promise.resolve();
  }

  deliver(batch: EventBatch): Promise<void> {
    if (this.context === null) throw new Error('not started');
    return this.context.deliver(batch);
  }
}

class TestSink implements ChannelSink {
  readonly batchSize = 10;
  readonly written: string[] = [];
  failures = 0;
  hold: Promise<void> = Promise.resolve();
  underWay = 0;
  underWayMax = 0;

  constructor(
    private readonly journal: string[],
    readonly writesInFlightMax = 1,
  ) {}

  start(): Promise<void> {
    this.journal.push('start k1');
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.journal.push('stop k1');
    return Promise.resolve();
  }

  async write(batch: EventBatch): Promise<void> {
    this.underWay += 1;
    this.underWayMax = Math.max(this.underWayMax, this.underWay);
    try {
      await this.hold;
      if (this.failures > 0) {
        this.failures -= 1;
        throw new Error('the store is away');
      }
      this.written.push(...texts(batch));
    } finally {
      this.underWay -= 1;
    }
  }
}

function typeOf<T>(name: string, component: T): ComponentType<T> {
  return { name, classNames: [], doc: '', options: {}, create: () => component };
}

function build(
  more: { sink?: TestSink; channels?: string[]; source?: Partial<SourcePlan>; failingStarts?: number } = {},
) {
  const journal: string[] = [];
  const clock = new TestClock();
  const names = more.channels ?? ['c1'];
  const channels = names.map((name) => new TestChannel(name, journal, more.failingStarts));
  const source = new TestSource(journal);
  const sink = more.sink ?? new TestSink(journal);
  const plan: AgentPlan = {
    name: 'a1',
    sinkGroups: [],
    channels: channels.map((channel, index) => ({
      name: names[index] ?? '',
      type: typeOf<Channel>('test', channel),
      options: {},
    })),
    sinks: [{ name: 'k1', type: typeOf<ChannelSink>('test', sink), options: {}, channel: 'c1' }],
    sources: [
      {
        name: 'r1',
        type: typeOf<Source>('test', source),
        options: {},
        channels: names,
        selector: { type: 'replicating', required: names, optional: [] },
        interceptors: [],
        ...more.source,
      },
    ],
  };
  const agent = new Agent({ plan, services: { bootstrap: '', clock, logger: silentLogger }, stateDirectory: '/state' });
  const status = (kind: string) => agent.status().components.find((component) => component.kind === kind);
  return { agent, clock, journal, channels, channel: channels[0] as TestChannel, source, sink, status };
}

describe('agent', () => {
  it('starts channels, sinks, sources, and stops sources, sinks, channels', async () => {
    const { agent, journal } = build();
    await agent.start();
    await agent.stop();
    expect(journal).toEqual(['start c1', 'start k1', 'start r1', 'stop r1', 'stop k1', 'stop c1']);
  });

  it('gives each component a state folder of its own', async () => {
    const { agent, source } = build();
    await agent.start();
    expect(source.context?.stateDirectory).toBe('/state/sources/r1');
    await agent.stop();
  });

  it('moves events from source to sink and counts them by Flume names', async () => {
    const { agent, source, sink, status, channel } = build();
    await agent.start();
    await source.deliver(lines('a', 'b'));
    await settle();
    expect(sink.written).toEqual(['a', 'b']);
    expect(channel.committed).toEqual(['a', 'b']);
    expect(status('source')?.counters).toMatchObject({
      EventReceivedCount: 2,
      EventAcceptedCount: 2,
      AppendBatchAcceptedCount: 1,
    });
    expect(status('channel')?.counters).toMatchObject({
      EventPutSuccessCount: 2,
      EventTakeSuccessCount: 2,
      ChannelSize: 0,
      ChannelCapacity: 100,
    });
    expect(status('sink')?.counters).toMatchObject({
      EventDrainAttemptCount: 2,
      EventDrainSuccessCount: 2,
      BatchUnderflowCount: 1,
    });
    await agent.stop();
  });

  it('tries a failed start again every 3 s, and refuses events meanwhile', async () => {
    const { agent, clock, source, status } = build({ failingStarts: 2 });
    await agent.start();
    expect(agent.status().state).toBe('DEGRADED');
    expect(status('channel')).toMatchObject({ state: 'FAILED', error: 'no room' });
    await expect(source.deliver(lines('a'))).rejects.toThrow(ChannelError);
    await clock.advance(3000);
    expect(status('channel')?.state).toBe('FAILED');
    await clock.advance(3000);
    expect(status('channel')).toMatchObject({ state: 'RUNNING', error: null });
    await source.deliver(lines('a'));
    await agent.stop();
  });

  it('drains a channel in memory before it stops the sinks', async () => {
    const { agent, source, sink } = build();
    let release: () => void = () => undefined;
    sink.hold = new Promise((resolve) => {
      release = resolve;
    });
    await agent.start();
    for (const text of ['a', 'b', 'c']) await source.deliver(lines(text));
    const stopped = agent.stop();
    await settle();
    release();
    await stopped;
    expect(sink.written).toEqual(['a', 'b', 'c']);
  });
});

describe('stopping an agent', () => {
  it('does not wait for a sink whose store is away for ever', async () => {
    const { agent, source, sink, channel, clock, journal } = build();
    let refuse: (reason: Error) => void = () => undefined;
    sink.hold = new Promise((_resolve, reject) => {
      refuse = reject;
    });
    sink.stop = () => {
      refuse(new Error('closed'));
      journal.push('stop k1');
      return Promise.resolve();
    };
    await agent.start();
    await source.deliver(lines('a'));
    await settle();
    const stopped = agent.stop();
    for (let second = 0; second < 9; second += 1) await clock.advance(1000);
    await stopped;
    expect(channel.batches.map(texts)).toEqual([['a']]);
    expect(journal.slice(-2)).toEqual(['stop k1', 'stop c1']);
  });
});

describe('channel processor', () => {
  it('runs interceptors over the whole batch in their order', async () => {
    const add = (text: string): Interceptor => ({
      intercept: (batch) => batch.withHeader('h', `${batch.header(0, 'h') ?? ''}${text}`),
    });
    const interceptors = ['1', '2'].map((text) => ({ name: text, type: typeOf('test', add(text)), options: {} }));
    const { agent, source, channel, sink } = build({ source: { interceptors } });
    sink.hold = new Promise(() => undefined);
    await agent.start();
    await source.deliver(lines('first'));
    await settle();
    await source.deliver(lines('a'));
    expect(channel.batches[0]?.header(0, 'h')).toBe('12');
  });

  it('keeps batches in their order behind one that an interceptor lets wait', async () => {
    const journalled: string[] = [];
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow: Interceptor = {
      start: () => Promise.resolve(void journalled.push('start')),
      stop: () => Promise.resolve(void journalled.push('stop')),
      intercept: (batch) => (texts(batch).includes('a') ? gate.then(() => batch) : batch),
    };
    const interceptors = [{ name: 'i1', type: typeOf('test', slow), options: {} }];
    const { agent, source, channel, sink } = build({ source: { interceptors } });
    sink.hold = new Promise(() => undefined);
    await agent.start();
    await source.deliver(lines('first'));
    await settle();
    const deliveries = [source.deliver(lines('a')), source.deliver(lines('b'))];
    await settle();
    expect(channel.batches.map(texts)).toEqual([]);
    release();
    await Promise.all(deliveries);
    expect(channel.batches.map(texts)).toEqual([['a'], ['b']]);
    expect(journalled).toEqual(['start']);
  });

  it('gives a batch that is delivered again only to the channels that refused it', async () => {
    const { agent, source, channels, status } = build({ channels: ['c1', 'c2'] });
    const [, second] = channels;
    await agent.start();
    if (second !== undefined) second.refuse = true;
    const batch = lines('a');
    await expect(source.deliver(batch)).rejects.toThrow('c2 is full');
    await expect(source.deliver(batch)).rejects.toThrow('c2 is full');
    if (second !== undefined) second.refuse = false;
    await source.deliver(batch);
    await settle();
    expect(channels[0]?.committed).toEqual(['a']);
    expect(second?.batches.map(texts)).toEqual([['a']]);
    expect(status('source')?.counters).toMatchObject({
      EventReceivedCount: 1,
      EventAcceptedCount: 1,
      ChannelWriteFail: 2,
    });
    await agent.stop();
  });

  it('loses a batch of an optional channel with a count, and goes on', async () => {
    const { agent, source, channels, status } = build({
      channels: ['c1', 'c2'],
      source: { selector: { type: 'replicating', required: ['c1'], optional: ['c2'] } },
    });
    if (channels[1] !== undefined) channels[1].refuse = true;
    await agent.start();
    await source.deliver(lines('a', 'b'));
    expect(status('source')?.counters).toMatchObject({ EventAcceptedCount: 2, OptionalChannelDropCount: 2 });
    await agent.stop();
  });
});

describe('sink runner', () => {
  it('rolls back what failed, waits as Flume does, and delivers it again in order', async () => {
    const { agent, source, sink, channel, clock, status } = build();
    await agent.start();
    sink.failures = 2;
    await source.deliver(lines('a'));
    await source.deliver(lines('b'));
    await settle();
    expect(sink.written).toEqual([]);
    expect(status('sink')).toMatchObject({ state: 'RUNNING', error: 'the store is away' });
    await clock.advance(1000);
    await clock.advance(2000);
    expect(sink.written).toEqual(['a', 'b']);
    expect(channel.committed).toEqual(['a', 'b']);
    expect(status('sink')).toMatchObject({ error: null, counters: { EventWriteFail: 2, EventDrainSuccessCount: 2 } });
    await agent.stop();
  });

  it('keeps as many writes under way as the sink allows, and gives failed ones back in order', async () => {
    const sink = new TestSink([], 3);
    const { agent, source, channel, clock } = build({ sink });
    let release: () => void = () => undefined;
    sink.hold = new Promise((resolve) => {
      release = resolve;
    });
    sink.failures = 2;
    await agent.start();
    for (const text of ['a', 'b', 'c', 'd', 'e']) await source.deliver(lines(text));
    await settle();
    expect(sink.underWay).toBe(3);
    release();
    await settle();
    expect(channel.committed).toEqual(['c']);
    expect(channel.batches.map(texts).flat()).toEqual(['a', 'b', 'd', 'e']);
    await clock.advance(1000);
    expect(sink.underWayMax).toBe(3);
    expect(channel.committed).toEqual(['c', 'a', 'b', 'd', 'e']);
    await agent.stop();
  });
});
