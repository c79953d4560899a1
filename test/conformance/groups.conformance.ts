import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { JoinGroupRequest } from '#wire/kafka/schemas/join-group';
import { freshGroup } from './groups.js';
import type { RawClient } from './raw-client.js';
import { suiteTarget } from './suite-target.js';
import { createTopic, eventually, freshName } from './target.js';

/**
 * Groups of the classic protocol. The service under test must not wait before the first assignment
 * (`group.initial.rebalance.delay.ms=0`), or the suite takes three seconds more for each group.
 */
describe('groups', () => {
  let client: RawClient;
  let groupId: string;
  const target = suiteTarget(async (connection) => {
    client = connection;
    groupId = await freshGroup(client);
  });

  function joinBody(given: Partial<JoinGroupRequest> = {}): Partial<JoinGroupRequest> {
    return {
      groupId,
      sessionTimeoutMs: 30_000,
      rebalanceTimeoutMs: 30_000,
      memberId: '',
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: subscription }],
      ...given,
    };
  }

  /** Joins as a new member, with the id that the first answer gives. */
  async function joinNew(connection: RawClient, given: Partial<JoinGroupRequest> = {}) {
    const refused = await connection.call(apis.joinGroup, 5, joinBody(given));
    expect(refused.errorCode).toBe(kafkaError.MEMBER_ID_REQUIRED);
    return connection.call(apis.joinGroup, 5, joinBody({ ...given, memberId: refused.memberId }));
  }

  function sync(
    connection: RawClient,
    joined: { readonly generationId: number; readonly memberId: string },
    assignments: readonly { memberId: string; assignment: Buffer }[] = [],
  ) {
    const { generationId, memberId } = joined;
    return connection.call(apis.syncGroup, 3, { groupId, generationId, memberId, assignments });
  }

  function beat(joined: { readonly generationId: number; readonly memberId: string }, connection = client) {
    const { generationId, memberId } = joined;
    return connection.call(apis.heartbeat, 3, { groupId, generationId, memberId });
  }

  /** A group with one member that has its assignment. */
  async function stable(connection = client) {
    const joined = await joinNew(connection);
    const synced = await sync(connection, joined, [{ memberId: joined.memberId, assignment: Buffer.from('all') }]);
    expect(synced.errorCode).toBe(kafkaError.NONE);
    return joined;
  }

  function leave(memberId: string, connection = client) {
    return connection.call(apis.leaveGroup, 3, { groupId, members: [{ memberId }] });
  }

  test.each([0, 1, 2, 3])('FindCoordinator v%d names this node', async (version) => {
    const answer = await client.call(apis.findCoordinator, version, { key: groupId });
    expect(answer.errorCode).toBe(kafkaError.NONE);
    expect(`${answer.host}:${answer.port}`).toBe(target.address);
  });

  test('FindCoordinator v4 answers every key', async () => {
    const other = freshName('group');
    const answer = await client.call(apis.findCoordinator, 4, { keyType: 0, coordinatorKeys: [groupId, other] });
    expect(answer.coordinators.map(({ key, errorCode }) => [key, errorCode])).toEqual([
      [groupId, 0],
      [other, 0],
    ]);
    for (const { host, port } of answer.coordinators) expect(`${host}:${port}`).toBe(target.address);
  });

  const refusedJoins: readonly (readonly [string, number, Partial<JoinGroupRequest>])[] = [
    ['without a group id', kafkaError.INVALID_GROUP_ID, { groupId: '' }],
    ['with too short a session', kafkaError.INVALID_SESSION_TIMEOUT, { sessionTimeoutMs: 10 }],
    ['with too long a session', kafkaError.INVALID_SESSION_TIMEOUT, { sessionTimeoutMs: 2_000_000_000 }],
    ['with a member id nobody has', kafkaError.UNKNOWN_MEMBER_ID, { memberId: 'nobody' }],
    ['without a protocol', kafkaError.INCONSISTENT_GROUP_PROTOCOL, { protocols: [] }],
    ['without a protocol type', kafkaError.INCONSISTENT_GROUP_PROTOCOL, { protocolType: '' }],
  ];
  test.each(refusedJoins)('a join %s is refused', async (_, errorCode, given) => {
    const answer = await client.call(apis.joinGroup, 3, joinBody(given));
    expect(answer.errorCode).toBe(errorCode);
  });

  test('a member joins, leads, is given what it assigns itself, and leaves', async () => {
    const joined = await joinNew(client);
    expect(joined).toMatchObject({ errorCode: 0, generationId: 1, protocolName: 'range', leader: joined.memberId });
    expect(joined.members).toMatchObject([{ memberId: joined.memberId }]);
    expect(joined.members[0]?.metadata).toEqual(subscription);
    const synced = await sync(client, joined, [{ memberId: joined.memberId, assignment: Buffer.from('all') }]);
    expect(synced.errorCode).toBe(0);
    expect(synced.assignment.toString()).toBe('all');
    expect((await beat(joined)).errorCode).toBe(0);
    expect((await leave(joined.memberId)).members).toMatchObject([{ memberId: joined.memberId, errorCode: 0 }]);
    expect((await beat(joined)).errorCode).toBe(kafkaError.UNKNOWN_MEMBER_ID);
  });

  test.each([0, 1, 2, 3])('a join of v%d is taken without a second round', async (version) => {
    const joined = await client.call(apis.joinGroup, version, joinBody());
    expect(joined).toMatchObject({ errorCode: 0, generationId: 1, leader: joined.memberId });
    expect(joined.memberId).not.toBe('');
  });

  test.each([6, 7, 8, 9])('a join of v%d completes', async (version) => {
    const { memberId } = await client.call(apis.joinGroup, version, joinBody());
    const joined = await client.call(apis.joinGroup, version, joinBody({ memberId }));
    expect(joined).toMatchObject({ errorCode: 0, generationId: 1, memberId, protocolName: 'range' });
    if (version >= 7) expect(joined.protocolType).toBe('consumer');
  });

  test('a second member makes the first one join again, and both get their part', async () => {
    const first = await stable();
    const second = await target.client();
    const secondJoins = joinNew(second);
    await eventually(async () => (await beat(first)).errorCode === kafkaError.REBALANCE_IN_PROGRESS);
    const [again, joined] = await Promise.all([
      client.call(apis.joinGroup, 5, joinBody({ memberId: first.memberId })),
      secondJoins,
    ]);
    expect(again).toMatchObject({ errorCode: 0, generationId: first.generationId + 1 });
    expect(joined).toMatchObject({ errorCode: 0, generationId: again.generationId, leader: again.leader });
    const [leads, follows] = again.leader === again.memberId ? [again, joined] : [joined, again];
    const [leadsOn, followsOn] = leads === again ? [client, second] : [second, client];
    expect(leads.members).toHaveLength(2);
    expect(follows.members).toHaveLength(0);
    const followerSyncs = sync(followsOn, follows);
    await sync(leadsOn, leads, [
      { memberId: leads.memberId, assignment: Buffer.from('first half') },
      { memberId: follows.memberId, assignment: Buffer.from('second half') },
    ]);
    expect((await followerSyncs).assignment.toString()).toBe('second half');
    expect((await beat(leads, leadsOn)).errorCode).toBe(0);
    expect((await beat(follows, followsOn)).errorCode).toBe(0);
    await leave(follows.memberId, followsOn);
    expect((await beat(leads, leadsOn)).errorCode).toBe(kafkaError.REBALANCE_IN_PROGRESS);
  });

  test('a member with no protocol in common is refused', async () => {
    await stable();
    const other = await target.client();
    const answer = await other.call(
      apis.joinGroup,
      3,
      joinBody({ protocols: [{ name: 'another', metadata: Buffer.alloc(0) }] }),
    );
    expect(answer.errorCode).toBe(kafkaError.INCONSISTENT_GROUP_PROTOCOL);
  });

  test('heartbeat and sync refuse another generation and another member', async () => {
    const joined = await stable();
    const late = { ...joined, generationId: joined.generationId + 5 };
    expect((await beat(late)).errorCode).toBe(kafkaError.ILLEGAL_GENERATION);
    expect((await sync(client, late)).errorCode).toBe(kafkaError.ILLEGAL_GENERATION);
    const stranger = { ...joined, memberId: 'stranger' };
    expect((await beat(stranger)).errorCode).toBe(kafkaError.UNKNOWN_MEMBER_ID);
    expect((await sync(client, stranger)).errorCode).toBe(kafkaError.UNKNOWN_MEMBER_ID);
    expect((await leave('stranger')).members[0]?.errorCode).toBe(kafkaError.UNKNOWN_MEMBER_ID);
  });

  test('a sync in a group that is stable gives the assignment again', async () => {
    const joined = await stable();
    expect((await sync(client, joined)).assignment.toString()).toBe('all');
  });

  test('a static member that starts anew takes its place, and its former self is fenced', async () => {
    const instance = { groupInstanceId: 'machine-1' };
    const joined = await client.call(apis.joinGroup, 5, joinBody(instance));
    expect(joined.errorCode).toBe(0);
    await sync(client, joined, [{ memberId: joined.memberId, assignment: Buffer.from('all') }]);
    const restarted = await target.client();
    const again = await restarted.call(apis.joinGroup, 5, joinBody(instance));
    expect(again.errorCode).toBe(0);
    expect(again.memberId).not.toBe(joined.memberId);
    expect(again.generationId).toBe(joined.generationId);
    const former = await client.call(apis.heartbeat, 3, {
      groupId,
      generationId: joined.generationId,
      memberId: joined.memberId,
      groupInstanceId: 'machine-1',
    });
    expect(former.errorCode).toBe(kafkaError.FENCED_INSTANCE_ID);
  });

  interface Commit {
    readonly topic: string;
    readonly offset: number;
    readonly metadata?: string;
    readonly generation?: number;
    readonly memberId?: string;
    readonly partition?: number;
    readonly version?: number;
  }

  async function commit({ topic, offset, metadata, generation, memberId, partition, version }: Commit) {
    const answer = await client.call(apis.offsetCommit, version ?? 7, {
      groupId,
      generationIdOrMemberEpoch: generation ?? -1,
      memberId: memberId ?? '',
      topics: [
        {
          name: topic,
          partitions: [{ partitionIndex: partition ?? 0, committedOffset: offset, committedMetadata: metadata ?? '' }],
        },
      ],
    });
    return answer.topics[0]?.partitions[0]?.errorCode;
  }

  async function committed(topic: string, partitionIndexes: readonly number[] = [0], version = 7) {
    const topics = [{ name: topic, partitionIndexes }];
    const answer = await client.call(apis.offsetFetch, version, {
      groupId,
      topics,
      groups: [{ groupId, topics }],
    });
    return (version >= 8 ? answer.groups[0]?.topics : answer.topics)?.[0]?.partitions ?? [];
  }

  test.each([2, 3, 4, 5, 6, 7, 8, 9])('OffsetCommit v%d without members is kept', async (version) => {
    const topic = await createTopic(client);
    expect(await commit({ topic: topic.name, offset: 42, metadata: 'note', version })).toBe(0);
    expect(await committed(topic.name)).toMatchObject([{ committedOffset: 42, metadata: 'note', errorCode: 0 }]);
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9])(
    'OffsetFetch v%d gives what was committed, -1 where nothing was',
    async (v) => {
      const topic = await createTopic(client, { partitions: 2 });
      await commit({ topic: topic.name, offset: 7 });
      expect(await committed(topic.name, [0, 1], v)).toMatchObject([
        { partitionIndex: 0, committedOffset: 7, metadata: '', errorCode: 0 },
        { partitionIndex: 1, committedOffset: -1, metadata: '', errorCode: 0 },
      ]);
    },
  );

  test('null topics give everything the group committed', async () => {
    const topic = await createTopic(client);
    await commit({ topic: topic.name, offset: 7 });
    const answer = await client.call(apis.offsetFetch, 7, { groupId, topics: null });
    expect(answer.topics).toMatchObject([{ name: topic.name, partitions: [{ committedOffset: 7 }] }]);
  });

  test('a member commits with its generation, and with no other', async () => {
    const topic = await createTopic(client);
    const { generationId, memberId } = await stable();
    const base = { topic: topic.name, offset: 3, memberId };
    expect(await commit({ ...base, generation: generationId })).toBe(0);
    expect(await commit({ ...base, generation: generationId + 1 })).toBe(kafkaError.ILLEGAL_GENERATION);
    expect(await commit({ ...base, memberId: 'stranger', generation: generationId })).toBe(
      kafkaError.UNKNOWN_MEMBER_ID,
    );
    // Without generation only while nobody is a member.
    expect(await commit({ topic: topic.name, offset: 9 })).toBe(kafkaError.UNKNOWN_MEMBER_ID);
    expect(await committed(topic.name)).toMatchObject([{ committedOffset: 3 }]);
  });

  test('too long a note and an unknown topic are refused', async () => {
    const topic = await createTopic(client);
    expect(await commit({ topic: topic.name, offset: 1, metadata: 'x'.repeat(5000) })).toBe(
      kafkaError.OFFSET_METADATA_TOO_LARGE,
    );
    expect(await commit({ topic: freshName('missing'), offset: 1 })).toBe(kafkaError.UNKNOWN_TOPIC_OR_PARTITION);
  });

  test('DescribeGroups shows members and state', async () => {
    const joined = await stable();
    const answer = await client.call(apis.describeGroups, 5, { groups: [groupId] });
    expect(answer.groups).toMatchObject([
      {
        errorCode: 0,
        groupId,
        groupState: 'Stable',
        protocolType: 'consumer',
        protocolData: 'range',
        members: [{ memberId: joined.memberId, clientId: 'conformance' }],
      },
    ]);
    expect(answer.groups[0]?.members[0]?.memberAssignment.toString()).toBe('all');
    await leave(joined.memberId);
    const empty = await client.call(apis.describeGroups, 5, { groups: [groupId] });
    expect(empty.groups[0]).toMatchObject({ groupState: 'Empty', members: [] });
  });

  test('an unknown group is Dead up to v5 and error 69 from v6', async () => {
    const before = await client.call(apis.describeGroups, 5, { groups: ['no-such-group'] });
    expect(before.groups).toMatchObject([{ errorCode: 0, groupState: 'Dead' }]);
    const after = await client.call(apis.describeGroups, 6, { groups: ['no-such-group'] });
    expect(after.groups).toMatchObject([{ errorCode: kafkaError.GROUP_ID_NOT_FOUND, groupState: 'Dead' }]);
  });

  test('ListGroups shows the group and filters by state', async () => {
    await stable();
    const all = await client.call(apis.listGroups, 5, {});
    expect(all.groups.find((group) => group.groupId === groupId)).toMatchObject({
      protocolType: 'consumer',
      groupState: 'Stable',
      groupType: expect.stringMatching(/^classic$/i) as string,
    });
    const empty = await client.call(apis.listGroups, 5, { statesFilter: ['Empty'] });
    expect(empty.groups.map((group) => group.groupId)).not.toContain(groupId);
  });

  test('DeleteGroups deletes an empty group with its offsets, and no other', async () => {
    const topic = await createTopic(client);
    const joined = await stable();
    const remove = async () =>
      (await client.call(apis.deleteGroups, 2, { groupsNames: [groupId] })).results[0]?.errorCode;
    await commit({ topic: topic.name, offset: 3, memberId: joined.memberId, generation: joined.generationId });
    expect(await remove()).toBe(kafkaError.NON_EMPTY_GROUP);
    await leave(joined.memberId);
    expect(await remove()).toBe(kafkaError.NONE);
    expect(await committed(topic.name)).toMatchObject([{ committedOffset: -1 }]);
    expect(await remove()).toBe(kafkaError.GROUP_ID_NOT_FOUND);
  });
});

/** What a consumer reads, in the layout that Kafka looks into: version 0, one topic, no data of its own. */
const subscription = Buffer.concat([
  Buffer.from([0, 0, 0, 0, 0, 1, 0, 6]),
  Buffer.from('orders'),
  Buffer.from([0xff, 0xff, 0xff, 0xff]),
]);
