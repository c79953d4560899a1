import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { BrokerWorld } from '../broker.testkit.js';

/** What calls about groups tell somebody who lacks one right: the operation, the kind of resource, the error where Kafka puts it. */
describe('without the right to', () => {
  let world: BrokerWorld;
  let topicId: string;
  beforeEach(async () => {
    world = await BrokerWorld.open({ 'group.initial.rebalance.delay.ms': '0' });
    topicId = (await world.createTopic('orders')).id;
    const partitions = [{ partitionIndex: 0, committedOffset: 5, committedMetadata: '' }];
    await world.call(apis.offsetCommit, 7, { groupId, topics: [{ name: 'orders', partitions }] });
  });
  afterEach(() => world.close());

  const groupId = 'readers';
  const {
    GROUP_AUTHORIZATION_FAILED: group,
    TOPIC_AUTHORIZATION_FAILED: topic,
    TRANSACTIONAL_ID_AUTHORIZATION_FAILED: transactionalId,
  } = kafkaError;
  const member = { groupId, memberId: 'm', generationId: 1 };
  const join = { groupId, sessionTimeoutMs: 10_000, memberId: '', protocolType: 'consumer', protocols: [] };
  const beat = {
    groupId,
    memberId: 'm',
    memberEpoch: 0,
    rebalanceTimeoutMs: 1000,
    subscribedTopicNames: ['orders'],
    topicPartitions: [],
  };
  const offsets = [{ partitionIndex: 0, committedOffset: 6, committedMetadata: '' }];
  const commit = async (version: number): Promise<number | undefined> => {
    const topics = [{ name: 'orders', topicId, partitions: offsets }];
    const answer = await world.call(apis.offsetCommit, version, { groupId, topics });
    return answer.topics[0]?.partitions[0]?.errorCode;
  };
  const fetched = async (version: number) => {
    const topics = [{ name: 'orders', topicId, partitionIndexes: [0] }];
    return world.call(apis.offsetFetch, version, { groupId, topics, groups: [{ groupId, topics }] });
  };

  const rows: readonly (readonly [string, string, () => Promise<number | undefined>, number])[] = [
    ['read group', 'OffsetCommit', () => commit(9), group],
    ['read topic', 'OffsetCommit', () => commit(9), topic],
    ['read topic', 'OffsetCommit by id', () => commit(10), topic],
    ['describe group', 'OffsetFetch 1', async () => (await fetched(1)).topics[0]?.partitions[0]?.errorCode, group],
    ['describe group', 'OffsetFetch 7', async () => (await fetched(7)).errorCode, group],
    ['describe group', 'OffsetFetch 8', async () => (await fetched(8)).groups[0]?.errorCode, group],
    ['describe topic', 'OffsetFetch 7', async () => (await fetched(7)).topics[0]?.partitions[0]?.errorCode, topic],
    [
      'describe topic',
      'OffsetFetch by id',
      async () => (await fetched(10)).groups[0]?.topics[0]?.partitions[0]?.errorCode,
      topic,
    ],
    [
      'describe group',
      'FindCoordinator',
      async () => (await world.call(apis.findCoordinator, 2, { key: groupId, keyType: 0 })).errorCode,
      group,
    ],
    [
      'describe transactional_id',
      'FindCoordinator',
      async () =>
        (await world.call(apis.findCoordinator, 4, { coordinatorKeys: ['t'], keyType: 1 })).coordinators[0]?.errorCode,
      transactionalId,
    ],
    ['read group', 'JoinGroup', async () => (await world.call(apis.joinGroup, 5, join)).errorCode, group],
    ['read group', 'JoinGroup 9', async () => (await world.call(apis.joinGroup, 9, join)).errorCode, group],
    ['read group', 'Heartbeat', async () => (await world.call(apis.heartbeat, 3, member)).errorCode, group],
    [
      'read group',
      'LeaveGroup',
      async () => (await world.call(apis.leaveGroup, 3, { groupId, members: [{ memberId: 'm' }] })).errorCode,
      group,
    ],
    [
      'read group',
      'SyncGroup',
      async () => (await world.call(apis.syncGroup, 3, { ...member, assignments: [] })).errorCode,
      group,
    ],
    [
      'describe group',
      'DescribeGroups',
      async () => (await world.call(apis.describeGroups, 5, { groups: [groupId] })).groups[0]?.errorCode,
      group,
    ],
    [
      'delete group',
      'DeleteGroups',
      async () => (await world.call(apis.deleteGroups, 2, { groupsNames: [groupId] })).results[0]?.errorCode,
      group,
    ],
    [
      'delete group',
      'OffsetDelete',
      async () => (await world.call(apis.offsetDelete, 0, { groupId, topics: [] })).errorCode,
      group,
    ],
    [
      'read topic',
      'OffsetDelete',
      async () => {
        const topics = [{ name: 'orders', partitions: [{ partitionIndex: 0 }] }];
        return (await world.call(apis.offsetDelete, 0, { groupId, topics })).topics[0]?.partitions[0]?.errorCode;
      },
      topic,
    ],
    [
      'read group',
      'ConsumerGroupHeartbeat',
      async () => (await world.call(apis.consumerGroupHeartbeat, 1, beat)).errorCode,
      group,
    ],
    [
      'describe topic',
      'ConsumerGroupHeartbeat',
      async () => (await world.call(apis.consumerGroupHeartbeat, 1, beat)).errorCode,
      topic,
    ],
    [
      'describe group',
      'ConsumerGroupDescribe',
      async () => (await world.call(apis.consumerGroupDescribe, 1, { groupIds: [groupId] })).groups[0]?.errorCode,
      group,
    ],
  ];
  test.each(rows)('%s: %s', async (right, _, call, errorCode) => {
    world.permits = (operation, type) => `${operation} ${type}` !== right;
    expect(await call()).toBe(errorCode);
  });

  test('describe topic: a group that reads it shows nothing of its members', async () => {
    expect((await world.call(apis.consumerGroupHeartbeat, 1, { ...beat, groupId: 'new' })).errorCode).toBe(0);
    world.permits = (operation, type) => `${operation} ${type}` !== 'describe topic';
    const answer = await world.call(apis.consumerGroupDescribe, 1, { groupIds: ['new'] });
    expect(answer.groups).toMatchObject([{ errorCode: topic, members: [] }]);
  });

  test('describe topic: a pattern does not match it, and everything committed leaves it out', async () => {
    world.permits = (operation, type, name) => !(operation === 'describe' && type === 'topic' && name === 'orders');
    const asked = { ...beat, groupId: 'new', subscribedTopicNames: null, subscribedTopicRegex: '.*' };
    const answer = await world.call(apis.consumerGroupHeartbeat, 1, asked);
    expect(answer).toMatchObject({ errorCode: 0, assignment: { topicPartitions: [] } });
    const all = await world.call(apis.offsetFetch, 7, { groupId, topics: null });
    expect(all).toMatchObject({ errorCode: 0, topics: [] });
  });

  test('describe cluster: only groups that may be described are listed', async () => {
    world.permits = (_operation, type, name) => type !== 'cluster' && (type !== 'group' || name === 'mine');
    const partitions = [{ partitionIndex: 0, committedOffset: 5, committedMetadata: '' }];
    await world.call(apis.offsetCommit, 7, { groupId: 'mine', topics: [{ name: 'orders', partitions }] });
    const listed = await world.call(apis.listGroups, 4, {});
    expect(listed.groups.map((each) => each.groupId)).toEqual(['mine']);
  });

  test('delete group: the operations that are left are told as bits', async () => {
    world.permits = (operation) => operation !== 'delete' && !operation.includes('configs');
    const answer = await world.call(apis.describeGroups, 5, { groups: [groupId], includeAuthorizedOperations: true });
    expect(answer.groups[0]?.authorizedOperations).toBe((1 << 3) | (1 << 8));
  });
});
