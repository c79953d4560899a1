/** Pages of records, all partitions merged by time. */
import { readRanges, type OffsetRange } from '#jobs/range-reader';
import type { SinkBatch } from '#pipeline/sink-batch';
import { RecordsBatch } from '#pipeline/sink-reader';
import type { Cluster } from '#topics/cluster';
import type { PartitionRecords } from '#topics/topic-reader';
import type { Places } from './record-places.js';
import { prepareFor, recordView, type Look, type RecordView } from './record-view.js';

export type RecordFilter = (batch: SinkBatch, index: number) => boolean;

export interface RecordPage {
  readonly records: readonly RecordView[];
  /** Where the next page begins, or ends where pages go back in time; null: at the end of what there was. */
  readonly next: Places | null;
}

export interface KeptRecord {
  readonly view: RecordView;
  readonly timestamp: number;
  readonly bytes: number;
}

export interface ReadOptions {
  readonly look: Look;
  readonly signal: AbortSignal;
}

interface PageOptions extends ReadOptions {
  readonly limit: number;
}

/** Keys and values of a page together; the first record comes whatever its size. */
const pageBytesMax = 8 * 1024 * 1024;
/** Of what is read for a page, shared by the partitions. */
const readBytesMax = 32 * 1024 * 1024;

/** `limit` records from the beginnings of the ranges on. */
export async function pageForward(
  cluster: Cluster,
  ranges: readonly OffsetRange[],
  options: PageOptions,
): Promise<RecordPage> {
  let places: Places = new Map(ranges.map(({ partition, from }) => [partition, from]));
  for (;;) {
    const left = ranges.map((range) => ({ ...range, from: places.get(range.partition) ?? range.from }));
    const windows = left.map((range) => ({ ...range, to: Math.min(range.to, range.from + options.limit) }));
    const kept = await keptOf(cluster, windows, { ...options, keep: 'oldest' });
    const page = merged(headsForward(left, kept), options.limit);
    ({ places } = page);
    const isAtEnd = left.every(({ partition, to }) => (places.get(partition) ?? 0) >= to);
    // Offsets without records (compacted, marks of transactions) are no page.
    if (page.records.length > 0 || isAtEnd) return { records: page.records, next: isAtEnd ? null : places };
  }
}

/** The `limit` newest ones at most, newest first; `next` is where older ones end. */
export async function pageBackward(
  cluster: Cluster,
  ranges: readonly OffsetRange[],
  options: PageOptions,
): Promise<RecordPage> {
  let places: Places = new Map(ranges.map(({ partition, to }) => [partition, to]));
  for (;;) {
    const left = ranges.map((range) => ({ ...range, to: places.get(range.partition) ?? range.to }));
    const windows = left.map((range) => ({ ...range, from: Math.max(range.from, range.to - options.limit) }));
    const kept = await keptOf(cluster, windows, { ...options, keep: 'newest' });
    const page = merged(headsBackward(left, kept), options.limit);
    ({ places } = page);
    const isAtEnd = left.every(({ partition, from }) => (places.get(partition) ?? 0) <= from);
    if (page.records.length > 0 || isAtEnd) return { records: page.records, next: isAtEnd ? null : places };
  }
}

/** Which records stay where there is no room for all. */
export type Keep = 'oldest' | 'newest';

export interface KeptPartition {
  readonly records: KeptRecord[];
  bytes: number;
  /** Offsets that were looked at, `[from, to)`, as far as there was room. */
  from: number;
  to: number;
}

export interface KeepOptions extends ReadOptions {
  readonly keep: Keep;
  /** Default: all are wanted. */
  readonly filter?: RecordFilter | null;
  /** Told the offsets passed and the records found, as the reading goes on. */
  readonly onRead?: (polled: PartitionRecords, found: number) => void | Promise<void>;
}

export async function keptOf(
  cluster: Cluster,
  windows: readonly OffsetRange[],
  options: KeepOptions,
): Promise<Map<number, KeptPartition>> {
  const kept = new Map<number, KeptPartition>(
    windows.map(({ partition, from, to }) => [partition, { records: [], bytes: 0, from, to }]),
  );
  const bytesMax = readBytesMax / Math.max(1, windows.length);
  const full = new Set<number>();
  for await (const polled of readRanges(cluster, windows, options.signal)) {
    const partition = kept.get(polled.partition);
    if (partition === undefined || full.has(polled.partition)) continue;
    const before = partition.records.length;
    if (!(await takeAll(partition, polled, { ...options, bytesMax }))) full.add(polled.partition);
    await options.onRead?.(polled, partition.records.length - before);
    if (full.size === windows.length) break;
  }
  return kept;
}

