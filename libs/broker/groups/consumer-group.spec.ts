import { seededRandom } from '#std/random';
import { kafkaError } from '#wire/kafka/error-codes';
import { settleAll, WorldMember } from './consumer-world.testkit.js';
import { groupId, GroupWorld, topic } from './group-world.testkit.js';

function worldOf(settings: Readonly<Record<string, string>> = {}): GroupWorld {
  const world = new GroupWorld(seededRandom(1), settings);
  world.coordinator.start();
  return world;
}

async function stable(world: GroupWorld, count: number): Promise<WorldMember[]> {
  const members = Array.from({ length: count }, (_, index) => new WorldMember(world, `m${index}`));
  await settleAll(members);
  return members;
}

describe('a group of the consumer protocol', () => {
  it('shares all partitions out, nobody having two more than another', async () => {
    const members = await stable(worldOf(), 4);
    expect(members.map(({ partitions }) => partitions.length).sort((left, right) => left - right)).toEqual([
      1, 1, 2, 2,
    ]);
    expect(new Set(members.flatMap(({ partitions }) => partitions)).size).toBe(6);
    expect(new Set(members.map(({ epoch }) => epoch)).size).toBe(1);
  });

  it('leaves a member what it had as far as the balance allows', async () => {
    const world = worldOf();
    const [one, two] = await stable(world, 2);
    const before = [one, two].map((member) => new Set(member?.partitions));
    const third = new WorldMember(world, 'third');
    await settleAll([one, two, third].filter((member) => member !== undefined));
    expect(third.partitions).toHaveLength(2);
    for (const [index, member] of [one, two].entries()) {
      expect(member?.partitions.every((partition) => before[index]?.has(partition) === true)).toBe(true);
    }
  });

  it('gives a partition on only when the one who had it says that it has stopped', async () => {
    const world = worldOf();
    const [one] = await stable(world, 1);
    if (one === undefined) throw new Error('one member joined');
    const two = new WorldMember(world, 'two');
    await two.beat();
    const had = one.owned;
    const oldEpoch = one.epoch;
    const told = await one.beat();
    expect(one.partitions).toHaveLength(3);
    expect(told.memberEpoch).toBe(oldEpoch);
    one.owned = had;
    for (let round = 0; round < 3; round += 1) {
      await one.beat();
      one.owned = had;
      await two.beat();
      expect(two.partitions).toEqual([]);
    }
    const [first, kept = -1] = [had, told.assignment ?? had].map((partitions) =>
      Math.max(...(partitions.get(`id-of-${topic}`) ?? [])),
    );
    const given = first === kept ? Math.min(...(had.get(`id-of-${topic}`) ?? [])) : (first ?? -1);
    expect(await one.commit(oldEpoch, given)).toBe(kafkaError.NONE);
    one.owned = told.assignment ?? one.owned;
    await one.beat();
    expect(await one.commit(oldEpoch, given)).toBe(kafkaError.STALE_MEMBER_EPOCH);
    // What it has held all the time it may still commit under the epoch of that time.
    expect(await one.commit(oldEpoch, kept)).toBe(kafkaError.NONE);
    expect(await one.commit(oldEpoch - 1, kept)).toBe(kafkaError.STALE_MEMBER_EPOCH);
    await two.beat();
    expect(two.partitions).toHaveLength(3);
  });

  it('fences a member that does not give up within its rebalance timeout, heartbeats or not', async () => {
    const world = worldOf({ 'group.consumer.session.timeout.ms': '60000' });
    const [one] = await stable(world, 1);
    if (one === undefined) throw new Error('one member joined');
    const had = one.owned;
    const two = new WorldMember(world, 'two');
    await two.beat();
    await one.beat();
    for (let second = 0; second < 29; second += 1) {
      one.owned = had;
      await one.beat();
      await world.clock.run(1000);
    }
    expect(two.partitions).toEqual([]);
    await world.clock.run(2000);
    expect((await one.beat()).errorCode).toBe(kafkaError.UNKNOWN_MEMBER_ID);
    await two.beat();
    expect(two.partitions).toHaveLength(6);
  });

  it('hears a member again whose answer was lost, and no other of an old epoch', async () => {
    const world = worldOf();
    const [one] = await stable(world, 1);
    if (one === undefined) throw new Error('one member joined');
    const before = { epoch: one.epoch, owned: one.owned };
    world.topics.set(topic, 8);
    await world.clock.run(1000);
    await one.beat();
    expect(one.epoch).toBe(before.epoch + 1);
    Object.assign(one, before);
    expect((await one.beat()).errorCode).toBe(kafkaError.NONE);
    one.epoch = before.epoch - 1;
    expect((await one.beat()).errorCode).toBe(kafkaError.FENCED_MEMBER_EPOCH);
  });

  it('replaces a dead member within its session timeout plus two seconds, and asks the others to come sooner', async () => {
    const world = worldOf();
    const [one, dead] = await stable(world, 2);
    if (one === undefined || dead === undefined) throw new Error('two members joined');
    const from = world.clock.monotonic();
    while (one.partitions.length < 6) {
      await world.clock.run(one.intervalMs);
      await one.beat();
    }
    expect(world.clock.monotonic() - from).toBeLessThanOrEqual(47_000);
    expect(await dead.commit()).toBe(kafkaError.UNKNOWN_MEMBER_ID);
    await world.clock.run(5000);
    await one.beat();
    expect(one.intervalMs).toBe(5000);
  });

  it('follows topics that come, grow and go, and patterns', async () => {
    const world = worldOf();
    const byName = new WorldMember(world, 'by-name', { topics: [topic, 'later'] });
    const byPattern = new WorldMember(world, 'by-pattern', { topics: [], pattern: 'la.*' });
    await settleAll([byName, byPattern]);
    expect([byName.partitions.length, byPattern.partitions.length]).toEqual([6, 0]);
    world.topics.set('later', 4);
    await world.clock.run(1000);
    await settleAll([byName, byPattern]);
    expect([byName.partitions.length, byPattern.partitions.length]).toEqual([6, 4]);
    world.topics.set(topic, 9);
    world.topics.set('later', null);
    await world.clock.run(1000);
    await settleAll([byName, byPattern]);
    expect([byName.partitions.length, byPattern.partitions.length]).toEqual([9, 0]);
  });

  it('keeps the place of a static member that leaves for a moment, until its session ends', async () => {
    const world = worldOf();
    const one = new WorldMember(world, 'one', { instanceId: 'rack' });
    const two = new WorldMember(world, 'two');
    await settleAll([one, two]);
    const { partitions, epoch } = one;
    const twin = new WorldMember(world, 'twin', { instanceId: 'rack' });
    expect((await twin.beat()).errorCode).toBe(kafkaError.UNRELEASED_INSTANCE_ID);
    expect(await one.leave(-2)).toBe(kafkaError.NONE);
    await two.beat();
    expect(two.partitions).toHaveLength(3);
    await twin.beat();
    expect(twin).toMatchObject({ partitions, epoch });
    expect((await one.beat()).errorCode).toBe(kafkaError.FENCED_INSTANCE_ID);
    await twin.leave(-2);
    for (let second = 0; second < 46; second += 1) {
      await world.clock.run(1000);
      await two.beat();
    }
    expect(two.partitions).toHaveLength(6);
  });

  it('is bounded by group.consumer.max.size', async () => {
    const world = worldOf({ 'group.consumer.max.size': '1' });
    await stable(world, 1);
    expect((await new WorldMember(world, 'more').beat()).errorCode).toBe(kafkaError.GROUP_MAX_SIZE_REACHED);
  });

  it('answers an error, and tells nobody anything, while the disk fails', async () => {
    const world = worldOf();
    const [one] = await stable(world, 1);
    if (one === undefined) throw new Error('one member joined');
    world.table.isBroken = true;
    const two = new WorldMember(world, 'two');
    expect((await two.beat()).errorCode).toBe(kafkaError.COORDINATOR_NOT_AVAILABLE);
    expect((await one.beat()).errorCode).toBe(kafkaError.COORDINATOR_NOT_AVAILABLE);
    world.table.isBroken = false;
    two.epoch = 0;
    await settleAll([one]);
    expect(one.partitions.length).toBeGreaterThanOrEqual(3);
  });
});

