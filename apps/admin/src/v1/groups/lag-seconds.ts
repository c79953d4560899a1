import type { GroupLag, TopicAdmin } from '#topics/topic-admin';
import { timestampAt } from '../events/looks/lag-age.js';

/** Each is one read of a batch from the log. */
const partitionsMax = 32;
const patienceMs = 2_000;

/**
 * How old the first record is that waits, by partition as `topic partition`: 0 where none waits. Of the partitions furthest behind only,
 * and within 2 s; others are left out.
 */
export async function lagSeconds(
  { cluster }: TopicAdmin,
  lags: readonly GroupLag[],
): Promise<ReadonlyMap<string, number>> {
  const seconds = new Map(lags.filter(({ lag }) => lag === 0).map((each) => [keyOf(each), 0]));
  const behind = lags
    .filter(({ lag }) => (lag ?? 0) > 0)
    .toSorted((left, right) => (right.lag ?? 0) - (left.lag ?? 0))
    .slice(0, partitionsMax);
  const asked = behind.map(async (each) => {
    const offset = Math.max(each.committed ?? 0, each.start);
    const timestamp = await timestampAt(cluster, { topic: each.topic, partition: each.partition, offset }).catch(
      () => -1,
    );
    if (timestamp >= 0) seconds.set(keyOf(each), Math.max(0, Math.round((cluster.clock.now() - timestamp) / 1000)));
  });
  await Promise.race([Promise.all(asked), cluster.clock.sleep(patienceMs)]);
  return new Map(seconds);
}

export function keyOf({ topic, partition }: { readonly topic: string; readonly partition: number }): string {
  return `${topic} ${partition}`;
}
