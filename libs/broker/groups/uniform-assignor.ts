/**
 * Kafka's `uniform`: nobody has two partitions more than somebody who could take one of them, and of what a member had it keeps as
 * much as that allows. First everybody keeps what it had up to its share; what is left goes to whoever has least; then single
 * partitions move from the fullest to the emptiest until the balance holds.
 */
import type { AssignedMember, AssignedTopic } from '#broker/groups/assignors';
import type { Partitions } from '#broker/groups/partitions';

interface Share {
  readonly member: AssignedMember;
  readonly topics: Map<string, Set<number>>;
  count: number;
}

export function assignUniformly(
  members: readonly AssignedMember[],
  topics: readonly AssignedTopic[],
): ReadonlyMap<string, Partitions> {
  const shares = [...members]
    .sort((left, right) => (left.memberId < right.memberId ? -1 : 1))
    .map((member): Share => ({ member, topics: new Map(), count: 0 }));
  const read = topics.filter(({ topicId }) => shares.some(({ member }) => member.topicIds.has(topicId)));
  const left = keepWhatFits(shares, read);
  for (const { topicId, numbers, readers } of left.sort((one, other) => one.readers.length - other.readers.length)) {
    for (const partition of numbers) give(emptiest(readers), topicId, partition);
  }
  if (!isHomogeneous(shares, read)) balance(shares, read);
  return new Map(shares.map((share) => [share.member.memberId, share.topics]));
}

interface Rest {
  readonly topicId: string;
  readonly numbers: readonly number[];
  readonly readers: readonly Share[];
}

/** Gives members what they had, within the largest share that they may end with; what nobody keeps comes back by topic. */
function keepWhatFits(shares: readonly Share[], topics: readonly AssignedTopic[]): Rest[] {
  const total = topics.reduce((sum, topic) => sum + topic.partitions, 0);
  const share = Math.floor(total / Math.max(1, shares.length));
  // Where not all read the same there is no common share; the balance at the end takes from whoever has too much.
  const isBound = isHomogeneous(shares, topics);
  let larger = total % Math.max(1, shares.length);
  const taken = new Map<string, Set<number>>(topics.map(({ topicId }) => [topicId, new Set()]));
  for (const each of [...shares].sort((one, other) => had(other, topics) - had(one, topics))) {
    let room = Infinity;
    if (isBound) {
      room = share;
      if (larger > 0 && had(each, topics) > share) {
        room += 1;
        larger -= 1;
      }
    }
    for (const { topicId, partitions } of topics) {
      if (!each.member.topicIds.has(topicId)) continue;
      for (const partition of each.member.target.get(topicId) ?? []) {
        if (room === 0 || partition >= partitions || taken.get(topicId)?.has(partition) !== false) continue;
        taken.get(topicId)?.add(partition);
        give(each, topicId, partition);
        room -= 1;
      }
    }
  }
  return topics.map(({ topicId, partitions }) => ({
    topicId,
    numbers: Array.from({ length: partitions }, (_, partition) => partition).filter(
      (partition) => taken.get(topicId)?.has(partition) !== true,
    ),
    readers: shares.filter(({ member }) => member.topicIds.has(topicId)),
  }));
}

function had({ member }: Share, topics: readonly AssignedTopic[]): number {
  let count = 0;
  for (const { topicId } of topics) {
    if (member.topicIds.has(topicId)) count += member.target.get(topicId)?.size ?? 0;
  }
  return count;
}

function isHomogeneous(shares: readonly Share[], topics: readonly AssignedTopic[]): boolean {
  return shares.every(({ member }) => topics.every(({ topicId }) => member.topicIds.has(topicId)));
}

/** Each move makes the sum of squares of the counts smaller, so this ends. */
function balance(shares: readonly Share[], topics: readonly AssignedTopic[]): void {
  const readersOf = new Map(
    topics.map(({ topicId }) => [topicId, shares.filter(({ member }) => member.topicIds.has(topicId))]),
  );
  for (let moved = true; moved;) {
    moved = false;
    for (const from of [...shares].sort((left, right) => right.count - left.count)) {
      for (const [topicId, numbers] of from.topics) {
        for (const partition of numbers) {
          const to = emptiest(readersOf.get(topicId) ?? []);
          if (to.count + 1 >= from.count) break;
          numbers.delete(partition);
          from.count -= 1;
          give(to, topicId, partition);
          moved = true;
        }
        if (numbers.size === 0) from.topics.delete(topicId);
      }
    }
  }
}

function give(share: Share, topicId: string, partition: number): void {
  const numbers = share.topics.get(topicId) ?? new Set();
  share.topics.set(topicId, numbers.add(partition));
  share.count += 1;
}

function emptiest(shares: readonly Share[]): Share {
  return shares.reduce((least, share) => (share.count < least.count ? share : least));
}
