import type { Cluster } from '#topics/cluster';

/** Records of one write, laid out in columns; an EventBatch has the first four. Nothing here may change before the write is done. */
export interface WriteColumns {
  /** All values lie in here. */
  readonly bytes: Buffer;
  /** Value i is `bytes[starts[i], ends[i])`. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** One value for every record, or a value (null for none) a record. */
  readonly headers: ReadonlyMap<string, string | readonly (string | null)[]>;
  readonly keys?: readonly (Buffer | null)[];
  /** Milliseconds since the epoch, one for all or one a record. Absent = now. */
  readonly timestamps?: number | Float64Array;
  /** One partition for all, or one a record, where a negative one means: choose by key. Absent = choose by key. */
  readonly partitions?: number | Int32Array;
}

export interface WriteRecord {
  readonly partition?: number;
  readonly key?: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: readonly { readonly key: string; readonly value: Buffer | string | null }[];
  /** Milliseconds since the epoch. Absent = now. */
  readonly timestamp?: number;
}

export interface TopicWriterOptions {
  /** -1 all replicas (default), 1 leader, 0 none: then a write is done when it is sent. */
  readonly acks?: -1 | 0 | 1;
  /** No duplicates from retries. Default true; needs acks -1. */
  readonly idempotent?: boolean;
  /** How long a batch waits for more records, ms. Default 0: what one turn of the event loop brings together. */
  readonly lingerMs?: number;
  /** Largest batch, bytes before compression. Default 1 MiB; a topic's lower max.message.bytes wins. */
  readonly batchBytesMax?: number;
  /** Produce requests under way to one node. Default 5, which is also the most that idempotence allows. */
  readonly inFlightMax?: number;
  /** Bytes of records taken and not yet acknowledged; a write waits for room. Default 32 MiB. */
  readonly bufferBytesMax?: number;
  /** Default none. */
  readonly compression?: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
  /** A write that could not be delivered for so long is rejected, ms. Default 120000. */
  readonly deliveryTimeoutMs?: number;
}

/** Writes records to topics, batched, in order a partition, retried without duplicates. */
export class TopicWriter {
  constructor(
    readonly cluster: Cluster,
    readonly options: TopicWriterOptions = {},
  ) {}

  /**
   * Resolves when all records are acknowledged. Rejects with a TopicsError: RecordTooLargeError before anything was sent;
   * a retriable one when the cluster did not take the records in `deliveryTimeoutMs`, and then some of them may be there.
   */
  write(topic: string, columns: WriteColumns): Promise<void> {
    return Promise.reject(new Error(`${topic} ${columns.starts.length}`));
  }

  /** One record, for dead letters and tools; gives where it lies. */
  writeRecord(topic: string, record: WriteRecord): Promise<{ partition: number; offset: number }> {
    return Promise.reject(new Error(`${topic} ${record.partition ?? -1}`));
  }

  /** Resolves when everything taken so far is acknowledged or rejected. */
  flush(): Promise<void> {
    return Promise.resolve();
  }

  /** Delivers what was taken, then lets go of everything. Later writes are rejected. */
  close(): Promise<void> {
    return Promise.resolve();
  }
}
