import { MemoryCatalog } from '#log/memory-catalog';
import { batchOf } from '#log/testing/engine-fixture';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { seededRandom } from '#std/random';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { ClusterWorld } from './cluster-world.testkit.js';
import { Controller, nodesWithData } from './controller.js';

describe('several nodes on one machine', () => {
  let world: ClusterWorld;
  beforeEach(async () => {
    world = await ClusterWorld.open(3);
  });
  afterEach(() => world.close());

  const produce = async (node: number, partition: number, batch: Buffer, transactionalId: string | null = null) => {
    const partitionData = [{ index: partition, records: batch }];
    const topicData = [{ name: 'orders', partitionData }];
    const answer = await world
      .node(node)
      .call(apis.produce, 12, { acks: -1, timeoutMs: 1000, transactionalId, topicData });
    return answer.responses[0]?.partitionResponses[0]?.errorCode;
  };
  const endOf = async (partition: number, isolationLevel = 0) => {
    const topics = [{ name: 'orders', partitions: [{ partitionIndex: partition, timestamp: -1 }] }];
    const answer = await world.node(partition).call(apis.listOffsets, 5, { isolationLevel, topics });
    return answer.topics[0]?.partitions[0]?.offset;
  };
  const until = async (holds: () => Promise<boolean>) => {
    for (let round = 0; round < 200 && !(await holds()); round += 1) await systemClock.sleep(10);
    expect(await holds()).toBe(true);
  };

  test('each tells of all, of their addresses and of who leads what', async () => {
    await world.createTopic(2, 'orders');
    for (const node of world.nodes) {
      const answer = await node.call(apis.metadata, 9, { topics: [{ name: 'orders' }] });
      // The testkit's client of every node is at port 9092, so the others are at ports beside it.
      const own = node.broker.nodeId;
      expect(answer.brokers).toMatchObject([1, 2, 3].map((nodeId) => ({ nodeId, port: 9092 + nodeId - own })));
      expect(answer.controllerId).toBe(1);
      const leaders = answer.topics[0]?.partitions.map((partition) => partition.leaderId);
      expect(leaders).toEqual([1, 2, 3]);
    }
  });

  test('partitions go to the nodes with the fewest', async () => {
    const topics = ['a', 'b'].map((name) => ({
      name,
      numPartitions: 4,
      replicationFactor: 1,
      assignments: [],
      configs: [],
    }));
    await world.node(1).call(apis.createTopics, 7, { topics, timeoutMs: 1000 });
    await world
      .node(0)
      .call(apis.createPartitions, 3, { topics: [{ name: 'a', count: 5, assignments: null }], timeoutMs: 1000 });
    const answer = await world.node(2).call(apis.metadata, 9, { topics: null });
    const leaders = answer.topics.map((topic) => topic.partitions.map((partition) => partition.leaderId));
    expect(leaders).toEqual([
      [1, 2, 3, 1, 3],
      [2, 3, 1, 2],
    ]);
  });

  test('only the leader takes and gives records', async () => {
    await world.createTopic(0, 'orders');
    expect(await produce(1, 1, batchOf(['a']))).toBe(kafkaError.NONE);
    expect(await produce(0, 1, batchOf(['a']))).toBe(kafkaError.NOT_LEADER_OR_FOLLOWER);
    const topics = [{ topic: 'orders', partitions: [{ partition: 1, fetchOffset: 0, partitionMaxBytes: 1000 }] }];
    for (const [index, node] of world.nodes.entries()) {
      const answer = await node.call(apis.fetch, 11, { maxWaitMs: 0, minBytes: 1, topics });
      const errorCode = index === 1 ? kafkaError.NONE : kafkaError.NOT_LEADER_OR_FOLLOWER;
      expect(answer.responses[0]?.partitions[0]).toMatchObject({ errorCode });
    }
    expect(await endOf(1)).toBe(1);
  });

  test('a group is where FindCoordinator says, and nowhere else', async () => {
    await world.createTopic(0, 'orders');
    const groupId = world.keyOf(1);
    for (const node of world.nodes) {
      const request = { keyType: 0, coordinatorKeys: [groupId] };
      const answer = await node.call(apis.findCoordinator, 4, request);
      expect(answer.coordinators[0]).toMatchObject({ nodeId: 2, port: 9092 + 2 - node.broker.nodeId, errorCode: 0 });
    }
    const partitions = [{ partitionIndex: 0, committedOffset: 5, committedMetadata: '' }];
    const commit = { groupId, topics: [{ name: 'orders', partitions }] };
    const codes: (number | undefined)[] = [];
    for (const node of world.nodes) {
      const answer = await node.call(apis.offsetCommit, 7, commit);
      codes.push(answer.topics[0]?.partitions[0]?.errorCode);
    }
    expect(codes).toEqual([kafkaError.NOT_COORDINATOR, kafkaError.NONE, kafkaError.NOT_COORDINATOR]);
    const groups = [groupId, world.keyOf(2)].map((id) => ({ groupId: id, topics: null }));
    const fetched = await world.node(1).call(apis.offsetFetch, 8, { groups });
    expect(fetched.groups).toMatchObject([
      { groupId, errorCode: 0, topics: [{ name: 'orders', partitions: [{ committedOffset: 5 }] }] },
      { errorCode: kafkaError.NOT_COORDINATOR },
    ]);
    const described = await world.node(0).call(apis.describeGroups, 5, { groups: [groupId] });
    expect(described.groups).toMatchObject([{ groupId, errorCode: kafkaError.NOT_COORDINATOR }]);
  });

  test('what one node deletes is gone on all', async () => {
    await world.createTopic(0, 'orders');
    await produce(2, 2, batchOf(['a']));
    await world.node(1).call(apis.deleteTopics, 5, { topicNames: ['orders'], timeoutMs: 1000 });
    expect(await produce(2, 2, batchOf(['a']))).toBe(kafkaError.UNKNOWN_TOPIC_OR_PARTITION);
    await world.createTopic(1, 'orders');
    expect(await endOf(2)).toBe(0);
  });

  test('records of the cluster are seen by all, also by a node that was away', async () => {
    await world.stop(2);
    await world.node(0).broker.cluster.put([{ kind: 'test', key: 'a', value: '1' }]);
    await world.createTopic(0, 'orders', 2);
    await world.start(2);
    await world.node(2).broker.cluster.put([{ kind: 'test', key: 'b', value: '2' }]);
    for (const { broker } of world.nodes) {
      expect([...broker.cluster.records('test')]).toEqual([
        ['a', '1'],
        ['b', '2'],
      ]);
      expect(broker.engine.topics.byName('orders')?.partitions).toBe(2);
    }
  });

  test('retention that waits for a group knows what it committed on another node', async () => {
    await world.createTopic(0, 'orders');
    const groupId = world.keyOf(1);
    const resources = [
      {
        resourceType: 2,
        resourceName: 'orders',
        configs: [{ name: 'retention.hold.groups', configOperation: 0, value: groupId }],
      },
    ];
    const altered = await world.node(2).call(apis.incrementalAlterConfigs, 1, { resources, validateOnly: false });
    expect(altered.responses[0]?.errorCode).toBe(0);
    const partitions = [{ partitionIndex: 2, committedOffset: 9, committedMetadata: '' }];
    await world.node(1).call(apis.offsetCommit, 7, { groupId, topics: [{ name: 'orders', partitions }] });
    const { offsets } = world.neighbourhood(2);
    const { topics } = world.node(2).broker.engine;
    expect(offsets.find(groupId, 'orders', 2)).toBeNull();
    await offsets.refresh(topics);
    expect(offsets.find(groupId, 'orders', 2)).toBe(9);
    // What is not known holds records back.
    await world.stop(1);
    await offsets.refresh(topics);
    expect(offsets.find(groupId, 'orders', 2)).toBeNull();
    await world.start(1);
  });

  describe('a transaction', () => {
    const start = async (transactionalId: string) => {
      await world.createTopic(0, 'orders');
      const node = world.node(1);
      const request = { transactionalId, transactionTimeoutMs: 60_000 };
      const { errorCode, producerId, producerEpoch } = await node.call(apis.initProducerId, 4, request);
      expect(errorCode).toBe(0);
      return { producerId, producerEpoch };
    };
    const stamped = (producer: { producerId: number; producerEpoch: number }, baseSequence: number) =>
      batchOf(['a'], { producer: { ...producer, baseSequence, isTransactional: true } });

    test('reaches over partitions and a group of all nodes, and ends on all of them', async () => {
      const transactionalId = world.keyOf(1, 'transaction');
      const producer = await start(transactionalId);
      for (const node of [0, 1, 2]) {
        expect(await produce(node, node, stamped(producer, 0), transactionalId)).toBe(kafkaError.NONE);
        expect(await endOf(node)).toBe(1);
        expect(await endOf(node, 1)).toBe(0);
      }
      const groupId = world.keyOf(2);
      const partitions = [{ partitionIndex: 0, committedOffset: 7, committedMetadata: '' }];
      const offsets = { transactionalId, groupId, ...producer, topics: [{ name: 'orders', partitions }] };
      const committed = await world.node(2).call(apis.txnOffsetCommit, 5, offsets);
      expect(committed.topics[0]?.partitions[0]?.errorCode).toBe(kafkaError.NONE);
      const end = { transactionalId, ...producer, committed: true };
      expect((await world.node(0).call(apis.endTxn, 4, end)).errorCode).toBe(kafkaError.NOT_COORDINATOR);
      expect((await world.node(1).call(apis.endTxn, 5, end)).errorCode).toBe(kafkaError.NONE);
      for (const node of [0, 1, 2]) await until(async () => (await endOf(node, 1)) === 2);
      await until(async () => {
        const answer = await world.node(2).call(apis.offsetFetch, 8, { groups: [{ groupId, topics: null }] });
        return answer.groups[0]?.topics[0]?.partitions[0]?.committedOffset === 7;
      });
    });

    test('ends on a node that was away as soon as it is back', async () => {
      const transactionalId = world.keyOf(1, 'transaction');
      const producer = await start(transactionalId);
      for (const node of [0, 2]) {
        expect(await produce(node, node, stamped(producer, 0), transactionalId)).toBe(kafkaError.NONE);
      }
      await world.stop(2);
      const end = { transactionalId, ...producer, committed: true };
      expect((await world.node(1).call(apis.endTxn, 5, end)).errorCode).toBe(kafkaError.NONE);
      await until(async () => (await endOf(0, 1)) === 2);
      await world.start(2);
      await until(async () => (await endOf(2, 1)) === 2);
    });

    test('refuses a write of a session that is no longer its own, wherever it comes', async () => {
      const transactionalId = world.keyOf(1, 'transaction');
      const producer = await start(transactionalId);
      expect(await produce(2, 2, stamped(producer, 0), transactionalId)).toBe(kafkaError.NONE);
      await world.node(1).call(apis.initProducerId, 4, { transactionalId, transactionTimeoutMs: 60_000 });
      await until(async () => (await endOf(2, 1)) === 2);
      const refused = await produce(2, 2, stamped(producer, 1), transactionalId);
      expect(refused).toBe(kafkaError.INVALID_PRODUCER_EPOCH);
    });
  });
});

test('fewer nodes than have data are refused in words that say what to do', async () => {
  const catalog = new MemoryCatalog();
  const world = await ClusterWorld.open(3, catalog);
  await world.createTopic(0, 'orders');
  await world.close();
  expect(await nodesWithData(catalog)).toBe(3);
  const options = { catalog, isFresh: false, clock: systemClock, random: seededRandom(1), logger: silentLogger };
  await expect(new Controller({ ...options, nodeCount: 2 }).open()).rejects.toMatchObject({
    code: 'broker.nodes.too_few',
    message: expect.stringContaining('Set node.count to 3 or more'),
  });
  const more = new Controller({ ...options, nodeCount: 5 });
  await more.open();
  expect(new Set(more.coordinatorSlots)).toEqual(new Set([0, 1, 2]));
});

test('groups that were there before there were several nodes stay with the first', async () => {
  const controller = new Controller({
    catalog: new MemoryCatalog(),
    nodeCount: 4,
    isFresh: false,
    clock: systemClock,
    random: seededRandom(1),
    logger: silentLogger,
  });
  await controller.open();
  expect(new Set(controller.coordinatorSlots)).toEqual(new Set([0]));
});
