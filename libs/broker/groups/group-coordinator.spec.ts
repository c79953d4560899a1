import { seededRandom } from '#std/random';
import { kafkaError } from '#wire/kafka/error-codes';
import { groupId, GroupWorld, settle, topic } from './group-world.testkit.js';

describe('joining a group', () => {
  const refusals = [
    { what: 'an empty group id', given: { groupId: '' }, code: kafkaError.INVALID_GROUP_ID },
    {
      what: 'a session below the minimum',
      given: { sessionTimeoutMs: 5_999 },
      code: kafkaError.INVALID_SESSION_TIMEOUT,
    },
    {
      what: 'a session above the maximum',
      given: { sessionTimeoutMs: 1_800_001 },
      code: kafkaError.INVALID_SESSION_TIMEOUT,
    },
    { what: 'no protocol', given: { protocols: [] }, code: kafkaError.INCONSISTENT_GROUP_PROTOCOL },
    { what: 'no protocol type', given: { protocolType: '' }, code: kafkaError.INCONSISTENT_GROUP_PROTOCOL },
    { what: 'a member id nobody gave', given: { memberId: 'made-up' }, code: kafkaError.UNKNOWN_MEMBER_ID },
    {
      what: 'no id yet, from version 4 on',
      given: { requireKnownMemberId: true },
      code: kafkaError.MEMBER_ID_REQUIRED,
    },
  ];
  for (const { what, given, code } of refusals) {
    it(`is refused with ${what}`, async () => {
      const world = new GroupWorld(seededRandom(1));
      expect((await world.join(given)).errorCode).toBe(code);
    });
  }

  it('takes a member back under the id that it was sent away with', async () => {
    const world = new GroupWorld(seededRandom(1));
    const sent = await world.join({ requireKnownMemberId: true });
    const joined = await world.join({ requireKnownMemberId: true, memberId: sent.memberId });
    expect(joined).toMatchObject({ errorCode: 0, generationId: 1, memberId: sent.memberId, leader: sent.memberId });
  });

  it('forgets an id that nobody comes back with', async () => {
    const world = new GroupWorld(seededRandom(1));
    const sent = await world.join({ requireKnownMemberId: true });
    await world.clock.run(10_500);
    expect((await world.join({ memberId: sent.memberId })).errorCode).toBe(kafkaError.UNKNOWN_MEMBER_ID);
  });

  it('waits for more members at first, and gives them one generation together', async () => {
    const world = new GroupWorld(seededRandom(1), { 'group.initial.rebalance.delay.ms': '3000' });
    const first = world.join();
    await world.clock.run(2_000);
    const second = world.join();
    await world.clock.run(3_500);
    const third = world.join();
    await world.clock.run(3_500);
    const answers = await Promise.all([first, second, third]);
    expect(answers.map((answer) => answer.generationId)).toEqual([1, 1, 1]);
    expect(answers.map((answer) => answer.members.length)).toEqual([3, 0, 0]);
  });

  it('chooses the protocol that all speak and most prefer, and refuses who speaks none of them', async () => {
    const world = new GroupWorld(seededRandom(1), { 'group.initial.rebalance.delay.ms': '100' });
    const protocols = (...names: string[]) => names.map((name) => ({ name, metadata: Buffer.from(name) }));
    const joins = [
      world.join({ protocols: protocols('sticky', 'range', 'roundrobin') }),
      world.join({ protocols: protocols('roundrobin', 'range') }),
      world.join({ protocols: protocols('roundrobin', 'range') }),
    ];
    const stranger = await world.join({ protocols: protocols('own') });
    expect(stranger.errorCode).toBe(kafkaError.INCONSISTENT_GROUP_PROTOCOL);
    await world.clock.run(500);
    const answers = await Promise.all(joins);
    expect(answers.map((answer) => answer.protocolName)).toEqual(['roundrobin', 'roundrobin', 'roundrobin']);
    expect(answers[0]?.members.map((member) => member.metadata.toString())).toEqual([
      'roundrobin',
      'roundrobin',
      'roundrobin',
    ]);
  });

  it('answers a follower that joins unchanged at once, and starts over for a leader', async () => {
    const world = new GroupWorld(seededRandom(1));
    const [leader, follower] = await world.stable(2);
    if (leader === undefined || follower === undefined) throw new Error('two members joined');
    expect(await world.join({ memberId: follower.memberId })).toMatchObject({
      errorCode: 0,
      generationId: leader.generationId,
    });
    const again = world.join({ memberId: leader.memberId });
    await settle();
    expect(world.beat(follower)).toBe(kafkaError.REBALANCE_IN_PROGRESS);
    const other = await world.join({ memberId: follower.memberId });
    expect([(await again).generationId, other.generationId]).toEqual([
      leader.generationId + 1,
      leader.generationId + 1,
    ]);
  });

  it('is bounded by group.max.size', async () => {
    const world = new GroupWorld(seededRandom(1), { 'group.max.size': '1' });
    await world.stable(1);
    expect((await world.join()).errorCode).toBe(kafkaError.GROUP_MAX_SIZE_REACHED);
  });
});

