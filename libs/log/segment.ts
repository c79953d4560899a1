import { join } from 'node:path';
import type { Disk } from '#std/disk';
import { BatchTable } from './batch-table.js';
import { SparseIndex } from './sparse-index.js';

/** How the names of files with records end. */
export const segmentEnding = '.log';

export interface SegmentIndexes {
  /** Base offset of a batch → its position. */
  readonly offsets: SparseIndex;
  /** Highest timestamp so far → base offset of the batch that has it. */
  readonly times: SparseIndex;
  /** Of a cleaned segment: where each of its batches begins. Null for the others, whose batches follow each other without a gap. */
  readonly table: BatchTable | null;
}

/** One file of a partition's log, named by its first offset, with its two indexes beside it. Only the newest is written. */
export class Segment {
  /** Durable bytes: what readers may see. */
  size = 0;
  /** Bytes written, durable or not. */
  writtenBytes = 0;
  /** Of the durable batches; -1 before the first one, or where the index was not loaded yet. */
  maxTimestamp = -1;
  maxTimestampOffset = -1;
  /** Null for a closed segment whose indexes are not in memory now. */
  indexes: SegmentIndexes | null = null;
  /** Its indexes were made anew once already since the start. */
  repaired = false;
  /** Compaction made it: it has a table of its batches, and holes between their offsets. */
  isCleaned = false;
  /** Its files are those of another segment by now, or are about to be. */
  isReplaced = false;
  readonly path: string;
  private indexedPosition = -1;

  constructor(
    readonly directory: string,
    readonly baseOffset: number,
    /** Wall time of its first batch, or of its making. */
    public createdAtMs: number,
  ) {
    this.path = segmentPath(directory, baseOffset, 'log');
  }

  /** Keeps track of a batch that is durable now. */
  note(batch: NotedBatch, indexIntervalBytes: number): void {
    if (batch.maxTimestamp > this.maxTimestamp) {
      this.maxTimestamp = batch.maxTimestamp;
      this.maxTimestampOffset = batch.baseOffset;
    }
    if (this.indexes === null) return;
    if (this.indexedPosition >= 0 && batch.position - this.indexedPosition < indexIntervalBytes) return;
    this.indexes.offsets.append(batch.baseOffset, batch.position);
    this.indexedPosition = batch.position;
    this.noteTime();
  }

  /** Starts with empty indexes, to be filled from the file's first batch on. */
  resetIndexes(table: BatchTable | null = null): SegmentIndexes {
    this.indexes = { offsets: new SparseIndex(), times: new SparseIndex(), table };
    this.indexedPosition = -1;
    this.maxTimestamp = -1;
    this.maxTimestampOffset = -1;
    return this.indexes;
  }

  /** Takes loaded indexes for the part of the file before `position`. */
  takeIndexes(indexes: SegmentIndexes, position: number): void {
    const { offsets, times } = indexes;
    let rows = offsets.count;
    while (rows > 0 && offsets.value(rows - 1) >= position) rows -= 1;
    const cut = rows < offsets.count;
    const lastOffset = cut ? offsets.key(rows) : Infinity;
    offsets.cut(rows);
    let timeRows = times.count;
    while (timeRows > 0 && times.value(timeRows - 1) >= lastOffset) timeRows -= 1;
    times.cut(timeRows);
    this.indexes = indexes;
    this.indexedPosition = rows > 0 ? offsets.value(rows - 1) : -1;
    this.maxTimestamp = timeRows > 0 ? times.key(timeRows - 1) : -1;
    this.maxTimestampOffset = timeRows > 0 ? times.value(timeRows - 1) : -1;
  }

