/** Searches as lines of JSON: window after window of all partitions, each merged by time; flat in memory, as fast as the client reads. */
import type { OffsetRange } from '#jobs/range-reader';
import { recordsIn } from '#jobs/record-range';
import type { Clock } from '#std/clock';
import type { Cluster } from '#topics/cluster';
import type { AnswerStream } from './answer-stream.js';
import {
  headsBackward,
  headsForward,
  keptOf,
  merged,
  pageBackward,
  pageForward,
  type RecordFilter,
  type RecordPage,
} from './record-page.js';
import { tokenOfPlaces, type Places } from './record-places.js';
import type { Look } from './record-view.js';

export type Order = 'oldest' | 'newest';

export interface SearchOptions {
  readonly order: Order;
  readonly limit: number;
  readonly look: Look;
  /** Null: all records, strictly by time. */
  readonly filter: RecordFilter | null;
  readonly clock: Clock;
  readonly stream: AnswerStream;
}

const progressMs = 250;
/** Records of a window, all partitions: the first is small, so that something is seen at once. */
const windowMin = 20_000;
const windowMax = 320_000;
/** Records of one page where nothing is filtered. */
const pageMax = 1_000;

/**
 * Records that the filter takes, each a line; between them lines of progress, the last one with `done`. Stops at `limit` found. `next` of a
 * line is where it goes on after the records before that line; lines without it were written within a window.
 */
export async function writeSearch(
  cluster: Cluster,
  ranges: readonly OffsetRange[],
  options: SearchOptions,
): Promise<void> {
  await new Search(cluster, ranges, options).run();
}

class Search {
  private left: readonly OffsetRange[];
  private readonly total: number;
  private found = 0;
  private window = windowMin;
  private saidAt: number;

  constructor(
    private readonly cluster: Cluster,
    ranges: readonly OffsetRange[],
    private readonly options: SearchOptions,
  ) {
    this.left = ranges;
    // In offsets, as what is scanned: nobody knows how many of them are records.
    this.total = recordsIn(ranges);
    this.saidAt = options.clock.monotonic();
  }

  async run(): Promise<void> {
    const { stream, limit, filter } = this.options;
    while (recordsIn(this.left) > 0 && this.found < limit) {
      const page = filter === null ? await this.page() : await this.matches(filter);
      for (const record of page.records) await stream.write(`${JSON.stringify(record)}\n`);
      this.found += page.records.length;
      this.left = page.next === null ? [] : this.cut(page.next);
      if (recordsIn(this.left) > 0 && this.found < limit) await this.progress({ next: this.token() });
    }
    await this.progress({ next: recordsIn(this.left) === 0 ? null : this.token(), done: true });
  }

  private page(): Promise<RecordPage> {
    const { order, limit, look, stream } = this.options;
    const options = { limit: Math.min(pageMax, limit - this.found), look, signal: stream.signal };
    return (order === 'oldest' ? pageForward : pageBackward)(this.cluster, this.left, options);
  }

  private async matches(filter: RecordFilter): Promise<RecordPage> {
    const { order, look, stream, limit, clock } = this.options;
    const isForward = order === 'oldest';
    const size = Math.ceil(this.window / Math.max(1, this.left.length));
    const windows = this.left.map((range) =>
      isForward
        ? { ...range, to: Math.min(range.to, range.from + size) }
        : { ...range, from: Math.max(range.from, range.to - size) },
    );
    this.window = Math.min(windowMax, this.window * 2);
    const passed = new Map<number, number>();
    let found = 0;
    const kept = await keptOf(this.cluster, windows, {
      look,
      filter,
      signal: stream.signal,
      keep: isForward ? 'oldest' : 'newest',
      onRead: async (polled, more) => {
        const begin = windows.find(({ partition }) => partition === polled.partition)?.from ?? 0;
        passed.set(polled.partition, polled.nextOffset - begin);
        found += more;
        if (clock.monotonic() - this.saidAt < progressMs) return;
        await this.progress({}, sumOf(passed.values()), found);
      },
    });
    const heads = (isForward ? headsForward : headsBackward)(windows, kept);
    const { records, places } = merged(heads, limit - this.found, true);
    return { records, next: places };
  }

  private cut(places: Places): readonly OffsetRange[] {
    const isForward = this.options.order === 'oldest';
    return this.left.map((range) => {
      const place = places.get(range.partition) ?? (isForward ? range.from : range.to);
      return isForward ? { ...range, from: place } : { ...range, to: place };
    });
  }

  private token(): string {
    const isForward = this.options.order === 'oldest';
    return tokenOfPlaces(new Map(this.left.map(({ partition, from, to }) => [partition, isForward ? from : to])));
  }

  private async progress(more: object, passed = 0, found = 0): Promise<void> {
    this.saidAt = this.options.clock.monotonic();
    const scanned = this.total - recordsIn(this.left) + passed;
    const line = { scanned, found: Math.min(this.options.limit, this.found + found), of: this.total, ...more };
    await this.options.stream.write(`${JSON.stringify(line)}\n`);
  }
}

function sumOf(numbers: Iterable<number>): number {
  let sum = 0;
  for (const number of numbers) sum += number;
  return sum;
}