describe('a member of a group', () => {
  it('is replaced within its session timeout plus two seconds when it dies', async () => {
    const world = new GroupWorld(seededRandom(1));
    const [alive, dead] = await world.stable(2);
    if (alive === undefined || dead === undefined) throw new Error('two members joined');
    for (let second = 0; second < 12; second += 1) {
      await world.clock.run(1000);
      if (world.beat(alive) === kafkaError.REBALANCE_IN_PROGRESS) break;
    }
    const joined = await world.join({ memberId: alive.memberId });
    expect(joined.members.map((member) => member.memberId)).toEqual([alive.memberId]);
    expect(world.clock.monotonic()).toBeLessThanOrEqual(12_000);
    expect(world.beat(dead)).toBe(kafkaError.UNKNOWN_MEMBER_ID);
  });

  it('does not expire while its join is held open', async () => {
    const world = new GroupWorld(seededRandom(1));
    const [first] = await world.stable(1);
    if (first === undefined) throw new Error('one member joined');
    const parked = world.join({ rebalanceTimeoutMs: 60_000 });
    for (let second = 0; second < 40; second += 1) {
      await world.clock.run(1000);
      expect(world.beat(first)).toBe(kafkaError.REBALANCE_IN_PROGRESS);
    }
    const back = await world.join({ memberId: first.memberId });
    expect((await parked).generationId).toBe(back.generationId);
    expect(back.members).toHaveLength(2);
  });

  it('is dropped when it does not join again within the rebalance timeout, heartbeats or not', async () => {
    const world = new GroupWorld(seededRandom(1));
    const [first] = await world.stable(1);
    if (first === undefined) throw new Error('one member joined');
    const other = world.join();
    for (let second = 0; second < 31; second += 1) {
      await world.clock.run(1000);
      world.beat(first);
    }
    expect((await other).members).toHaveLength(1);
    expect(world.beat(first)).toBe(kafkaError.UNKNOWN_MEMBER_ID);
  });

  it('is dropped at once when it goes away before its first answer', async () => {
    const world = new GroupWorld(seededRandom(1));
    const [first] = await world.stable(1);
    if (first === undefined) throw new Error('one member joined');
    const connection = new AbortController();
    const gone = world.join({ signal: connection.signal });
    connection.abort();
    expect((await gone).errorCode).toBe(kafkaError.UNKNOWN_MEMBER_ID);
    expect((await world.join({ memberId: first.memberId })).members).toHaveLength(1);
  });

  it('keeps its session when this process stood still for longer than it', async () => {
    const world = new GroupWorld(seededRandom(1));
    const [first] = await world.stable(1);
    if (first === undefined) throw new Error('one member joined');
    await world.clock.run(5_000);
    world.clock.stall(60_000);
    await world.clock.run(1_000);
    expect(world.beat(first)).toBe(kafkaError.NONE);
  });

  it('is not waited for by the others when the leader never sends assignments', async () => {
    const world = new GroupWorld(seededRandom(1), { 'group.initial.rebalance.delay.ms': '100' });
    const joins = [world.join(), world.join()];
    await world.clock.run(200);
    const [leader, follower] = await Promise.all(joins);
    if (leader === undefined || follower === undefined) throw new Error('two members joined');
    const synced = world.sync(follower);
    await world.clock.run(11_000);
    expect((await synced).errorCode).toBe(kafkaError.REBALANCE_IN_PROGRESS);
    expect((await world.join({ memberId: follower.memberId })).members).toHaveLength(1);
  });

  it('gives its place to the others by leaving, one error a member', async () => {
    const world = new GroupWorld(seededRandom(1));
    const [first, second] = await world.stable(2);
    if (first === undefined || second === undefined) throw new Error('two members joined');
    const codes = world.coordinator.leave(groupId, [
      { memberId: second.memberId, groupInstanceId: null },
      { memberId: 'made-up', groupInstanceId: null },
    ]);
    expect(codes).toEqual([kafkaError.NONE, kafkaError.UNKNOWN_MEMBER_ID]);
    expect(world.beat(first)).toBe(kafkaError.REBALANCE_IN_PROGRESS);
  });
});