describe('a restart', () => {
  it('leaves a consumer group as it was: the same epochs, the same partitions, no rebalance', async () => {
    const world = worldOf();
    const members = await stable(world, 3);
    const before = members.map(({ epoch, partitions }) => ({ epoch, partitions }));
    world.restart();
    for (const member of members) expect((await member.beat()).errorCode).toBe(kafkaError.NONE);
    expect(members.map(({ epoch, partitions }) => ({ epoch, partitions }))).toEqual(before);
    expect(world.coordinator.consumerGroup(groupId)?.state).toBe('Stable');
  });

  it('in the middle of a move lets the move go on', async () => {
    const world = worldOf();
    const [one] = await stable(world, 1);
    if (one === undefined) throw new Error('one member joined');
    const two = new WorldMember(world, 'two');
    await two.beat();
    await one.beat();
    world.restart();
    await two.beat();
    expect(two.partitions).toEqual([]);
    await settleAll([one, two]);
    expect([one.partitions.length, two.partitions.length]).toEqual([3, 3]);
  });

  it('begins sessions anew, so that who does not come back is replaced', async () => {
    const world = worldOf();
    const [one, dead] = await stable(world, 2);
    if (one === undefined || dead === undefined) throw new Error('two members joined');
    await world.clock.run(40_000);
    world.restart();
    for (let second = 0; second < 44; second += 1) {
      await world.clock.run(1000);
      await one.beat();
    }
    expect(one.partitions).toHaveLength(3);
    await world.clock.run(2000);
    await one.beat();
    expect(one.partitions).toHaveLength(6);
  });

  it('leaves a stable classic group as it was', async () => {
    const world = worldOf();
    const members = await world.stable(2);
    world.restart();
    for (const member of members) expect(world.beat(member)).toBe(kafkaError.NONE);
    expect(world.coordinator.describe(groupId)).toMatchObject({ state: 'Stable', protocol: 'range' });
    const [leader] = members;
    if (leader === undefined) throw new Error('two members joined');
    expect((await world.sync(leader)).assignment.toString()).toBe('a');
    expect(await world.commit(leader)).toBe(kafkaError.NONE);
    expect(await world.commit({ ...leader, generationId: leader.generationId - 1 })).toBe(
      kafkaError.ILLEGAL_GENERATION,
    );
  });

  it('before an assignment is durable has the members join again', async () => {
    const world = worldOf();
    const joined = await world.join();
    const synced = world.sync(joined, { [joined.memberId]: 'a' });
    world.restart();
    expect((await synced).errorCode).toBe(kafkaError.COORDINATOR_NOT_AVAILABLE);
    expect(world.beat(joined)).toBe(kafkaError.UNKNOWN_MEMBER_ID);
  });

  it('keeps since when a group has been empty', async () => {
    const world = worldOf({ 'offsets.retention.minutes': '10' });
    const [member] = await world.stable(1);
    if (member === undefined) throw new Error('one member joined');
    await world.commit(member);
    world.coordinator.leave(groupId, [{ memberId: member.memberId, groupInstanceId: null }]);
    await world.clock.run(6 * 60_000);
    world.restart();
    await world.coordinator.expireOffsets();
    expect(world.coordinator.list()).toHaveLength(1);
    await world.clock.run(6 * 60_000);
    await world.coordinator.expireOffsets();
    expect(world.coordinator.list()).toEqual([]);
    expect([...world.table.entries()]).toEqual([]);
  });
});

