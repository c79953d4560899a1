/** Tails as server-sent events: flat in memory, as fast as the client reads. */
import type { Clock } from '#std/clock';
import type { Cluster } from '#topics/cluster';
import { TopicReader } from '#topics/topic-reader';
import type { AnswerStream } from './answer-stream.js';
import { matchesIn, type RecordFilter } from './record-page.js';
import { tokenOfPlaces } from './record-places.js';
import { prepareFor, recordView, type Look } from './record-view.js';

export interface TailOptions {
  readonly look: Look;
  readonly filter: RecordFilter | null;
  readonly clock: Clock;
  readonly stream: AnswerStream;
}

const progressMs = 500;
const pollMs = 500;
/** Something is sent after so long at the latest, so that whoever is between sees that both ends live. */
const aliveMs = 15_000;

/**
 * What comes from now on, until the client leaves. Each event's id is where a client that comes back goes on; where the filter takes nothing,
 * an event `progress` with an id tells how far it is, so that nothing is searched twice.
 */
export async function writeTail(
  cluster: Cluster,
  starts: readonly { readonly topic: string; readonly partition: number; readonly offset: number }[],
  { look, filter, clock, stream }: TailOptions,
): Promise<void> {
  const places = new Map(starts.map(({ partition, offset }) => [partition, offset]));
  const reader = new TopicReader(cluster, { partitions: starts, isolation: 'read_committed' });
  await reader.start();
  let saidAt = clock.monotonic();
  let scanned = 0;
  let found = 0;
  let told = tokenOfPlaces(places);
  const progress = async (): Promise<void> => {
    told = tokenOfPlaces(places);
    saidAt = clock.monotonic();
    await stream.write(`id: ${told}\nevent: progress\ndata: ${JSON.stringify({ scanned, found })}\n\n`);
  };
  try {
    await stream.write(`retry: 2000\nid: ${told}\n\n`);
    while (!stream.signal.aborted) {
      for (const polled of await reader.poll(pollMs)) {
        const indexes = matchesIn(polled, filter);
        await prepareFor(polled, indexes, look);
        for (const index of indexes) {
          places.set(polled.partition, polled.records.offset(index) + 1);
          told = tokenOfPlaces(places);
          const data = JSON.stringify(recordView(polled, index, look));
          await stream.write(`id: ${told}\nevent: record\ndata: ${data}\n\n`);
          saidAt = clock.monotonic();
          if (stream.signal.aborted) return;
        }
        scanned += polled.records.count;
        found += indexes.length;
        places.set(polled.partition, polled.nextOffset);
        if (clock.monotonic() - saidAt >= progressMs) await progress();
      }
      const silentMs = clock.monotonic() - saidAt;
      if (silentMs >= progressMs && tokenOfPlaces(places) !== told) await progress();
      if (silentMs < aliveMs) continue;
      saidAt = clock.monotonic();
      await stream.write(`: alive\n\n`);
    }
  } finally {
    await reader.stop();
  }
}