describe('a static member', () => {
  const groupInstanceId = 'rack-1';

  it('comes back under a new id without a rebalance, and its old self is fenced', async () => {
    const world = new GroupWorld(seededRandom(1));
    const old = await world.join({ groupInstanceId });
    await world.sync(old, { [old.memberId]: 'mine' }, { groupInstanceId });
    const back = await world.join({ groupInstanceId });
    expect(back).toMatchObject({
      errorCode: 0,
      generationId: old.generationId,
      skipAssignment: true,
      leader: back.memberId,
    });
    expect((await world.sync(back, {}, { groupInstanceId })).assignment.toString()).toBe('mine');
    expect(world.beat(old, groupInstanceId)).toBe(kafkaError.FENCED_INSTANCE_ID);
    expect(world.beat(back, groupInstanceId)).toBe(kafkaError.NONE);
  });

  it('comes back with other metadata, as sticky assignors have it, and starts no rebalance either', async () => {
    const world = new GroupWorld(seededRandom(1));
    const old = await world.join({ groupInstanceId });
    await world.sync(old, { [old.memberId]: 'mine' }, { groupInstanceId });
    const protocols = [{ name: 'range', metadata: Buffer.from('other') }];
    const back = await world.join({ groupInstanceId, protocols });
    expect(back.generationId).toBe(old.generationId);
  });

  it('answers a join of its old self that is held open with FENCED_INSTANCE_ID', async () => {
    const world = new GroupWorld(seededRandom(1), { 'group.initial.rebalance.delay.ms': '1000' });
    const old = world.join({ groupInstanceId });
    await settle();
    const back = world.join({ groupInstanceId });
    await world.clock.run(3_000);
    expect((await old).errorCode).toBe(kafkaError.FENCED_INSTANCE_ID);
    expect((await back).errorCode).toBe(kafkaError.NONE);
  });

  it('is removed by its instance id alone', async () => {
    const world = new GroupWorld(seededRandom(1));
    await world.join({ groupInstanceId });
    expect(world.coordinator.leave(groupId, [{ memberId: '', groupInstanceId }])).toEqual([kafkaError.NONE]);
    expect(world.coordinator.describe(groupId).state).toBe('Empty');
  });
});

describe('commits', () => {
  it('are taken from the current generation only', async () => {
    const world = new GroupWorld(seededRandom(1));
    const [member] = await world.stable(1);
    if (member === undefined) throw new Error('one member joined');
    const { memberId, generationId } = member;
    const cases = [
      { what: { memberId, generationId }, code: kafkaError.NONE },
      { what: { memberId, generationId: generationId - 1 }, code: kafkaError.ILLEGAL_GENERATION },
      { what: { memberId, generationId: generationId + 1 }, code: kafkaError.ILLEGAL_GENERATION },
      { what: { memberId: 'made-up', generationId }, code: kafkaError.UNKNOWN_MEMBER_ID },
      { what: { memberId: '', generationId: -1 }, code: kafkaError.UNKNOWN_MEMBER_ID },
    ];
    for (const { what, code } of cases) expect(await world.commit(what)).toBe(code);
  });

  it('are taken while the group gathers and refused while it waits for its assignment', async () => {
    const world = new GroupWorld(seededRandom(1));
    const [member] = await world.stable(1);
    if (member === undefined) throw new Error('one member joined');
    const other = world.join();
    await settle();
    expect(await world.commit(member)).toBe(kafkaError.NONE);
    const next = await world.join({ memberId: member.memberId });
    await other;
    expect(await world.commit(next)).toBe(kafkaError.REBALANCE_IN_PROGRESS);
  });

  it('without a generation are taken while the group has no members', async () => {
    const world = new GroupWorld(seededRandom(1));
    expect(await world.commit({ memberId: '', generationId: -1 }, 7)).toBe(kafkaError.NONE);
    expect(world.coordinator.offsets.find(groupId, topic, 0)?.offset).toBe(7);
    expect(await world.commit({ memberId: 'x', generationId: 3 })).toBe(kafkaError.UNKNOWN_MEMBER_ID);
  });

  it('are judged one by one: unknown partitions and long metadata', async () => {
    const world = new GroupWorld(seededRandom(1));
    const identity = { memberId: '', generationId: -1, groupInstanceId: null };
    const entry = { topic, partition: 0, offset: 1, leaderEpoch: -1, metadata: '' };
    const codes = await world.coordinator.offsets.commit(groupId, identity, [
      entry,
      { ...entry, partition: 99 },
      { ...entry, topic: 'unknown' },
      { ...entry, partition: 1, metadata: 'x'.repeat(4097) },
    ]);
    expect(codes).toEqual([
      kafkaError.NONE,
      kafkaError.UNKNOWN_TOPIC_OR_PARTITION,
      kafkaError.UNKNOWN_TOPIC_OR_PARTITION,
      kafkaError.OFFSET_METADATA_TOO_LARGE,
    ]);
  });

  it('that are not durable yet are waited for by whoever asks for them', async () => {
    const world = new GroupWorld(seededRandom(1));
    world.offsets.commitMs = 500;
    const committing = world.commit({ memberId: '', generationId: -1 }, 9);
    const asking = world.coordinator.offsets.committed(groupId);
    await world.clock.run(1000);
    await committing;
    expect((await asking).map((offset) => offset.offset)).toEqual([9]);
  });

  it('expire after offsets.retention.minutes without members, and not before', async () => {
    const world = new GroupWorld(seededRandom(1), { 'offsets.retention.minutes': '10' });
    const [member] = await world.stable(1);
    if (member === undefined) throw new Error('one member joined');
    await world.commit(member, 5);
    for (let minute = 0; minute < 20; minute += 1) {
      for (let beat = 0; beat < 12; beat += 1) {
        await world.clock.run(5_000);
        world.beat(member);
      }
    }
    await world.coordinator.expireOffsets();
    expect(world.offsets.committed(groupId)).toHaveLength(1);
    world.coordinator.leave(groupId, [{ memberId: member.memberId, groupInstanceId: null }]);
    await world.clock.run(9 * 60_000);
    await world.coordinator.expireOffsets();
    expect(world.offsets.committed(groupId)).toHaveLength(1);
    await world.clock.run(2 * 60_000);
    await world.coordinator.expireOffsets();
    expect(world.coordinator.list()).toEqual([]);
  });
});