  /**
   * Writes what the index files lack; gives the number of rows in them. A closed segment's are synced. The newest one's need not:
   * its mark says how many rows there have to be, and an index with fewer is made anew.
   */
  async saveIndexes(disk: Disk, options: { sync: boolean }): Promise<number> {
    if (this.indexes === null || this.isReplaced) return 0;
    this.noteTime();
    const { offsets, times } = this.indexes;
    const rows = offsets.count + times.count;
    await saveIndex(disk, segmentPath(this.directory, this.baseOffset, 'index'), offsets, options.sync);
    await saveIndex(disk, segmentPath(this.directory, this.baseOffset, 'timeindex'), times, options.sync);
    return rows;
  }

  /** Null where a file is missing or bad. */
  async readIndexes(disk: Disk): Promise<SegmentIndexes | null> {
    const offsets = await disk.readFile(segmentPath(this.directory, this.baseOffset, 'index'));
    const times = await disk.readFile(segmentPath(this.directory, this.baseOffset, 'timeindex'));
    const offsetIndex = offsets === null ? null : SparseIndex.decode(offsets);
    const timeIndex = times === null ? null : SparseIndex.decode(times);
    const table = await this.readTable(disk);
    if (offsetIndex === null || timeIndex === null || (this.isCleaned && table === null)) return null;
    // A segment with batches has rows in both: an empty file was being made at a crash.
    if (offsetIndex.count > 0 && timeIndex.count === 0) return null;
    // The first row is that of the first batch, and only compaction leaves a segment without one.
    if (offsetIndex.value(0) !== 0 && (table === null || table.count > 0)) return null;
    return { offsets: offsetIndex, times: timeIndex, table };
  }

  /** Null where there is none, or where it is bad. */
  async readTable(disk: Disk): Promise<BatchTable | null> {
    if (!this.isCleaned) return null;
    const bytes = await disk.readFile(segmentPath(this.directory, this.baseOffset, 'batches'));
    return bytes === null ? null : BatchTable.decode(this.baseOffset, bytes);
  }

  async removeFiles(disk: Disk): Promise<void> {
    // An index without its log is garbage, a log without its index is only slower to open. Without its table it looks damaged.
    for (const ending of ['index', 'timeindex', 'log', 'batches'] as const) {
      await disk.remove(segmentPath(this.directory, this.baseOffset, ending));
    }
  }

  /** Adds the row that tells the highest timestamp of all there is. */
  noteTime(): void {
    const times = this.indexes?.times;
    if (times === undefined || this.indexedPosition < 0) return;
    // A first row without timestamps, so that a segment with batches always has both files.
    if (times.count === 0) times.append(this.maxTimestamp, Math.max(this.maxTimestampOffset, this.baseOffset));
    else if (times.key(times.count - 1) < this.maxTimestamp) times.append(this.maxTimestamp, this.maxTimestampOffset);
  }
}

export interface NotedBatch {
  readonly baseOffset: number;
  readonly position: number;
  readonly maxTimestamp: number;
}

export function segmentPath(
  directory: string,
  offset: number,
  ending: 'log' | 'index' | 'timeindex' | 'batches' | 'snapshot' | 'swap' | 'log.cleaned' | 'batches.cleaned',
): string {
  return join(directory, `${String(offset).padStart(20, '0')}.${ending}`);
}

/** Offsets in the names of a directory's files with this ending, rising. */
export function offsetsInNames(names: readonly string[], ending: 'log' | 'snapshot' | 'batches' | 'swap'): number[] {
  return names
    .filter((name) => /^\d{20}\./.test(name) && name.endsWith(`.${ending}`))
    .map((name) => Number(name.slice(0, 20)))
    .sort((left, right) => left - right);
}

async function saveIndex(disk: Disk, path: string, index: SparseIndex, sync: boolean): Promise<void> {
  const unsaved = index.takeUnsaved();
  if (unsaved === null && !sync) return;
  try {
    const file = await disk.open(path, 'append');
    try {
      if (unsaved !== null) {
        if (unsaved.replace) await file.truncate(0);
        await file.write([unsaved.block], unsaved.replace ? 0 : await file.size());
      }
      if (sync) await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    index.forgetSaved();
    throw error;
  }
}
