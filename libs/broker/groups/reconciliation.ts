/**
 * One step of a member towards its target (KIP-848): it first gives up what it must, is then given what nobody holds any more, and
 * waits for what others have not released. Its epoch rises only when it has given up everything, so that its commits for lost
 * partitions are refused from the moment that they may be given to somebody else.
 */
import {
  difference,
  filterPartitions,
  intersection,
  overlaps,
  union,
  type Partitions,
} from '#broker/groups/partitions';

export type ReconciliationState = 'stable' | 'unrevoked' | 'unreleased';

/** What a member holds. */
export interface Holding {
  readonly epoch: number;
  readonly state: ReconciliationState;
  readonly assigned: Partitions;
  /** Still the member's until it says that it has stopped. */
  readonly revoking: Partitions;
}

export interface ReconciliationStep {
  readonly targetEpoch: number;
  readonly target: Partitions;
  /** Whether no other member holds the partition. */
  isFree(topicId: string, partition: number): boolean;
  /** What the member says it owns; null where it did not say. */
  readonly owned: Partitions | null;
}

/** The holding after one step; the same object where nothing moves. */
export function reconcile(holding: Holding, step: ReconciliationStep): Holding {
  if (holding.state === 'stable')
    return holding.epoch === step.targetEpoch ? holding : move(holding, holding.epoch, step);
  if (holding.state === 'unreleased') return move(holding, holding.epoch, step);
  if (step.owned === null || overlaps(step.owned, holding.revoking)) return holding;
  return move(holding, holding.epoch + 1, step);
}

function move(holding: Holding, epoch: number, step: ReconciliationStep): Holding {
  const { targetEpoch, target, owned } = step;
  const kept = intersection(holding.assigned, target);
  const revoking = difference(holding.assigned, kept);
  if (revoking.size > 0 && (owned === null || overlaps(owned, revoking))) {
    return { epoch, state: 'unrevoked', assigned: kept, revoking };
  }
  const wanted = difference(target, kept);
  let unreleased = false;
  const given = filterPartitions(wanted, (topicId, partition) => {
    const isFree = step.isFree(topicId, partition);
    unreleased ||= !isFree;
    return isFree;
  });
  return {
    epoch: targetEpoch,
    state: unreleased ? 'unreleased' : 'stable',
    assigned: union(kept, given),
    revoking: new Map(),
  };
}