describe('deleting a group', () => {
  it('needs it to be known and without members', async () => {
    const world = new GroupWorld(seededRandom(1));
    expect(await world.coordinator.delete('nobody')).toBe(kafkaError.GROUP_ID_NOT_FOUND);
    const [member] = await world.stable(1);
    if (member === undefined) throw new Error('one member joined');
    await world.commit(member);
    expect(await world.coordinator.delete(groupId)).toBe(kafkaError.NON_EMPTY_GROUP);
    world.coordinator.leave(groupId, [{ memberId: member.memberId, groupInstanceId: null }]);
    expect(await world.coordinator.delete(groupId)).toBe(kafkaError.NONE);
    expect(world.coordinator.describe(groupId)).toMatchObject({
      state: 'Dead',
      errorCode: kafkaError.GROUP_ID_NOT_FOUND,
    });
  });
});

describe('deleting offsets', () => {
  const subscription = Buffer.concat([
    Buffer.from('000000000001', 'hex'),
    Buffer.from([0, topic.length]),
    Buffer.from(topic),
    Buffer.from('ffffffff', 'hex'),
  ]);

  it('leaves those that a live member reads, and takes the others', async () => {
    const world = new GroupWorld(seededRandom(1));
    await world.commit({ memberId: '', generationId: -1 });
    const member = await world.join({ protocols: [{ name: 'range', metadata: subscription }] });
    const asked = [
      { topic, partition: 0 },
      { topic: 'unknown', partition: 0 },
    ];
    expect(await world.coordinator.offsets.delete(groupId, asked)).toEqual({
      errorCode: kafkaError.NONE,
      partitionErrors: [kafkaError.GROUP_SUBSCRIBED_TO_TOPIC, kafkaError.UNKNOWN_TOPIC_OR_PARTITION],
    });
    world.coordinator.leave(groupId, [{ memberId: member.memberId, groupInstanceId: null }]);
    expect((await world.coordinator.offsets.delete(groupId, asked)).partitionErrors[0]).toBe(kafkaError.NONE);
    expect(world.coordinator.offsets.find(groupId, topic, 0)).toBeNull();
  });

  it('needs the group to be known', async () => {
    const world = new GroupWorld(seededRandom(1));
    expect((await world.coordinator.offsets.delete('nobody', [])).errorCode).toBe(kafkaError.GROUP_ID_NOT_FOUND);
  });

  it('happens by itself for a topic that is deleted', async () => {
    const world = new GroupWorld(seededRandom(1));
    await world.commit({ memberId: '', generationId: -1 });
    await world.coordinator.offsets.forgetTopic(topic);
    expect(world.coordinator.offsets.find(groupId, topic, 0)).toBeNull();
  });
});
