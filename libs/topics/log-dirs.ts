/** What partitions take on the disks of the nodes. */
import { apis } from '#wire/kafka/apis';
import type { Cluster } from './cluster.js';

const patienceMs = 5_000;

/**
 * Bytes of each partition of a topic, as its leader holds it. A partition whose leader does not answer or does not say (the right to
 * describe the cluster is needed) is left out: a size is not worth failing for.
 */
export async function partitionSizes(cluster: Cluster, topic: string): Promise<ReadonlyMap<number, number>> {
  const { partitions } = await cluster.topic(topic);
  const byLeader = Map.groupBy(
    partitions.filter(({ leader }) => leader >= 0),
    ({ leader }) => leader,
  );
  const found = await Promise.all(
    [...byLeader].map(async ([node, led]) => {
      const indexes = led.map(({ partition }) => partition);
      try {
        return await cluster.attempt(patienceMs, () => sizesOf(cluster, { node, topic, indexes }));
      } catch {
        return [];
      }
    }),
  );
  return new Map(found.flat());
}

async function sizesOf(
  cluster: Cluster,
  { node, topic, indexes }: { node: number; topic: string; indexes: readonly number[] },
): Promise<readonly (readonly [number, number])[]> {
  const answer = await cluster.request({ node }, apis.describeLogDirs, {
    topics: [{ topic, partitions: [...indexes] }],
  });
  return answer.results.flatMap(({ topics }) =>
    topics
      .filter(({ name }) => name === topic)
      .flatMap(({ partitions }) => partitions)
      .filter(({ isFutureKey }) => !isFutureKey)
      .map(({ partitionIndex, partitionSize }) => [partitionIndex, partitionSize] as const),
  );
}
