import type { Api } from '#wire/kafka/schema';
import { batchOf } from '#log/testing/engine-fixture';
import {
  operationCode,
  patternTypeCode,
  permissionCode,
  resourceTypeCode,
  type AclBinding,
  type AclOperation,
  type AclResourceType,
} from '#security/acl';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { BrokerWorld } from '../broker.testkit.js';
import { handlers } from '../handlers/index.js';

// Every API that is served, in every version, asked by somebody without rights, with each right that it needs, with the rights of typical users,
// and with the right denied again. An API without a line here fails the last test.

const { TOPIC_AUTHORIZATION_FAILED: topicDenied, GROUP_AUTHORIZATION_FAILED: groupDenied } = kafkaError;
const { CLUSTER_AUTHORIZATION_FAILED: clusterDenied, TRANSACTIONAL_ID_AUTHORIZATION_FAILED: idDenied } = kafkaError;
const refusals = new Set<number>([topicDenied, groupDenied, clusterDenied, idDenied]);

type Right = `${AclOperation} ${AclResourceType}`;

interface Row {
  readonly api: Api;
  readonly body: object | ((version: number, world: BrokerWorld) => object);
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
const idOf = (world: BrokerWorld) => world.broker.engine.topics.byName('orders')?.id ?? '';
const producer = { producerId: 1, producerEpoch: 0 };

const rows: readonly Row[] = [
  {
    api: apis.produce,
    body: (version, world) => ({
      acks: -1,
      timeoutMs: 1000,
      topicData: [{ name: 'orders', ...(version >= 13 && { topicId: idOf(world) }), partitionData: produced() }],
    }),
    denied: { 'responses.0.partitionResponses.0.errorCode': topicDenied },
    needs: [['write topic']],
  },
  {
    api: apis.fetch,
    body: (version, world) => ({
      maxWaitMs: 0,
      topics: [
        {
          topic: 'orders',
          ...(version >= 13 && { topicId: idOf(world) }),
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
    body: (version, world) => ({
      groupId: 'readers',
      topics: [{ name: 'orders', ...(version >= 10 && { topicId: idOf(world) }), partitions: offsets }],
    }),
    denied: { 'topics.0.partitions.0.errorCode': groupDenied },
    needs: [['read group', 'read topic']],
  },
  {
    api: apis.offsetFetch,
    body: (version, world) => {
      const topics = [{ name: 'orders', ...(version >= 10 && { topicId: idOf(world) }), partitionIndexes: [0] }];
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
      protocolType: null,
      protocolName: null,
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
      version < 6 ? { topicNames: ['orders'], timeoutMs: 1 } : { topics: [{ name: 'orders' }], timeoutMs: 1 },
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
    body: { users: null },
    denied: { errorCode: clusterDenied },
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

/** Told to everybody, or told only what he may know; each has its test below or none to have. */
const withoutRefusal = new Set<number>([
  apis.apiVersions.key,
  apis.saslHandshake.key,
  apis.saslAuthenticate.key,
  apis.describeCluster.key,
  apis.listGroups.key,
  apis.listTransactions.key,
  // Its two forms have a test of their own.
  apis.addPartitionsToTxn.key,
]);

const resourceNames: Readonly<Record<AclResourceType, string>> = {
  topic: '*',
  group: 'readers',
  cluster: 'kafka-cluster',
  transactional_id: 'pay',
  delegation_token: '*',
  user: '*',
};

function binding(right: Right, permission: 'allow' | 'deny' = 'allow'): AclBinding {
  const [operation, type] = right.split(' ') as [AclOperation, AclResourceType];
  return {
    resourceType: resourceTypeCode[type],
    resourceName: type === 'group' ? '*' : resourceNames[type],
    patternType: patternTypeCode.literal,
    principal: 'User:alice',
    host: '*',
    operation: operationCode[operation],
    permissionType: permissionCode[permission],
  };
}

describe('who may ask what', () => {
  let world: BrokerWorld;

  beforeEach(async () => {
    world = await BrokerWorld.open({
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:root',
    });
    await world.createTopic('orders');
    become('alice');
  });
  afterEach(() => world.close());

  function become(name: string): void {
    const access = world.broker.security.accessOf({ type: 'User', name }, '127.0.0.1');
    world.permits = (operation, type, resource) =>
      resource === null ? access.mayAny(operation, type) : access.may(operation, type, resource);
  }

  const allow = (bindings: readonly AclBinding[]) => world.broker.security.authorizer?.add(bindings);
  const forget = (bindings: readonly AclBinding[]) => world.broker.security.authorizer?.remove(bindings);

  async function refusedAt(row: Row, version: number): Promise<Record<string, number>> {
    const body = typeof row.body === 'function' ? row.body(version, world) : row.body;
    return refusalsIn(await world.ask(row.api, version, body as never), '');
  }

  const title = (row: Row): string => `${row.api.name} (${row.needs[0]?.join(', ')})`;

  test.each(rows.map((row) => [title(row), row] as const))('%s refuses who has no right', async (_title, row) => {
    expect(await refusedAt(row, row.api.maxVersion)).toEqual(row.denied);
    const [code] = Object.values(row.denied);
    for (let version = row.from ?? row.api.minVersion; version <= row.api.maxVersion; version += 1) {
      expect([version, ...new Set(Object.values(await refusedAt(row, version)))]).toEqual([version, code]);
    }
  });

  test.each(rows.map((row) => [title(row), row] as const))('%s serves who has just the rights', async (_title, row) => {
    for (const rights of row.needs) {
      const all = rights.map((right) => binding(right));
      await allow(all);
      expect([rights, await refusedAt(row, row.api.maxVersion)]).toEqual([rights, {}]);
      for (const right of all) {
        await forget([right]);
        // The settings of a topic that was made are left out of the answer; that is no refusal of the request.
        const isExtra = rights.length > 1 && right.operation === operationCode.describe_configs;
        if (!isExtra) expect(await refusedAt(row, row.api.maxVersion)).not.toEqual({});
        await allow([right]);
      }
      await forget(all);
    }
  });

  test.each(rows.map((row) => [title(row), row] as const))('%s heeds a denial over all rights', async (_title, row) => {
    const everything = (['topic', 'group', 'cluster', 'transactional_id'] as const).map((type) => ({
      ...binding(`read ${type}`),
      operation: operationCode.all,
    }));
    await allow(everything);
    expect(await refusedAt(row, row.api.maxVersion)).toEqual({});
    await allow(row.needs.map(([first]) => binding(first ?? 'read topic', 'deny')));
    expect(await refusedAt(row, row.api.maxVersion)).not.toEqual({});
    become('root');
    expect(await refusedAt(row, row.api.maxVersion)).toEqual({});
  });

  test('lists show only what may be described', async () => {
    const topicNames = async () =>
      (await world.call(apis.metadata, 12, { topics: null })).topics.map(({ name }) => name);
    expect(await topicNames()).toEqual([]);
    await allow([binding('read topic')]);
    expect(await topicNames()).toEqual(['orders']);
    expect((await world.call(apis.listTransactions, 1, {})).transactionStates).toEqual([]);
    expect((await world.call(apis.listGroups, 4, {})).groups).toEqual([]);
  });

  test('partitions of a transaction need the transactional id, and their topics', async () => {
    const topics = [{ name: 'orders', partitions: [0] }];
    const old = { v3AndBelowTransactionalId: 'pay', v3AndBelowProducerId: 1, v3AndBelowTopics: topics };
    const ask = async () => refusalsIn(await world.ask(apis.addPartitionsToTxn, 3, old), '');
    const path = 'resultsByTopicV3AndBelow.0.resultsByPartition.0.partitionErrorCode';
    expect(await ask()).toEqual({ [path]: idDenied });
    await allow([binding('write transactional_id')]);
    expect(await ask()).toEqual({ [path]: topicDenied });
    await allow([binding('write topic')]);
    expect(await ask()).toEqual({});
  });

  test('partitions of transactions of others need the right of a broker', async () => {
    const ask = async () => refusalsIn(await world.ask(apis.addPartitionsToTxn, 5, { transactions: [] }), '');
    expect(await ask()).toEqual({ errorCode: clusterDenied });
    await allow([binding('cluster_action cluster')]);
    expect(await ask()).toEqual({});
  });

  test('every API that is served has a line', () => {
    const listed = new Set(rows.map(({ api }) => api.key));
    const unlisted = handlers.filter(({ api }) => !listed.has(api.key) && !withoutRefusal.has(api.key));
    expect(unlisted.map(({ api }) => api.name)).toEqual([]);
  });
});

/** Codes of refusals in an answer, by their places. */
function refusalsIn(value: unknown, path: string): Record<string, number> {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return {};
  const found: Record<string, number> = {};
  for (const [name, inner] of Object.entries(value)) {
    const at = path === '' ? name : `${path}.${name}`;
    if (/errorCode$/i.test(name) && refusals.has(inner as number)) found[at] = inner as number;
    else Object.assign(found, refusalsIn(inner, at));
  }
  return found;
}
