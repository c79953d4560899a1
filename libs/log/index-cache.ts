import type { Disk } from '#std/disk';
import { recordBatch } from '#wire/kafka/record-batch';
import { BatchTableBuilder } from './batch-table.js';
import { replaceFile } from './durable-file.js';
import type { FilePool } from './file-pool.js';
import { Segment, segmentPath, type SegmentIndexes } from './segment.js';
import { scanBatches, type BatchOrder } from './stored-batch.js';

/** Indexes of closed segments, loaded when they are needed and kept within a byte budget, the least recently used leaving first. */
export class IndexCache {
  private readonly segments = new Map<Segment, number>();
  private readonly loading = new Map<Segment, Promise<SegmentIndexes>>();
  private bytes = 0;

  constructor(
    private readonly disk: Disk,
    private readonly files: FilePool,
    private readonly bytesMax: number,
  ) {}

  /** The segment's indexes; made anew from the segment where their files are missing or bad. */
  of(segment: Segment, indexIntervalBytes: number): SegmentIndexes | Promise<SegmentIndexes> {
    if (segment.indexes !== null) {
      this.touch(segment);
      return segment.indexes;
    }
    let load = this.loading.get(segment);
    if (load === undefined) {
      load = this.load(segment, indexIntervalBytes).finally(() => this.loading.delete(segment));
      this.loading.set(segment, load);
    }
    return load;
  }

  /**
   * A read found something else than its closed segment's indexes say: makes them anew, once a segment. True where they may have
   * changed; false where the segment itself is damaged.
   */
  async repair(segment: Segment, indexIntervalBytes: number): Promise<boolean> {
    if (!this.segments.has(segment) || segment.repaired) return false;
    segment.repaired = true;
    const fresh = await this.rebuild(segment, indexIntervalBytes);
    if (!fresh.whole) return false;
    this.adopt(segment, fresh.indexes);
    await segment.saveIndexes(this.disk, { sync: true });
    return true;
  }

  private async load(segment: Segment, indexIntervalBytes: number): Promise<SegmentIndexes> {
    const read = await segment.readIndexes(this.disk);
    if (read !== null) {
      this.adopt(segment, read);
      return read;
    }
    const { indexes } = await this.rebuild(segment, indexIntervalBytes);
    this.adopt(segment, indexes);
    await segment.saveIndexes(this.disk, { sync: true });
    return indexes;
  }

  /** Resolves when no index of the segment is on its way to a file. */
  async settled(segment: Segment): Promise<void> {
    await this.loading.get(segment)?.catch(() => undefined);
  }

  /** Reads the whole segment beside its present indexes; not whole where damage ends the walk. */
  private async rebuild(
    segment: Segment,
    indexIntervalBytes: number,
  ): Promise<{ indexes: SegmentIndexes; whole: boolean }> {
    const table = await segment.readTable(this.disk);
    const order: BatchOrder = segment.isCleaned ? (table ?? 'rebuild') : null;
    const scratch = new Segment(segment.directory, segment.baseOffset, 0);
    const builder = new BatchTableBuilder(segment.baseOffset);
    const indexes = scratch.resetIndexes(table);
    const range = { from: 0, to: segment.size, expectedOffset: segment.baseOffset, order };
    const end = await this.files.use(segment.path, (file) =>
      scanBatches(file, range, (bytes, at, position) => {
        const baseOffset = recordBatch.baseOffset(bytes, at);
        if (order === 'rebuild') builder.add(baseOffset, position);
        scratch.note({ baseOffset, maxTimestamp: recordBatch.maxTimestamp(bytes, at), position }, indexIntervalBytes);
      }),
    );
    scratch.noteTime();
    const whole = end.position === segment.size;
    if (order !== 'rebuild') return { indexes, whole };
    // How far it was cleaned is lost with the table: it is cleaned again.
    const rebuilt = builder.build(segment.size, segment.baseOffset);
    if (whole && !segment.isReplaced) {
      await replaceFile(this.disk, segmentPath(segment.directory, segment.baseOffset, 'batches'), rebuilt.encode());
    }
    return { indexes: { ...indexes, table: rebuilt }, whole };
  }

  private adopt(segment: Segment, indexes: SegmentIndexes): void {
    segment.takeIndexes(indexes, segment.size);
    this.keep(segment, indexes);
  }

  /** A segment was closed: from now on its indexes count and may leave. */
  keep(segment: Segment, indexes: SegmentIndexes): void {
    this.forget(segment);
    if (segment.isReplaced) return;
    const { offsets, times, table } = indexes;
    const size = offsets.memoryBytes + times.memoryBytes + (table?.memoryBytes ?? 0);
    this.segments.set(segment, size);
    this.bytes += size;
    for (const [oldest] of this.segments) {
      if (this.bytes <= this.bytesMax || oldest === segment) return;
      this.forget(oldest);
      oldest.indexes = null;
    }
  }

  forget(segment: Segment): void {
    const size = this.segments.get(segment);
    if (size === undefined) return;
    this.segments.delete(segment);
    this.bytes -= size;
  }

  private touch(segment: Segment): void {
    const size = this.segments.get(segment);
    if (size === undefined) return;
    this.segments.delete(segment);
    this.segments.set(segment, size);
  }
}