describe('deleting a consumer group', () => {
  it('needs it to be empty, and leaves nothing of it', async () => {
    const world = worldOf();
    const [one] = await stable(world, 1);
    if (one === undefined) throw new Error('one member joined');
    await one.commit();
    expect(await world.coordinator.delete(groupId)).toBe(kafkaError.NON_EMPTY_GROUP);
    await one.leave();
    expect(await world.coordinator.delete(groupId)).toBe(kafkaError.NONE);
    expect([...world.table.entries()]).toEqual([]);
  });
});

describe('offsets of a consumer group', () => {
  it('expire for topics that nobody reads any more', async () => {
    const world = worldOf({ 'offsets.retention.minutes': '1' });
    world.topics.set('other', 1);
    const one = new WorldMember(world, 'one', { topics: [topic, 'other'] });
    await settleAll([one]);
    await one.commit();
    const other = { topic: 'other', partition: 0, offset: 1, leaderEpoch: -1, metadata: '' };
    const identity = { memberId: 'one', generationId: one.epoch, groupInstanceId: null };
    await world.coordinator.offsets.commit(groupId, identity, [other]);
    one.tell({ topics: [topic] });
    await settleAll([one]);
    await world.clock.run(40_000);
    await one.beat();
    await world.clock.run(40_000);
    await world.coordinator.expireOffsets();
    expect(world.offsets.committed(groupId).map((offset) => offset.topic)).toEqual([topic]);
  });
});
