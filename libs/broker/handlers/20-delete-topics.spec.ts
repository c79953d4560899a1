import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { zeroUuid } from '#wire/kafka/schema';
import { BrokerWorld } from '../broker.testkit.js';

describe('DeleteTopics', () => {
  test.each([
    ['v5, by name', 5, true, { topicNames: ['orders'] }, [kafkaError.NONE]],
    ['v6, by name', 6, true, { topics: [{ name: 'orders', topicId: zeroUuid }] }, [kafkaError.NONE]],
    ['an unknown name', 5, true, { topicNames: ['nothing'] }, [kafkaError.UNKNOWN_TOPIC_OR_PARTITION]],
    ['a name twice, answered once', 5, true, { topicNames: ['orders', 'orders'] }, [kafkaError.INVALID_REQUEST]],
    ['none', 5, true, { topicNames: [] }, []],
    ['where that is forbidden, v2', 2, false, { topicNames: ['orders'] }, [kafkaError.INVALID_REQUEST]],
    ['where that is forbidden, v3', 3, false, { topicNames: ['orders'] }, [kafkaError.TOPIC_DELETION_DISABLED]],
  ])('%s', async (_, version, isEnabled, body, codes) => {
    const world = await BrokerWorld.open({ 'delete.topic.enable': String(isEnabled) });
    await world.createTopic('orders');
    const answer = await world.call(apis.deleteTopics, version, { ...body, timeoutMs: 1000 });
    expect(answer.responses.map(({ errorCode }) => errorCode)).toEqual(codes);
    expect(world.broker.engine.topics.byName('orders') === null).toBe(codes[0] === kafkaError.NONE);
    await world.close();
  });
});
