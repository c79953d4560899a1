import { seededRandom } from '#std/random';
import { kafkaError } from '#wire/kafka/error-codes';
import { decodeAssignment, decodeSubscription, encodeAssignment } from './consumer-protocol.js';
import { WorldMember } from './consumer-world.testkit.js';
import { groupId, GroupWorld, topic } from './group-world.testkit.js';
import type { JoinAnswer } from './group-member.js';

const all = [0, 1, 2, 3, 4, 5];

/** A subscription of version 1 to the topic, nothing owned. */
const subscription = Buffer.concat([
  Buffer.from('000100000001', 'hex'),
  Buffer.from([0, topic.length]),
  Buffer.from(topic),
  Buffer.from('ffffffff00000000', 'hex'),
]);

function assigned(numbers: readonly number[]): string {
  return encodeAssignment([[topic, numbers]], 1).toString('latin1');
}

/** A member that speaks the classic protocol, as clients do, one heartbeat at a time. */
class ClassicMember {
  numbers: readonly number[] = [];
  joined: JoinAnswer | null = null;

  constructor(
    private readonly world: GroupWorld,
    private readonly groupInstanceId: string | null = null,
  ) {}

  async join(): Promise<number> {
    this.numbers = [];
    const answer = await this.world.join({
      memberId: this.joined?.memberId ?? '',
      groupInstanceId: this.groupInstanceId,
      protocols: [{ name: 'range', metadata: subscription }],
    });
    if (answer.errorCode !== kafkaError.NONE) return answer.errorCode;
    this.joined = answer;
    const shares = answer.leader === answer.memberId ? { [answer.memberId]: assigned(all) } : {};
    const synced = await this.sync(shares);
    if (synced.errorCode === kafkaError.NONE) this.numbers = decodeAssignment(synced.assignment)?.[0]?.[1] ?? [];
    return synced.errorCode;
  }

  async beat(): Promise<number> {
    if (this.joined === null) return kafkaError.UNKNOWN_MEMBER_ID;
    const code = this.world.beat(this.joined, this.groupInstanceId);
    if (code === kafkaError.REBALANCE_IN_PROGRESS) await this.join();
    return code;
  }

  leave(): readonly number[] {
    const memberId = this.joined?.memberId ?? '';
    return this.world.coordinator.leave(groupId, [{ memberId, groupInstanceId: this.groupInstanceId }]);
  }

  private sync(shares: Readonly<Record<string, string>>) {
    const { memberId = '', generationId = -1 } = this.joined ?? {};
    return this.world.coordinator.sync(groupId, {
      memberId,
      generationId,
      groupInstanceId: this.groupInstanceId,
      protocolType: 'consumer',
      protocolName: 'range',
      assignments: Object.entries(shares).map(([id, text]) => ({
        memberId: id,
        assignment: Buffer.from(text, 'latin1'),
      })),
      signal: new AbortController().signal,
    });
  }
}

async function together(classic: ClassicMember, modern: WorldMember): Promise<void> {
  for (let round = 0; round < 6; round += 1) {
    await modern.beat();
    await classic.beat();
    const mine = modern.partitions.map((text) => Number(text.split('/')[1]));
    expect(mine.filter((number) => classic.numbers.includes(number))).toEqual([]);
  }
}

function worldOf(settings: Readonly<Record<string, string>> = {}): GroupWorld {
  const world = new GroupWorld(seededRandom(1), settings);
  world.coordinator.start();
  return world;
}

