/**
 * Where a machine has several nodes: requests about a group or a transactional id that another node coordinates are answered with
 * NOT_COORDINATOR, on which clients ask FindCoordinator again. Handlers need not know of it. One node alone serves them as they are.
 */
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { Api, Decoded, Fields, Input } from '#wire/kafka/schema';
import { defineHandler, type Handler, type HandlerContext, type TypedHandler } from '../handler.js';
import { offsetCommit } from '../handlers/08-offset-commit.js';
import { offsetFetch } from '../handlers/09-offset-fetch.js';
import { joinGroup } from '../handlers/11-join-group.js';
import { heartbeat } from '../handlers/12-heartbeat.js';
import { leaveGroup } from '../handlers/13-leave-group.js';
import { syncGroup } from '../handlers/14-sync-group.js';
import { describeGroups } from '../handlers/15-describe-groups.js';
import { initProducerId } from '../handlers/22-init-producer-id.js';
import { addPartitionsToTxn } from '../handlers/24-add-partitions-to-txn.js';
import { addOffsetsToTxn } from '../handlers/25-add-offsets-to-txn.js';
import { endTxn } from '../handlers/26-end-txn.js';
import { txnOffsetCommit } from '../handlers/28-txn-offset-commit.js';
import { deleteGroups } from '../handlers/42-delete-groups.js';
import { offsetDelete } from '../handlers/47-offset-delete.js';
import { describeTransactions } from '../handlers/65-describe-transactions.js';
import { consumerGroupHeartbeat } from '../handlers/68-consumer-group-heartbeat.js';
import { consumerGroupDescribe } from '../handlers/69-consumer-group-describe.js';

const errorCode = kafkaError.NOT_COORDINATOR;
const refusal = { errorCode };

const guarded: readonly Handler[] = [
  aboutOne(apis.joinGroup, joinGroup, ofGroup, ({ memberId }) => ({ ...refusal, memberId, protocolName: '' })),
  aboutOne(apis.syncGroup, syncGroup, ofGroup, () => refusal),
  aboutOne(apis.heartbeat, heartbeat, ofGroup, () => refusal),
  aboutOne(apis.leaveGroup, leaveGroup, ofGroup, () => refusal),
  aboutOne(apis.consumerGroupHeartbeat, consumerGroupHeartbeat, ofGroup, () => refusal),
  aboutOne(apis.offsetDelete, offsetDelete, ofGroup, () => refusal),
  aboutOne(apis.offsetCommit, offsetCommit, ofGroup, ({ topics }) => ({
    topics: topics.map(({ name, topicId, partitions }) => ({ name, topicId, partitions: partitions.map(ofPartition) })),
  })),
  aboutOne(apis.txnOffsetCommit, txnOffsetCommit, ofGroup, ({ topics }) => ({
    topics: topics.map(({ name, partitions }) => ({ name, partitions: partitions.map(ofPartition) })),
  })),
  aboutOne(apis.initProducerId, initProducerId, ofTransaction, () => ({
    ...refusal,
    producerId: -1,
    producerEpoch: -1,
  })),
  aboutOne(apis.addOffsetsToTxn, addOffsetsToTxn, ofTransaction, () => refusal),
  aboutOne(apis.endTxn, endTxn, ofTransaction, () => refusal),
  aboutOne(
    apis.addPartitionsToTxn,
    addPartitionsToTxn,
    // Several transactions are in one request only between brokers.
    ({ v3AndBelowTransactionalId, transactions }) => transactions[0]?.transactionalId ?? v3AndBelowTransactionalId,
    ({ transactions, v3AndBelowTopics }) => ({
      errorCode: transactions.length === 0 ? kafkaError.NONE : errorCode,
      resultsByTopicV3AndBelow: v3AndBelowTopics.map(({ name, partitions }) => ({
        name,
        resultsByPartition: partitions.map((partitionIndex) => ({ partitionIndex, partitionErrorCode: errorCode })),
      })),
    }),
  ),
  defineHandler(apis.offsetFetch, async (context, version, request) => {
    if (version < 8) {
      if (isOurs(context, request.groupId)) return offsetFetch.handle(context, version, request);
      // The error of the whole answer came with version 2.
      const topics = (request.topics ?? []).map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((partitionIndex) => ({ ...noOffset, partitionIndex, errorCode })),
      }));
      return { topics: version < 2 ? topics : [], errorCode };
    }
    const [ours, others] = parted(context, request.groups, ({ groupId }) => groupId);
    const refused = others.map(({ groupId }) => ({ groupId, topics: [], errorCode }));
    const answer = ours.length > 0 ? await offsetFetch.handle(context, version, { ...request, groups: ours }) : null;
    return { ...answer, groups: [...(answer?.groups ?? []), ...refused] };
  }),
  defineHandler(apis.describeGroups, async (context, version, request) => {
    const [groups, others] = parted(context, request.groups, (groupId) => groupId);
    const refused = others.map((groupId) => ({ groupId, errorCode, groupState: '', errorMessage: null }));
    const answer = groups.length > 0 ? await describeGroups.handle(context, version, { ...request, groups }) : null;
    return { ...answer, groups: [...(answer?.groups ?? []), ...refused] };
  }),
  defineHandler(apis.deleteGroups, async (context, version, request) => {
    const [groupsNames, others] = parted(context, request.groupsNames, (groupId) => groupId);
    const refused = others.map((groupId) => ({ groupId, errorCode }));
    const answer =
      groupsNames.length > 0 ? await deleteGroups.handle(context, version, { ...request, groupsNames }) : null;
    return { ...answer, results: [...(answer?.results ?? []), ...refused] };
  }),
  defineHandler(apis.consumerGroupDescribe, async (context, version, request) => {
    const [groupIds, others] = parted(context, request.groupIds, (groupId) => groupId);
    const refused = others.map((groupId) => ({ groupId, errorCode }));
    const answer =
      groupIds.length > 0 ? await consumerGroupDescribe.handle(context, version, { ...request, groupIds }) : null;
    return { ...answer, groups: [...(answer?.groups ?? []), ...refused] };
  }),
  defineHandler(apis.describeTransactions, async (context, version, request) => {
    const [transactionalIds, others] = parted(context, request.transactionalIds, (transactionalId) => transactionalId);
    const refused = others.map((transactionalId) => ({ transactionalId, errorCode, producerId: -1 }));
    const answer =
      transactionalIds.length > 0
        ? await describeTransactions.handle(context, version, { ...request, transactionalIds })
        : null;
    return { ...answer, transactionStates: [...(answer?.transactionStates ?? []), ...refused] };
  }),
];

