import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { ConsumerGroupHeartbeatRequest } from '#wire/kafka/schemas/consumer-group-heartbeat';
import { ConsumerMember } from './consumer-member.js';
import { freshGroup } from './groups.js';
import type { RawClient } from './raw-client.js';
import { suiteTarget } from './suite-target.js';
import { createTopic, eventually, freshName, type TestTopic } from './target.js';

/** Groups of the consumer protocol (KIP-848), alone and together with members of the classic one. */
describe('consumer groups', () => {
  let client: RawClient;
  let groupId: string;
  let topic: TestTopic;
  suiteTarget(async (connection) => {
    client = connection;
    groupId = await freshGroup(client);
    topic = await createTopic(client, { partitions: 6 });
  });

  function member(about: Partial<ConsumerGroupHeartbeatRequest> = {}): ConsumerMember {
    return new ConsumerMember(client, groupId, { subscribedTopicNames: [topic.name], ...about });
  }

  /** Heartbeats of all members in turn until `holds`; nobody ever has what somebody else has. */
  async function settle(members: readonly ConsumerMember[], holds: () => boolean): Promise<void> {
    await eventually(async () => {
      for (const each of members) await each.beat();
      const all = members.flatMap(({ partitions }) => partitions);
      expect(new Set(all).size).toBe(all.length);
      return holds();
    });
  }

  async function stable(count: number, about: Partial<ConsumerGroupHeartbeatRequest> = {}): Promise<ConsumerMember[]> {
    const members = Array.from({ length: count }, () => member(about));
    await settle(members, () => members.every(({ partitions }) => partitions.length === 6 / count));
    return members;
  }

  const all = () => [0, 1, 2, 3, 4, 5].map((partition) => `${topic.id}/${partition}`).sort();

  async function describeGroup() {
    const answer = await client.call(apis.consumerGroupDescribe, 1, { groupIds: [groupId] });
    const [group] = answer.groups;
    if (group === undefined) throw new Error('the answer has no group');
    return group;
  }

  test('a member alone gets everything, and is shown with it', async () => {
    const one = member();
    await settle([one], () => one.partitions.length === 6);
    expect(one.partitions).toEqual(all());
    const steady = await one.ask({ topicPartitions: [...one.owned] });
    expect(steady).toMatchObject({ errorCode: 0, memberEpoch: one.epoch, heartbeatIntervalMs: 5000, assignment: null });
    expect(await describeGroup()).toMatchObject({
      errorCode: 0,
      groupState: 'Stable',
      groupEpoch: one.epoch,
      assignmentEpoch: one.epoch,
      assignorName: 'uniform',
      members: [
        {
          memberId: one.memberId,
          memberEpoch: one.epoch,
          clientId: 'conformance',
          subscribedTopicNames: [topic.name],
          memberType: 1,
          assignment: { topicPartitions: [{ topicId: topic.id, topicName: topic.name }] },
          targetAssignment: { topicPartitions: [{ topicId: topic.id, topicName: topic.name }] },
        },
      ],
    });
    const listed = await client.call(apis.listGroups, 5, { typesFilter: ['consumer'] });
    expect(listed.groups.find((group) => group.groupId === groupId)).toMatchObject({
      protocolType: 'consumer',
      groupState: 'Stable',
      groupType: expect.stringMatching(/^consumer$/i) as string,
    });
  });

  test('version 0 gives a member its id', async () => {
    const answer = await member().ask({ memberId: '' }, 0);
    expect(answer.errorCode).toBe(0);
    expect(answer.memberId).not.toBe('');
  });

  const refusals: readonly (readonly [string, number, Partial<ConsumerGroupHeartbeatRequest>])[] = [
    ['without a group id', kafkaError.INVALID_REQUEST, { groupId: '' }],
    ['without a member id', kafkaError.INVALID_REQUEST, { memberId: '' }],
    ['with an empty instance id', kafkaError.INVALID_REQUEST, { instanceId: '' }],
    ['with an empty rack', kafkaError.INVALID_REQUEST, { rackId: '' }],
    ['without a rebalance timeout', kafkaError.INVALID_REQUEST, { rebalanceTimeoutMs: -1 }],
    ['without partitions', kafkaError.INVALID_REQUEST, { topicPartitions: null }],
    ['without a subscription', kafkaError.INVALID_REQUEST, { subscribedTopicNames: null }],
    ['with an epoch that is none', kafkaError.INVALID_REQUEST, { memberEpoch: -3 }],
    ['with an assignor nobody has', kafkaError.UNSUPPORTED_ASSIGNOR, { serverAssignor: 'own' }],
    ['with a pattern that is none', kafkaError.INVALID_REGULAR_EXPRESSION, { subscribedTopicRegex: '[' }],
    ['with a back reference', kafkaError.INVALID_REGULAR_EXPRESSION, { subscribedTopicRegex: '(a)\\1' }],
    ['to a group that is unknown, with an epoch', kafkaError.GROUP_ID_NOT_FOUND, { memberEpoch: 3 }],
    ['to leave a group that is unknown', kafkaError.GROUP_ID_NOT_FOUND, { memberEpoch: -1 }],
    ['to leave for a moment without an instance id', kafkaError.INVALID_REQUEST, { memberEpoch: -2 }],
  ];
  test.each(refusals)('a heartbeat %s is refused', async (_, errorCode, given) => {
    const answer = await member().ask(given);
    expect(answer.errorCode).toBe(errorCode);
    expect(answer.errorMessage).not.toBe('');
  });

  test('a member that nobody knows, and one of another epoch, are refused', async () => {
    const [one] = await stable(1);
    if (one === undefined) throw new Error('one member joined');
    expect((await member().ask({ memberEpoch: 1 })).errorCode).toBe(kafkaError.UNKNOWN_MEMBER_ID);
    expect((await one.ask({ memberEpoch: one.epoch + 1 })).errorCode).toBe(kafkaError.FENCED_MEMBER_EPOCH);
    expect((await one.ask({ memberEpoch: one.epoch + 1, topicPartitions: [] })).errorCode).toBe(
      kafkaError.FENCED_MEMBER_EPOCH,
    );
  });

  test('a second member gets its part only after the first one has given it up', async () => {
    const [one] = await stable(1);
    if (one === undefined) throw new Error('one member joined');
    const two = member();
    await two.beat();
    expect(two.partitions).toEqual([]);
    await settle([one, two], () => one.partitions.length === 3 && two.partitions.length === 3);
    expect([...one.partitions, ...two.partitions].sort()).toEqual(all());
    await settle([one, two], () => one.epoch === two.epoch);
    const third = member();
    await settle([one, two, third], () => [one, two, third].every(({ partitions }) => partitions.length === 2));
  });

  test('a member that says it still owns what it has to give up keeps it, and the other one waits', async () => {
    const [one] = await stable(1);
    if (one === undefined) throw new Error('one member joined');
    const two = member();
    await two.beat();
    const owned = [...one.owned];
    await eventually(async () => {
      const told = await one.ask({ topicPartitions: owned });
      return told.assignment?.topicPartitions[0]?.partitions.length === 3;
    });
    await two.beat();
    await two.beat();
    expect(two.partitions).toEqual([]);
    expect((await describeGroup()).groupState).toBe('Reconciling');
  });

  test('what a member had goes to the others when it leaves', async () => {
    const [one, two] = await stable(2);
    if (one === undefined || two === undefined) throw new Error('two members joined');
    expect(await two.leave()).toMatchObject({ errorCode: 0, memberEpoch: -1 });
    await settle([one], () => one.partitions.length === 6);
    expect((await two.ask({})).errorCode).toBe(kafkaError.UNKNOWN_MEMBER_ID);
    await one.leave();
    expect(await describeGroup()).toMatchObject({ groupState: 'Empty', members: [] });
  });

  test('a static member holds its name, leaves for a moment, and has its partitions again', async () => {
    const two = member();
    const one = member({ instanceId: 'machine-1' });
    await settle([one, two], () => one.partitions.length === 3 && two.partitions.length === 3);
    await settle([one, two], () => one.epoch === two.epoch);
    const twin = member({ instanceId: 'machine-1' });
    expect((await twin.ask()).errorCode).toBe(kafkaError.UNRELEASED_INSTANCE_ID);
    expect((await twin.ask({ memberEpoch: one.epoch })).errorCode).toBe(kafkaError.FENCED_INSTANCE_ID);
    expect((await member({ instanceId: 'other' }).ask({ memberEpoch: 1 })).errorCode).toBe(
      kafkaError.UNKNOWN_MEMBER_ID,
    );
    const before = { partitions: one.partitions, epoch: one.epoch };
    expect(await one.leave(-2)).toMatchObject({ errorCode: 0, memberEpoch: -2 });
    await two.beat();
    expect(two.partitions).toHaveLength(3);
    await twin.beat();
    expect(twin).toMatchObject(before);
    expect((await one.ask({ topicPartitions: [] })).errorCode).toBe(kafkaError.FENCED_INSTANCE_ID);
  });

  test('the range assignor gives runs of partitions', async () => {
    const members = await stable(2, { serverAssignor: 'range' });
    const runs = members.map(({ owned }) => [...(owned[0]?.partitions ?? [])].sort(byNumber).join(''));
    expect(runs.sort()).toEqual(['012', '345']);
    expect((await describeGroup()).assignorName).toBe('range');
  });

  test('new partitions and topics that come later are shared out', async () => {
    const later = freshName('topic');
    const one = member({ subscribedTopicNames: [topic.name, later] });
    await settle([one], () => one.partitions.length === 6);
    const grown = await client.call(apis.createPartitions, 3, {
      topics: [{ name: topic.name, count: 8, assignments: null }],
      timeoutMs: 10_000,
    });
    expect(grown.results[0]?.errorCode).toBe(0);
    await settle([one], () => one.partitions.length === 8);
    await client.call(apis.createTopics, 7, {
      topics: [{ name: later, numPartitions: 2, replicationFactor: 1 }],
      timeoutMs: 10_000,
    });
    await settle([one], () => one.partitions.length === 10);
    await client.call(apis.deleteTopics, 5, { topicNames: [later], timeoutMs: 10_000 });
    await settle([one], () => one.partitions.length === 8);
  });

  test('a pattern reads the topics whose whole names it matches', async () => {
    const prefix = freshName('pattern');
    const names = [`${prefix}-a`, `${prefix}-b`, `x-${prefix}-a`];
    for (const name of names) {
      await client.call(apis.createTopics, 7, {
        topics: [{ name, numPartitions: 2, replicationFactor: 1 }],
        timeoutMs: 10_000,
      });
    }
    const one = member({ subscribedTopicNames: null, subscribedTopicRegex: `${prefix}-(a|b)` });
    await settle([one], () => one.partitions.length === 4);
    expect(await describeGroup()).toMatchObject({ members: [{ subscribedTopicRegex: `${prefix}-(a|b)` }] });
    one.tell({ subscribedTopicRegex: `${prefix}-b` });
    await settle([one], () => one.partitions.length === 2);
    one.tell({ subscribedTopicRegex: '', subscribedTopicNames: [topic.name] });
    await settle([one], () => one.partitions.length === 6);
  });

  async function commit(epoch: number, memberId: string, version = 9, partitionIndex = 0) {
    const answer = await client.call(apis.offsetCommit, version, {
      groupId,
      generationIdOrMemberEpoch: epoch,
      memberId,
      topics: [
        {
          name: topic.name,
          topicId: topic.id,
          partitions: [{ partitionIndex, committedOffset: 4, committedMetadata: '' }],
        },
      ],
    });
    return answer.topics[0]?.partitions[0]?.errorCode;
  }

  async function fetched(memberEpoch: number, memberId: string | null, version = 9) {
    const answer = await client.call(apis.offsetFetch, version, {
      groups: [
        { groupId, memberId, memberEpoch, topics: [{ name: topic.name, topicId: topic.id, partitionIndexes: [0, 1] }] },
      ],
    });
    const [group] = answer.groups;
    return group?.errorCode === 0 ? group.topics[0]?.partitions.map((each) => each.committedOffset) : group?.errorCode;
  }

  test.each([9, 10])('offsets belong to the epoch of the member (version %d)', async (version) => {
    const [one] = await stable(1);
    if (one === undefined) throw new Error('one member joined');
    expect(await commit(one.epoch, one.memberId, version)).toBe(kafkaError.NONE);
    expect(await commit(one.epoch + 1, one.memberId, version)).toBe(kafkaError.STALE_MEMBER_EPOCH);
    expect(await commit(one.epoch, 'stranger', version)).toBe(kafkaError.UNKNOWN_MEMBER_ID);
    expect(await commit(-1, '', version)).toBe(kafkaError.UNKNOWN_MEMBER_ID);
    expect(await fetched(one.epoch, one.memberId, version)).toEqual([4, -1]);
    expect(await fetched(-1, null, version)).toEqual([4, -1]);
    expect(await fetched(one.epoch + 1, one.memberId, version)).toBe(kafkaError.STALE_MEMBER_EPOCH);
    expect(await fetched(one.epoch, 'stranger', version)).toBe(kafkaError.UNKNOWN_MEMBER_ID);
    await one.leave();
    expect(await commit(-1, '', version)).toBe(kafkaError.NONE);
  });

  test('an epoch that is over is good for partitions that the member has held since, and for no others', async () => {
    const [one] = await stable(1);
    if (one === undefined) throw new Error('one member joined');
    const before = { epoch: one.epoch, owned: one.owned[0]?.partitions ?? [] };
    const two = member();
    await settle([one, two], () => two.partitions.length === 3);
    await settle([one, two], () => one.epoch === two.epoch);
    const now = one.owned[0]?.partitions ?? [];
    const [kept = -1] = now;
    const [lost = -1] = before.owned.filter((partition) => !now.includes(partition));
    expect(await commit(before.epoch, one.memberId, 9, kept)).toBe(kafkaError.NONE);
    expect(await commit(before.epoch, one.memberId, 9, lost)).toBe(kafkaError.STALE_MEMBER_EPOCH);
    expect(await commit(before.epoch - 1, one.memberId, 9, kept)).toBe(kafkaError.STALE_MEMBER_EPOCH);
  });

  test('an older OffsetCommit is refused to a member of the consumer protocol', async () => {
    const [one] = await stable(1);
    if (one === undefined) throw new Error('one member joined');
    expect(await commit(one.epoch, one.memberId, 8)).toBe(kafkaError.UNSUPPORTED_VERSION);
  });

  test('an id of a topic that is none is UNKNOWN_TOPIC_ID', async () => {
    const topicId = 'AAAAAAAAAAAAAAAAAAAAAQ';
    const committed = await client.call(apis.offsetCommit, 10, {
      groupId,
      topics: [{ topicId, partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: '' }] }],
    });
    expect(committed.topics).toMatchObject([{ topicId, partitions: [{ errorCode: kafkaError.UNKNOWN_TOPIC_ID }] }]);
    const answer = await client.call(apis.offsetFetch, 10, {
      groups: [{ groupId, topics: [{ topicId, partitionIndexes: [0] }] }],
    });
    expect(answer.groups[0]?.topics).toMatchObject([
      { topicId, partitions: [{ errorCode: kafkaError.UNKNOWN_TOPIC_ID, committedOffset: -1 }] },
    ]);
  });

  test('the classic calls do not find the group; it is deleted when empty', async () => {
    const [one] = await stable(1);
    if (one === undefined) throw new Error('one member joined');
    await commit(one.epoch, one.memberId);
    const described = await client.call(apis.describeGroups, 6, { groups: [groupId] });
    expect(described.groups).toMatchObject([{ errorCode: kafkaError.GROUP_ID_NOT_FOUND, groupState: 'Dead' }]);
    const remove = async () =>
      (await client.call(apis.deleteGroups, 2, { groupsNames: [groupId] })).results[0]?.errorCode;
    expect(await remove()).toBe(kafkaError.NON_EMPTY_GROUP);
    const offsets = await client.call(apis.offsetDelete, 0, {
      groupId,
      topics: [{ name: topic.name, partitions: [{ partitionIndex: 0 }] }],
    });
    expect(offsets.topics[0]?.partitions[0]?.errorCode).toBe(kafkaError.GROUP_SUBSCRIBED_TO_TOPIC);
    await one.leave();
    expect(await remove()).toBe(kafkaError.NONE);
    expect((await describeGroup()).errorCode).toBe(kafkaError.GROUP_ID_NOT_FOUND);
  });

  /** What a consumer of the classic protocol reads and owns: version 1. */
  function subscription(): Buffer {
    const name = Buffer.from(topic.name);
    return Buffer.concat([
      Buffer.from([0, 1, 0, 0, 0, 1, 0, name.length]),
      name,
      Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]),
    ]);
  }

  async function joinClassic(memberId = '', protocolType = 'consumer') {
    const body = {
      groupId,
      sessionTimeoutMs: 30_000,
      rebalanceTimeoutMs: 30_000,
      protocolType,
      protocols: [{ name: 'range', metadata: subscription() }],
    };
    const first = await client.call(apis.joinGroup, 5, { ...body, memberId });
    if (first.errorCode !== kafkaError.MEMBER_ID_REQUIRED) return first;
    return client.call(apis.joinGroup, 5, { ...body, memberId: first.memberId });
  }

  async function syncClassic(joined: { readonly memberId: string; readonly generationId: number }, assigned?: Buffer) {
    const { memberId, generationId } = joined;
    const assignments = assigned === undefined ? [] : [{ memberId, assignment: assigned }];
    return client.call(apis.syncGroup, 3, { groupId, memberId, generationId, assignments });
  }

  /** Partitions of the one topic in an assignment of the classic protocol. */
  function numbersIn(assignment: Buffer): number[] {
    if (assignment.length === 0 || assignment.readInt32BE(2) === 0) return [];
    let at = 8 + assignment.readInt16BE(6);
    const count = assignment.readInt32BE(at);
    return Array.from({ length: count }, () => assignment.readInt32BE((at += 4))).sort(byNumber);
  }

  function assignmentOf(numbers: readonly number[]): Buffer {
    const name = Buffer.from(topic.name);
    const int32 = (value: number) => {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32BE(value);
      return bytes;
    };
    const head = Buffer.from([0, 1, 0, 0, 0, 1, 0, name.length]);
    return Buffer.concat([head, name, int32(numbers.length), ...numbers.map(int32), int32(-1)]);
  }

  test('an empty classic group becomes one of the consumer protocol with its first member', async () => {
    const joined = await joinClassic();
    await syncClassic(joined, assignmentOf([0]));
    await client.call(apis.leaveGroup, 3, { groupId, members: [{ memberId: joined.memberId }] });
    const [one] = await stable(1);
    expect((await describeGroup()).members).toHaveLength(1);
    await one?.leave();
    const again = await joinClassic();
    expect(again.errorCode).toBe(0);
    expect((await describeGroup()).errorCode).toBe(kafkaError.GROUP_ID_NOT_FOUND);
  });

  test('a live classic group takes a member of the consumer protocol in, and goes back when it leaves', async () => {
    let joined = await joinClassic();
    await syncClassic(joined, assignmentOf([0, 1, 2, 3, 4, 5]));
    const one = member();
    await one.beat();
    let numbers = [0, 1, 2, 3, 4, 5];
    const classicBeat = async () => {
      const beat = await client.call(apis.heartbeat, 3, {
        groupId,
        memberId: joined.memberId,
        generationId: joined.generationId,
      });
      if (beat.errorCode === kafkaError.NONE) return;
      expect(beat.errorCode).toBe(kafkaError.REBALANCE_IN_PROGRESS);
      numbers = [];
      joined = await joinClassic(joined.memberId);
      expect(joined.errorCode).toBe(0);
      const synced = await syncClassic(joined, joined.leader === joined.memberId ? assignmentOf([5]) : undefined);
      if (synced.errorCode === 0) numbers = numbersIn(synced.assignment);
    };
    await eventually(async () => {
      await one.beat();
      await classicBeat();
      return one.partitions.length === 3 && numbers.length === 3;
    });
    const mine = one.partitions.map((text) => Number(text.split('/')[1]));
    expect([...mine, ...numbers].sort(byNumber)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(await commit(joined.generationId, joined.memberId, 8)).toBe(kafkaError.NONE);
    expect(await commit(joined.generationId + 1, joined.memberId, 8)).toBe(kafkaError.ILLEGAL_GENERATION);
    expect((await describeGroup()).members.map((each) => each.memberType).sort(byNumber)).toEqual([0, 1]);
    await one.leave();
    await eventually(async () => {
      await classicBeat();
      return numbers.join() === '5';
    });
    const described = await client.call(apis.describeGroups, 6, { groups: [groupId] });
    expect(described.groups).toMatchObject([{ errorCode: 0, groupState: 'Stable', protocolType: 'consumer' }]);
  });

  test('a member of another kind is refused by a consumer group', async () => {
    await stable(1);
    expect((await joinClassic('', 'connect')).errorCode).toBe(kafkaError.INCONSISTENT_GROUP_PROTOCOL);
  });

  test('a consumer is refused by a classic group that is none of consumers', async () => {
    const joined = await joinClassic('', 'connect');
    await syncClassic(joined, assignmentOf([0]));
    expect((await member().ask()).errorCode).toBe(kafkaError.GROUP_ID_NOT_FOUND);
  });
});

function byNumber(left: number, right: number): number {
  return left - right;
}
