import type { Clock } from '#std/clock';
import type { Disk } from '#std/disk';
import type { Logger } from '#std/log';
import type { FilePool } from './file-pool.js';
import type { Gate } from './gate.js';
import type { IndexCache } from './index-cache.js';
import type { PartitionLog } from './partition-log.js';
import type { StorageFault } from './storage-fault.js';
import type { TailCache } from './tail-cache.js';

/** What all partitions of an engine share. */
export interface PartitionPorts {
  readonly root: string;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly files: FilePool;
  readonly cache: TailCache;
  readonly indexes: IndexCache;
  /** Bounds the commits under way at one time. */
  readonly gate: Gate;
  /** When each commit under way began, monotonic ms; health turns red when one hangs. */
  readonly commitStarts: Map<PartitionLog, number>;
  /** Bounds the partitions that are opened at one time: each may read its tail in pieces of a megabyte. */
  readonly openGate: Gate;
  readonly fault: StorageFault;
  /** Asks that `sync` be called within the service's flush.ms. */
  flushSoon(partition: PartitionLog): void;
  /** Bytes became durable that no mark covers. */
  grew(bytes: number): void;
}

export interface PartitionIdentity {
  readonly topicId: string;
  readonly partition: number;
  readonly directory: string;
}

/** A reader that waits for this partition's high watermark to move, or for the partition to go. */
export interface HighWatermarkWatcher {
  grew(bytes: number): void;
  gone(): void;
}
