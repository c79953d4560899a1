/** How the coordinator shares partitions out among members of the consumer protocol. One line an assignor. */
import type { Partitions } from '#broker/groups/partitions';
import { assignRanges } from '#broker/groups/range-assignor';
import { assignUniformly } from '#broker/groups/uniform-assignor';

export interface AssignedTopic {
  readonly topicId: string;
  readonly partitions: number;
}

export interface AssignedMember {
  readonly memberId: string;
  readonly instanceId: string | null;
  /** Ids of the topics that it reads; only of topics that exist. */
  readonly topicIds: ReadonlySet<string>;
  /** Its last target, to stay close to. */
  readonly target: Partitions;
}

/** Every partition of every topic that anybody reads, to one of those who read it. The same input gives the same output. */
export type Assignor = (
  members: readonly AssignedMember[],
  topics: readonly AssignedTopic[],
) => ReadonlyMap<string, Partitions>;

export const assignors: ReadonlyMap<string, Assignor> = new Map([
  ['uniform', assignUniformly],
  ['range', assignRanges],
]);
