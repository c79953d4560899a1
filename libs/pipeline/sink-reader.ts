import type { RecordHeader, SinkBatch } from '#pipeline/sink-batch';
import type { TopicReader } from '#topics/topic-reader';
import type { TopicPartition } from '#pipeline/sink';

/** What a sink task needs of a TopicReader; tests bring their own. */
export interface SinkReader extends Pick<
  TopicReader,
  'start' | 'pause' | 'resume' | 'seek' | 'position' | 'commit' | 'stop'
> {
  /** Records that are there, waiting at most `waitMs` for the first. */
  poll(waitMs: number): Promise<readonly PolledRecords[]>;
}

export interface PolledRecords extends TopicPartition {
  readonly records: SinkRecords;
  /** Offset after the last record handed out with this. */
  readonly nextOffset: number;
  readonly highWatermark: number;
}

/** Columns of decoded records. */
export interface SinkRecords extends Omit<SinkBatch, 'topic' | 'partition' | 'slice'> {
  slice(from: number, to: number): SinkRecords;
}

/** Decoded records with the topic and partition they came from. */
export class RecordsBatch implements SinkBatch {
  readonly byteCount: number;

  constructor(
    readonly topic: string,
    readonly partition: number,
    private readonly records: SinkRecords,
  ) {
    // Asked for again and again, and a sum over all records each time.
    this.byteCount = records.byteCount;
  }

  get count(): number {
    return this.records.count;
  }

  offset(index: number): number {
    return this.records.offset(index);
  }

  timestamp(index: number): number {
    return this.records.timestamp(index);
  }

  key(index: number): Buffer | null {
    return this.records.key(index);
  }

  value(index: number): Buffer | null {
    return this.records.value(index);
  }

  headers(index: number): readonly RecordHeader[] {
    return this.records.headers(index);
  }

  header(index: number, name: string): string | null {
    return this.records.header(index, name);
  }

  slice(from: number, to: number): SinkBatch {
    return new RecordsBatch(this.topic, this.partition, this.records.slice(from, to));
  }
}