/** False where there was no room for all. */
async function takeAll(
  partition: KeptPartition,
  polled: PartitionRecords,
  { bytesMax, look, keep, filter = null }: KeepOptions & { bytesMax: number },
): Promise<boolean> {
  const { records } = polled;
  const wanted = matchesIn(polled, filter);
  await prepareFor(polled, wanted, look);
  for (const index of wanted) {
    const bytes = bytesShown((records.key(index)?.length ?? 0) + (records.value(index)?.length ?? 0), look);
    while (partition.records.length > 0 && partition.bytes + bytes > bytesMax) {
      if (keep === 'oldest') {
        partition.to = records.offset(index);
        return false;
      }
      const gone = partition.records.shift();
      partition.bytes -= gone?.bytes ?? 0;
      partition.from = (gone?.view.offset ?? partition.from) + 1;
    }
    partition.records.push({ view: recordView(polled, index, look), timestamp: records.timestamp(index), bytes });
    partition.bytes += bytes;
  }
  return true;
}

/** A preview of two texts is small, whatever they are cut from. */
function bytesShown(bytes: number, { preview }: Look): number {
  return preview === null ? bytes : Math.min(bytes, 8 * preview);
}

export function matchesIn(polled: PartitionRecords, filter: RecordFilter | null, limit = Infinity): number[] {
  const batch = new RecordsBatch(polled.topic, polled.partition, polled.records);
  const matches: number[] = [];
  for (let index = 0; index < polled.records.count && matches.length < limit; index += 1) {
    if (filter === null || filter(batch, index)) matches.push(index);
  }
  return matches;
}

/** A partition in a merge: its records in the order in which they are taken. */
export interface Head {
  readonly partition: number;
  readonly records: readonly KeptRecord[];
  at: number;
  /** 1: forward in time, -1: back. */
  readonly direction: 1 | -1;
  /** Where it goes on when all of its records are taken. */
  readonly last: number;
  /** Whether there are offsets behind `last`. */
  readonly hasMore: boolean;
  /** Where it goes on as things are. */
  place: number;
}

export function headsForward(ranges: readonly OffsetRange[], kept: ReadonlyMap<number, KeptPartition>): Head[] {
  return ranges.map(({ partition, from, to }) => {
    const { records, to: last } = kept.get(partition) ?? { records: [], to: from };
    const place = records.length === 0 ? last : from;
    return { partition, records, at: 0, direction: 1, last, hasMore: last < to, place };
  });
}

export function headsBackward(ranges: readonly OffsetRange[], kept: ReadonlyMap<number, KeptPartition>): Head[] {
  return ranges.map(({ partition, from, to }) => {
    const { records, from: last } = kept.get(partition) ?? { records: [], from: to };
    const place = records.length === 0 ? last : to;
    return { partition, records: records.toReversed(), at: 0, direction: -1, last, hasMore: last > from, place };
  });
}

/**
 * The first head of all partitions each time, until one that has more has nothing at hand; with `isLoose` that one is passed over, and the
 * order holds within what is at hand.
 */
export function merged(
  heads: readonly Head[],
  limit: number,
  isLoose = false,
): { readonly records: RecordView[]; readonly places: Places } {
  const taken: RecordView[] = [];
  let bytes = 0;
  while (taken.length < limit) {
    const ready = heads.filter(({ at, records }) => at < records.length);
    if (ready.length === 0 || (!isLoose && taken.length > 0 && heads.some((head) => isDry(head)))) break;
    const head = ready.reduce((first, other) => (isBefore(other, first) ? other : first));
    const record = head.records[head.at];
    if (record === undefined || (taken.length > 0 && bytes + record.bytes > pageBytesMax)) break;
    taken.push(record.view);
    bytes += record.bytes;
    head.at += 1;
    head.place = head.at === head.records.length ? head.last : record.view.offset + (head.direction === 1 ? 1 : 0);
  }
  return { records: taken, places: new Map(heads.map(({ partition, place }) => [partition, place])) };
}

function isDry(head: Head): boolean {
  return head.at === head.records.length && head.hasMore;
}

function isBefore(left: Head, right: Head): boolean {
  return left.direction * (timeOf(left) - timeOf(right)) < 0;
}

function timeOf({ records, at }: Head): number {
  return records[at]?.timestamp ?? 0;
}
