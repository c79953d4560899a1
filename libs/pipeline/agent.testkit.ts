/** An agent of components that specs can look into. */
import { Agent } from '#pipeline/agent';
import type { Channel, ChannelSink, ChannelTake, ComponentType, Source, SourceContext } from '#pipeline/collector';
import { ChannelError, pipelineErrors } from '#pipeline/errors';
import { EventBatch } from '#pipeline/event-batch';
import type { AgentPlan, SourcePlan } from '#pipeline/flume-plan';
import { systemClock, type Clock } from '#std/clock';
import { silentLogger } from '#std/log';

/** Time that only runs on demand for timers of a second and more; shorter ones are real. */
export class TestClock implements Clock {
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

export const settle = (): Promise<void> => systemClock.sleep(5);
export const lines = (...texts: string[]) => EventBatch.of(texts.map((text) => ({ body: Buffer.from(text) })));
export const texts = (batch: EventBatch) =>
  Array.from({ length: batch.count }, (_, index) => batch.body(index).toString());

/** A channel of whole batches. */
export class TestChannel implements Channel {
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

export class TestSource implements Source {
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

export class TestSink implements ChannelSink {
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

export function typeOf<T>(name: string, component: T): ComponentType<T> {
  return { name, classNames: [], doc: '', options: {}, create: () => component };
}

export function build(
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
        exactlyOnce: { support: 'requested', positionsTopic: 'p', boundaryMs: 1, owner: null },
        ...more.source,
      },
    ],
  };
  const agent = new Agent({ plan, services: { bootstrap: '', clock, logger: silentLogger }, stateDirectory: '/state' });
  const status = (kind: string) => agent.status().components.find((component) => component.kind === kind);
  return { agent, plan, clock, journal, channels, channel: channels[0] as TestChannel, source, sink, status };
}
