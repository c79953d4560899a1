import type { Clock } from '#std/clock';
import type { FetchOptions, FetchResult, FetchSlice } from './engine.js';
import { FetchWait } from './fetch-wait.js';
import type { PartitionLog } from './partition-log.js';
import { readSegment, readTail } from './partition-reader.js';
import type { Partitions } from './partitions.js';
import { abortedBetween } from './transaction-index.js';

interface Collected {
  readonly results: FetchResult[];
  readonly bytes: number;
  readonly hasError: boolean;
  /** Partitions that answered, and the ends of what was visible in them. */
  readonly seen: Map<PartitionLog, number>;
}

/** Answers fetches: collects what is there, and waits on just the partitions asked for while that is too little. */
export class Fetcher {
  constructor(
    private readonly clock: Clock,
    private readonly partitions: Partitions,
  ) {}

  async fetch(slices: readonly FetchSlice[], options: FetchOptions): Promise<FetchResult[]> {
    const { clock } = this;
    const deadline = clock.monotonic() + options.maxWaitMs;
    for (;;) {
      const collected = await this.collect(slices, options);
      const { bytes, hasError, seen } = collected;
      const waitMs = deadline - clock.monotonic();
      if (bytes >= options.minBytes || hasError || waitMs <= 0 || options.signal?.aborted === true) {
        return collected.results;
      }
      const isStale = [...seen].some(
        ([partition, end]) => visibleEnd(partition, options.isolation) !== end || partition.isGone,
      );
      if (isStale) continue;
      const wait = new FetchWait([...seen.keys()], options.minBytes - bytes, options.isolation);
      await wait.run(clock, waitMs, options.signal);
    }
  }

  /** What is there now for each slice, in order; no await where all of it is in memory. */
  private async collect(slices: readonly FetchSlice[], options: FetchOptions): Promise<Collected> {
    const { isolation, maxBytes: bytesMax } = options;
    const results: FetchResult[] = [];
    const seen = new Map<PartitionLog, number>();
    let bytes = 0;
    let hasError = false;
    for (const slice of slices) {
      const direct = this.partitions.find(slice.topicId, slice.partition);
      const found =
        direct?.isLoaded === true
          ? { partition: direct, error: 'none' as const }
          : await this.partitions.loaded(slice.topicId, slice.partition);
      if (found.partition === null) {
        hasError = true;
        results.push(emptyResult(null, found.error, isolation));
        continue;
      }
      const { partition } = found;
      if (slice.offset < partition.logStartOffset || slice.offset > partition.highWatermark) {
        hasError = true;
        results.push(emptyResult(partition, 'offset_out_of_range', isolation));
        continue;
      }
      const end = visibleEnd(partition, isolation);
      seen.set(partition, end);
      const room = Math.max(0, Math.min(slice.maxBytes, bytesMax - bytes));
      const limits = { bytesMax: room, firstWhole: bytes === 0, endOffset: end };
      const empty = emptyResult(partition, 'none', isolation);
      if (slice.offset >= end || (room === 0 && !limits.firstWhole)) {
        results.push(empty);
        continue;
      }
      // Taken before the read: what is compacted away meanwhile may still be in what was read.
      const { aborted } = partition.producers.transactions;
      const read = readTail(partition, slice.offset, limits) ?? (await readSegment(partition, slice.offset, limits));
      if (read.kind === 'batches') {
        bytes += read.bytes;
        const { batches, nextOffset } = read;
        const isCommitted = isolation === 'read_committed';
        results.push({
          ...empty,
          batches,
          aborted: isCommitted ? abortedBetween(aborted, slice.offset, nextOffset) : null,
        });
      } else {
        hasError = true;
        results.push(emptyResult(partition, read.kind, isolation));
      }
    }
    return { results, bytes, hasError, seen };
  }
}

/** Where a reader's view of the partition ends now. */
function visibleEnd(partition: PartitionLog, isolation: FetchOptions['isolation']): number {
  return isolation === 'read_committed' ? partition.lastStableOffset : partition.highWatermark;
}

function emptyResult(
  partition: PartitionLog | null,
  error: FetchResult['error'],
  isolation: FetchOptions['isolation'],
): FetchResult {
  return {
    error,
    highWatermark: partition?.highWatermark ?? -1,
    lastStableOffset: partition?.lastStableOffset ?? -1,
    logStartOffset: partition?.logStartOffset ?? -1,
    batches: [],
    aborted: isolation === 'read_committed' ? [] : null,
  };
}
