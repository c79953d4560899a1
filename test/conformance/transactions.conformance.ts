import { apis } from '#wire/kafka/apis';
import { endMarker } from '#wire/kafka/control-batch';
import { kafkaError, kafkaErrorName } from '#wire/kafka/error-codes';
import { recordBatch } from '#wire/kafka/record-batch';
import { decodeRecords } from '#wire/kafka/record-columns';
import type { RawClient } from './raw-client.js';
import { createTopic, eventually, fetchBody, freshName, Target, type TestTopic } from './target.js';
import { findCoordinators, TransactionalProducer, type Outcome } from './transactional-producer.js';

/** Transactions, by both protocols: KIP-98's (1) and KIP-890's second part (2). */
describe('transactions', () => {
  const target = new Target();
  let client: RawClient;
  let topic: TestTopic;
  beforeAll(async () => {
    await target.start();
    await findCoordinators(await target.client());
  });
  beforeEach(async () => {
    client = await target.client();
    topic = await createTopic(client, { partitions: 2 });
  });
  afterAll(() => target.stop());
  afterEach(() => target.closeClients());

  const protocols = [1, 2] as const;
  const open = (protocol: 1 | 2, id?: string, timeoutMs?: number) =>
    TransactionalProducer.open(client, protocol, id, timeoutMs);

  async function fetch(isolationLevel: 0 | 1, { offset = 0, partition = 0, from = topic } = {}) {
    const answer = await client.call(apis.fetch, 11, {
      ...fetchBody({ topic: from, offset, partition }),
      isolationLevel,
    });
    const found = answer.responses[0]?.partitions[0];
    if (found === undefined) throw new Error(`the answer has no partition, error ${answer.errorCode}`);
    return found;
  }

  async function latest(isolationLevel: 0 | 1): Promise<number> {
    const answer = await client.call(apis.listOffsets, 5, {
      replicaId: -1,
      isolationLevel,
      topics: [{ name: topic.name, partitions: [{ partitionIndex: 0, timestamp: -1 }] }],
    });
    return answer.topics[0]?.partitions[0]?.offset ?? -1;
  }

  function batchesIn(records: Buffer | null): Buffer[] {
    const batches: Buffer[] = [];
    for (let at = 0; records !== null && at < records.length; at += recordBatch.length(records, at)) {
      batches.push(records.subarray(at, at + recordBatch.length(records, at)));
    }
    return batches;
  }

  /** What a consumer with read_committed delivers: batches below the last stable offset that no entry of the list covers. */
  async function committed(): Promise<string[]> {
    const { records, abortedTransactions } = await fetch(1);
    const open = new Set<number>();
    const values: string[] = [];
    for (const batch of batchesIn(records)) {
      const producerId = recordBatch.producerId(batch);
      for (const aborted of abortedTransactions ?? []) {
        if (aborted.producerId === producerId && aborted.firstOffset === recordBatch.baseOffset(batch)) {
          open.add(producerId);
        }
      }
      if (recordBatch.isControl(batch)) {
        open.delete(producerId);
        continue;
      }
      if (recordBatch.isTransactional(batch) && open.has(producerId)) continue;
      const columns = decodeRecords(batch);
      for (let index = 0; index < columns.count; index += 1) values.push(columns.value(index)?.toString() ?? '');
    }
    return values;
  }

  async function describe1(transactionalId: string) {
    const answer = await client.call(apis.describeTransactions, 0, { transactionalIds: [transactionalId] });
    return answer.transactionStates[0];
  }

  async function offsetOf(groupId: string, requireStable: boolean) {
    const answer = await client.call(apis.offsetFetch, 7, {
      groupId,
      topics: [{ name: topic.name, partitionIndexes: [0] }],
      requireStable,
    });
    const found = answer.topics[0]?.partitions[0];
    return [found?.committedOffset, found?.errorCode];
  }

  describe.each(protocols)('by protocol %d', (protocol) => {
    test.each(['commit', 'abort'] as const)('%s: the last stable offset waits for the marker', async (outcome) => {
      const producer = await open(protocol);
      expect(await producer.send(topic, ['a', 'b'])).toMatchObject({ errorCode: 0, baseOffset: 0 });
      expect(await producer.send(topic, ['c'])).toMatchObject({ errorCode: 0, baseOffset: 2 });
      expect(await fetch(1)).toMatchObject({ highWatermark: 3, lastStableOffset: 0, abortedTransactions: [] });
      expect((await fetch(1)).records).toHaveLength(0);
      const unstable = await fetch(0);
      expect(unstable).toMatchObject({ highWatermark: 3, lastStableOffset: 0 });
      expect(unstable.abortedTransactions ?? []).toEqual([]);
      expect(batchesIn(unstable.records)).toHaveLength(2);
      expect([await latest(0), await latest(1)]).toEqual([3, 0]);
      const { producerId } = producer;
      expect(await producer.end(outcome)).toBe(0);
      await producer.completed();
      expect([await latest(0), await latest(1)]).toEqual([4, 4]);
      const aborted = outcome === 'abort' ? [{ producerId, firstOffset: 0 }] : [];
      const stable = await fetch(1);
      expect(stable).toMatchObject({ highWatermark: 4, lastStableOffset: 4, abortedTransactions: aborted });
      expect(batchesIn(stable.records)).toHaveLength(3);
      expect((await fetch(0)).abortedTransactions ?? []).toEqual([]);
      expect(await committed()).toEqual(outcome === 'commit' ? ['a', 'b', 'c'] : []);
    });

    test.each(['commit', 'abort'] as const)('%s: the marker is one control batch', async (outcome) => {
      const producer = await open(protocol);
      await producer.send(topic, ['a']);
      const before = producer.session;
      await producer.end(outcome);
      await producer.completed();
      const marker = batchesIn((await fetch(0)).records)[1] ?? Buffer.alloc(0);
      expect(endMarker(marker)).toMatchObject({ outcome });
      expect(recordBatch.producerId(marker)).toBe(before.producerId);
      // Under protocol 2 the marker already has the epoch of the next transaction.
      expect(recordBatch.producerEpoch(marker)).toBe(before.epoch + protocol - 1);
      expect([recordBatch.baseOffset(marker), recordBatch.lastOffset(marker), recordBatch.count(marker)]).toEqual([
        1, 1, 1,
      ]);
      expect(recordBatch.baseSequence(marker)).toBe(-1);
      expect(producer.session).toEqual({ ...before, epoch: before.epoch + protocol - 1 });
    });

    test('several transactions in one partition are told apart', async () => {
      const one = await open(protocol);
      const other = await open(protocol);
      await one.send(topic, ['one-1']);
      await other.send(topic, ['other-1']);
      await one.end('abort');
      await one.completed();
      expect(await fetch(1)).toMatchObject({ lastStableOffset: 1, highWatermark: 3 });
      await one.send(topic, ['one-2']);
      await other.end('commit');
      await other.completed();
      expect(await fetch(1)).toMatchObject({ lastStableOffset: 3, highWatermark: 5 });
      await one.end('commit');
      await one.completed();
      expect(await fetch(1)).toMatchObject({
        lastStableOffset: 6,
        abortedTransactions: [{ producerId: one.producerId, firstOffset: 0 }],
      });
      expect(await committed()).toEqual(['other-1', 'one-2']);
      expect((await fetch(1, { offset: 3 })).abortedTransactions).toEqual([]);
    });

    test('a transaction over partitions and topics ends in all of them', async () => {
      const second = await createTopic(client);
      const producer = await open(protocol);
      await producer.send(topic, ['a'], 0);
      await producer.send(topic, ['b'], 1);
      await producer.send(second, ['c']);
      const described = await describe1(producer.transactionalId);
      expect(described).toMatchObject({ errorCode: 0, transactionState: 'Ongoing', ...idOf(producer) });
      const topics = described?.topics.map((one) => [
        one.topic,
        one.partitions.toSorted((left, right) => left - right),
      ]);
      expect(new Map(topics as [string, number[]][])).toEqual(
        new Map([
          [topic.name, [0, 1]],
          [second.name, [0]],
        ]),
      );
      await producer.end('commit');
      await producer.completed();
      for (const where of [{ partition: 0 }, { partition: 1 }, { from: second }]) {
        expect(await fetch(1, where)).toMatchObject({ highWatermark: 2, lastStableOffset: 2 });
      }
      expect(await describe1(producer.transactionalId)).toMatchObject({
        transactionState: 'CompleteCommit',
        topics: [],
      });
    });

    test('a topic that is deleted meanwhile does not hold up the end', async () => {
      const second = await createTopic(client);
      const producer = await open(protocol);
      await producer.send(topic, ['a']);
      await producer.send(second, ['b']);
      await client.call(apis.deleteTopics, 5, { topicNames: [second.name], timeoutMs: 10_000 });
      expect(await producer.end('commit')).toBe(0);
      await producer.completed();
      expect(await committed()).toEqual(['a']);
    });

    test('a new session fences the old one and aborts what it had open', async () => {
      const old = await open(protocol);
      await old.send(topic, ['lost']);
      const fresh = await open(protocol, old.transactionalId);
      expect(fresh.producerId).toBe(old.producerId);
      expect(fresh.epoch).toBeGreaterThan(old.epoch);
      expect(await latest(1)).toBe(2);
      await fresh.send(topic, ['kept']);
      expect(await old.produce(topic, ['late'])).toMatchObject({ errorCode: kafkaError.INVALID_PRODUCER_EPOCH });
      expect(await old.add(topic)).toEqual([kafkaError.PRODUCER_FENCED]);
      expect(await old.addOffsets('g')).toBe(kafkaError.PRODUCER_FENCED);
      expect(kafkaErrorName(await old.commitOffsets('g', topic, 1))).toBe('INVALID_PRODUCER_EPOCH');
      for (const outcome of ['commit', 'abort'] as const) {
        expect(await old.end(outcome)).toBe(kafkaError.PRODUCER_FENCED);
      }
      expect(await fresh.end('commit')).toBe(0);
      await fresh.completed();
      expect(await old.init({ expected: old.session })).toBe(kafkaError.PRODUCER_FENCED);
      expect(await committed()).toEqual(['kept']);
    });

    test('a session goes on with the next epoch, and a repeated request gets the same', async () => {
      const producer = await open(protocol);
      await producer.send(topic, ['a']);
      await producer.end('commit');
      await producer.completed();
      const before = producer.session;
      expect(await producer.init({ expected: before })).toBe(0);
      expect(producer.session).toEqual({ ...before, epoch: before.epoch + 1 });
      expect(await producer.init({ expected: before })).toBe(0);
      expect(producer.session).toEqual({ ...before, epoch: before.epoch + 1 });
      expect(await producer.init({ expected: { ...before, producerId: before.producerId + 10_000_000 } })).toBe(
        kafkaError.PRODUCER_FENCED,
      );
    });

    test('an end that is repeated is answered as before', async () => {
      const producer = await open(protocol);
      const steps: [Outcome, string][] = [];
      const again = async (outcome: Outcome, session = producer.session): Promise<void> => {
        const now = producer.session;
        const code = await producer.end(outcome, session);
        if (code === 0 && protocol === 2) expect(producer.session).toEqual(now);
        steps.push([outcome, kafkaErrorName(code)]);
      };
      await producer.send(topic, ['a']);
      let session = producer.session;
      await producer.end('commit');
      await producer.completed();
      await again('commit', session);
      await again('abort', session);
      await producer.send(topic, ['b']);
      session = producer.session;
      await producer.end('abort');
      await producer.completed();
      await again('abort', session);
      await again('commit', session);
      expect(steps).toEqual([
        ['commit', 'NONE'],
        ['abort', 'INVALID_TXN_STATE'],
        ['abort', 'NONE'],
        ['commit', 'INVALID_TXN_STATE'],
      ]);
      expect(await committed()).toEqual(['a']);
    });

    test('an end without a transaction', async () => {
      const producer = await open(protocol);
      const { epoch } = producer;
      expect(await producer.end('commit')).toBe(kafkaError.INVALID_TXN_STATE);
      // Protocol 2 allows it, because the client may not know whether its first write arrived.
      expect(await producer.end('abort')).toBe(protocol === 1 ? kafkaError.INVALID_TXN_STATE : 0);
      expect(producer.epoch).toBe(protocol === 1 ? epoch : epoch + 1);
    });

    test('offsets become the group’s with the commit, and are unstable before', async () => {
      const groupId = freshName('group');
      const producer = await open(protocol);
      for (const [outcome, offset, expected] of [
        ['commit', 5, 5],
        ['abort', 9, 5],
        ['commit', 7, 7],
      ] as const) {
        const [before] = await offsetOf(groupId, false);
        if (protocol === 1) expect(await producer.addOffsets(groupId)).toBe(0);
        expect(await producer.commitOffsets(groupId, topic, offset)).toBe(0);
        expect(await offsetOf(groupId, true)).toEqual([-1, kafkaError.UNSTABLE_OFFSET_COMMIT]);
        expect(await offsetOf(groupId, false)).toEqual([before, 0]);
        expect(await producer.end(outcome)).toBe(0);
        await producer.completed();
        expect(await offsetOf(groupId, true)).toEqual([expected, 0]);
      }
    });

    test('offsets of a member that the group does not have are refused', async () => {
      const groupId = freshName('group');
      const producer = await open(protocol);
      if (protocol === 1) await producer.addOffsets(groupId);
      const code = await producer.commitOffsets(groupId, topic, 5, { generationId: 3, memberId: 'nobody' });
      expect(kafkaErrorName(code)).toBe('ILLEGAL_GENERATION');
      expect(await offsetOf(groupId, true)).toEqual([-1, 0]);
    });

    test('a transaction that is open for longer than its timeout is aborted, and its producer fenced', async () => {
      const producer = await open(protocol, undefined, 1_000);
      await producer.send(topic, ['late']);
      await eventually(async () => (await latest(1)) === 2);
      await producer.completed();
      expect(await describe1(producer.transactionalId)).toMatchObject({
        transactionState: 'CompleteAbort',
        producerEpoch: producer.epoch + 1,
      });
      expect(await producer.produce(topic, ['later'])).toMatchObject({ errorCode: kafkaError.INVALID_PRODUCER_EPOCH });
      expect(await committed()).toEqual([]);
      const timedOut = producer.session;
      // Under protocol 2 the coordinator's abort is as good as the client's own.
      const ends = [await producer.end('commit'), await producer.end('abort')];
      expect(ends.map(kafkaErrorName)).toEqual(
        protocol === 1 ? ['PRODUCER_FENCED', 'PRODUCER_FENCED'] : ['INVALID_TXN_STATE', 'NONE'],
      );
      // Nobody took its place, so the session may go on, with the epoch that it has by now.
      expect(kafkaErrorName(await producer.init({ expected: timedOut }))).toBe('NONE');
      expect(producer.session).toEqual({ ...timedOut, epoch: timedOut.epoch + 1 });
    });

    test('an id without a session is an error of mapping', async () => {
      const nobody = new TransactionalProducer(client, protocol);
      nobody.producerId = 77;
      nobody.epoch = 0;
      const errorCode = kafkaError.INVALID_PRODUCER_ID_MAPPING;
      expect(await nobody.add(topic)).toEqual([errorCode]);
      expect(await nobody.addOffsets('g')).toBe(errorCode);
      expect(await nobody.end('commit')).toBe(errorCode);
      expect(await nobody.produce(topic, ['a'])).toMatchObject({ errorCode });
      expect(await nobody.commitOffsets('g', topic, 1)).toBe(errorCode);
    });

    test('a batch outside the transaction is refused while it is open', async () => {
      const producer = await open(protocol);
      await producer.send(topic, ['a']);
      const outside = await producer.produce(topic, ['b'], { isTransactional: false });
      expect(kafkaErrorName(outside.errorCode)).toBe('INVALID_TXN_STATE');
      const nameless = await producer.produce(topic, ['b'], { withId: false });
      expect(kafkaErrorName(nameless.errorCode)).toBe('TRANSACTIONAL_ID_AUTHORIZATION_FAILED');
    });
  });

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
    expect(await describe1(producer.transactionalId)).toMatchObject({ transactionState: 'Empty', topics: [] });
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
          ...idOf(producer),
          verifyOnly: true,
          topics: [{ name: topic.name, partitions: [0, 1] }],
        },
        {
          transactionalId: freshName('nobody'),
          ...idOf(producer),
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
    const described = await describe1(transactionalId === '' ? '' : freshName(transactionalId));
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
    expect(await describeProducers()).toMatchObject([{ ...idOf(producer), lastSequence: 2, currentTxnStartOffset: 0 }]);
    await producer.end('abort');
    await producer.completed();
    expect(await describeProducers()).toMatchObject([{ ...idOf(producer), currentTxnStartOffset: -1 }]);
  });

  test('an operator’s marker ends what hangs in a partition', async () => {
    const producer = await open(1);
    await producer.send(topic, ['hanging']);
    const answer = await client.call(apis.writeTxnMarkers, 1, {
      markers: [
        {
          ...idOf(producer),
          transactionResult: false,
          topics: [{ name: topic.name, partitionIndexes: [0] }],
          coordinatorEpoch: 0,
        },
      ],
    });
    expect(answer.markers[0]?.topics[0]?.partitions).toEqual([{ partitionIndex: 0, errorCode: 0 }]);
    expect([await latest(0), await latest(1)]).toEqual([2, 2]);
    expect(await committed()).toEqual([]);
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

function idOf({ producerId, epoch }: TransactionalProducer) {
  return { producerId, producerEpoch: epoch };
}
