/** Searches as lines of JSON and tails as server-sent events: flat in memory, as fast as the client reads. */
import { readRanges, type OffsetRange } from '#jobs/range-reader';
import { recordsIn } from '#jobs/record-range';
import type { SinkBatch } from '#pipeline/sink-batch';
import { RecordsBatch } from '#pipeline/sink-reader';
import type { Clock } from '#std/clock';
import type { Cluster } from '#topics/cluster';
import { TopicReader, type PartitionRecords } from '#topics/topic-reader';
import type { AnswerStream } from './answer-stream.js';
import { tokenOfPlaces } from './record-places.js';
import { recordView, type Format } from './record-view.js';

export type RecordFilter = (batch: SinkBatch, index: number) => boolean;

interface StreamOptions {
  readonly format: Format;
  readonly filter: RecordFilter | null;
  readonly clock: Clock;
}

const progressMs = 500;
const pollMs = 1000;
/** Something is sent after so long at the latest, so that whoever is between sees that both ends live. */
const aliveMs = 15_000;

/** Records that the filter takes, each a line; between them lines of progress, the last one with `done`. Stops at `limit` found. */
export async function writeSearch(
  cluster: Cluster,
  ranges: readonly OffsetRange[],
  { limit, format, filter, clock, stream }: StreamOptions & { limit: number; stream: AnswerStream },
): Promise<void> {
  const places = new Map(ranges.map(({ partition, from }) => [partition, from]));
  const of = recordsIn(ranges);
  const startOf = new Map(places);
  let found = 0;
  let saidAt = clock.monotonic();
  // Counted in offsets, as `of` is.
  const scanned = (): number =>
    [...places].reduce((sum, [partition, at]) => sum + at - (startOf.get(partition) ?? at), 0);
  const progress = (): string => JSON.stringify({ scanned: scanned(), found, of, next: tokenOfPlaces(places) });
  for await (const polled of readRanges(cluster, ranges, stream.signal)) {
    const matches = matchesIn(polled, { filter, limit: limit - found });
    for (const index of matches) await stream.write(`${JSON.stringify(recordView(polled, index, format))}\n`);
    found += matches.length;
    const last = found >= limit ? matches.at(-1) : undefined;
    places.set(polled.partition, last === undefined ? polled.nextOffset : polled.records.offset(last) + 1);
    if (found >= limit) break;
    if (clock.monotonic() - saidAt < progressMs) continue;
    saidAt = clock.monotonic();
    await stream.write(`${progress()}\n`);
  }
  if (found < limit) for (const { partition, to } of ranges) places.set(partition, to);
  const isAtEnd = ranges.every(({ partition, to }) => (places.get(partition) ?? to) >= to);
  const next = isAtEnd ? null : tokenOfPlaces(places);
  await stream.write(`${JSON.stringify({ scanned: scanned(), found, of, next, done: true })}\n`);
}

/** What comes from now on, until the client leaves. Each event's id is where a client that comes back goes on. */
export async function writeTail(
  cluster: Cluster,
  starts: readonly { readonly topic: string; readonly partition: number; readonly offset: number }[],
  { format, filter, clock, stream }: StreamOptions & { stream: AnswerStream },
): Promise<void> {
  const places = new Map(starts.map(({ partition, offset }) => [partition, offset]));
  const reader = new TopicReader(cluster, { partitions: starts, isolation: 'read_committed' });
  await reader.start();
  let saidAt = clock.monotonic();
  try {
    await stream.write(`retry: 2000\nid: ${tokenOfPlaces(places)}\n\n`);
    while (!stream.signal.aborted) {
      for (const polled of await reader.poll(pollMs)) {
        for (const index of matchesIn(polled, { filter, limit: Infinity })) {
          places.set(polled.partition, polled.records.offset(index) + 1);
          const data = JSON.stringify(recordView(polled, index, format));
          await stream.write(`id: ${tokenOfPlaces(places)}\nevent: record\ndata: ${data}\n\n`);
          saidAt = clock.monotonic();
          if (stream.signal.aborted) return;
        }
        places.set(polled.partition, polled.nextOffset);
      }
      if (clock.monotonic() - saidAt < aliveMs) continue;
      saidAt = clock.monotonic();
      await stream.write(`: alive\n\n`);
    }
  } finally {
    await reader.stop();
  }
}

function matchesIn(
  polled: PartitionRecords,
  { filter, limit }: { filter: RecordFilter | null; limit: number },
): number[] {
  const batch = new RecordsBatch(polled.topic, polled.partition, polled.records);
  const matches: number[] = [];
  for (let index = 0; index < polled.records.count && matches.length < limit; index += 1) {
    if (filter === null || filter(batch, index)) matches.push(index);
  }
  return matches;
}
