import fc from 'fast-check';
import { WireError } from './errors.js';
import { patchBaseOffset, patchLogAppendTime, patchProducer, recordBatch } from './record-batch.js';
import { decodeRecords, type RecordColumns } from './record-columns.js';
import { javaBatches } from './testing/java-batches.testkit.js';

/** Every record as plain values. */
function rows(columns: RecordColumns) {
  return Array.from({ length: columns.count }, (_, index) => ({
    offset: columns.offset(index),
    timestamp: columns.timestamp(index),
    key: columns.key(index)?.toString() ?? null,
    value: columns.value(index)?.toString() ?? null,
    headers: columns.headers(index).map(({ key, value }) => [key, value?.toString() ?? null]),
  }));
}

const javaRows = [
  { offset: 0, timestamp: 1_700_000_000_000, key: 'k1', value: 'first value', headers: [] },
  {
    offset: 1,
    timestamp: 1_700_000_000_005,
    key: null,
    value: 'second value',
    headers: [
      ['host', 'web-1'],
      ['host', 'web-2'],
      ['empty', null],
    ],
  },
  { offset: 2, timestamp: 1_699_990_000_000, key: 'k3', value: null, headers: [] },
];

describe('record columns', () => {
  it.each(Object.entries(javaBatches))('read what Kafka wrote, compressed by %s', (_, batch) => {
    expect(rows(decodeRecords(batch))).toEqual(javaRows);
  });

  it('look a header up by name: the last one counts', () => {
    const columns = decodeRecords(javaBatches.none);
    expect(columns.header(1, 'host')).toBe('web-2');
    expect(columns.header(1, 'empty')).toBeNull();
    expect(columns.header(1, 'hos')).toBeNull();
    expect(columns.header(0, 'host')).toBeNull();
  });

  it('join several batches, leave out what lies below the offset asked for, and know where to go on', () => {
    const columns = decodeRecords(Buffer.concat([at(10, javaBatches.none), at(13, javaBatches.lz4)]), {
      fromOffset: 12,
    });
    expect(rows(columns).map(({ offset, key }) => [offset, key])).toEqual([
      [12, 'k3'],
      [13, 'k1'],
      [14, null],
      [15, 'k3'],
    ]);
    expect(columns.nextOffset).toBe(16);
    expect(columns.byteCount).toBe(2 + 13 + 12 + 2);
  });

  it('are sliced without copying', () => {
    const columns = decodeRecords(javaBatches.none);
    const tail = columns.slice(1, 9);
    expect(rows(tail)).toEqual(javaRows.slice(1));
    expect(rows(tail.slice(1, 2))).toEqual(javaRows.slice(2));
    expect(tail.slice(5, 9).count).toBe(0);
    expect(tail.value(0)?.buffer).toBe(columns.value(1)?.buffer);
    expect(() => tail.value(2)).toThrow(RangeError);
    expect(() => tail.key(-1)).toThrow(RangeError);
  });

  it('take the time of the append where the topic stamps it', () => {
    const batch = Buffer.from(javaBatches.none);
    patchLogAppendTime(batch, 1_800_000_000_000);
    expect(rows(decodeRecords(batch)).map(({ timestamp }) => timestamp)).toEqual(Array(3).fill(1_800_000_000_000));
  });

  it('skip control batches, but go on after them', () => {
    const columns = decodeRecords(Buffer.concat([at(0, javaBatches.none), marker(3, 4000)]));
    expect(columns.count).toBe(3);
    expect(columns.nextOffset).toBe(4);
  });

  it('leave out the records of aborted transactions up to their marker', () => {
    const batches = Buffer.concat([
      transactional(0, 4000),
      transactional(3, 5000),
      marker(6, 4000),
      transactional(7, 4000),
      at(10, javaBatches.none),
    ]);
    const columns = decodeRecords(batches, { abortedTransactions: [{ producerId: 4000, firstOffset: 0 }] });
    expect(rows(columns).map(({ offset }) => offset)).toEqual([3, 4, 5, 7, 8, 9, 10, 11, 12]);
  });

  it('give an empty answer for no bytes', () => {
    const columns = decodeRecords(Buffer.alloc(0));
    expect(columns.count).toBe(0);
    expect(columns.nextOffset).toBe(-1);
  });
});

describe('hostile batches', () => {
  it.each(Object.entries(javaBatches))('never make the columns leave them, compressed by %s', (_, original) => {
    const change = fc.record({
      at: fc.integer({ min: 57, max: original.length - 1 }),
      byte: fc.integer({ min: 0, max: 255 }),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const batch = Buffer.from(original);
        for (const { at: place, byte } of changes) batch[place] = byte;
        expectRowsOrWireError(sealed(batch));
      }),
      { numRuns: 300 },
    );
  });

  it('with a count that the bytes cannot hold are refused before anything is allocated', () => {
    const batch = Buffer.from(javaBatches.none);
    batch.writeInt32BE(0x7ffffffe, 23);
    batch.writeInt32BE(0x7fffffff, 57);
    expect(() => decodeRecords(sealed(batch))).toThrow(WireError);
  });

  it('whose records do not fill them are refused', () => {
    const batch = Buffer.from(javaBatches.none);
    batch.writeInt32BE(2, 57);
    expect(() => decodeRecords(sealed(batch))).toThrow('follow the last record');
  });

  it('with a wrong checksum are refused, and the offset is named', () => {
    const batch = at(77, javaBatches.none);
    batch[80] = (batch[80] ?? 0) ^ 1;
    expect(() => decodeRecords(batch)).toThrow('batch at offset 77');
  });
});

function expectRowsOrWireError(batch: Buffer): void {
  try {
    rows(decodeRecords(batch, { inflatedBytesMax: 1 << 20 }));
  } catch (error) {
    expect(error).toBeInstanceOf(WireError);
  }
}

function at(baseOffset: number, batch: Buffer): Buffer {
  const copy = Buffer.from(batch);
  patchBaseOffset(copy, baseOffset);
  return copy;
}

function sealed(batch: Buffer): Buffer {
  patchProducer(batch, {
    producerId: recordBatch.producerId(batch),
    producerEpoch: recordBatch.producerEpoch(batch),
    baseSequence: recordBatch.baseSequence(batch),
  });
  return batch;
}

function transactional(baseOffset: number, producerId: number): Buffer {
  const batch = at(baseOffset, javaBatches.none);
  batch.writeInt16BE(0x10, 21);
  patchProducer(batch, { producerId, producerEpoch: 0, baseSequence: 0 });
  return batch;
}

/** A batch of one control record: key (version 0, type 0: abort), value (version 0, coordinator epoch 0). */
function marker(baseOffset: number, producerId: number): Buffer {
  const record = Buffer.from('200000000800000000' + '0c00000000000000', 'hex');
  const batch = Buffer.concat([javaBatches.none.subarray(0, 61), record]);
  batch.writeInt32BE(batch.length - 12, 8);
  batch.writeInt16BE(0x30, 21);
  batch.writeInt32BE(0, 23);
  batch.writeInt32BE(1, 57);
  patchBaseOffset(batch, baseOffset);
  patchProducer(batch, { producerId, producerEpoch: 0, baseSequence: -1 });
  return batch;
}
