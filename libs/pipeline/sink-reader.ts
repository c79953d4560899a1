import type { RecordHeader, SinkBatch } from '#pipeline/sink-batch';
import type { PartitionRecords, TopicReader } from '#topics/topic-reader';

/** What a sink task needs of a TopicReader; tests bring their own. */
export type SinkReader = Pick<
  TopicReader,
  'start' | 'poll' | 'pause' | 'resume' | 'seek' | 'position' | 'commit' | 'stop'
>;

type Records = PartitionRecords['records'];

/** Decoded records with the topic and partition they came from. */
export class RecordsBatch implements SinkBatch {
  constructor(
    readonly topic: string,
    readonly partition: number,
    private readonly records: Records,
  ) {}

  get count(): number {
    return this.records.count;
  }

  get byteCount(): number {
    return this.records.byteCount;
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