describe('a live classic group', () => {
  it('takes in a member of the consumer protocol, and nobody has what another one has', async () => {
    const world = worldOf();
    const classic = new ClassicMember(world);
    await classic.join();
    expect(classic.numbers).toEqual(all);
    const modern = new WorldMember(world, 'modern');
    await together(classic, modern);
    expect([classic.numbers.length, modern.partitions.length]).toEqual([3, 3]);
    expect(world.coordinator.consumerGroup(groupId)?.state).toBe('Stable');
  });

  it('goes on after a restart in the middle of it', async () => {
    const world = worldOf();
    const classic = new ClassicMember(world);
    await classic.join();
    const modern = new WorldMember(world, 'modern');
    await modern.beat();
    world.restart();
    await classic.beat();
    world.restart();
    await together(classic, modern);
    expect([classic.numbers.length, modern.partitions.length]).toEqual([3, 3]);
  });

  it('is a classic one again when the last member of the consumer protocol is gone', async () => {
    const world = worldOf();
    const classic = new ClassicMember(world);
    await classic.join();
    const modern = new WorldMember(world, 'modern');
    await together(classic, modern);
    await modern.leave();
    expect(await classic.beat()).toBe(kafkaError.REBALANCE_IN_PROGRESS);
    expect(classic.numbers).toEqual(all);
    expect(world.coordinator.describe(groupId)).toMatchObject({ state: 'Stable', protocol: 'range' });
    world.restart();
    expect(await classic.beat()).toBe(kafkaError.NONE);
  });

  it('loses its classic members by their own session timeouts and by leaving', async () => {
    const world = worldOf();
    const [one, two] = [new ClassicMember(world, 'rack'), new ClassicMember(world)];
    await one.join();
    const modern = new WorldMember(world, 'modern');
    await together(one, modern);
    await two.join();
    for (let round = 0; round < 6; round += 1) {
      await modern.beat();
      await one.beat();
      await two.beat();
    }
    expect([one.numbers.length, two.numbers.length, modern.partitions.length]).toEqual([2, 2, 2]);
    expect(two.leave()).toEqual([kafkaError.NONE]);
    expect(await two.beat()).toBe(kafkaError.UNKNOWN_MEMBER_ID);
    for (let second = 0; second < 11; second += 1) {
      await world.clock.run(1000);
      await modern.beat();
    }
    expect(modern.partitions).toHaveLength(6);
  });

  it.each([
    ['bidirectional', kafkaError.NONE],
    ['upgrade', kafkaError.NONE],
    ['downgrade', kafkaError.GROUP_ID_NOT_FOUND],
    ['disabled', kafkaError.GROUP_ID_NOT_FOUND],
  ])('under the policy %s answers a member of the consumer protocol %d', async (policy, errorCode) => {
    const world = worldOf({ 'group.consumer.migration.policy': policy });
    const classic = new ClassicMember(world);
    await classic.join();
    expect((await new WorldMember(world, 'modern').beat()).errorCode).toBe(errorCode);
    expect(await classic.beat()).toBe(errorCode === kafkaError.NONE ? kafkaError.REBALANCE_IN_PROGRESS : 0);
  });
});

describe('the consumer protocol of clients', () => {
  it('is read in each version, as far as it is looked into', () => {
    expect(decodeSubscription(subscription)).toEqual({ version: 1, topics: [topic], owned: [], rackId: null });
    const owned = Buffer.from('0003000000000000000000000001000161000000020000000100000005ffffffff000172', 'hex');
    expect(decodeSubscription(owned)).toEqual({ version: 3, topics: [], owned: [['a', [1, 5]]], rackId: 'r' });
    expect(decodeAssignment(Buffer.alloc(0))).toEqual([]);
    expect(decodeAssignment(encodeAssignment([['a', [1, 2]]], 0))).toEqual([['a', [1, 2]]]);
  });

  it('of any length that is not whole is null, and takes no memory for what it claims', () => {
    for (let length = 0; length < subscription.length; length += 1) {
      expect(decodeSubscription(subscription.subarray(0, length))).toBeNull();
    }
    expect(decodeSubscription(Buffer.from('00017fffffff', 'hex'))).toBeNull();
    expect(decodeAssignment(Buffer.from('00017fffffff', 'hex'))).toBeNull();
  });
});
