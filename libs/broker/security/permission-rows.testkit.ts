// Every API that is served with the rights that it needs: asked of our own handlers, and of a real Kafka.
import { batchOf } from '#log/testing/engine-fixture';
import {
  clusterName,
  operationCode,
  patternTypeCode,
  permissionCode,
  resourceTypeCode,
  wildcard,
  type AclBinding,
  type AclOperation,
  type AclResourceType,
} from '#security/acl';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { Api } from '#wire/kafka/schema';

export const { TOPIC_AUTHORIZATION_FAILED: topicDenied, GROUP_AUTHORIZATION_FAILED: groupDenied } = kafkaError;
export const { CLUSTER_AUTHORIZATION_FAILED: clusterDenied, TRANSACTIONAL_ID_AUTHORIZATION_FAILED: idDenied } =
  kafkaError;
const refusals = new Set<number>([topicDenied, groupDenied, clusterDenied, idDenied]);

export type Right = `${AclOperation} ${AclResourceType}`;

export interface PermissionRow {
  readonly api: Api;
  readonly body: object | ((version: number, topicId: string) => object);
  /** Where the newest version says so, and what. */
  readonly denied: Readonly<Record<string, number>>;
  /** Sets of rights each of which is enough, and none of whose parts is. */
  readonly needs: readonly (readonly Right[])[];
  /** Versions to leave out, where something else is wrong with them first. */
  readonly from?: number;
}

const produced = () => [{ index: 0, records: batchOf(['one']) }];
const place = { topics: [{ name: 'orders', partitions: [{ partitionIndex: 0 }] }] };
const offsets = [{ partitionIndex: 0, committedOffset: 0, committedMetadata: '' }];
const aclFilter = { resourceTypeFilter: 1, patternTypeFilter: 1, operation: 1, permissionType: 1 };
const rule = { resourceType: 2, resourceName: 'x', resourcePatternType: 3, principal: 'User:x', host: '*' };
const producer = { producerId: 1, producerEpoch: 0 };

