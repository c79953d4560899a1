import { apis } from '#wire/kafka/apis';
import { endMarker } from '#wire/kafka/control-batch';
import { kafkaError, kafkaErrorName } from '#wire/kafka/error-codes';
import { recordBatch } from '#wire/kafka/record-batch';
import { batchesIn, type CommittedReader } from './committed-reader.js';
import type { RawClient } from './raw-client.js';
import { createTopic, eventually, freshName, type TestTopic } from './target.js';
import { describeTransaction, TransactionalProducer, type Outcome, type Protocol } from './transactional-producer.js';
import { transactionalTarget } from './transactional-target.js';

/** Transactions, by both protocols: KIP-98's (1) and KIP-890's second part (2). */
describe('transactions', () => {
  let client: RawClient;
  let topic: TestTopic;
  let reader: CommittedReader;
  transactionalTarget((test) => ({ client, topic, reader } = test));

  const protocols = [1, 2] as const;
  const open = (protocol: Protocol, id?: string, timeoutMs?: number) =>
    TransactionalProducer.open(client, protocol, id, timeoutMs);

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
      expect(await reader.fetch(1)).toMatchObject({ highWatermark: 3, lastStableOffset: 0, abortedTransactions: [] });
      expect((await reader.fetch(1)).records).toHaveLength(0);
      const unstable = await reader.fetch(0);
      expect(unstable).toMatchObject({ highWatermark: 3, lastStableOffset: 0 });
      expect(unstable.abortedTransactions ?? []).toEqual([]);
      expect(batchesIn(unstable.records)).toHaveLength(2);
      expect([await reader.latest(0), await reader.latest(1)]).toEqual([3, 0]);
      const { producerId } = producer;
      expect(await producer.end(outcome)).toBe(0);
      await producer.completed();
      expect([await reader.latest(0), await reader.latest(1)]).toEqual([4, 4]);
      const aborted = outcome === 'abort' ? [{ producerId, firstOffset: 0 }] : [];
      const stable = await reader.fetch(1);
      expect(stable).toMatchObject({ highWatermark: 4, lastStableOffset: 4, abortedTransactions: aborted });
      expect(batchesIn(stable.records)).toHaveLength(3);
      expect((await reader.fetch(0)).abortedTransactions ?? []).toEqual([]);
      expect(await reader.committed()).toEqual(outcome === 'commit' ? ['a', 'b', 'c'] : []);
    });

    test.each(['commit', 'abort'] as const)('%s: the marker is one control batch', async (outcome) => {
      const producer = await open(protocol);
      await producer.send(topic, ['a']);
      const before = producer.session;
      await producer.end(outcome);
      await producer.completed();
      const marker = batchesIn((await reader.fetch(0)).records)[1] ?? Buffer.alloc(0);
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
      expect(await reader.fetch(1)).toMatchObject({ lastStableOffset: 1, highWatermark: 3 });
      await one.send(topic, ['one-2']);
      await other.end('commit');
      await other.completed();
      expect(await reader.fetch(1)).toMatchObject({ lastStableOffset: 3, highWatermark: 5 });
      await one.end('commit');
      await one.completed();
      expect(await reader.fetch(1)).toMatchObject({
        lastStableOffset: 6,
        abortedTransactions: [{ producerId: one.producerId, firstOffset: 0 }],
      });
      expect(await reader.committed()).toEqual(['other-1', 'one-2']);
      expect((await reader.fetch(1, { offset: 3 })).abortedTransactions).toEqual([]);
    });

    test('a transaction over partitions and topics ends in all of them', async () => {
      const second = await createTopic(client);
      const producer = await open(protocol);
      await producer.send(topic, ['a'], 0);
      await producer.send(topic, ['b'], 1);
      await producer.send(second, ['c']);
      const described = await describeTransaction(client, producer.transactionalId);
      expect(described).toMatchObject({ errorCode: 0, transactionState: 'Ongoing', ...producer.stamp });
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
        expect(await reader.fetch(1, where)).toMatchObject({ highWatermark: 2, lastStableOffset: 2 });
      }
      expect(await describeTransaction(client, producer.transactionalId)).toMatchObject({
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
      expect(await reader.committed()).toEqual(['a']);
    });

    test('a new session fences the old one and aborts what it had open', async () => {
      const old = await open(protocol);
      await old.send(topic, ['lost']);
      const fresh = await open(protocol, old.transactionalId);
      expect(fresh.producerId).toBe(old.producerId);
      expect(fresh.epoch).toBeGreaterThan(old.epoch);
      expect(await reader.latest(1)).toBe(2);
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
      expect(await reader.committed()).toEqual(['kept']);
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
      expect(await reader.committed()).toEqual(['a']);
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
      await eventually(async () => (await reader.latest(1)) === 2);
      await producer.completed();
      expect(await describeTransaction(client, producer.transactionalId)).toMatchObject({
        transactionState: 'CompleteAbort',
        producerEpoch: producer.epoch + 1,
      });
      expect(await producer.produce(topic, ['later'])).toMatchObject({ errorCode: kafkaError.INVALID_PRODUCER_EPOCH });
      expect(await reader.committed()).toEqual([]);
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
});
