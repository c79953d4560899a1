import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { BrokerWorld } from '../broker.testkit.js';

describe('ConsumerGroupHeartbeat', () => {
  let world: BrokerWorld;
  let topicId: string;
  beforeEach(async () => {
    world = await BrokerWorld.open({ 'group.consumer.assignors': 'range' });
    topicId = (await world.createTopic('orders', 2)).id;
  });
  afterEach(() => world.close());

  const join = {
    groupId: 'readers',
    memberId: 'one',
    memberEpoch: 0,
    rebalanceTimeoutMs: 1000,
    subscribedTopicNames: ['orders'],
    topicPartitions: [],
  };

  test('joins, is given everything, stays, and leaves', async () => {
    const joined = await world.call(apis.consumerGroupHeartbeat, 1, join);
    expect(joined).toEqual({
      throttleTimeMs: 0,
      errorCode: 0,
      errorMessage: null,
      memberId: 'one',
      memberEpoch: 1,
      heartbeatIntervalMs: 5000,
      assignment: { topicPartitions: [{ topicId, partitions: [0, 1] }] },
    });
    const steady = { groupId: 'readers', memberId: 'one' };
    expect(await world.call(apis.consumerGroupHeartbeat, 1, { ...steady, memberEpoch: 1 })).toMatchObject({
      errorCode: 0,
      memberEpoch: 1,
      assignment: null,
    });
    const described = await world.call(apis.consumerGroupDescribe, 1, { groupIds: ['readers', 'nobody'] });
    expect(described.groups).toMatchObject([
      { errorCode: 0, groupState: 'Stable', assignorName: 'range', members: [{ memberId: 'one', memberType: 1 }] },
      { errorCode: kafkaError.GROUP_ID_NOT_FOUND, groupId: 'nobody' },
    ]);
    expect(await world.call(apis.consumerGroupHeartbeat, 1, { ...steady, memberEpoch: -1 })).toMatchObject({
      errorCode: 0,
      memberEpoch: -1,
    });
  });

  test.each([
    ['a group', { groupId: '' }, kafkaError.INVALID_REQUEST],
    ['a member id', { memberId: '' }, kafkaError.INVALID_REQUEST],
    ['an instance id that says something', { instanceId: '' }, kafkaError.INVALID_REQUEST],
    ['a rack that says something', { rackId: '' }, kafkaError.INVALID_REQUEST],
    ['a rebalance timeout', { rebalanceTimeoutMs: -1 }, kafkaError.INVALID_REQUEST],
    ['what it owns', { topicPartitions: null }, kafkaError.INVALID_REQUEST],
    ['a subscription', { subscribedTopicNames: null }, kafkaError.INVALID_REQUEST],
    ['an epoch that there is', { memberEpoch: -3 }, kafkaError.INVALID_REQUEST],
    ['an instance id, leaving for a moment', { memberEpoch: -2 }, kafkaError.INVALID_REQUEST],
    ['an assignor that is allowed', { serverAssignor: 'uniform' }, kafkaError.UNSUPPORTED_ASSIGNOR],
    ['a pattern that is one', { subscribedTopicRegex: '(' }, kafkaError.INVALID_REGULAR_EXPRESSION],
    ['a group that is there, with an epoch', { memberEpoch: 1 }, kafkaError.GROUP_ID_NOT_FOUND],
  ])('is refused without %s', async (_, given, errorCode) => {
    const answer = await world.call(apis.consumerGroupHeartbeat, 1, { ...join, ...given });
    expect(answer.errorCode).toBe(errorCode);
    expect(world.broker.groups.list()).toEqual([]);
  });

  test('version 0 may come without a member id and is given one', async () => {
    const answer = await world.call(apis.consumerGroupHeartbeat, 0, { ...join, memberId: '' });
    expect(answer.memberId).toMatch(/^[0-9a-f-]{36}$/);
  });
});
