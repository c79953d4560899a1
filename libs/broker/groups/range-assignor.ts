/**
 * Kafka's `range`: of each topic a member gets a run of consecutive partitions, and members that read the same topics get the same
 * runs of each, so that topics that are partitioned alike can be joined by one member.
 */
import type { AssignedMember, AssignedTopic } from '#broker/groups/assignors';
import type { Partitions } from '#broker/groups/partitions';

export function assignRanges(
  members: readonly AssignedMember[],
  topics: readonly AssignedTopic[],
): ReadonlyMap<string, Partitions> {
  const ordered = [...members].sort(byInstanceAndId);
  const assignment = new Map<string, Map<string, ReadonlySet<number>>>();
  for (const member of members) assignment.set(member.memberId, new Map());
  for (const { topicId, partitions } of topics) {
    const readers = ordered.filter((member) => member.topicIds.has(topicId));
    const share = Math.floor(partitions / readers.length);
    let extra = partitions % readers.length;
    let next = 0;
    for (const { memberId } of readers) {
      const end = next + share + (extra > 0 ? 1 : 0);
      extra -= 1;
      if (end > next) assignment.get(memberId)?.set(topicId, numbersBetween(next, end));
      next = end;
    }
  }
  return assignment;
}

/** Static members first, by their instance ids, so that a restart under another member id changes nothing. */
function byInstanceAndId(left: AssignedMember, right: AssignedMember): number {
  if ((left.instanceId === null) !== (right.instanceId === null)) return left.instanceId === null ? 1 : -1;
  const [leftName, rightName] = [left.instanceId ?? left.memberId, right.instanceId ?? right.memberId];
  return leftName < rightName ? -1 : Number(leftName > rightName);
}

function numbersBetween(from: number, end: number): ReadonlySet<number> {
  return new Set(Array.from({ length: end - from }, (_, index) => from + index));
}
