import fc from 'fast-check';
import {
  batchesIn,
  patchBaseOffset,
  patchLeaderEpoch,
  patchLogAppendTime,
  patchProducer,
  recordBatch,
  validateProducedBatch,
  validateRecordBatch,
} from './record-batch.js';
import { javaBatches } from './testing/java-batches.testkit.js';

function javaBatch(): Buffer {
  return Buffer.from(javaBatches.none);
}

describe('record batch', () => {
  it('reads the header of a batch from Kafka', () => {
    const batch = Buffer.concat([Buffer.alloc(5), javaBatch()]);
    expect(recordBatch.baseOffset(batch, 5)).toBe(0);
    expect(recordBatch.length(batch, 5)).toBe(javaBatch().length);
    expect(recordBatch.leaderEpoch(batch, 5)).toBe(-1);
    expect(recordBatch.magic(batch, 5)).toBe(2);
    expect(recordBatch.crc(batch, 5)).toBe(0xff13bde6);
    expect(recordBatch.attributes(batch, 5)).toBe(0);
    expect(recordBatch.codec(batch, 5)).toBe('none');
    expect(recordBatch.lastOffsetDelta(batch, 5)).toBe(2);
    expect(recordBatch.baseTimestamp(batch, 5)).toBe(1_700_000_000_000);
    expect(recordBatch.maxTimestamp(batch, 5)).toBe(1_700_000_000_005);
    expect(recordBatch.producerId(batch, 5)).toBe(4000);
    expect(recordBatch.producerEpoch(batch, 5)).toBe(7);
    expect(recordBatch.baseSequence(batch, 5)).toBe(42);
    expect(recordBatch.count(batch, 5)).toBe(3);
  });

  it.each(Object.entries(javaBatches))(
    'finds nothing wrong with a batch from Kafka compressed by %s',
    (codec, batch) => {
      expect(recordBatch.codec(batch)).toBe(codec);
      expect(validateProducedBatch(batch)).toBeNull();
    },
  );

  it('gives a batch its offset and leader epoch without touching what the CRC covers', () => {
    const batch = javaBatch();
    patchBaseOffset(batch, 2 ** 40 + 7);
    patchLeaderEpoch(batch, 3);
    expect(recordBatch.baseOffset(batch)).toBe(2 ** 40 + 7);
    expect(recordBatch.lastOffset(batch)).toBe(2 ** 40 + 9);
    expect(recordBatch.leaderEpoch(batch)).toBe(3);
    expect(batch.subarray(16)).toEqual(javaBatch().subarray(16));
    expect(validateRecordBatch(batch)).toBeNull();
  });

  it('renews the CRC where it stamps the append time or the producer', () => {
    const batch = javaBatch();
    patchLogAppendTime(batch, 1_800_000_000_000);
    expect(recordBatch.isLogAppendTime(batch)).toBe(true);
    expect(recordBatch.maxTimestamp(batch)).toBe(1_800_000_000_000);
    expect(validateRecordBatch(batch)).toBeNull();
    patchProducer(batch, { producerId: 9_007_199_254_740_991, producerEpoch: 1, baseSequence: 0 });
    expect(recordBatch.producerId(batch)).toBe(9_007_199_254_740_991);
    expect(validateRecordBatch(batch)).toBeNull();
  });

  it.each<[string, (batch: Buffer) => Buffer, string]>([
    ['too short for a header', (batch) => batch.subarray(0, 60), 'corrupt_batch'],
    ['cut', (batch) => batch.subarray(0, -1), 'corrupt_batch'],
    ['followed by another', (batch) => Buffer.concat([batch, batch]), 'invalid_record'],
    ['of an old format', (batch) => with8(batch, 16, 1), 'unsupported_magic'],
    ['with a flipped bit', (batch) => with8(batch, 70, (batch[70] ?? 0) ^ 1), 'corrupt_batch'],
    ['with a negative length', (batch) => with8(batch, 8, 0xff), 'corrupt_batch'],
    ['with a codec that does not exist', (batch) => sealed(with8(batch, 22, 5)), 'invalid_record'],
    ['with a negative count', (batch) => sealed(with8(batch, 57, 0xff)), 'invalid_record'],
    ['with more records than offsets', (batch) => sealed(with8(batch, 60, 9)), 'invalid_record'],
  ])('refuses a batch %s', (_, change, code) => {
    expect(validateRecordBatch(change(javaBatch()))?.code).toBe(code);
  });

  it('takes holes between offsets from the log but not from a producer, nor a control batch', () => {
    const compacted = sealed(with8(javaBatch(), 26, 9));
    expect(validateRecordBatch(compacted)).toBeNull();
    expect(validateProducedBatch(compacted)?.code).toBe('invalid_record');
    const control = sealed(with8(javaBatch(), 22, 0x30));
    expect(recordBatch.isControl(control)).toBe(true);
    expect(recordBatch.isTransactional(control)).toBe(true);
    expect(validateRecordBatch(control)).toBeNull();
    expect(validateProducedBatch(control)?.code).toBe('invalid_record');
  });

  it('notices any change of a byte after the magic', () => {
    const whole = javaBatch();
    fc.assert(
      fc.property(fc.integer({ min: 17, max: whole.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        expect(validateRecordBatch(with8(javaBatch(), at, (whole[at] ?? 0) ^ flip))?.code).toBe('corrupt_batch');
      }),
    );
  });

  it('walks over the batches of a buffer and leaves out one that is cut', () => {
    const first = javaBatch();
    const second = Buffer.from(javaBatches.zstd);
    const found = [...batchesIn(Buffer.concat([first, second, first.subarray(0, 70)]))];
    expect(found).toEqual([first, second]);
    expect(() => [...batchesIn(with8(javaBatch(), 8, 0xff))]).toThrow('cannot have');
  });
});

function with8(batch: Buffer, at: number, byte: number): Buffer {
  batch[at] = byte;
  return batch;
}

/** The batch with a CRC that fits, so that a test reaches what lies behind it. */
function sealed(batch: Buffer): Buffer {
  patchProducer(batch, {
    producerId: recordBatch.producerId(batch),
    producerEpoch: recordBatch.producerEpoch(batch),
    baseSequence: recordBatch.baseSequence(batch),
  });
  return batch;
}
