import { apis } from '#wire/kafka/apis';
import { kafkaError, kafkaErrorName } from '#wire/kafka/error-codes';
import type { CommittedReader } from './committed-reader.js';
import type { RawClient } from './raw-client.js';
import { freshName, type TestTopic } from './target.js';
import { describeTransaction, TransactionalProducer } from './transactional-producer.js';
import { transactionalTarget } from './transactional-target.js';

/** The requests of transactions one by one: what their versions refuse and how, and what operators see and do. */
describe('transactional requests', () => {
  let client: RawClient;
  let topic: TestTopic;
  let reader: CommittedReader;
  transactionalTarget((test) => ({ client, topic, reader } = test));

  const open = (protocol: 1 | 2, id?: string) => TransactionalProducer.open(client, protocol, id);

  test.each([
    [3, 'INVALID_TXN_STATE'],
    [10, 'INVALID_TXN_STATE'],
    [11, 'TRANSACTION_ABORTABLE'],
    [12, 'NONE'],
    [13, 'NONE'],
  ])('Produce v%d to a partition that was not added: %s', async (version, name) => {
    const producer = await open(1);
    await producer.add(topic, [1]);
    const { errorCode } = await producer.produce(topic, ['a'], { version });
    expect(kafkaErrorName(errorCode)).toBe(name);
  });

  test.each([
    [11, 'NONE'],
    [12, 'OUT_OF_ORDER_SEQUENCE_NUMBER'],
  ])(
    'Produce v%d that does not begin with sequence 0 in a partition that does not know the producer: %s',
    async (version, name) => {
      const producer = await open(1);
      await producer.add(topic, [0]);
      const { errorCode } = await producer.produce(topic, ['a'], { version, baseSequence: 5 });
      expect(kafkaErrorName(errorCode)).toBe(name);
    },
  );

  test.each([
    [3, 'INVALID_TXN_STATE'],
    [4, 'TRANSACTION_ABORTABLE'],
    [5, 'NONE'],
  ])('TxnOffsetCommit v%d of a group that was not added: %s', async (version, name) => {
    const producer = await open(1);
    await producer.add(topic);
    const code = await producer.commitOffsets(freshName('group'), topic, 1, { version });
    expect(kafkaErrorName(code)).toBe(name);
  });

  test.each([
    [0, 'INVALID_PRODUCER_EPOCH'],
    [1, 'INVALID_PRODUCER_EPOCH'],
    [2, 'PRODUCER_FENCED'],
  ])('a fenced producer is told so in v%d as %s', async (version, name) => {
    const old = await open(1);
    await open(1, old.transactionalId);
    expect((await old.add(topic, [0], version)).map(kafkaErrorName)).toEqual([name]);
    expect(kafkaErrorName(await old.addOffsets('g', version))).toBe(name);
    expect(kafkaErrorName(await old.end('commit', old.session, version))).toBe(name);
  });

  test('of partitions of which one is unknown none is added', async () => {
    const producer = await open(1);
    const codes = await producer.add(topic, [0, 7, 1]);
    expect(codes.map(kafkaErrorName)).toEqual([
      'OPERATION_NOT_ATTEMPTED',
      'UNKNOWN_TOPIC_OR_PARTITION',
      'OPERATION_NOT_ATTEMPTED',
    ]);
    expect(await describeTransaction(client, producer.transactionalId)).toMatchObject({
      transactionState: 'Empty',
      topics: [],
    });
  });

  test('of batches to two partitions the one that was added is taken', async () => {
    const producer = await open(1);
    await producer.add(topic, [1]);
    expect((await producer.produce(topic, ['a'], { partition: 1, version: 11 })).errorCode).toBe(0);
    expect(kafkaErrorName((await producer.produce(topic, ['b'], { version: 11 })).errorCode)).toBe(
      'TRANSACTION_ABORTABLE',
    );
  });

  test.each([
    ['no time', 0, 'INVALID_TRANSACTION_TIMEOUT'],
    ['sixteen minutes', 960_000, 'INVALID_TRANSACTION_TIMEOUT'],
    ['fifteen minutes', 900_000, 'NONE'],
  ])('a timeout of %s', async (_, timeoutMs, name) => {
    expect(kafkaErrorName(await new TransactionalProducer(client, 1).init({ timeoutMs }))).toBe(name);
  });

  test.each([
    ['an empty id', { transactionalId: '' }],
    ['an epoch without an id', { producerEpoch: 3 }],
    ['an id without an epoch', { producerId: 3 }],
  ])('InitProducerId with %s is refused', async (_, more) => {
    const answer = await client.call(apis.initProducerId, 4, {
      transactionalId: freshName('txn'),
      transactionTimeoutMs: 1_000,
      producerId: -1,
      producerEpoch: -1,
      ...more,
    });
    expect(kafkaErrorName(answer.errorCode)).toBe('INVALID_REQUEST');
  });

  test('brokers ask whether partitions are in a transaction', async () => {
    const producer = await open(1);
    await producer.add(topic, [0]);
    const answer = await client.call(apis.addPartitionsToTxn, 5, {
      transactions: [
        {
          transactionalId: producer.transactionalId,
          ...producer.stamp,
          verifyOnly: true,
          topics: [{ name: topic.name, partitions: [0, 1] }],
        },
        {
          transactionalId: freshName('nobody'),
          ...producer.stamp,
          verifyOnly: true,
          topics: [{ name: topic.name, partitions: [0] }],
        },
      ],
    });
    const codes = answer.resultsByTransaction.map(({ topicResults }) =>
      topicResults[0]?.resultsByPartition
        .toSorted((one, other) => one.partitionIndex - other.partitionIndex)
        .map(({ partitionErrorCode }) => kafkaErrorName(partitionErrorCode)),
    );
    expect(new Set(codes)).toEqual(new Set([['NONE', 'TRANSACTION_ABORTABLE'], ['INVALID_PRODUCER_ID_MAPPING']]));
  });

  test('transactions are listed by state and by producer', async () => {
    const producer = await open(1);
    const list = async (filters: object) => {
      const answer = await client.call(apis.listTransactions, 1, filters);
      const own = answer.transactionStates.find((one) => one.transactionalId === producer.transactionalId);
      return [answer.unknownStateFilters, own?.transactionState];
    };
    expect(await list({})).toEqual([[], 'Empty']);
    await producer.add(topic);
    expect(await list({})).toEqual([[], 'Ongoing']);
    expect(await list({ stateFilters: ['Ongoing', 'Empty'] })).toEqual([[], 'Ongoing']);
    expect(await list({ stateFilters: ['CompleteCommit', 'Nothing'] })).toEqual([['Nothing'], undefined]);
    expect(await list({ producerIdFilters: [producer.producerId] })).toEqual([[], 'Ongoing']);
    expect(await list({ producerIdFilters: [producer.producerId + 10_000_000] })).toEqual([[], undefined]);
    expect(await list({ durationFilter: 0 })).toEqual([[], 'Ongoing']);
    expect(await list({ durationFilter: 3_600_000 })).toEqual([[], undefined]);
  });

  test.each([
    ['an id that nobody has', 'nobody', 'TRANSACTIONAL_ID_NOT_FOUND'],
    ['an empty id', '', 'INVALID_REQUEST'],
  ])('DescribeTransactions of %s', async (_, transactionalId, name) => {
    const described = await describeTransaction(client, transactionalId === '' ? '' : freshName(transactionalId));
    expect(kafkaErrorName(described?.errorCode ?? -1)).toBe(name);
  });

  test('the producers of a partition are described, with what they have open', async () => {
    const producer = await open(1);
    await producer.send(topic, ['a']);
    await producer.send(topic, ['b', 'c']);
    const describeProducers = async () => {
      const answer = await client.call(apis.describeProducers, 0, {
        topics: [{ name: topic.name, partitionIndexes: [0, 9] }],
      });
      const partitions = answer.topics[0]?.partitions ?? [];
      expect(partitions.find(({ partitionIndex }) => partitionIndex === 9)?.errorCode).toBe(
        kafkaError.UNKNOWN_TOPIC_OR_PARTITION,
      );
      return partitions.find(({ partitionIndex }) => partitionIndex === 0)?.activeProducers;
    };
    expect(await describeProducers()).toMatchObject([{ ...producer.stamp, lastSequence: 2, currentTxnStartOffset: 0 }]);
    await producer.end('abort');
    await producer.completed();
    expect(await describeProducers()).toMatchObject([{ ...producer.stamp, currentTxnStartOffset: -1 }]);
  });

  test('an operator’s marker ends what hangs in a partition', async () => {
    const producer = await open(1);
    await producer.send(topic, ['hanging']);
    const answer = await client.call(apis.writeTxnMarkers, 1, {
      markers: [
        {
          ...producer.stamp,
          transactionResult: false,
          topics: [{ name: topic.name, partitionIndexes: [0] }],
          coordinatorEpoch: 0,
        },
      ],
    });
    expect(answer.markers[0]?.topics[0]?.partitions).toEqual([{ partitionIndex: 0, errorCode: 0 }]);
    expect([await reader.latest(0), await reader.latest(1)]).toEqual([2, 2]);
    expect(await reader.committed()).toEqual([]);
  });

  test.each([3, 4])('ApiVersions v%d tells that transactions are of version 2', async (version) => {
    const answer = await client.call(apis.apiVersions, version, {
      clientSoftwareName: 'conformance',
      clientSoftwareVersion: '1',
    });
    const name = 'transaction.version';
    const supported = { name, minVersion: 0, maxVersion: 2 };
    // Clients of version 3 cannot read a lowest level of 0.
    expect(answer.supportedFeatures.filter((feature) => feature.name === name)).toEqual(version < 4 ? [] : [supported]);
    expect(answer.finalizedFeatures).toContainEqual({ name, minVersionLevel: 2, maxVersionLevel: 2 });
  });
});