const noOffset = { committedOffset: -1, committedLeaderEpoch: -1, metadata: '' };

/** `handlers`, those about groups and transactional ids each behind the question whose they are. */
export function coordinatedHandlers(handlers: readonly Handler[]): readonly Handler[] {
  const byKey = new Map(guarded.map((handler) => [handler.api.key, handler]));
  return handlers.map((handler) => byKey.get(handler.api.key) ?? handler);
}

function aboutOne<Request extends Fields, Response extends Fields>(
  api: Api<Request, Response>,
  handler: TypedHandler<Request, Response>,
  keyOf: (request: Decoded<Request>) => string | null,
  refuse: (request: Decoded<Request>) => Input<Response>,
): Handler {
  return defineHandler(api, (context, version, request) =>
    isOurs(context, keyOf(request)) ? handler.handle(context, version, request) : refuse(request),
  );
}

/** What is about nothing in particular, or names nothing, any node answers. */
function isOurs({ broker }: HandlerContext, key: string | null): boolean {
  return key === null || key === '' || broker.nodes.coordinates(key);
}

function parted<Item>(
  context: HandlerContext,
  items: readonly Item[],
  keyOf: (item: Item) => string,
): [ours: Item[], others: Item[]] {
  const ours: Item[] = [];
  const others: Item[] = [];
  for (const item of items) (isOurs(context, keyOf(item)) ? ours : others).push(item);
  return [ours, others];
}

function ofGroup({ groupId }: { readonly groupId: string }): string {
  return groupId;
}

function ofTransaction({ transactionalId }: { readonly transactionalId: string | null }): string | null {
  return transactionalId;
}

function ofPartition({ partitionIndex }: { readonly partitionIndex: number }) {
  return { partitionIndex, errorCode };
}
