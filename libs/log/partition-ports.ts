import type { Clock } from '#std/clock';
import type { Disk } from '#std/disk';
import type { Logger } from '#std/log';
import type { FilePool } from './file-pool.js';
import type { Gate } from './gate.js';
import type { IndexCache } from './index-cache.js';
import type { PartitionLog } from './partition-log.js';
import type { StorageFault } from './storage-fault.js';
import type { TailCache } from './tail-cache.js';

/** What all partitions of a data directory share. */
export interface PartitionPorts {
  /** The data directory. */
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
  /** Of the data directory. */
  readonly fault: StorageFault;
  /** Why nothing is appended: the disk is full, or takes no writes any more. Null where all is well. */
  readonly refusal: () => string | null;
  /** Asks that `sync` be called within the service's flush.ms. */
  flushSoon(partition: PartitionLog): void;
  /** Bytes became durable that no mark covers. */
  grew(bytes: number): void;
}

export interface PartitionIdentity {
  readonly topicId: string;
  readonly topic: string;
  readonly partition: number;
  /** Of its directory: `orders-3`. */
  readonly name: string;
  /** Absolute. */
  readonly directory: string;
}
