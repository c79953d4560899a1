/**
 * The control batches that end a producer's transaction in one partition (KIP-98): an ordinary record batch with the attributes
 * transactional and control, without a sequence, and with one record.
 *
 *   key   version i16 = 0 · type i16 (0 abort, 1 commit)
 *   value version i16 = 0 · coordinatorEpoch i32
 *
 * Other types of control records belong to Kafka's own controllers. A later version of the key or the value only appends
 * fields, so that a version above 0 is read like 0, as Kafka does.
 */
import { ByteReader } from './byte-reader.js';
import { WireError, wireErrors } from './errors.js';
import { batchHeaderBytes, recordBatch, writeBatchHeader } from './record-batch.js';

export type TransactionOutcome = 'commit' | 'abort';

export interface EndMarker {
  readonly outcome: TransactionOutcome;
  /** Of the coordinator that decided: a marker with a lower one than seen before comes from a coordinator that was replaced. */
  readonly coordinatorEpoch: number;
}

export interface NewControlBatch extends EndMarker {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly timestampMs: number;
}

const abortType = 0;
const commitType = 1;
const keyBytes = 4;
const valueBytes = 6;
/** Attributes, time, offset, two lengths and the count of headers take a byte each. */
const recordBytes = 6 + keyBytes + valueBytes;
const markerBatchBytes = batchHeaderBytes + 1 + recordBytes;

/** A whole batch with base offset 0 and leader epoch -1; an append patches both. */
export function controlBatch(marker: NewControlBatch): Buffer {
  const bytes = Buffer.alloc(markerBatchBytes);
  const at = batchHeaderBytes;
  // One-byte zigzag varints: a length is written doubled.
  bytes[at] = 2 * recordBytes;
  bytes[at + 4] = 2 * keyBytes;
  bytes.writeInt16BE(marker.outcome === 'commit' ? commitType : abortType, at + 7);
  bytes[at + 9] = 2 * valueBytes;
  bytes.writeInt32BE(marker.coordinatorEpoch, at + 12);
  writeBatchHeader(bytes, {
    codec: 'none',
    count: 1,
    baseTimestamp: marker.timestampMs,
    maxTimestamp: marker.timestampMs,
    producer: {
      producerId: marker.producerId,
      producerEpoch: marker.producerEpoch,
      baseSequence: -1,
      isTransactional: true,
    },
    isControl: true,
  });
  return bytes;
}

/**
 * How a whole batch ends its producer's transaction; null for a batch that ends none. Throws a WireError for a control batch that
 * cannot be read.
 */
export function endMarker(batch: Buffer): EndMarker | null {
  // Compaction may take the record of a marker and leave the empty batch, which still tells the producer's last epoch.
  if (!recordBatch.isControl(batch) || recordBatch.count(batch) === 0) return null;
  if (recordBatch.codec(batch) !== 'none') {
    throw new WireError(wireErrors.corruptBatch, 'a control batch is never compressed');
  }
  const reader = new ByteReader(batch, batchHeaderBytes);
  reader.varint();
  reader.int8();
  reader.varlong();
  reader.varint();
  const key = new ByteReader(reader.blob(reader.varint()));
  key.int16();
  const type = key.int16();
  if (type !== abortType && type !== commitType) return null;
  const value = new ByteReader(reader.blob(reader.varint()));
  value.int16();
  return { outcome: type === commitType ? 'commit' : 'abort', coordinatorEpoch: value.int32() };
}

/** Only the outcome of `endMarker`. */
export function controlOutcome(batch: Buffer): TransactionOutcome | null {
  return endMarker(batch)?.outcome ?? null;
}
