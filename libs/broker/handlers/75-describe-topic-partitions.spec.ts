import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { BrokerWorld } from '../broker.testkit.js';

describe('DescribeTopicPartitions', () => {
  let world: BrokerWorld;
  beforeEach(async () => {
    world = await BrokerWorld.open();
    await world.createTopic('b', 3);
    await world.createTopic('a', 2);
  });
  afterEach(() => world.close());

  const { INVALID_REQUEST, UNKNOWN_TOPIC_OR_PARTITION } = kafkaError;

  test.each<[string, string[], number, [string, number] | null, string[], [string, number] | null]>([
    ['all, in one page', [], 2000, null, ['a 0: 0,1', 'b 0: 0,1,2'], null],
    ['the first page', [], 2, null, ['a 0: 0,1'], ['b', 0]],
    ['the second page', [], 2, ['b', 0], ['b 0: 0,1'], ['b', 2]],
    ['the last page', [], 2, ['b', 2], ['b 0: 2'], null],
    ['a page that ends inside a topic', [], 3, null, ['a 0: 0,1', 'b 0: 0'], ['b', 1]],
    ['one topic, named twice', ['b', 'b'], 2000, null, ['b 0: 0,1,2'], null],
    ['a topic that is gone since the last page', [], 2, ['aa', 1], ['b 0: 0,1'], ['b', 2]],
    ['an unknown topic', ['x'], 2000, null, [`x ${UNKNOWN_TOPIC_OR_PARTITION}: `], null],
    ['a cursor at another topic', ['b'], 2000, ['a', 0], [`b ${INVALID_REQUEST}: `], null],
    ['a cursor below 0', ['b'], 2000, ['b', -1], [`b ${INVALID_REQUEST}: `], null],
    ['more than can be in one page', [], 1_000_000, null, ['a 0: 0,1', 'b 0: 0,1,2'], null],
  ])('%s', async (_, names, responsePartitionLimit, cursor, expected, next) => {
    const answer = await world.call(apis.describeTopicPartitions, 0, {
      topics: names.map((name) => ({ name })),
      responsePartitionLimit,
      cursor: cursor === null ? null : { topicName: cursor[0], partitionIndex: cursor[1] },
    });
    const rows = answer.topics.map(
      ({ name, errorCode, partitions }) =>
        `${name} ${errorCode}: ${partitions.map(({ partitionIndex }) => partitionIndex).join()}`,
    );
    expect(rows).toEqual(expected);
    const { nextCursor } = answer;
    expect(nextCursor === null ? null : [nextCursor.topicName, nextCursor.partitionIndex]).toEqual(next);
  });
});
