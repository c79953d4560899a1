import { batchOf } from '#log/testing/engine-fixture';
import { kafkaError } from '#wire/kafka/error-codes';
import {
  batchHeaderBytes,
  codecs,
  recordBatch,
  recompressBatch,
  validateProducedBatch,
} from '#wire/kafka/record-batch';
import { compress } from '#wire/kafka/compression';
import { decodeRecords } from '#wire/kafka/record-columns';
import { inspectBatch } from './record-inspection.js';
import type { TopicPolicy } from './topic-policies.js';

const plain: TopicPolicy = {
  isCompacted: false,
  isDeletable: true,
  codec: null,
  level: null,
  maxMessageBytes: 1_048_588,
};

const texts = ['a line of text', 'and another line of text', 'and the last line'];

function valuesOf(batch: Buffer): string[] {
  const columns = decodeRecords(batch);
  return texts.map((_, index) => columns.value(index)?.toString() ?? '');
}

describe('compression.type', () => {
  test.each(codecs.flatMap((from) => codecs.map((to) => [from, to] as const)))('from %s to %s', (from, to) => {
    const batch = batchOf(texts, { codec: from });
    const made = inspectBatch(batch, { ...plain, codec: to }, 'orders-0');
    if ('code' in made) throw new Error(made.message);
    expect(recordBatch.codec(made)).toBe(to);
    expect(validateProducedBatch(made)).toBeNull();
    expect(valuesOf(made)).toEqual(texts);
    // The same bytes where nothing is to be done.
    expect(made === batch).toBe(from === to);
  });

  test('a level that is set is used', () => {
    const text = Array.from({ length: 300 }, (_, index) => `line ${index * 7919} of a text that is long enough`);
    const sizes = [1, 9].map((level) => {
      const made = inspectBatch(batchOf(text), { ...plain, codec: 'gzip', level }, 'orders-0');
      return 'code' in made ? 0 : made.length;
    });
    expect(sizes[0]).toBeGreaterThan(sizes[1] ?? 0);
  });
});

describe('a batch that cannot be read', () => {
  const withRecords = (records: Buffer, codec: 'none' | 'gzip' = 'none') =>
    recompressBatch(batchOf(texts), codec, compress(codec, records));
  const records = batchOf(texts).subarray(batchHeaderBytes);

  test.each([
    ['with bytes behind its records', withRecords(Buffer.concat([records, Buffer.from([1])])), plain],
    ['with a record cut', withRecords(records.subarray(0, -1)), plain],
    [
      'compressed, for a compacted topic',
      withRecords(records.subarray(0, -1), 'gzip'),
      { ...plain, isCompacted: true },
    ],
    [
      'compressed, to be compressed anew',
      withRecords(records.subarray(0, -1), 'gzip'),
      { ...plain, codec: 'none' as const },
    ],
    [
      'that inflates to more than a hundred times its size',
      withRecords(Buffer.alloc(4 << 20), 'gzip'),
      { ...plain, codec: 'none' as const },
    ],
  ])('%s is refused', (_, batch, policy) => {
    expect(inspectBatch(batch, policy, 'orders-0')).toMatchObject({ code: kafkaError.INVALID_RECORD });
  });

  test.each([
    ['a CRC that is wrong', plain],
    ['a CRC that is wrong, to be compressed anew', { ...plain, codec: 'gzip' as const }],
  ])('%s is left to the log', (_, policy) => {
    const batch = withRecords(records.subarray(0, -1));
    batch[batch.length - 1] = (batch.at(-1) ?? 0) ^ 1;
    expect(inspectBatch(batch, policy, 'orders-0')).toBe(batch);
  });

  test('one that is too large is left to the log', () => {
    const batch = withRecords(records.subarray(0, -1));
    expect(inspectBatch(batch, { ...plain, maxMessageBytes: 10 }, 'orders-0')).toBe(batch);
  });
});

test.each(codecs)('a compacted topic takes no record without a key, compressed by %s or not', (codec) => {
  expect(inspectBatch(batchOf(texts, { codec }), { ...plain, isCompacted: true }, 'orders-0')).toMatchObject({
    code: kafkaError.INVALID_RECORD,
    recordErrors: [0, 1, 2].map((batchIndex) => ({
      batchIndex,
      batchIndexErrorMessage: 'Compacted topic cannot accept message without key in topic partition orders-0',
    })),
  });
});
