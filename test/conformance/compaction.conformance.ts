import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { codecs, recordBatch, type Codec } from '#wire/kafka/record-batch';
import { RecordBatchBuilder } from '#wire/kafka/record-batch-builder';
import { decodeRecords } from '#wire/kafka/record-columns';
import type { RawClient } from './raw-client.js';
import { suiteTarget } from './suite-target.js';
import { createTopic, fetchOne, produce, type TestTopic } from './target.js';
import { findCoordinators, TransactionalProducer } from './transactional-producer.js';

/** Compacted topics, and look-ups by time among markers. The cleaner comes by in its own time: some seconds. */
describe('compaction', () => {
  let client: RawClient;
  suiteTarget((connection) => {
    client = connection;
  });

  const compacted = {
    'cleanup.policy': 'compact',
    'segment.ms': '100',
    'min.cleanable.dirty.ratio': '0.01',
    'delete.retention.ms': '60000',
  };

  const batch = (text: string, codec: Codec = 'none') => {
    const builder = new RecordBatchBuilder({ bytesMax: 1 << 20, codec });
    for (const pair of text.split(' ')) {
      const [key = '', value] = pair.split('=');
      builder.append({
        key: key === '' ? null : Buffer.from(key),
        value: value === undefined ? null : Buffer.from(value),
        headers: [],
        timestampMs: Date.now(),
      });
    }
    return builder.build();
  };

  /** Segments are closed by the next append once they are older than segment.ms. */
  const roll = () => new Promise((resolve) => setTimeout(resolve, 150));
  const send = async (topic: TestTopic, text: string, codec?: Codec) => {
    await roll();
    expect((await produce(client, { topic, batch: batch(text, codec) })).errorCode).toBe(kafkaError.NONE);
  };

  /** `offset:key=value` of every record, and the base offsets of control batches. */
  async function content(topic: TestTopic): Promise<{ records: string[]; markers: number[] }> {
    const records: string[] = [];
    const markers: number[] = [];
    for (let offset = 0; ;) {
      const { records: bytes } = await fetchOne(client, { topic, offset });
      if (bytes === null || bytes.length === 0) return { records, markers };
      for (let at = 0; at < bytes.length; at += recordBatch.length(bytes, at)) {
        if (recordBatch.isControl(bytes, at)) markers.push(recordBatch.baseOffset(bytes, at));
      }
      const found = decodeRecords(bytes, { fromOffset: offset });
      for (let index = 0; index < found.count; index += 1) {
        const value = found.value(index);
        const key = found.key(index)?.toString() ?? '';
        records.push(`${found.offset(index)}:${key}${value === null ? '' : `=${value.toString()}`}`);
      }
      offset = found.nextOffset;
    }
  }

  async function untilCleaned(topic: TestTopic, ...gone: readonly string[]): Promise<string[]> {
    for (let attempt = 0; attempt < 300; attempt += 1) {
      const { records } = await content(topic);
      if (!gone.some((record) => records.includes(record))) return records;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    throw new Error(`${gone.join(' or ')} is still there after a minute`);
  }

  test('keeps the last record of each key at its offset, tombstones too, whatever the codec', async () => {
    const topic = await createTopic(client, { configs: compacted });
    for (const codec of codecs) await send(topic, `a=${codec} b=${codec} ${codec}=1`, codec);
    await send(topic, 'b');
    await send(topic, 'last=1');
    const records = await untilCleaned(topic, '0:a=none', '9:a=lz4', '13:b=zstd');
    expect(records.filter((record) => !record.includes('last'))).toEqual([
      '2:none=1',
      '5:gzip=1',
      '8:snappy=1',
      '11:lz4=1',
      '12:a=zstd',
      '14:zstd=1',
      '15:b',
    ]);
  }, 90_000);

  test('an offset that is gone gives the next record there is', async () => {
    const topic = await createTopic(client, { configs: compacted });
    for (const value of [0, 1, 2, 3]) await send(topic, `a=${value} b${value}=1`);
    await send(topic, 'last=1');
    await untilCleaned(topic, '0:a=0', '2:a=1');
    const { errorCode, records } = await fetchOne(client, { topic, offset: 2 });
    expect(errorCode).toBe(kafkaError.NONE);
    const found = decodeRecords(records ?? Buffer.alloc(0), { fromOffset: 2 });
    expect(found.offset(0)).toBe(3);
  }, 90_000);

  test('nothing of an aborted transaction stays, and all of a committed one', async () => {
    await findCoordinators(client);
    const topic = await createTopic(client, { configs: compacted });
    const producer = await TransactionalProducer.open(client, 1);
    await send(topic, 'key-0=before');
    for (const outcome of ['abort', 'commit', 'abort'] as const) {
      await roll();
      await producer.send(topic, [outcome, outcome]);
      await producer.end(outcome);
      await producer.completed();
    }
    await send(topic, 'a=1');
    await send(topic, 'last=1');
    const records = await untilCleaned(topic, '0:key-0=before');
    expect(records.slice(0, 3)).toEqual(['4:key-0=commit', '5:key-1=commit', '10:a=1']);
    expect((await content(topic)).markers).toContain(6);
  }, 90_000);

  test.each([
    ['one among others', 'a=1 =2 b=3', [1]],
    ['all', '=1 =2', [0, 1]],
  ])('records without a key are refused: %s', async (_, text, indexes) => {
    const topic = await createTopic(client, { configs: compacted });
    for (const codec of ['none', 'gzip'] as const) {
      const answer = await produce(client, { topic, batch: batch(text, codec) });
      expect(answer.errorCode).toBe(kafkaError.INVALID_RECORD);
      expect(answer.recordErrors.map(({ batchIndex }) => batchIndex)).toEqual(indexes);
      expect(answer.baseOffset).toBe(-1);
    }
  });

  test('a marker is a record with a time for look-ups', async () => {
    await findCoordinators(client);
    const topic = await createTopic(client);
    const producer = await TransactionalProducer.open(client, 1);
    await producer.send(topic, ['a']);
    await roll();
    await producer.end('commit');
    await producer.completed();
    const ask = async (timestamp: number, isolationLevel: 0 | 1) => {
      const answer = await client.call(apis.listOffsets, 8, {
        replicaId: -1,
        isolationLevel,
        topics: [{ name: topic.name, partitions: [{ partitionIndex: 0, timestamp }] }],
      });
      const { offset, timestamp: found } = answer.topics[0]?.partitions[0] ?? { offset: -2, timestamp: -2 };
      return { offset, timestamp: found };
    };
    const newest = await ask(-3, 0);
    expect(newest.offset).toBe(1);
    expect(await ask(newest.timestamp, 0)).toEqual(newest);
    expect(await ask(newest.timestamp, 1)).toEqual(newest);
    await producer.send(topic, ['open']);
    const open = await ask(-3, 0);
    expect([open.offset, (await ask(open.timestamp, 0)).offset]).toEqual([2, 2]);
    expect([(await ask(-3, 1)).offset, (await ask(open.timestamp, 1)).offset]).toEqual([-1, -1]);
  });
});
