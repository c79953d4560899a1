import { messageOf } from '#std/errors';
import { recordBatch } from '#wire/kafka/record-batch';
import type { DiskFile } from '#std/disk';
import type { Random } from '#std/random';
import { keyedRecords } from './batch-filter.js';
import { AbortedWalk, BatchRetention } from './batch-retention.js';
import { BatchTableBuilder, type BatchTable } from './batch-table.js';
import type { CompactionPlan } from './compaction-plan.js';
import { KeyMap } from './key-map.js';
import type { PartitionLog } from './partition-log.js';
import { Segment, segmentPath } from './segment.js';
import { abandonSwap, decideSwap, placeCleaned, removeReplaced } from './segment-swap.js';
import { scanBatches } from './stored-batch.js';

/** Read and rewritten in one step. */
const stepBytes = 2 * 1024 * 1024;
/** Looked into without a turn for requests in between. */
const pieceBytes = 128 * 1024;
/** Room for the offsets of one segment's table. */
const offsetRangeMax = 2 ** 31;
/** A record of a key and little else has about so many bytes. */
const recordBytesMin = 16;

export interface CompactionPorts {
  /** Makes the partition's mark durable at its high watermark. */
  saveMark(partition: PartitionLog): Promise<void>;
  /** Memory for the keys of one pass. */
  readonly keyBytesMax: number;
  readonly random: Random;
}

/** Keeps a partition from being compacted until a restart: damage, or a swap that did not come to its end. */
export class CompactionError extends Error {}
/** Retention or DeleteRecords took a segment while it was read. */
export class SegmentGone extends Error {}

/**
 * One pass over a partition, a bounded step at each turn of the generator: first the newest offset of each key in the dirty segments,
 * as many of them as there is memory for, then all segments up to there anew, without what is superseded. Neighbours
 * become one segment where there is room. Each takes its place on its own, so that a pass may end after any step.
 */
export async function* compact(plan: CompactionPlan, ports: CompactionPorts): AsyncGenerator<void, void> {
  const { partition } = plan;
  const { clock } = partition.ports;
  const dirty = plan.segments.slice(plan.dirtyIndex);
  const dirtyBytes = dirty.reduce((sum, segment) => sum + segment.size, 0);
  const newest = new KeyMap(ports.random, ports.keyBytesMax, Math.ceil(dirtyBytes / recordBytesMin));
  const mapped = yield* mapKeys(plan, dirty, newest);
  const { deleteRetentionMs } = partition.topic.settings;
  const retention = new BatchRetention({
    newest,
    mappedTo: mapped.to,
    producers: partition.producers,
    nowMs: clock.now(),
    deleteRetentionMs,
  });
  const left = plan.segments.slice(0, plan.dirtyIndex + mapped.segments);
  while (left.length > 0) {
    const isReplaced = yield* rewrite(partition, left, retention, mapped.to, ports);
    if (!isReplaced) return;
  }
  const end = partition.segments.find((segment) => !segment.isCleaned)?.baseOffset ?? 0;
  // Nothing aborted is left below.
  if (mapped.to >= end) partition.producers.transactions.prune(end);
}

async function* mapKeys(
  { partition, dirtyFrom }: CompactionPlan,
  dirty: readonly Segment[],
  newest: KeyMap,
): AsyncGenerator<void, { to: number; segments: number }> {
  const aborted = new AbortedWalk(partition.producers.transactions.aborted);
  let to = dirtyFrom;
  for (const [index, segment] of dirty.entries()) {
    let isFull = false;
    for await (const _step of batchesOf(partition, segment, (batch) => {
      const isData = !aborted.isAborted(batch) && !recordBatch.isControl(batch);
      if (recordBatch.lastOffset(batch) < dirtyFrom) return true;
      if (isData) {
        for (const { key, offset } of keyedRecords(batch)) {
          if (key === null || offset < dirtyFrom) continue;
          isFull = !newest.put(key, offset);
          if (isFull) return false;
          to = offset + 1;
        }
      }
      to = recordBatch.lastOffset(batch) + 1;
      return true;
    })) {
      yield;
    }
    if (isFull) return { to, segments: index + 1 };
    const next = partition.segments[partition.segments.indexOf(segment) + 1];
    to = Math.max(to, next?.baseOffset ?? to);
  }
  return { to, segments: dirty.length };
}

/**
 * Takes from `left` as many segments as are sure to fit into one, at least the first, and replaces them. False where they are not
 * there any more: retention or deletion came first.
 */
async function* rewrite(
  partition: PartitionLog,
  left: Segment[],
  retention: BatchRetention,
  mappedTo: number,
  ports: CompactionPorts,
): AsyncGenerator<void, boolean> {
  const [first] = left;
  if (first === undefined || partition.isGone) return false;
  const { disk } = partition.ports;
  const { directory, baseOffset: base } = first;
  const group: Segment[] = [];
  const file = await disk.open(segmentPath(directory, base, 'log.cleaned'), 'append');
  let isSwapped = false;
  try {
    const writer = new CleanedWriter(partition, first, file);
    await file.truncate(0);
    for (let segment = left.shift(); segment !== undefined; segment = left.shift()) {
      group.push(segment);
      const scan = batchesOf(partition, segment, (batch) => writer.add(retention.retained(batch)));
      for await (const _step of scan) {
        await writer.flush();
        yield;
      }
      const [next, afterNext] = left;
      const end = afterNext?.baseOffset ?? partition.highWatermark;
      const fits = writer.size + (next?.size ?? 0) <= partition.topic.settings.segmentBytes;
      if (!fits || end - base >= offsetRangeMax) break;
    }
    const cleaned = await writer.finish(mappedTo);
    isSwapped = await replace(partition, group, cleaned, ports);
  } finally {
    await file.close();
    if (!isSwapped && partition.ports.fault.reason === null) await abandonSwap(disk, directory, base);
  }
  return isSwapped;
}

