import { compress, inflate } from '#wire/kafka/compression';
import { kafkaError } from '#wire/kafka/error-codes';
import {
  batchesIn,
  batchHeaderBytes,
  codecs,
  recordBatch,
  recompressBatch,
  type Codec,
} from '#wire/kafka/record-batch';
import { RecordBatchBuilder } from '#wire/kafka/record-batch-builder';
import { decodeRecords } from '#wire/kafka/record-columns';
import { batchOf } from './batches.js';
import type { RawClient } from './raw-client.js';
import { suiteTarget } from './suite-target.js';
import { createTopic, fetchOne, produce } from './target.js';

/**
 * What a topic's settings ask of the records inside a batch, and batches whose records cannot be read. Kafka reads every record of every
 * batch; we inflate compressed ones only where a setting needs it, so those are looked at in such topics.
 */
describe('records', () => {
  let client: RawClient;
  suiteTarget((connection) => {
    client = connection;
  });

  const compacted = { 'cleanup.policy': 'compact' };

  /** The same batch with other bytes for its records, sealed. */
  function changed(codec: Codec, change: (records: Buffer) => Buffer): Buffer {
    const batch = batchOf(['a', 'b', 'c'], { codec });
    const records = Buffer.from(inflate(codec, batch.subarray(batchHeaderBytes)));
    return recompressBatch(batch, codec, compress(codec, change(records)));
  }
  const withByte = (at: number, value: number) => (records: Buffer) => {
    records[at] = value;
    return records;
  };

  // The first record begins with its length, its attributes, the deltas of time and offset, and the length of its key.
  test.each<[string, (records: Buffer) => Buffer, number]>([
    ['as they were', (records) => records, kafkaError.NONE],
    [
      'with bytes behind them',
      (records) => Buffer.concat([records, Buffer.from([1, 2, 3])]),
      kafkaError.INVALID_RECORD,
    ],
    ['cut off', (records) => records.subarray(0, -4), kafkaError.INVALID_RECORD],
    ['one only', (records) => records.subarray(0, 1 + (records[0] ?? 0) / 2), kafkaError.INVALID_RECORD],
    ['with an odd delta of time', withByte(2, 8), kafkaError.NONE],
  ])('uncompressed, %s', async (_, change, errorCode) => {
    const topic = await createTopic(client);
    expect((await produce(client, { topic, batch: changed('none', change) })).errorCode).toBe(errorCode);
  });

  test.each(codecs)('of a compacted topic have to be whole, compressed by %s or not', async (codec) => {
    const topic = await createTopic(client, { configs: compacted });
    const send = async (change: (records: Buffer) => Buffer) =>
      (await produce(client, { topic, batch: changed(codec, change) })).errorCode;
    expect(await send((records) => records)).toBe(kafkaError.NONE);
    expect(await send((records) => Buffer.concat([records, Buffer.from([1, 2, 3])]))).toBe(kafkaError.INVALID_RECORD);
    expect(await send((records) => records.subarray(0, -4))).toBe(kafkaError.INVALID_RECORD);
    expect(await send(withByte(4, 1))).toBe(kafkaError.INVALID_RECORD);
  });

  test.each(codecs)('of a compacted topic need keys, compressed by %s or not', async (codec) => {
    const topic = await createTopic(client, { configs: compacted });
    const builder = new RecordBatchBuilder({ bytesMax: 1 << 20, codec });
    for (const key of ['k', null, 'k', null]) {
      const value = Buffer.from('x');
      builder.append({ key: key === null ? null : Buffer.from(key), value, headers: [], timestampMs: Date.now() });
    }
    const answer = await produce(client, { topic, batch: builder.build(null) });
    expect(answer).toMatchObject({ errorCode: kafkaError.INVALID_RECORD, baseOffset: -1 });
    expect(answer.recordErrors).toEqual(
      [1, 3].map((batchIndex) => ({
        batchIndex,
        batchIndexErrorMessage: `Compacted topic cannot accept message without key in topic partition ${topic.name}-0`,
      })),
    );
    expect((await fetchOne(client, { topic, offset: 0 })).highWatermark).toBe(0);
  });

  test.each(codecs.flatMap((from) => codecs.map((to) => [from, to] as const)))(
    'come compressed by %s and are kept by compression.type for %s',
    async (from, to) => {
      const type = to === 'none' ? 'uncompressed' : to;
      const topic = await createTopic(client, { configs: { 'compression.type': type } });
      const texts = Array.from({ length: 50 }, (_, index) => `line ${index} of a text`);
      await produce(client, { topic, batch: batchOf(texts, { codec: from }) });
      const { records } = await fetchOne(client, { topic, offset: 0 });
      const [batch, ...more] = [...batchesIn(records ?? Buffer.alloc(0))];
      expect(more).toEqual([]);
      if (batch === undefined) throw new Error('the batch is there');
      expect(recordBatch.codec(batch)).toBe(to);
      const columns = decodeRecords(batch);
      expect(texts.map((_, index) => columns.value(index)?.toString())).toEqual(texts);
      expect(columns.headers(7)).toEqual([{ key: 'h', value: Buffer.from('7') }]);
    },
  );

  test('min.insync.replicas above the number of copies asks for no more than there are', async () => {
    const topic = await createTopic(client, { configs: { 'min.insync.replicas': '2' } });
    const batch = () => batchOf(['a']);
    const first = await produce(client, { topic, batch: batch() });
    expect(first).toMatchObject({ errorCode: kafkaError.NONE, baseOffset: 0 });
    expect((await produce(client, { topic, batch: batch(), acks: 1 })).errorCode).toBe(kafkaError.NONE);
  });

  test('segment.bytes and max.message.bytes of the topic bound a batch', async () => {
    const topic = await createTopic(client, { configs: { 'max.message.bytes': '1000' } });
    const send = async (bytes: number) =>
      (await produce(client, { topic, batch: batchOf(['x'.repeat(bytes)]) })).errorCode;
    expect(await send(800)).toBe(kafkaError.NONE);
    expect(await send(1_000)).toBe(kafkaError.MESSAGE_TOO_LARGE);
  });
});
