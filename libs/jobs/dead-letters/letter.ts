import { deadLetterOrigin, type DeadLetterOrigin } from '#pipeline/dead-letter-origin';
import type { RecordHeader } from '#pipeline/sink-batch';
import type { PartitionRecords } from '#topics/topic-reader';

/** A record of a dead-letter topic, and why it is there. */
export interface Letter {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Ms since the epoch, of the original record. */
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
  readonly origin: DeadLetterOrigin;
}

/** Shares memory with the batch. */
export function letterAt({ topic, partition, records }: PartitionRecords, index: number): Letter {
  const headers = records.headers(index);
  return {
    topic,
    partition,
    offset: records.offset(index),
    timestamp: records.timestamp(index),
    key: records.key(index),
    value: records.value(index),
    headers,
    origin: deadLetterOrigin(headers),
  };
}
