import { join } from 'node:path';
import { assert } from '#std/assert';
import type { Clock } from '#std/clock';
import type { Disk, DiskFile } from '#std/disk';
import type { Logger } from '#std/log';
import { endMarker } from '#wire/kafka/control-batch';
import { recordBatch } from '#wire/kafka/record-batch';
import type { FilePool } from './file-pool.js';
import { moveAway, readOwner, readSnapshot } from './partition-files.js';
import { ProducerState, sequenceAfter } from './producer-state.js';
import { offsetsInNames, Segment } from './segment.js';
import { recoverSwaps } from './segment-swap.js';
import { scanBatches, type BatchOrder, type ScanEnd } from './stored-batch.js';

/** What is durable of a partition: kept in the recovery checkpoint, and trusted without a look at the log below it. */
export interface PartitionMark {
  /** Everything below this offset is durable. */
  readonly recoveryPoint: number;
  /** The segment that was written then, and how far. */
  readonly segmentBase: number;
  readonly position: number;
  /** Rows that its index files have at least. */
  readonly indexRows: number;
  /** Offset of the producer snapshot; -1 where there was no producer. */
  readonly snapshotOffset: number;
}

export interface RecoveryPorts {
  readonly disk: Disk;
  readonly files: FilePool;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface RecoveryInput {
  readonly root: string;
  readonly directory: string;
  readonly topicId: string;
  readonly mark: PartitionMark | null;
  /** From the log start checkpoint; 0 without one. */
  readonly logStartOffset: number;
  readonly indexIntervalBytes: number;
}

export interface RecoveredPartition {
  /** Rising; the last one is the one to write, unless `sealed`. */
  readonly segments: Segment[];
  readonly nextOffset: number;
  readonly logStartOffset: number;
  readonly producers: ProducerState;
  /** The last segment lost bytes below the mark: what follows goes into a new one, and the loss stays visible as a hole. */
  readonly sealed: boolean;
  /** False where the directory has yet to be made. */
  readonly hasDirectory: boolean;
}

/**
 * Opens a partition's directory: takes what lies below the durable mark as it is, checks what lies behind it batch by batch, cuts an
 * incomplete last batch, and syncs what it keeps, because what a killed process wrote may not be on the disk yet. Below the
 * mark nothing is ever cut: damage there is logged and answered when it is read.
 */
export async function recoverPartition(ports: RecoveryPorts, input: RecoveryInput): Promise<RecoveredPartition> {
  return new Recovery(ports, input).run();
}

class Recovery {
  private readonly segments: Segment[] = [];
  private producers = new ProducerState();
  private nextOffset = 0;
  private sealed = false;
  /** Below this offset the producers are as the snapshot has them. */
  private producersKnownTo = 0;
  /** Files were found that a killed process may have made without syncing their directory. */
  private entriesUncertain = false;

  constructor(
    private readonly ports: RecoveryPorts,
    private readonly input: RecoveryInput,
  ) {}

  async run(): Promise<RecoveredPartition> {
    const hasDirectory = await this.isOurs();
    const names = hasDirectory ? await this.names() : [];
    const bases = offsetsInNames(names, 'log');
    const cleaned = new Set(offsetsInNames(names, 'batches'));
    const { mark } = this.input;
    const markIndex = mark === null ? -1 : bases.indexOf(mark.segmentBase);
    const snapshot = await this.snapshotOf(mark);
    // Without the producers as of the mark, they come from the headers of all that is there.
    const trusted = mark !== null && markIndex >= 0 && snapshot !== null;
    this.producers = snapshot ?? new ProducerState();
    this.producersKnownTo = snapshot === null || mark === null ? 0 : mark.recoveryPoint;
    this.nextOffset = bases[0] ?? 0;
    for (const [index, base] of bases.entries()) {
      const segment = new Segment(this.input.directory, base, this.ports.clock.now());
      segment.size = (await this.ports.disk.size(segment.path)) ?? 0;
      segment.isCleaned = cleaned.has(base);
      this.segments.push(segment);
      const isLast = index === bases.length - 1;
      if (trusted && index < markIndex) this.nextOffset = bases[index + 1] ?? base;
      else if (segment.isCleaned) await this.checkCleaned(segment, isLast);
      else await this.check(segment, { isLast, trusted: trusted && index === markIndex });
      segment.writtenBytes = segment.size;
    }
    this.producers.replayed();
    this.reportLoss();
    if (this.entriesUncertain) {
      await this.ports.disk.syncDirectory(this.input.directory);
      await this.ports.disk.syncDirectory(this.input.root);
    }
    return {
      segments: this.segments,
      nextOffset: this.nextOffset,
      logStartOffset: Math.max(this.input.logStartOffset, bases[0] ?? this.nextOffset),
      producers: this.producers,
      sealed: this.sealed,
      // Without a segment the directory may have been left half made; making it again completes it.
      hasDirectory: bases.length > 0,
    };
  }