export const permissionRows: readonly PermissionRow[] = [
  {
    api: apis.produce,
    body: (version, topicId) => ({
      acks: -1,
      timeoutMs: 1000,
      topicData: [{ name: 'orders', ...(version >= 13 && { topicId }), partitionData: produced() }],
    }),
    denied: { 'responses.0.partitionResponses.0.errorCode': topicDenied },
    needs: [['write topic']],
  },
  {
    api: apis.fetch,
    body: (version, topicId) => ({
      maxWaitMs: 0,
      topics: [
        {
          topic: 'orders',
          ...(version >= 13 && { topicId }),
          partitions: [{ partition: 0, fetchOffset: 0 }],
        },
      ],
    }),
    denied: { 'responses.0.partitions.0.errorCode': topicDenied },
    needs: [['read topic']],
  },
  {
    api: apis.listOffsets,
    body: { replicaId: -1, topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, timestamp: -1 }] }] },
    denied: { 'topics.0.partitions.0.errorCode': topicDenied },
    needs: [['describe topic']],
  },
  {
    api: apis.metadata,
    body: { topics: [{ name: 'orders' }], allowAutoTopicCreation: false },
    denied: { 'topics.0.errorCode': topicDenied },
    needs: [['describe topic']],
  },
  {
    api: apis.offsetCommit,
    body: (version, topicId) => ({
      groupId: 'readers',
      topics: [{ name: 'orders', ...(version >= 10 && { topicId }), partitions: offsets }],
    }),
    denied: { 'topics.0.partitions.0.errorCode': groupDenied },
    needs: [['read group', 'read topic']],
  },
  {
    api: apis.offsetFetch,
    body: (version, topicId) => {
      const topics = [{ name: 'orders', ...(version >= 10 && { topicId }), partitionIndexes: [0] }];
      return version < 8 ? { groupId: 'readers', topics } : { groups: [{ groupId: 'readers', topics }] };
    },
    denied: { 'groups.0.errorCode': groupDenied },
    needs: [['describe group', 'describe topic']],
    from: 2,
  },
  {
    api: apis.findCoordinator,
    body: (version) => (version < 4 ? { key: 'readers' } : { keyType: 0, coordinatorKeys: ['readers'] }),
    denied: { 'coordinators.0.errorCode': groupDenied },
    needs: [['describe group']],
  },
  {
    api: apis.findCoordinator,
    body: (version) => (version < 4 ? { key: 'pay', keyType: 1 } : { keyType: 1, coordinatorKeys: ['pay'] }),
    denied: { 'coordinators.0.errorCode': idDenied },
    needs: [['describe transactional_id']],
    from: 1,
  },
  {
    api: apis.joinGroup,
    body: { groupId: 'readers', sessionTimeoutMs: 10_000, memberId: 'nobody', protocolType: 'consumer', protocols: [] },
    denied: { errorCode: groupDenied },
    needs: [['read group']],
  },
  {
    api: apis.heartbeat,
    body: { groupId: 'readers', generationId: 1, memberId: 'nobody' },
    denied: { errorCode: groupDenied },
    needs: [['read group']],
  },
  {
    api: apis.leaveGroup,
    body: (version) => ({
      groupId: 'readers',
      ...(version < 3 ? { memberId: 'x' } : { members: [{ memberId: 'x' }] }),
    }),
    denied: { errorCode: groupDenied },
    needs: [['read group']],
  },
  {
    api: apis.syncGroup,
    body: {
      groupId: 'readers',
      generationId: 1,
      memberId: 'nobody',
      protocolType: 'consumer',
      protocolName: 'range',
      assignments: [],
    },
    denied: { errorCode: groupDenied },
    needs: [['read group']],
  },
  {
    api: apis.describeGroups,
    body: { groups: ['readers'] },
    denied: { 'groups.0.errorCode': groupDenied },
    needs: [['describe group']],
  },
  {
    api: apis.createTopics,
    body: { topics: [{ name: 'new', numPartitions: 1, replicationFactor: 1 }], timeoutMs: 1000, validateOnly: true },
    denied: { 'topics.0.errorCode': topicDenied },
    needs: [
      ['create topic', 'describe_configs topic'],
      ['create cluster', 'describe_configs topic'],
    ],
  },
  {
    api: apis.deleteTopics,
    body: (version) =>
      version < 6 ? { topicNames: ['doomed'], timeoutMs: 1000 } : { topics: [{ name: 'doomed' }], timeoutMs: 1000 },
    denied: { 'responses.0.errorCode': topicDenied },
    needs: [['delete topic'], ['delete cluster']],
  },
  {
    api: apis.deleteRecords,
    body: { topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, offset: 0 }] }], timeoutMs: 1000 },
    denied: { 'topics.0.partitions.0.errorCode': topicDenied },
    needs: [['delete topic']],
  },
  {
    api: apis.initProducerId,
    body: { transactionalId: null, transactionTimeoutMs: 1000 },
    denied: { errorCode: clusterDenied },
    needs: [['idempotent_write cluster'], ['write topic']],
  },
  {
    api: apis.initProducerId,
    body: { transactionalId: 'pay', transactionTimeoutMs: 1000 },
    denied: { errorCode: idDenied },
    needs: [['write transactional_id']],
  },
  {
    api: apis.offsetForLeaderEpoch,
    body: { topics: [{ topic: 'orders', partitions: [{ partition: 0, leaderEpoch: 0 }] }] },
    denied: { 'topics.0.partitions.0.errorCode': topicDenied },
    needs: [['describe topic']],
  },
  {
    api: apis.addOffsetsToTxn,
    body: { transactionalId: 'pay', ...producer, groupId: 'readers' },
    denied: { errorCode: idDenied },
    needs: [['write transactional_id', 'read group']],
  },
  {
    api: apis.endTxn,
    body: { transactionalId: 'pay', ...producer, committed: true },
    denied: { errorCode: idDenied },
    needs: [['write transactional_id']],
  },
  {
    api: apis.txnOffsetCommit,
    body: {
      transactionalId: 'pay',
      groupId: 'readers',
      ...producer,
      topics: [{ name: 'orders', partitions: offsets }],
    },
    denied: { 'topics.0.partitions.0.errorCode': idDenied },
    needs: [['write transactional_id', 'read group', 'read topic']],
  },
  {
    api: apis.writeTxnMarkers,
    body: {
      markers: [
        {
          ...producer,
          transactionResult: true,
          topics: [{ name: 'orders', partitionIndexes: [0] }],
          coordinatorEpoch: 0,
        },
      ],
    },
    denied: { 'markers.0.topics.0.partitions.0.errorCode': clusterDenied },
    needs: [['cluster_action cluster'], ['alter cluster']],
  },
  {
    api: apis.describeAcls,
    body: { ...aclFilter, resourceNameFilter: null, principalFilter: null, hostFilter: null },
    denied: { errorCode: clusterDenied },
    needs: [['describe cluster']],
  },
  {
    api: apis.createAcls,
    body: { creations: [{ ...rule, operation: 3, permissionType: 3 }] },
    denied: { 'results.0.errorCode': clusterDenied },
    needs: [['alter cluster']],
  },
  {
    api: apis.deleteAcls,
    body: { filters: [{ ...aclFilter, resourceNameFilter: 'x', principalFilter: 'User:x', hostFilter: null }] },
    denied: { 'filterResults.0.errorCode': clusterDenied },
    needs: [['alter cluster']],
  },
  {
    api: apis.describeConfigs,
    body: { resources: [{ resourceType: 2, resourceName: 'orders', configurationKeys: null }] },
    denied: { 'results.0.errorCode': topicDenied },
    needs: [['describe_configs topic']],
  },
  {
    api: apis.describeConfigs,
    body: { resources: [{ resourceType: 4, resourceName: '1', configurationKeys: null }] },
    denied: { 'results.0.errorCode': clusterDenied },
    needs: [['describe_configs cluster']],
  },
  {
    api: apis.alterConfigs,
    body: { resources: [{ resourceType: 2, resourceName: 'orders', configs: [] }], validateOnly: true },
    denied: { 'responses.0.errorCode': topicDenied },
    needs: [['alter_configs topic']],
  },
  {
    api: apis.incrementalAlterConfigs,
    body: { resources: [{ resourceType: 2, resourceName: 'orders', configs: [] }], validateOnly: true },
    denied: { 'responses.0.errorCode': topicDenied },
    needs: [['alter_configs topic']],
  },
  {
    api: apis.describeLogDirs,
    body: { topics: null },
    denied: { errorCode: clusterDenied },
    needs: [['describe cluster']],
    from: 3,
  },
  {
    api: apis.createPartitions,
    body: { topics: [{ name: 'orders', count: 2, assignments: null }], timeoutMs: 1000, validateOnly: true },
    denied: { 'results.0.errorCode': topicDenied },
    needs: [['alter topic']],
  },
  {
    api: apis.deleteGroups,
    body: { groupsNames: ['readers'] },
    denied: { 'results.0.errorCode': groupDenied },
    needs: [['delete group']],
  },
  {
    api: apis.electLeaders,
    body: { topicPartitions: [{ topic: 'orders', partitions: [0] }], timeoutMs: 1000 },
    denied: { errorCode: clusterDenied, 'replicaElectionResults.0.partitionResult.0.errorCode': clusterDenied },
    needs: [['alter cluster']],
  },
  {
    api: apis.listPartitionReassignments,
    body: { topics: null },
    denied: { errorCode: clusterDenied },
    needs: [['describe cluster']],
  },
  {
    api: apis.offsetDelete,
    body: { groupId: 'readers', ...place },
    denied: { errorCode: groupDenied },
    needs: [['delete group', 'read topic']],
  },
  {
    api: apis.describeClientQuotas,
    body: { components: [], strict: false },
    denied: { errorCode: clusterDenied },
    needs: [['describe_configs cluster']],
  },
  {
    api: apis.alterClientQuotas,
    body: { entries: [{ entity: [{ entityType: 'user', entityName: 'x' }], ops: [] }], validateOnly: true },
    denied: { 'entries.0.errorCode': clusterDenied },
    needs: [['alter_configs cluster']],
  },
  {
    api: apis.describeUserScramCredentials,
    body: { users: [{ name: 'x' }] },
    denied: { errorCode: clusterDenied, 'results.0.errorCode': clusterDenied },
    needs: [['describe cluster']],
  },
  {
    api: apis.alterUserScramCredentials,
    body: { deletions: [{ name: 'x', mechanism: 1 }], upsertions: [] },
    denied: { 'results.0.errorCode': clusterDenied },
    needs: [['alter cluster']],
  },
  {
    api: apis.describeProducers,
    body: { topics: [{ name: 'orders', partitionIndexes: [0] }] },
    denied: { 'topics.0.partitions.0.errorCode': topicDenied },
    needs: [['read topic']],
  },
  {
    api: apis.describeTransactions,
    body: { transactionalIds: ['pay'] },
    denied: { 'transactionStates.0.errorCode': idDenied },
    needs: [['describe transactional_id']],
  },
  {
    api: apis.consumerGroupHeartbeat,
    body: { groupId: 'new', memberId: 'm', memberEpoch: 9, subscribedTopicNames: ['orders'] },
    denied: { errorCode: groupDenied },
    needs: [['read group', 'describe topic']],
  },
  {
    api: apis.consumerGroupDescribe,
    body: { groupIds: ['readers'] },
    denied: { 'groups.0.errorCode': groupDenied },
    needs: [['describe group']],
  },
  {
    api: apis.listConfigResources,
    body: { resourceTypes: [] },
    denied: { errorCode: clusterDenied },
    needs: [['describe_configs cluster']],
  },
  {
    api: apis.describeTopicPartitions,
    body: { topics: [{ name: 'orders' }] },
    denied: { 'topics.0.errorCode': topicDenied },
    needs: [['describe topic']],
  },
];

/** A rule for User:alice that lets him do it on everything of the type, or denies it. */
export function bindingOf(right: Right, permission: 'allow' | 'deny' = 'allow'): AclBinding {
  const [operation, type] = right.split(' ') as [AclOperation, AclResourceType];
  return {
    resourceType: resourceTypeCode[type],
    resourceName: type === 'cluster' ? clusterName : wildcard,
    patternType: patternTypeCode.literal,
    principal: 'User:alice',
    host: '*',
    operation: operationCode[operation],
    permissionType: permissionCode[permission],
  };
}

/** Codes of refusals in an answer, by their places. */
export function refusalsIn(value: unknown, path: string): Record<string, number> {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return {};
  const found: Record<string, number> = {};
  for (const [name, inner] of Object.entries(value)) {
    const at = path === '' ? name : `${path}.${name}`;
    if (/errorCode$/i.test(name) && refusals.has(inner as number)) found[at] = inner as number;
    else Object.assign(found, refusalsIn(inner, at));
  }
  return found;
}
