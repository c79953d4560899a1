import type { z } from 'zod';
import type { GroupListing, TopicAdmin } from '#topics/topic-admin';
import type { TopicGroupsView } from './topic-schemas.js';

type Readers = Pick<z.input<typeof TopicGroupsView>, 'groups' | 'is_complete'>;
type Reader = Readers['groups'][number];

const groupsMax = 2_000;
const askedAtOnce = 16;

/** Groups that have committed offsets of the topic or whose members read it, by name. */
export async function readersOf(
  topics: TopicAdmin,
  topic: string,
  isSeen: (group: string) => boolean,
): Promise<Readers> {
  const [listed, ends] = await Promise.all([topics.listGroups(), topics.offsets(topic, 'latest')]);
  const seen = listed.filter(({ groupId }) => isSeen(groupId));
  const endOf = new Map(ends.map(({ partition, offset }) => [partition, offset]));
  const waiting = seen.slice(0, groupsMax);
  const readers: Reader[] = [];
  const askNext = async (): Promise<void> => {
    for (let group = waiting.shift(); group !== undefined; group = waiting.shift()) {
      const reader = await readerOf(topics, group, { topic, endOf });
      if (reader !== null) readers.push(reader);
    }
  };
  await Promise.all(Array.from({ length: askedAtOnce }, askNext));
  readers.sort((left, right) => (left.name < right.name ? -1 : 1));
  return { groups: readers, is_complete: seen.length <= groupsMax };
}

/** Null where the group has nothing to do with the topic. */
async function readerOf(
  topics: TopicAdmin,
  { groupId, state }: GroupListing,
  { topic, endOf }: { topic: string; endOf: ReadonlyMap<number, number> },
): Promise<Reader | null> {
  const [offsets, members] = await Promise.all([
    topics.groupOffsets(groupId),
    // Nobody is in an empty group.
    state === 'Empty' ? [] : topics.describeGroup(groupId).then((group) => group.members),
  ]);
  const committed = new Map(
    offsets.filter((each) => each.topic === topic).map(({ partition, offset }) => [partition, offset]),
  );
  const assigned = members.map(({ assignment }) => assignment.filter((each) => each.topic === topic));
  const read = new Set([...committed.keys(), ...assigned.flat().map(({ partition }) => partition)]);
  if (read.size === 0) return null;
  const partitions = [...read]
    .filter((partition) => endOf.has(partition))
    .sort((left, right) => left - right)
    .map((partition) => {
      const offset = committed.get(partition) ?? null;
      const lag = offset === null ? null : Math.max(0, (endOf.get(partition) ?? 0) - offset);
      return { partition, committed: offset, lag };
    });
  return {
    name: groupId,
    state,
    members: assigned.filter((places) => places.length > 0).length,
    lag: committed.size === 0 ? null : partitions.reduce((sum, { lag }) => sum + (lag ?? 0), 0),
    partitions,
  };
}