  /** With what compaction was doing at the stop brought to an end. */
  private async names(): Promise<string[]> {
    const { disk } = this.ports;
    const { directory } = this.input;
    const names = await disk.list(directory);
    return (await recoverSwaps(disk, directory, names)) ? disk.list(directory) : names;
  }

  private async isOurs(): Promise<boolean> {
    const { disk, logger } = this.ports;
    const { root, directory, topicId } = this.input;
    const owner = await readOwner(disk, directory);
    if (owner === topicId) return true;
    if (owner === 'damaged') {
      logger.error('partition.metadata fails its check; the directory is taken for the topic of its name.', {
        directory,
      });
      return true;
    }
    // Without metadata nothing was ever acknowledged here: the directory was being made.
    if (owner === null) return false;
    const away = join(root, 'stray', `${directory.slice(root.length + 1)}.${owner}`);
    logger.warn('Data of a topic that has another id were moved away.', { from: directory, to: away });
    await moveAway(disk, root, directory, away);
    return false;
  }

  /** The producers as of the mark; null where only the log knows them. */
  private async snapshotOf(mark: PartitionMark | null): Promise<ProducerState | null> {
    if (mark === null) return null;
    if (mark.snapshotOffset < 0) return new ProducerState();
    return readSnapshot(this.ports.disk, this.input.directory, mark.snapshotOffset);
  }

  /** Checks a segment from its first batch on, or from the mark where it is `trusted`. */
  private async check(segment: Segment, options: { isLast: boolean; trusted: boolean }): Promise<void> {
    const { mark } = this.input;
    const durable = mark === null || segment.baseOffset !== mark.segmentBase ? 0 : mark.position;
    const resumes = options.trusted && mark !== null && (await this.loadIndexes(segment, mark));
    if (resumes && segment.size === durable) {
      this.nextOffset = mark.recoveryPoint;
    } else {
      const from = resumes ? { at: durable, offset: mark.recoveryPoint } : { at: 0, offset: segment.baseOffset };
      if (!resumes) segment.resetIndexes();
      await this.ports.files.use(segment.path, (file) => this.scan(file, segment, from, durable, options.isLast));
    }
    const firstTime = segment.indexes?.times.key(0) ?? -1;
    if (firstTime > 0 && firstTime < segment.createdAtMs) segment.createdAtMs = firstTime;
    if (!options.isLast) await this.close(segment);
  }

  /** Takes producers and indexes from a segment that compaction made. It is durable as a whole, so nothing of it is ever cut. */
  private async checkCleaned(segment: Segment, isLast: boolean): Promise<void> {
    const { disk, files, clock } = this.ports;
    const table = await segment.readTable(disk);
    segment.resetIndexes(table);
    await files.use(segment.path, async (file) => {
      let end = await this.walk(file, segment, 0, segment.baseOffset, table ?? 'rebuild');
      while (table !== null && end.position < segment.size) {
        const row = table.rowAt(end.position) + 1;
        if (row === 0 || row >= table.count) break;
        end = await this.walk(file, segment, table.position(row), table.offset(row), table);
      }
      this.nextOffset = Math.max(this.nextOffset, end.nextOffset);
    });
    const firstTime = segment.indexes?.times.key(0) ?? -1;
    segment.createdAtMs = firstTime > 0 ? firstTime : clock.now();
    // Without its table the indexes are made anew, and the table with them, when they are first used.
    if (table === null) segment.indexes = null;
    else await this.close(segment);
    if (isLast) this.sealed = true;
  }

  private async loadIndexes(segment: Segment, mark: PartitionMark): Promise<boolean> {
    if (segment.size < mark.position) return false;
    if (mark.position === 0) {
      segment.resetIndexes();
      return true;
    }
    const indexes = await segment.readIndexes(this.ports.disk);
    if (indexes === null || indexes.offsets.count + indexes.times.count < mark.indexRows) return false;
    segment.takeIndexes(indexes, mark.position);
    return true;
  }