/** Shows `see` the segment's batches in order, in steps; it ends the walk by false. Throws where one is damaged. */
async function* batchesOf(
  partition: PartitionLog,
  segment: Segment,
  see: (batch: Buffer) => boolean,
): AsyncGenerator<void, void> {
  const { indexes, files } = partition.ports;
  const { table } = await indexes.of(segment, partition.topic.settings.indexIntervalBytes);
  let from = 0;
  let expectedOffset = segment.baseOffset;
  let isOver = false;
  while (from < segment.size && !isOver && !partition.isGone) {
    const start = from;
    let isStepEnd = false;
    const range = { from, to: segment.size, expectedOffset, order: table, pieceBytes };
    const scan = files.use(segment.path, (file) =>
      scanBatches(file, range, (bytes, at, position) => {
        isStepEnd = position - start >= stepBytes;
        if (isStepEnd) return false;
        isOver = !see(bytes.subarray(at, at + recordBatch.length(bytes, at)));
        return !isOver;
      }),
    );
    const end = await scan.catch((error: unknown) => {
      throw partition.segments.includes(segment) ? error : new SegmentGone(segment.path);
    });
    if (!isStepEnd && !isOver && end.position < segment.size) {
      throw new CompactionError(`${segment.path} is damaged at ${end.position}.`);
    }
    from = end.position;
    expectedOffset = end.nextOffset;
    yield;
  }
}

/** Writes the segment that comes of a group. */
class CleanedWriter {
  private readonly segment: Segment;
  private readonly builder: BatchTableBuilder;
  private chunks: Buffer[] = [];
  private written = 0;
  private position = 0;

  constructor(
    private readonly partition: PartitionLog,
    first: Segment,
    private readonly file: DiskFile,
  ) {
    this.segment = new Segment(first.directory, first.baseOffset, first.createdAtMs);
    this.segment.isCleaned = true;
    this.segment.resetIndexes();
    this.builder = new BatchTableBuilder(first.baseOffset);
  }

  get size(): number {
    return this.position;
  }

  add(batch: Buffer | null): true {
    if (batch === null) return true;
    const baseOffset = recordBatch.baseOffset(batch);
    const noted = { baseOffset, position: this.position, maxTimestamp: recordBatch.maxTimestamp(batch) };
    this.segment.note(noted, this.partition.topic.settings.indexIntervalBytes);
    this.builder.add(baseOffset, this.position);
    this.chunks.push(batch);
    this.position += batch.length;
    return true;
  }

  async flush(): Promise<void> {
    const { chunks } = this;
    this.chunks = [];
    if (chunks.length === 0) return;
    await this.file.write(chunks, this.written);
    this.written = this.position;
  }

  /** Durable, with its table, under its temporary names. */
  async finish(mappedTo: number): Promise<Segment> {
    await this.flush();
    await this.file.sync();
    const { segment } = this;
    const table = this.builder.build(this.position, mappedTo);
    const file = await this.partition.ports.disk.open(
      segmentPath(segment.directory, segment.baseOffset, 'batches.cleaned'),
      'append',
    );
    try {
      await file.truncate(0);
      await file.write([table.encode()], 0);
      await file.sync();
    } finally {
      await file.close();
    }
    segment.size = this.position;
    segment.writtenBytes = this.position;
    segment.indexes = withTable(segment, table);
    return segment;
  }
}

function withTable({ indexes }: Segment, table: BatchTable): Segment['indexes'] {
  return indexes === null ? null : { ...indexes, table };
}

/** Puts the cleaned segment in the place of the group. */
async function replace(
  partition: PartitionLog,
  group: readonly Segment[],
  cleaned: Segment,
  ports: CompactionPorts,
): Promise<boolean> {
  // A mark inside of what goes would have the next start look for it in vain.
  await ports.saveMark(partition);
  return partition.turns.run(async () => {
    const { segments, mark } = partition;
    const { disk, files, indexes, fault, cache } = partition.ports;
    const last = group.at(-1);
    const at = segments.findIndex((segment) => segment === group[0]);
    const isThere = at >= 0 && group.every((segment, index) => segments[at + index] === segment);
    if (partition.isGone || !isThere || last === undefined) return false;
    if (mark === null || mark.segmentBase <= last.baseOffset) return false;
    const swap = {
      directory: cleaned.directory,
      base: cleaned.baseOffset,
      replaced: group.map((one) => one.baseOffset),
    };
    await partition.swap.run(async () => {
      for (const segment of group) {
        segment.isReplaced = true;
        await indexes.settled(segment);
      }
      try {
        await decideSwap(disk, swap);
      } catch (error) {
        for (const segment of group) segment.isReplaced = false;
        throw error;
      }
      try {
        for (const segment of group) await files.forget(segment.path);
        await placeCleaned(disk, swap);
      } catch (error) {
        partition.swap.isBroken = true;
        fault.raise(`Replacing segments of ${partition.identity.name}`, error);
        throw error;
      }
      for (const segment of group) indexes.forget(segment);
      segments.splice(at, group.length, cleaned);
    });
    const end = segments[at + 1]?.baseOffset ?? Infinity;
    if (partition.tail.firstOffset < end) cache.clear(partition.tail);
    if (cleaned.indexes !== null) indexes.keep(cleaned, cleaned.indexes);
    await cleaned.saveIndexes(disk, { sync: true });
    try {
      await removeReplaced(disk, swap);
    } catch (error) {
      // They are in nobody's way, but another swap would mistake the list of this one for its own.
      throw new CompactionError(`segments that were replaced cannot be removed: ${messageOf(error)}`);
    }
    return true;
  });
}
