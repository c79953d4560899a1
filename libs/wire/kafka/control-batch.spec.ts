import fc from 'fast-check';
import { controlBatch, controlOutcome, endMarker, type NewControlBatch } from './control-batch.js';
import { WireError } from './errors.js';
import { patchBaseOffset, patchLeaderEpoch, patchProducer, recordBatch, validateRecordBatch } from './record-batch.js';
import { RecordBatchBuilder } from './record-batch-builder.js';
import { decodeRecords } from './record-columns.js';
import { javaBatches, javaControlBatches } from './testing/java-batches.testkit.js';

const marker: NewControlBatch = {
  producerId: 4000,
  producerEpoch: 7,
  coordinatorEpoch: 3,
  outcome: 'commit',
  timestampMs: 1_700_000_000_000,
};

describe('control batch', () => {
  it.each(['commit', 'abort'] as const)('is byte for byte what Kafka writes for %s', (outcome) => {
    expect(controlBatch({ ...marker, outcome })).toEqual(javaControlBatches[outcome]);
    expect(endMarker(javaControlBatches[outcome])).toEqual({ outcome, coordinatorEpoch: 3 });
    expect(controlOutcome(javaControlBatches[outcome])).toBe(outcome);
  });

  it('gives back whatever it was made of, wherever it lies in the log', () => {
    const any = fc.record({
      producerId: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
      producerEpoch: fc.integer({ min: 0, max: 0x7fff }),
      coordinatorEpoch: fc.integer(),
      outcome: fc.constantFrom('commit' as const, 'abort' as const),
      timestampMs: fc.nat({ max: 2 ** 45 }),
    });
    fc.assert(
      fc.property(any, fc.nat({ max: 2 ** 50 }), (one, offset) => {
        const batch = controlBatch(one);
        patchBaseOffset(batch, offset);
        patchLeaderEpoch(batch, 0);
        expect(validateRecordBatch(batch)).toBeNull();
        expect(endMarker(batch)).toEqual({ outcome: one.outcome, coordinatorEpoch: one.coordinatorEpoch });
        expect(recordBatch.producerId(batch)).toBe(one.producerId);
        expect(recordBatch.producerEpoch(batch)).toBe(one.producerEpoch);
        expect(recordBatch.baseSequence(batch)).toBe(-1);
        expect(recordBatch.maxTimestamp(batch)).toBe(one.timestampMs);
        expect(recordBatch.lastOffset(batch)).toBe(offset);
      }),
    );
  });

  it('shows a consumer no record, but the offset after it', () => {
    const batch = controlBatch(marker);
    patchBaseOffset(batch, 41);
    expect(decodeRecords(batch)).toMatchObject({ count: 0, nextOffset: 42 });
  });

  it.each<[string, Buffer, ReturnType<typeof controlOutcome>]>([
    ['a batch of records', javaBatches.none, null],
    ['a transactional batch of records', transactional(), null],
    ['a marker of a later version', changed({ 66: 0, 67: 9, 72: 0, 73: 9 }), 'commit'],
    ['a control record of the controllers', changed({ 69: 2 }), null],
    ['a marker whose record was compacted away', changed({ 60: 0 }), null],
  ])('finds the outcome of %s', (_, batch, outcome) => {
    expect(controlOutcome(batch)).toBe(outcome);
  });

  it.each<[string, Buffer]>([
    ['that is cut', controlBatch(marker).subarray(0, -8)],
    ['without a key', changed({ 65: 1 })],
    ['with a key that is too short', changed({ 65: 2 })],
    ['that is compressed', changed({ 22: 0x31 })],
  ])('refuses a control batch %s', (_, batch) => {
    expect(() => endMarker(batch)).toThrow(WireError);
  });
});

function changed(bytes: Readonly<Record<number, number>>): Buffer {
  const batch = controlBatch(marker);
  for (const [at, byte] of Object.entries(bytes)) batch[Number(at)] = byte;
  return batch;
}

/** Made by the builder, and stamped after it was built: both mark the batch alike. */
function transactional(): Buffer {
  const producer = { producerId: 1, producerEpoch: 0, baseSequence: 0, isTransactional: true };
  const build = (stamp: typeof producer | null): Buffer => {
    const builder = new RecordBatchBuilder({ bytesMax: 1000, codec: 'none' });
    builder.append({ key: null, value: Buffer.from('value'), headers: [], timestampMs: 1 });
    return builder.build(stamp);
  };
  const stamped = build(null);
  patchProducer(stamped, producer);
  expect(stamped).toEqual(build(producer));
  expect(recordBatch.isTransactional(stamped)).toBe(true);
  return stamped;
}
