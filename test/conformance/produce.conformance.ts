import { crc32c } from '#std/crc32c';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { codecs, recordBatch } from '#wire/kafka/record-batch';
import { decodeRecords } from '#wire/kafka/record-columns';
import { zeroUuid } from '#wire/kafka/schema';
import { batchOf } from './batches.js';
import { suiteTarget } from './suite-target.js';
import { createTopic, fetchOne, freshName, freshProducer, produce, type TestTopic } from './target.js';
import type { RawClient } from './raw-client.js';

/**
 * Produce and InitProducerId. Transactions are not here: Kafka has them, ours refuses a transactional id with an error that
 * clients report at once.
 */
describe('produce', () => {
  let client: RawClient;
  suiteTarget((connection) => {
    client = connection;
  });

  test.each([3, 5, 7, 8, 9, 12, 13])('v%d appends and gives the first offset', async (version) => {
    const topic = await createTopic(client);
    const first = await produce(client, { topic, version, batch: batchOf(['a', 'b', 'c']) });
    expect(first).toMatchObject({ index: 0, errorCode: 0, baseOffset: 0, logAppendTimeMs: -1 });
    if (version >= 5) expect(first.logStartOffset).toBe(0);
    const second = await produce(client, { topic, version, batch: batchOf(['d']) });
    expect(second).toMatchObject({ errorCode: 0, baseOffset: 3 });
  });

  test.each([-1, 1])('acks=%d is answered', async (acks) => {
    const topic = await createTopic(client);
    expect(await produce(client, { topic, acks, batch: batchOf(['a']) })).toMatchObject({
      errorCode: 0,
      baseOffset: 0,
    });
  });

  test.each(codecs)('a %s batch comes back as the same bytes', async (codec) => {
    const topic = await createTopic(client);
    const batch = batchOf(['a'.repeat(200), 'b'.repeat(200)], { codec });
    const sent = Buffer.from(batch);
    expect((await produce(client, { topic, version: 9, batch })).errorCode).toBe(kafkaError.NONE);
    const { records } = await fetchOne(client, { topic, offset: 0, maxWaitMs: 1000 });
    // Base offset and leader epoch are the broker's; the rest, its CRC included, is the producer's.
    expect(records?.subarray(16)).toEqual(sent.subarray(16));
    const columns = decodeRecords(records ?? Buffer.alloc(0));
    expect(columns.count).toBe(2);
    expect(columns.value(1)?.toString()).toBe('b'.repeat(200));
  });

  test('zstd below v7 is refused', async () => {
    const topic = await createTopic(client);
    const answer = await produce(client, { topic, version: 6, batch: batchOf(['a'], { codec: 'zstd' }) });
    expect(answer).toMatchObject({ errorCode: kafkaError.UNSUPPORTED_COMPRESSION_TYPE, baseOffset: -1 });
  });

  test('an unknown topic and an unknown partition are error 3', async () => {
    const missing = { name: freshName('missing'), id: zeroUuid };
    expect(await produce(client, { topic: missing, batch: batchOf(['a']) })).toMatchObject({
      errorCode: kafkaError.UNKNOWN_TOPIC_OR_PARTITION,
      baseOffset: -1,
    });
    const topic = await createTopic(client);
    for (const partition of [1, 1000]) {
      const answer = await produce(client, { topic, partition, batch: batchOf(['a']) });
      expect(answer).toMatchObject({ index: partition, errorCode: kafkaError.UNKNOWN_TOPIC_OR_PARTITION });
    }
  });

  test('an unknown topic id is error 100', async () => {
    const topic = { name: '', id: 'q83vq83vq83vq83vq83vqw' };
    const answer = await produce(client, { topic, version: 13, batch: batchOf(['a']) });
    expect(answer.errorCode).toBe(kafkaError.UNKNOWN_TOPIC_ID);
  });

  test('acks=2 is refused', async () => {
    const topic = await createTopic(client);
    const answer = await produce(client, { topic, acks: 2, batch: batchOf(['a']) });
    expect(answer).toMatchObject({ errorCode: kafkaError.INVALID_REQUIRED_ACKS, baseOffset: -1 });
  });

  const broken: readonly (readonly [string, number, (batch: Buffer) => Buffer])[] = [
    ['a wrong checksum', kafkaError.CORRUPT_MESSAGE, (batch) => patched(batch, (copy) => copy.writeUInt8(0x55, 70))],
    ['two batches', kafkaError.INVALID_RECORD, (batch) => Buffer.concat([batch, batch])],
    ['no batch', kafkaError.INVALID_RECORD, () => Buffer.alloc(0)],
    ['record format 1', kafkaError.INVALID_RECORD, (batch) => patched(batch, (copy) => copy.writeInt8(1, 16))],
    ['a control batch', kafkaError.INVALID_RECORD, (batch) => sealed(batch, (copy) => copy.writeInt16BE(0x20, 21))],
    ['a wrong record count', kafkaError.INVALID_RECORD, (batch) => sealed(batch, (copy) => copy.writeInt32BE(5, 57))],
  ];
  test.each(broken)('%s is refused', async (_, errorCode, breakIt) => {
    const topic = await createTopic(client);
    const answer = await produce(client, { topic, batch: breakIt(batchOf(['a value', 'another'])) });
    expect(answer).toMatchObject({ errorCode, baseOffset: -1 });
    expect(await produce(client, { topic, batch: batchOf(['good']) })).toMatchObject({ errorCode: 0, baseOffset: 0 });
  });

  test('a batch over max.message.bytes is refused', async () => {
    const topic = await createTopic(client, { configs: { 'max.message.bytes': '500' } });
    const large = await produce(client, { topic, batch: batchOf(['x'.repeat(600)]) });
    expect(large.errorCode).toBe(kafkaError.MESSAGE_TOO_LARGE);
    expect((await produce(client, { topic, batch: batchOf(['x'.repeat(100)]) })).errorCode).toBe(kafkaError.NONE);
  });

  test('a time too far in the future is refused', async () => {
    const topic = await createTopic(client, { configs: { 'message.timestamp.after.max.ms': '1000' } });
    const answer = await produce(client, { topic, batch: batchOf(['a'], { timestampMs: Date.now() + 600_000 }) });
    expect(answer.errorCode).toBe(kafkaError.INVALID_TIMESTAMP);
  });

  test('LogAppendTime replaces the time and renews the checksum', async () => {
    const topic = await createTopic(client, { configs: { 'message.timestamp.type': 'LogAppendTime' } });
    const answer = await produce(client, { topic, batch: batchOf(['a', 'b'], { timestampMs: 1000 }) });
    expect(Math.abs(answer.logAppendTimeMs - Date.now())).toBeLessThan(60_000);
    const { records } = await fetchOne(client, { topic, offset: 0, maxWaitMs: 1000 });
    const stored = records ?? Buffer.alloc(0);
    expect(recordBatch.isLogAppendTime(stored)).toBe(true);
    expect(recordBatch.maxTimestamp(stored)).toBe(answer.logAppendTimeMs);
    expect(recordBatch.crc(stored)).toBe(crc32c(stored.subarray(21)));
    expect(decodeRecords(stored).timestamp(1)).toBe(answer.logAppendTimeMs);
  });

  test('a bad partition does not fail the others, and the answer keeps the order asked', async () => {
    const first = await createTopic(client, { partitions: 3 });
    const second = await createTopic(client);
    const data = (topic: TestTopic, indexes: readonly number[]) => ({
      name: topic.name,
      partitionData: indexes.map((index) => ({ index, records: batchOf(['a']) })),
    });
    const answer = await client.call(apis.produce, 9, {
      acks: -1,
      timeoutMs: 10_000,
      topicData: [data(second, [0, 7]), data(first, [2, 9, 0])],
    });
    const seen = answer.responses
      .flatMap((topic) =>
        topic.partitionResponses.map((partition) => [topic.name, partition.index, partition.errorCode] as const),
      )
      .map(([name, index, code]) => `${name === first.name ? 'first' : 'second'} ${index} ${code}`);
    expect(seen.sort()).toEqual(['first 0 0', 'first 2 0', 'first 9 3', 'second 0 0', 'second 7 3']);
  });

  test('every InitProducerId gives another id with epoch 0', async () => {
    const ids = new Set<number>();
    for (const version of [0, 1, 2, 3, 4, 5]) {
      const { id, epoch } = await freshProducer(client, version);
      expect(epoch).toBe(0);
      ids.add(id);
    }
    expect(ids.size).toBe(6);
  });

  test('an empty transactional id is an invalid request', async () => {
    const answer = await client.call(apis.initProducerId, 4, { transactionalId: '', transactionTimeoutMs: 60_000 });
    expect(answer.errorCode).toBe(kafkaError.INVALID_REQUEST);
  });

  describe('of an idempotent producer', () => {
    let topic: TestTopic;
    let producerId: number;
    beforeEach(async () => {
      topic = await createTopic(client);
      producerId = (await freshProducer(client)).id;
    });

    function send(baseSequence: number, values: readonly string[], producerEpoch = 0) {
      const batch = batchOf(values, { producer: { producerId, producerEpoch, baseSequence }, timestampMs: 1000 });
      return produce(client, { topic, batch });
    }

    test('a repeated batch is answered with its first offset and appended once', async () => {
      expect(await send(0, ['a', 'b'])).toMatchObject({ errorCode: 0, baseOffset: 0 });
      expect(await send(2, ['c'])).toMatchObject({ errorCode: 0, baseOffset: 2 });
      expect(await send(0, ['a', 'b'])).toMatchObject({ errorCode: 0, baseOffset: 0 });
      expect(await send(2, ['c'])).toMatchObject({ errorCode: 0, baseOffset: 2 });
      expect(await send(3, ['d'])).toMatchObject({ errorCode: 0, baseOffset: 3 });
    });

    test('any of the last five batches may be repeated, an older one may not', async () => {
      for (let sequence = 0; sequence < 7; sequence += 1) await send(sequence, [`value ${sequence}`]);
      for (let sequence = 2; sequence < 7; sequence += 1) {
        expect(await send(sequence, [`value ${sequence}`])).toMatchObject({ errorCode: 0, baseOffset: sequence });
      }
      expect((await send(1, ['value 1'])).errorCode).toBe(kafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER);
    });

    test('a gap is refused, and what was missing is still taken', async () => {
      await send(0, ['a']);
      expect(await send(2, ['c'])).toMatchObject({
        errorCode: kafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER,
        baseOffset: -1,
      });
      expect(await send(1, ['b'])).toMatchObject({ errorCode: 0, baseOffset: 1 });
      expect(await send(2, ['c'])).toMatchObject({ errorCode: 0, baseOffset: 2 });
    });

    test('a producer that is not known may begin with any sequence', async () => {
      expect(await send(41, ['a'])).toMatchObject({ errorCode: 0, baseOffset: 0 });
      expect(await send(42, ['b'])).toMatchObject({ errorCode: 0, baseOffset: 1 });
    });

    test('a new epoch begins with sequence 0 and fences the old one', async () => {
      await send(0, ['a']);
      expect((await send(1, ['b'], 1)).errorCode).toBe(kafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER);
      expect(await send(0, ['b'], 1)).toMatchObject({ errorCode: 0, baseOffset: 1 });
      expect((await send(1, ['c'], 0)).errorCode).toBe(kafkaError.INVALID_PRODUCER_EPOCH);
    });

    test('sequences are counted for each partition', async () => {
      topic = await createTopic(client, { partitions: 2 });
      const batch = (baseSequence: number) =>
        batchOf(['a'], { producer: { producerId, producerEpoch: 0, baseSequence } });
      expect((await produce(client, { topic, partition: 0, batch: batch(0) })).errorCode).toBe(0);
      expect((await produce(client, { topic, partition: 1, batch: batch(0) })).errorCode).toBe(0);
      expect((await produce(client, { topic, partition: 0, batch: batch(1) })).errorCode).toBe(0);
      expect((await produce(client, { topic, partition: 1, batch: batch(1) })).errorCode).toBe(0);
    });
  });
});

function patched(batch: Buffer, change: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(batch);
  change(copy);
  return copy;
}

/** As `patched`, with a checksum that fits. */
function sealed(batch: Buffer, change: (copy: Buffer) => void): Buffer {
  return patched(batch, (copy) => {
    change(copy);
    copy.writeUInt32BE(crc32c(copy.subarray(21)), 17);
  });
}
