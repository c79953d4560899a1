import type { EventBatch } from '#pipeline/event-batch';
import type { RecordHeader, SinkBatch } from '#pipeline/sink-batch';

/** Flume's header for the record key. */
const keyHeader = 'key';

export interface EventPlace {
  readonly topic: string;
  readonly partition: number;
  /** Of the first event; the others follow. */
  readonly firstOffset: number;
  /** Time of every event, ms. */
  readonly timeMs: number;
}

/** Events of a channel as what runs on topics expects them: the body is the value, and offsets are counted here. */
export class EventSinkBatch implements SinkBatch {
  readonly byteCount: number;

  constructor(
    private readonly events: EventBatch,
    private readonly place: EventPlace,
  ) {
    this.byteCount = events.bodyBytes;
  }

  get topic(): string {
    return this.place.topic;
  }

  get partition(): number {
    return this.place.partition;
  }

  get count(): number {
    return this.events.count;
  }

  offset(index: number): number {
    return this.place.firstOffset + index;
  }

  timestamp(): number {
    return this.place.timeMs;
  }

  key(index: number): Buffer | null {
    const key = this.events.header(index, keyHeader);
    return key === null ? null : Buffer.from(key);
  }

  value(index: number): Buffer {
    return this.events.body(index);
  }

  headers(index: number): readonly RecordHeader[] {
    return Object.entries(this.events.headersOf(index)).map(([key, value]) => ({ key, value: Buffer.from(value) }));
  }

  header(index: number, name: string): string | null {
    return this.events.header(index, name);
  }

  slice(from: number, to: number): SinkBatch {
    return new EventSinkBatch(this.events.slice(from, to), {
      ...this.place,
      firstOffset: this.place.firstOffset + from,
    });
  }
}