  private async scan(
    file: DiskFile,
    segment: Segment,
    from: { at: number; offset: number },
    durable: number,
    isLast: boolean,
  ): Promise<void> {
    const { mark, directory } = this.input;
    const size = segment.size;
    let end = await this.walk(file, segment, from.at, from.offset);
    if (end.position < durable && mark !== null) {
      this.ports.logger.error('A segment is damaged below its durable mark; the offsets there answer corrupt_batch.', {
        file: segment.path,
        position: end.position,
        offset: end.nextOffset,
      });
      if (size < durable) {
        this.sealed = true;
        this.nextOffset = end.nextOffset;
        return;
      }
      end = await this.walk(file, segment, durable, mark.recoveryPoint);
    }
    this.nextOffset = end.nextOffset;
    if (end.position < size && isLast) {
      this.ports.logger.warn('An incomplete end of a segment was cut.', {
        partition: directory,
        file: segment.path,
        keptBytes: end.position,
        cutBytes: size - end.position,
      });
      await file.truncate(end.position);
      segment.size = end.position;
    } else if (end.position < size) {
      this.ports.logger.error('A closed segment is damaged; the offsets there answer corrupt_batch.', {
        file: segment.path,
        position: end.position,
        offset: end.nextOffset,
      });
      // The indexes it was closed with still lead past the damage.
      const saved = await segment.readIndexes(this.ports.disk);
      if (saved !== null) segment.takeIndexes(saved, size);
    }
    await file.sync();
    this.entriesUncertain = true;
  }

  private walk(
    file: DiskFile,
    segment: Segment,
    from: number,
    expectedOffset: number,
    order: BatchOrder = null,
  ): Promise<ScanEnd> {
    const nowMs = this.ports.clock.now();
    return scanBatches(file, { from, to: segment.size, expectedOffset, order }, (bytes, at, position) => {
      const baseOffset = recordBatch.baseOffset(bytes, at);
      const maxTimestamp = recordBatch.maxTimestamp(bytes, at);
      segment.note({ baseOffset, maxTimestamp, position }, this.input.indexIntervalBytes);
      const producerId = recordBatch.producerId(bytes, at);
      if (producerId >= 0 && baseOffset >= this.producersKnownTo) this.replay(bytes, at, nowMs);
    });
  }

  /** When it was appended is not stored; counting from now keeps the producer a little longer, never too short. */
  private replay(bytes: Buffer, at: number, nowMs: number): void {
    const baseOffset = recordBatch.baseOffset(bytes, at);
    const producerId = recordBatch.producerId(bytes, at);
    const epoch = recordBatch.producerEpoch(bytes, at);
    if (recordBatch.isControl(bytes, at)) {
      const marker = endMarker(bytes.subarray(at, at + recordBatch.length(bytes, at)));
      if (marker === null) return;
      this.producers.replayMarker({ ...marker, producerId, producerEpoch: epoch }, baseOffset, nowMs);
      return;
    }
    const firstSequence = recordBatch.baseSequence(bytes, at);
    const lastOffsetDelta = recordBatch.lastOffsetDelta(bytes, at);
    const isTransactional = recordBatch.isTransactional(bytes, at);
    const batch = {
      firstSequence,
      lastSequence: sequenceAfter(firstSequence, lastOffsetDelta),
      baseOffset,
      lastOffset: baseOffset + lastOffsetDelta,
      logAppendTimeMs: recordBatch.isLogAppendTime(bytes, at) ? recordBatch.maxTimestamp(bytes, at) : -1,
    };
    this.producers.replay({ producerId, epoch, firstSequence, lastOffsetDelta, isTransactional }, batch, nowMs);
  }

  private async close(segment: Segment): Promise<void> {
    await segment.saveIndexes(this.ports.disk, { sync: true });
    segment.indexes = null;
  }

  /** Offsets below the mark were acknowledged once and are never given again, even if their bytes are gone. */
  private reportLoss(): void {
    const floor = Math.max(this.input.mark?.recoveryPoint ?? 0, this.input.logStartOffset);
    if (this.nextOffset >= floor) return;
    const last = this.segments.at(-1);
    assert(last === undefined || last.baseOffset < floor, 'a segment begins below what it holds');
    if ((this.input.mark?.recoveryPoint ?? 0) > this.input.logStartOffset) {
      this.ports.logger.error('Acknowledged data are missing; their offsets stay unused.', {
        partition: this.input.directory,
        firstMissing: this.nextOffset,
        nextOffset: floor,
      });
    }
    this.nextOffset = floor;
    this.sealed = true;
  }
}
