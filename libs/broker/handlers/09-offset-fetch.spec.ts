import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { BrokerWorld } from '../broker.testkit.js';

describe('OffsetFetch', () => {
  let world: BrokerWorld;
  let topicId: string;
  const groupId = 'readers';
  beforeEach(async () => {
    world = await BrokerWorld.open();
    topicId = (await world.createTopic('orders', 3)).id;
    await world.call(apis.offsetCommit, 10, {
      groupId,
      topics: [
        {
          topicId,
          partitions: [
            { partitionIndex: 0, committedOffset: 7, committedLeaderEpoch: 0, committedMetadata: 'note' },
            { partitionIndex: 2, committedOffset: 0, committedMetadata: null },
          ],
        },
      ],
    });
  });
  afterEach(() => world.close());

  const offsets = [
    { partitionIndex: 0, committedOffset: 7, committedLeaderEpoch: 0, metadata: 'note', errorCode: 0 },
    { partitionIndex: 1, committedOffset: -1, committedLeaderEpoch: -1, metadata: '', errorCode: 0 },
    { partitionIndex: 2, committedOffset: 0, committedLeaderEpoch: -1, metadata: '', errorCode: 0 },
  ];

  test.each([5, 6, 7, 8, 9, 10])('v%d gives what was committed, of single partitions and of all', async (version) => {
    const topics = [{ name: 'orders', topicId, partitionIndexes: [0, 1, 2] }];
    const some = await world.call(apis.offsetFetch, version, { groupId, topics, groups: [{ groupId, topics }] });
    const all = await world.call(apis.offsetFetch, version, {
      groupId,
      topics: null,
      groups: [{ groupId, topics: null }],
    });
    const partitionsOf = (answer: typeof some) =>
      (version < 8 ? answer.topics[0] : answer.groups[0]?.topics[0])?.partitions;
    expect(partitionsOf(some)).toEqual(offsets);
    expect(partitionsOf(all)).toEqual(offsets.filter((offset) => offset.committedOffset >= 0));
    const [topic] = version < 8 ? all.topics : (all.groups[0]?.topics ?? []);
    expect(topic).toMatchObject(version >= 10 ? { topicId } : { name: 'orders' });
  });

  test('an offset that an open transaction holds is unstable to those who ask for stable ones', async () => {
    const { engine } = world.broker;
    const offset = { topic: 'orders', partition: 0, offset: 9, leaderEpoch: -1, metadata: '' };
    await engine.groups.commitPending(groupId, 1, [offset]);
    const ask = async (requireStable: boolean) => {
      const topics = [{ name: 'orders', partitionIndexes: [0, 1] }];
      const answer = await world.call(apis.offsetFetch, 7, { groupId, topics, requireStable });
      return answer.topics[0]?.partitions.map(({ committedOffset, errorCode }) => [committedOffset, errorCode]);
    };
    expect(await ask(false)).toEqual([
      [7, 0],
      [-1, 0],
    ]);
    expect(await ask(true)).toEqual([
      [-1, kafkaError.UNSTABLE_OFFSET_COMMIT],
      [-1, 0],
    ]);
    await engine.groups.endTransaction(groupId, 1, 'commit');
    expect(await ask(true)).toEqual([
      [9, 0],
      [-1, 0],
    ]);
  });

  test('groups are answered in the order asked, unknown ones without offsets', async () => {
    const topics = [{ name: 'orders', partitionIndexes: [0] }];
    const answer = await world.call(apis.offsetFetch, 8, {
      groups: [
        { groupId: 'nobody', topics },
        { groupId, topics },
      ],
    });
    expect(answer.groups).toMatchObject([
      { groupId: 'nobody', errorCode: 0, topics: [{ partitions: [{ committedOffset: -1, errorCode: 0 }] }] },
      { groupId, errorCode: 0, topics: [{ partitions: [{ committedOffset: 7 }] }] },
    ]);
  });
});
