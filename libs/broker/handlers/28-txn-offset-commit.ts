import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { TxnOffsetCommitRequest } from '#wire/kafka/schemas/txn-offset-commit';
import type { OffsetCommitEntry } from '../groups/group-offsets.js';
import { defineHandler, type HandlerContext } from '../handler.js';
import { writeError } from '../transactions/transaction-errors.js';

/**
 * TxnOffsetCommit, versions 0 to 5: offsets that become the group's when the producer's transaction commits. Until then they are kept
 * aside, durably. From version 3 on the member is checked as by OffsetCommit (KIP-447), from 5 on the group is added to the
 * transaction (KIP-890).
 */
export const txnOffsetCommit = defineHandler(apis.txnOffsetCommit, async (context, version, request) => {
  const { engine, gate } = context.broker;
  const { transactionalId, groupId, producerId, producerEpoch: epoch } = request;
  const refusal = !context.may('write', 'transactional_id', transactionalId)
    ? kafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
    : !context.may('read', 'group', groupId)
      ? kafkaError.GROUP_AUTHORIZATION_FAILED
      : kafkaError.NONE;
  const problemOf = (topic: string, partition: number): number => {
    if (refusal !== kafkaError.NONE) return refusal;
    if (!context.may('read', 'topic', topic)) return kafkaError.TOPIC_AUTHORIZATION_FAILED;
    const partitions = engine.topics.byName(topic)?.partitions ?? 0;
    const isThere = partition >= 0 && partition < partitions;
    return isThere ? kafkaError.NONE : kafkaError.UNKNOWN_TOPIC_OR_PARTITION;
  };
  const asked = request.topics.flatMap(({ name, partitions }) =>
    partitions.map((partition) => ({
      topic: name,
      partition: partition.partitionIndex,
      offset: partition.committedOffset,
      leaderEpoch: partition.committedLeaderEpoch,
      metadata: partition.committedMetadata ?? '',
    })),
  );
  const problems = asked.map(({ topic, partition }) => problemOf(topic, partition));
  const entries = asked.filter((_, index) => problems[index] === kafkaError.NONE);
  const write = {
    transactionalId,
    session: { producerId, epoch },
    partitions: [],
    groups: [groupId],
    adds: version >= 5,
  };
  const written =
    entries.length === 0
      ? []
      : await gate.admit(write, (code) =>
          code === kafkaError.NONE
            ? commitPending(context, request, entries)
            : entries.map(() => writeError(code, version >= 4)),
        );
  let index = 0;
  let entry = 0;
  const next = (): number => {
    const problem = problems[index++] ?? kafkaError.NONE;
    return problem === kafkaError.NONE ? (written[entry++] ?? kafkaError.UNKNOWN_SERVER_ERROR) : problem;
  };
  return {
    topics: request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: next() })),
    })),
  };
});

/** One error an entry. What is accepted is on its way to the log when this returns. */
async function commitPending(
  context: HandlerContext,
  request: TxnOffsetCommitRequest,
  entries: readonly OffsetCommitEntry[],
): Promise<readonly number[]> {
  const { engine, groups } = context.broker;
  const { groupId, memberId, groupInstanceId, generationId, producerId } = request;
  const problem = groups.offsets.admitTransactional(groupId, { memberId, groupInstanceId, generationId });
  if (problem !== kafkaError.NONE) return entries.map(() => problem);
  const codes = entries.map((entry) => groups.offsets.entryProblem(entry));
  const accepted = entries.filter((_, index) => codes[index] === kafkaError.NONE);
  try {
    if (accepted.length > 0) await engine.groups.commitPending(groupId, producerId, accepted);
    return codes;
  } catch {
    // The engine has reported its disk already. Clients try again on this code.
    return codes.map((code) => (code === kafkaError.NONE ? kafkaError.COORDINATOR_NOT_AVAILABLE : code));
  }
}
