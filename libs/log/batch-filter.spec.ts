import { batchesIn, codecs, patchLogAppendTime, recordBatch, validateRecordBatch } from '#wire/kafka/record-batch';
import { decodeRecords } from '#wire/kafka/record-columns';
import { RecordBatchBuilder } from '#wire/kafka/record-batch-builder';
import type { Codec } from '#wire/kafka/record-batch';
import { deleteHorizon, emptyBatch, filterBatch, keyedRecords } from './batch-filter.js';

const at = 1_700_000_000_000;

function batch(codec: Codec = 'none'): Buffer {
  const builder = new RecordBatchBuilder({ bytesMax: 2 ** 20, codec });
  for (const [index, key] of ['a', 'b', null, 'c'].entries()) {
    builder.append({
      key: key === null ? null : Buffer.from(key),
      value: key === 'b' ? null : Buffer.from(`value ${index}`),
      headers: [{ key: 'h', value: Buffer.from(String(index)) }],
      timestampMs: at + 5 - index,
    });
  }
  const bytes = builder.build({ producerId: 7, producerEpoch: 1, baseSequence: 40 });
  bytes.writeUInt32BE(1000, 4);
  return bytes;
}

const rows = (bytes: Buffer) => {
  const records = decodeRecords(bytes);
  return Array.from({ length: records.count }, (_, index) => [
    records.offset(index),
    records.timestamp(index),
    records.key(index)?.toString() ?? null,
    records.value(index)?.toString() ?? null,
    records.header(index, 'h'),
  ]);
};

describe('A batch that compaction filters', () => {
  it('shows offsets, keys and tombstones', () => {
    const found = keyedRecords(batch('lz4')).map(({ offset, key, isTombstone }) => [
      offset,
      key?.toString(),
      isTombstone,
    ]);
    expect(found).toEqual([
      [1000, 'a', false],
      [1001, 'b', true],
      [1002, undefined, false],
      [1003, 'c', false],
    ]);
  });

  it.each(codecs)('keeps what is left of it as it was, codec %s', (codec) => {
    const all = rows(batch(codec));
    for (const horizonMs of [-1, at + 86_400_000, 5]) {
      const kept = filterBatch(batch(codec), ({ offset }) => offset % 2 === 1, horizonMs) ?? Buffer.alloc(0);
      expect(validateRecordBatch(kept)).toBeNull();
      expect([...batchesIn(kept)]).toHaveLength(1);
      expect(rows(kept)).toEqual([all[1], all[3]]);
      expect([recordBatch.baseOffset(kept), recordBatch.lastOffset(kept)]).toEqual([1000, 1003]);
      expect([recordBatch.codec(kept), recordBatch.maxTimestamp(kept)]).toEqual([codec, at + 4]);
      expect([recordBatch.producerId(kept), recordBatch.baseSequence(kept)]).toEqual([7, 40]);
      expect(deleteHorizon(kept)).toBe(horizonMs);
    }
  });

  it('is the same buffer where nothing goes, and none where all goes', () => {
    const bytes = batch();
    expect(filterBatch(bytes, () => true, -1)).toBe(bytes);
    expect(filterBatch(bytes, () => false, -1)).toBeNull();
  });

  it('keeps its append time', () => {
    const bytes = batch();
    patchLogAppendTime(bytes, at + 99);
    const kept = filterBatch(bytes, ({ offset }) => offset === 1000, -1) ?? Buffer.alloc(0);
    expect(recordBatch.maxTimestamp(kept)).toBe(at + 99);
    expect(rows(kept)[0]?.[1]).toBe(at + 99);
  });

  it('tells of producer and offsets without a record', () => {
    const empty = emptyBatch(batch('gzip'));
    expect(validateRecordBatch(empty)).toBeNull();
    expect([empty.length, recordBatch.count(empty), recordBatch.codec(empty)]).toEqual([61, 0, 'none']);
    expect([recordBatch.lastOffset(empty), recordBatch.baseSequence(empty)]).toEqual([1003, 40]);
    expect(decodeRecords(empty).nextOffset).toBe(1004);
  });
});
