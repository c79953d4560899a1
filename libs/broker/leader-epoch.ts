import { kafkaError } from '#wire/kafka/error-codes';

/** Leadership never moves on one node, so there is one epoch for ever; clients ignore metadata whose epoch goes back. */
export const leaderEpoch = 0;

/** What a client that asks with `epoch` is told; -1 means that it does not ask. */
export function epochProblem(epoch: number): number {
  if (epoch < 0 || epoch === leaderEpoch) return kafkaError.NONE;
  return epoch < leaderEpoch ? kafkaError.FENCED_LEADER_EPOCH : kafkaError.UNKNOWN_LEADER_EPOCH;
}
