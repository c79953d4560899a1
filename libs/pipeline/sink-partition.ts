import { JoinedBatch } from '#pipeline/sink-joined-batch';
import type { SinkBatch } from '#pipeline/sink-batch';
import type { TopicPartition } from '#pipeline/sink';

/** When a partition's waiting records are enough for one put. */
export interface BatchLimits {
  readonly recordsMax: number;
  readonly bytesMax: number;
  /** The oldest waiting record waits no longer, ms. */
  readonly lingerMs: number;
}

/** A stretch of records on its way into the sink, or a record on its way to the dead letters. */
export interface Delivery {
  readonly batch: SinkBatch;
  /** How often these records were offered to the sink and refused. */
  readonly attempts: number;
  /** Set where the records shall not be put any more. */
  readonly refusal: Refusal | null;
  /** As it lies in the topic: converters and transforms are yet to come. */
  readonly raw?: boolean;
  /** The store has these already: they only wait until those before them are through. */
  readonly kept?: boolean;
}

export interface Refusal {
  /** Kafka Connect's stage: `VALUE_CONVERTER`, `KEY_CONVERTER`, `TRANSFORMATION`, `TASK_PUT`. */
  readonly stage: string;
  readonly error: unknown;
  /** The guard against storms of bad records knows of it. */
  readonly counted?: boolean;
  /** The dead letters have it already. */
  readonly buried?: boolean;
}

/**
 * What a sink task knows of one assigned partition. Offsets are next offsets. In order:
 * `committed ≤ flushed ≤ put ≤ processed ≤ received`; records in `[processed, received)` are held here.
 */
export class SinkPartition {
  readonly topic: string;
  readonly partition: number;
  /** Whether the sink has it open. */
  opened = false;
  /** Monotonic time of the opening, ms. */
  openedAt = 0;
  /** Offset that the store itself keeps; records below it must not come. */
  storedOffset: number | null = null;
  /** The first record that came before the partition was open, and was dropped. */
  droppedFrom: number | null = null;
  pausedInReader = false;
  /** Cut out of the buffer, not yet all through. */
  readonly deliveries: Delivery[] = [];
  bufferedBytes = 0;

  /** After the last record that the sink took. */
  putNext: number | null = null;
  /** After the last record that the sink took or the dead letters have. */
  processedNext: number | null = null;
  flushedNext: number | null = null;
  committedNext: number | null = null;
  receivedNext: number | null = null;
  highWatermark: number | null = null;
  lastSuccessAt: number | null = null;
  /** Timestamp of the last record that is through, ms since the epoch. */
  lastTimestamp: number | null = null;

  /** The first record since the opening. */
  private startOffset: number | null = null;
  private waiting: SinkBatch[] = [];
  private waitingRecords = 0;
  private waitingBytes = 0;
  private waitingSince = 0;

  constructor(at: TopicPartition) {
    this.topic = at.topic;
    this.partition = at.partition;
  }

  get idle(): boolean {
    return this.waitingRecords === 0 && this.deliveries.length === 0;
  }

  /** Records held here. */
  get heldRecords(): number {
    return this.deliveries.reduce((sum, { batch }) => sum + batch.count, this.waitingRecords);
  }

  /** The batch whose first record is the oldest that is held here; null where nothing is. */
  oldest(): SinkBatch | null {
    return this.deliveries[0]?.batch ?? this.waiting[0] ?? null;
  }

  add(batch: SinkBatch, nextOffset: number, now: number): void {
    if (batch.count > 0) {
      this.startOffset ??= batch.offset(0);
      if (this.waitingRecords === 0) this.waitingSince = now;
      this.waiting.push(batch);
      this.waitingRecords += batch.count;
      this.waitingBytes += batch.byteCount;
      this.bufferedBytes += batch.byteCount;
    }
    this.receivedNext = nextOffset;
    if (this.idle) this.processedNext = nextOffset;
  }

