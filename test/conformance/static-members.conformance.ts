import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { JoinGroupRequest } from '#wire/kafka/schemas/join-group';
import { freshGroup } from './groups.js';
import type { RawClient } from './raw-client.js';
import { suiteTarget } from './suite-target.js';
import { eventually } from './target.js';

/** Static members (KIP-345, KIP-814) and cooperative rebalances (KIP-429) of classic groups. */
describe('classic groups', () => {
  let client: RawClient;
  let groupId: string;
  const target = suiteTarget(async (connection) => {
    client = connection;
    groupId = await freshGroup(client);
  });

  interface Joined {
    readonly memberId: string;
    readonly generationId: number;
  }

  async function join(given: Partial<JoinGroupRequest> = {}, { connection = client, version = 9 } = {}) {
    const body = {
      groupId,
      sessionTimeoutMs: 30_000,
      rebalanceTimeoutMs: 30_000,
      memberId: '',
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: subscription([]) }],
      ...given,
    };
    const answer = await connection.call(apis.joinGroup, version, body);
    if (answer.errorCode !== kafkaError.MEMBER_ID_REQUIRED) return answer;
    return connection.call(apis.joinGroup, version, { ...body, memberId: answer.memberId });
  }

  function sync(joined: Joined, texts: Readonly<Record<string, string>> = {}, groupInstanceId: string | null = null) {
    const { memberId, generationId } = joined;
    const assignments = Object.entries(texts).map(([id, text]) => ({ memberId: id, assignment: Buffer.from(text) }));
    return client.call(apis.syncGroup, 3, { groupId, generationId, memberId, groupInstanceId, assignments });
  }

  function beat({ memberId, generationId }: Joined, groupInstanceId: string | null = null) {
    return client.call(apis.heartbeat, 3, { groupId, generationId, memberId, groupInstanceId });
  }

  /** Two static members in one generation, `one` leading. */
  async function twoStatic() {
    const first = await join({ groupInstanceId: 'one' });
    const second = join({ groupInstanceId: 'two' }, { connection: await target.client() });
    await eventually(async () => (await beat(first, 'one')).errorCode === kafkaError.REBALANCE_IN_PROGRESS);
    const again = await join({ groupInstanceId: 'one', memberId: first.memberId });
    const two = await second;
    expect(again.leader).toBe(again.memberId);
    await sync(again, { [again.memberId]: 'first half', [two.memberId]: 'second half' }, 'one');
    return [again, two] as const;
  }

  test('a leader that starts anew skips the assignment, sees who is there, and leads on', async () => {
    const [one, two] = await twoStatic();
    const back = await join({ groupInstanceId: 'one' });
    expect(back).toMatchObject({
      errorCode: 0,
      generationId: one.generationId,
      skipAssignment: true,
      leader: back.memberId,
    });
    expect(back.members.map(({ groupInstanceId }) => groupInstanceId ?? '').sort()).toEqual(['one', 'two']);
    expect((await sync(back, {}, 'one')).assignment.toString()).toBe('first half');
    expect((await beat(two, 'two')).errorCode).toBe(0);
  });

  test('a leader of an older version that starts anew is told the old leader, and nobody else', async () => {
    const [one] = await twoStatic();
    const back = await join({ groupInstanceId: 'one' }, { version: 8 });
    expect(back).toMatchObject({ errorCode: 0, generationId: one.generationId, leader: one.memberId, members: [] });
    expect((await sync(back, {}, 'one')).assignment.toString()).toBe('first half');
  });

  test('a follower that starts anew with other metadata has its part again without a rebalance', async () => {
    const [one, two] = await twoStatic();
    const protocols = [{ name: 'range', metadata: subscription([3]) }];
    const back = await join({ groupInstanceId: 'two', protocols });
    expect(back).toMatchObject({ errorCode: 0, generationId: two.generationId, skipAssignment: false, members: [] });
    expect((await sync(back, {}, 'two')).assignment.toString()).toBe('second half');
    expect((await beat(one, 'one')).errorCode).toBe(0);
  });

  test('whoever was replaced is fenced everywhere', async () => {
    const [one, two] = await twoStatic();
    await join({ groupInstanceId: 'two' });
    expect((await beat(two, 'two')).errorCode).toBe(kafkaError.FENCED_INSTANCE_ID);
    expect((await sync(two, {}, 'two')).errorCode).toBe(kafkaError.FENCED_INSTANCE_ID);
    const rejoined = await join({ groupInstanceId: 'two', memberId: two.memberId });
    expect(rejoined.errorCode).toBe(kafkaError.FENCED_INSTANCE_ID);
    const left = await client.call(apis.leaveGroup, 3, {
      groupId,
      members: [
        { memberId: two.memberId, groupInstanceId: 'two' },
        { memberId: one.memberId, groupInstanceId: 'nobody' },
      ],
    });
    expect(left.members.map(({ errorCode }) => errorCode)).toEqual([
      kafkaError.FENCED_INSTANCE_ID,
      kafkaError.UNKNOWN_MEMBER_ID,
    ]);
  });

  test('the parked join of whoever is replaced is answered with the error', async () => {
    const first = await join({ groupInstanceId: 'one' });
    await sync(first, { [first.memberId]: 'all' }, 'one');
    const connection = await target.client();
    const parked = join({ groupInstanceId: 'two' }, { connection });
    await eventually(async () => (await beat(first, 'one')).errorCode === kafkaError.REBALANCE_IN_PROGRESS);
    const replaced = join({ groupInstanceId: 'two' }, { connection: await target.client() });
    expect((await parked).errorCode).toBe(kafkaError.FENCED_INSTANCE_ID);
    const again = await join({ groupInstanceId: 'one', memberId: first.memberId });
    expect((await replaced).generationId).toBe(again.generationId);
  });

  test('is shown with its name, and removed by it', async () => {
    const [, two] = await twoStatic();
    const described = await client.call(apis.describeGroups, 5, { groups: [groupId] });
    expect(described.groups[0]?.members.map(({ groupInstanceId }) => groupInstanceId ?? '').sort()).toEqual([
      'one',
      'two',
    ]);
    const members = [
      { memberId: '', groupInstanceId: 'one' },
      { memberId: '', groupInstanceId: 'nobody' },
    ];
    const left = await client.call(apis.leaveGroup, 4, { groupId, members });
    expect(left.members.map(({ errorCode }) => errorCode)).toEqual([0, kafkaError.UNKNOWN_MEMBER_ID]);
    expect((await beat(two, 'two')).errorCode).toBe(kafkaError.REBALANCE_IN_PROGRESS);
  });

  test('a cooperative rebalance takes two rounds: first what is given up, then what is given on', async () => {
    const cooperative = (owned: readonly number[]) => [{ name: 'cooperative-sticky', metadata: subscription(owned) }];
    const first = await join({ protocols: cooperative([]) });
    await sync(first, { [first.memberId]: '0 1 2 3' });
    const connection = await target.client();
    const newcomer = join({ protocols: cooperative([]) }, { connection });
    await eventually(async () => (await beat(first)).errorCode === kafkaError.REBALANCE_IN_PROGRESS);
    // It goes on with what it has while the group gathers: commits under the old generation are taken.
    const round = await join({ memberId: first.memberId, protocols: cooperative([0, 1, 2, 3]) });
    const second = await newcomer;
    const shown = round.members.find(({ memberId }) => memberId === first.memberId);
    expect(shown?.metadata).toEqual(subscription([0, 1, 2, 3]));
    await sync(round, { [round.memberId]: '0 1', [second.memberId]: '' });
    expect((await sync(second)).assignment.toString()).toBe('');
    // Having given up two partitions it joins again at once, and so do the others.
    const rejoin = { memberId: first.memberId, protocols: cooperative([0, 1]) };
    const last = join(rejoin, { connection: await target.client() });
    await eventually(async () => (await beat(second)).errorCode === kafkaError.REBALANCE_IN_PROGRESS);
    const follows = await join({ memberId: second.memberId, protocols: cooperative([]) }, { connection });
    const leads = await last;
    expect([leads.generationId, follows.generationId]).toEqual([round.generationId + 1, round.generationId + 1]);
    await sync(leads, { [leads.memberId]: '0 1', [follows.memberId]: '2 3' });
    expect((await sync(follows)).assignment.toString()).toBe('2 3');
  });
});

/** What a consumer reads and owns of the topic `orders`, in Kafka's own layout: version 1. */
function subscription(owned: readonly number[]): Buffer {
  const int32 = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    return bytes;
  };
  const name = Buffer.concat([Buffer.from([0, 6]), Buffer.from('orders')]);
  const pieces = [Buffer.from([0, 1]), int32(1), name, int32(-1), int32(owned.length > 0 ? 1 : 0)];
  if (owned.length > 0) pieces.push(name, int32(owned.length), ...owned.map(int32));
  return Buffer.concat(pieces);
}
