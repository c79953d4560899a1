/** Pages of records, all partitions merged by time. */
import { readRanges, type OffsetRange } from '#jobs/range-reader';
import type { Cluster } from '#topics/cluster';
import type { PartitionRecords } from '#topics/topic-reader';
import type { Places } from './record-places.js';
import { recordView, type Format, type RecordView } from './record-view.js';

export interface RecordPage {
  readonly records: readonly RecordView[];
  /** Where the next page begins; null: at the end of what there was. */
  readonly next: Places | null;
}

interface Kept {
  readonly view: RecordView;
  readonly timestamp: number;
  readonly bytes: number;
}

interface Options {
  readonly limit: number;
  readonly format: Format;
  readonly signal: AbortSignal;
}

/** Keys and values of a page together; the first record comes whatever its size. */
const pageBytesMax = 8 * 1024 * 1024;
/** Of what is read for a page, shared by the partitions. */
const readBytesMax = 32 * 1024 * 1024;

/** `limit` records from the beginnings of the ranges on. */
export async function pageForward(
  cluster: Cluster,
  ranges: readonly OffsetRange[],
  options: Options,
): Promise<RecordPage> {
  let places: Places = new Map(ranges.map(({ partition, from }) => [partition, from]));
  for (;;) {
    const left = ranges.map((range) => ({ ...range, from: places.get(range.partition) ?? range.from }));
    const windows = left.map((range) => ({ ...range, to: Math.min(range.to, range.from + options.limit) }));
    const kept = await keptOf(cluster, windows, { ...options, keep: 'oldest' });
    const page = merged(left, kept, options.limit);
    ({ places } = page);
    const isAtEnd = left.every(({ partition, to }) => (places.get(partition) ?? 0) >= to);
    // Offsets without records (compacted, marks of transactions) are no page.
    if (page.records.length > 0 || isAtEnd) return { records: page.records, next: isAtEnd ? null : places };
  }
}

/** The `limit` newest ones at most, oldest first. */
export async function pageNewest(
  cluster: Cluster,
  ranges: readonly OffsetRange[],
  options: Options,
): Promise<RecordPage> {
  const windows = ranges.map((range) => ({ ...range, from: Math.max(range.from, range.to - options.limit) }));
  const kept = await keptOf(cluster, windows, { ...options, keep: 'newest' });
  const all = [...kept.values()].flatMap(({ records }) => records).sort(byTime);
  return { records: all.slice(-options.limit).map(({ view }) => view), next: null };
}

/** Which records stay where there is no room for all. */
type Keep = 'oldest' | 'newest';

interface KeptPartition {
  readonly records: Kept[];
  bytes: number;
  /** After the last one kept. */
  next: number;
}

async function keptOf(
  cluster: Cluster,
  windows: readonly OffsetRange[],
  { format, signal, keep }: Options & { readonly keep: Keep },
): Promise<Map<number, KeptPartition>> {
  const kept = new Map<number, KeptPartition>(
    windows.map(({ partition, from }) => [partition, { records: [], bytes: 0, next: from }]),
  );
  const bytesMax = readBytesMax / Math.max(1, windows.length);
  const full = new Set<number>();
  for await (const polled of readRanges(cluster, windows, signal)) {
    const partition = kept.get(polled.partition);
    if (partition === undefined || full.has(polled.partition)) continue;
    if (!takeAll(partition, polled, { bytesMax, format, keep })) full.add(polled.partition);
    if (full.size === windows.length) break;
  }
  for (const { partition, to } of windows) {
    const found = kept.get(partition);
    if (found !== undefined && !full.has(partition)) found.next = to;
  }
  return kept;
}

/** False where there was no room for all. */
function takeAll(
  partition: KeptPartition,
  polled: PartitionRecords,
  { bytesMax, format, keep }: { bytesMax: number; format: Format; keep: Keep },
): boolean {
  const { records } = polled;
  for (let index = 0; index < records.count; index += 1) {
    const bytes = (records.key(index)?.length ?? 0) + (records.value(index)?.length ?? 0);
    while (partition.records.length > 0 && partition.bytes + bytes > bytesMax) {
      if (keep === 'oldest') return false;
      partition.bytes -= partition.records.shift()?.bytes ?? 0;
    }
    partition.records.push({ view: recordView(polled, index, format), timestamp: records.timestamp(index), bytes });
    partition.bytes += bytes;
    partition.next = records.offset(index) + 1;
  }
  return true;
}

/** The oldest head of all partitions each time, until one that has more has nothing at hand. */
function merged(
  ranges: readonly OffsetRange[],
  kept: ReadonlyMap<number, KeptPartition>,
  limit: number,
): { readonly records: RecordView[]; readonly places: Places } {
  const heads = ranges.map(({ partition, from, to }) => {
    const { records, next } = kept.get(partition) ?? { records: [], next: from };
    return { partition, records, at: 0, next, hasMore: next < to, place: records.length === 0 ? next : from };
  });
  const taken: RecordView[] = [];
  let bytes = 0;
  while (taken.length < limit) {
    const ready = heads.filter(({ at, records }) => at < records.length);
    if (ready.length === 0 || (taken.length > 0 && heads.some((head) => isDry(head)))) break;
    const head = ready.reduce((first, other) => (timeOf(other) < timeOf(first) ? other : first));
    const record = head.records[head.at];
    if (record === undefined || (taken.length > 0 && bytes + record.bytes > pageBytesMax)) break;
    taken.push(record.view);
    bytes += record.bytes;
    head.at += 1;
    head.place = head.at === head.records.length ? head.next : record.view.offset + 1;
  }
  return { records: taken, places: new Map(heads.map(({ partition, place }) => [partition, place])) };
}

function isDry(head: { at: number; records: readonly Kept[]; hasMore: boolean }): boolean {
  return head.at === head.records.length && head.hasMore;
}

function timeOf({ records, at }: { records: readonly Kept[]; at: number }): number {
  return records[at]?.timestamp ?? 0;
}

function byTime(left: Kept, right: Kept): number {
  return (
    left.timestamp - right.timestamp ||
    left.view.partition - right.view.partition ||
    left.view.offset - right.view.offset
  );
}
