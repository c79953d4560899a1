import type { SinkBatch } from '#pipeline/sink-batch';

/** What a tap needs of a batch; an `EventBatch` is one. */
export interface TappedBatch {
  readonly count: number;
  body(index: number): Buffer;
  headersOf(index: number): Readonly<Record<string, string>>;
}

/** One event as somebody saw it pass. */
export interface TappedEvent {
  readonly headers: Readonly<Record<string, string>>;
  /** Its first bytes. */
  readonly body: Buffer;
  /** Bytes of the whole body. */
  readonly bodyBytes: number;
}

export interface TapSample {
  readonly events: readonly TappedEvent[];
  /** Events that have passed since the tap was opened. */
  readonly passed: number;
  /** Those of them that the watcher was not shown, because more came than it took. */
  readonly dropped: number;
}

export interface TapLimits {
  /** Events that wait to be looked at; further ones are counted only. Default 100. */
  readonly eventsMax?: number;
  /** Of one body. Default 4096. */
  readonly bodyBytesMax?: number;
}

/** A watcher of one edge. Holds a bounded sample, and never makes the flow wait. */
export class Tap {
  private events: TappedEvent[] = [];
  private passed = 0;
  private dropped = 0;
  private readonly eventsMax: number;
  private readonly bodyBytesMax: number;

  constructor({ eventsMax = 100, bodyBytesMax = 4096 }: TapLimits = {}) {
    this.eventsMax = eventsMax;
    this.bodyBytesMax = bodyBytesMax;
  }

  offer(batch: TappedBatch): void {
    this.passed += batch.count;
    const count = Math.min(batch.count, this.eventsMax - this.events.length);
    this.dropped += batch.count - count;
    for (let index = 0; index < count; index += 1) {
      const body = batch.body(index);
      this.events.push({
        headers: batch.headersOf(index),
        // A copy: a slice would keep the whole batch in memory.
        body: Buffer.from(body.subarray(0, this.bodyBytesMax)),
        bodyBytes: body.length,
      });
    }
  }

  /** What has gathered since the last call. */
  take(): TapSample {
    const { events, passed, dropped } = this;
    this.events = [];
    return { events, passed, dropped };
  }
}

const noTaps: readonly Tap[] = [];

/** A place that events pass. Costs one comparison a batch while nobody watches. */
export class TapPoint {
  private taps: readonly Tap[] = noTaps;

  offer(batch: TappedBatch): void {
    if (this.taps.length === 0) return;
    for (const tap of this.taps) tap.offer(batch);
  }

  /** Records that a sink gets straight from a topic; a key is shown as the header that Flume has for it. */
  offerRecords(batch: SinkBatch): void {
    if (this.taps.length === 0) return;
    this.offer({
      count: batch.count,
      body: (index) => batch.value(index) ?? Buffer.alloc(0),
      headersOf: (index) => {
        const key = batch.key(index);
        const headers = batch.headers(index).map(({ key: name, value }) => [name, value?.toString() ?? '']);
        return Object.fromEntries(key === null ? headers : [['key', key.toString()], ...headers]);
      },
    });
  }

  open(tap: Tap): void {
    this.taps = [...this.taps, tap];
  }

  close(tap: Tap): void {
    this.taps = this.taps.filter((other) => other !== tap);
  }
}

export const edgeKinds = ['source', 'interceptors', 'channel', 'sink'] as const;

/**
 * The edges of an agent: `source.r1` as a source reads, `interceptors.r1` behind its interceptors, `channel.c1` into a channel, `sink.k1`
 * out of the channel to a sink. They outlive the components: a tap stays open over a change of the configuration.
 */
export class TapPoints {
  private readonly points = new Map<string, TapPoint>();

  point(kind: (typeof edgeKinds)[number], name: string): TapPoint {
    const edge = `${kind}.${name}`;
    let point = this.points.get(edge);
    if (point === undefined) {
      point = new TapPoint();
      this.points.set(edge, point);
    }
    return point;
  }

  find(edge: string): TapPoint | null {
    return this.points.get(edge) ?? null;
  }

  get edges(): readonly string[] {
    return [...this.points.keys()];
  }
}