  /** Milliseconds until a put is due, 0 when it is, null when nothing waits. */
  dueInMs(limits: BatchLimits, now: number): number | null {
    if (this.deliveries.length > 0) return 0;
    if (this.waitingRecords === 0) return null;
    if (this.waitingRecords >= limits.recordsMax || this.waitingBytes >= limits.bytesMax) return 0;
    return Math.max(0, this.waitingSince + limits.lingerMs - now);
  }

  /** Cuts the next batch out of what waits: at most the limits, at least one record. */
  take(limits: BatchLimits, now: number): SinkBatch {
    const pieces: SinkBatch[] = [];
    let records = 0;
    let bytes = 0;
    while (this.waiting.length > 0 && records < limits.recordsMax && bytes < limits.bytesMax) {
      const piece = this.waiting[0];
      if (piece === undefined) break;
      const fits = recordsThatFit(piece, limits.recordsMax - records, limits.bytesMax - bytes);
      if (fits === 0 && records > 0) break;
      const cut = Math.max(1, fits);
      const head = cut === piece.count ? piece : piece.slice(0, cut);
      if (cut === piece.count) this.waiting.shift();
      else this.waiting[0] = piece.slice(cut, piece.count);
      pieces.push(head);
      records += head.count;
      bytes += head.byteCount;
    }
    this.waitingRecords -= records;
    this.waitingBytes -= bytes;
    this.waitingSince = now;
    return JoinedBatch.of(pieces);
  }

  /** A delivery is through: the sink has it and will say when it is durable (`put`), or it is durable here or with the dead letters. */
  processed(batch: SinkBatch, put: boolean): void {
    const next = batch.offset(batch.count - 1) + 1;
    this.lastTimestamp = batch.timestamp(batch.count - 1);
    this.bufferedBytes = Math.max(0, this.bufferedBytes - batch.byteCount);
    if (put) this.putNext = next;
    this.processedNext = this.idle ? this.receivedNext : next;
  }

  /** Of a batch under way, records of so many bytes go no further. */
  released(bytes: number): void {
    this.bufferedBytes = Math.max(0, this.bufferedBytes - bytes);
  }

  /**
   * The offset that may be committed: what is durable, and everything processed where nothing put is left to flush. A sink that was refused
   * records may count the whole batch as flushed, so what is not processed holds it back.
   */
  committable(): number | null {
    if (this.putNext === null || (this.flushedNext !== null && this.flushedNext >= this.putNext)) {
      return this.processedNext;
    }
    if (this.flushedNext === null || this.processedNext === null) return this.flushedNext;
    return Math.min(this.flushedNext, this.processedNext);
  }

  /** Where to read on when the sink forgets what it has not made durable; null where nothing came yet. */
  restartOffset(): number | null {
    return this.committable() ?? this.startOffset;
  }

  lag(): number | null {
    const next = this.committedNext ?? this.processedNext ?? this.storedOffset;
    if (this.highWatermark === null || next === null) return null;
    return Math.max(0, this.highWatermark - next);
  }

  /** Forgets what waits; it is read again later. */
  drop(): void {
    this.startOffset = null;
    this.waiting = [];
    this.waitingRecords = 0;
    this.waitingBytes = 0;
    this.bufferedBytes = 0;
    this.deliveries.length = 0;
  }
}

/** How many records at the head of `piece` keep within both bounds. */
function recordsThatFit(piece: SinkBatch, recordsMax: number, bytesMax: number): number {
  const most = Math.min(piece.count, recordsMax);
  if (most === piece.count && piece.byteCount <= bytesMax) return most;
  let bytes = 0;
  for (let index = 0; index < most; index += 1) {
    bytes += (piece.key(index)?.length ?? 0) + (piece.value(index)?.length ?? 0);
    if (bytes > bytesMax) return index;
  }
  return most;
}

export function partitionKey(at: TopicPartition): string {
  return `${at.topic}-${at.partition}`;
}
