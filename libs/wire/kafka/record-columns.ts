/**
 * Records of fetched batches, laid out in columns: where each key, value and header block lies in the (inflated) bytes.
 * A record makes no object until it is asked for; headers are decoded only then.
 *
 * While the columns are made, every length is checked against its record and every record against its batch, so that
 * whoever reads a key or a value afterwards cannot leave it. A claimed count makes no allocation before the bytes could
 * hold it.
 */
import { assert } from '#std/assert';
import { ByteReader } from './byte-reader.js';
import { inflate, inflatedBytesMax } from './compression.js';
import { WireError, wireErrors } from './errors.js';
import { batchesIn, batchHeaderBytes, recordBatch, validateRecordBatch } from './record-batch.js';

export interface RecordHeader {
  readonly key: string;
  readonly value: Buffer | null;
}

/**
 * What `decodeRecords` fills in. `places` has `placeFields` numbers a record: the segment, then where in it the key, the value,
 * the headers (from their count on) begin and end. A start of -1 is null. All places were checked to lie in their segment.
 */
interface RecordTable {
  /** Records of batches, inflated. */
  readonly segments: readonly Buffer[];
  readonly offsets: Float64Array;
  readonly timestamps: Float64Array;
  readonly places: Int32Array;
}

const placeFields = 7;
const place = { segment: 0, keyStart: 1, keyEnd: 2, valueStart: 3, valueEnd: 4, headers: 5, end: 6 } as const;

export class RecordColumns {
  private lookedUp = '';
  private lookedUpBytes: Buffer = Buffer.alloc(0);

  constructor(
    private readonly table: RecordTable,
    private readonly from: number,
    private readonly to: number,
    /** The offset to fetch next: after the last whole batch, even where its records were left out. -1 without a batch. */
    readonly nextOffset: number,
  ) {}

  get count(): number {
    return this.to - this.from;
  }

  /** Bytes of keys and values together. */
  get byteCount(): number {
    let total = 0;
    for (let index = 0; index < this.count; index += 1) {
      total += this.place(index, place.keyEnd) - this.place(index, place.keyStart);
      total += this.place(index, place.valueEnd) - this.place(index, place.valueStart);
    }
    return total;
  }

  offset(index: number): number {
    return this.table.offsets[this.from + index] ?? -1;
  }

  /** Milliseconds since the epoch. */
  timestamp(index: number): number {
    return this.table.timestamps[this.from + index] ?? -1;
  }

  /** Shares memory with the batch. */
  key(index: number): Buffer | null {
    const start = this.place(index, place.keyStart);
    return start < 0 ? null : this.segment(index).subarray(start, this.place(index, place.keyEnd));
  }

  /** Shares memory with the batch. */
  value(index: number): Buffer | null {
    const start = this.place(index, place.valueStart);
    return start < 0 ? null : this.segment(index).subarray(start, this.place(index, place.valueEnd));
  }

  /** In their order, duplicates kept. Throws a WireError where they do not decode. */
  headers(index: number): readonly RecordHeader[] {
    const reader = this.headerReader(index);
    const headers: RecordHeader[] = [];
    for (let left = headerCount(reader); left > 0; left -= 1) {
      const key = reader.text(reader.varint());
      headers.push({ key, value: reader.nullableBlob(reader.varint()) });
    }
    return headers;
  }

  /** The last value of a header as text, or null. Throws as `headers`. */
  header(index: number, name: string): string | null {
    if (name !== this.lookedUp) {
      this.lookedUp = name;
      this.lookedUpBytes = Buffer.from(name);
    }
    const reader = this.headerReader(index);
    let found: Buffer | null = null;
    for (let left = headerCount(reader); left > 0; left -= 1) {
      const keyLength = reader.checkedLength(reader.varint());
      const keyAt = reader.take(keyLength);
      const isFound = keyLength === this.lookedUpBytes.length && startsWith(reader.bytes, keyAt, this.lookedUpBytes);
      const valueLength = reader.varint();
      if (valueLength !== -1) {
        const valueAt = reader.take(reader.checkedLength(valueLength));
        if (isFound) found = reader.bytes.subarray(valueAt, valueAt + valueLength);
      } else if (isFound) {
        found = null;
      }
    }
    return found === null ? null : found.toString('utf8');
  }

  /** Records `[from, to)`, sharing memory. */
  slice(from: number, to: number): RecordColumns {
    const end = Math.min(this.to, this.from + to);
    return new RecordColumns(this.table, Math.min(this.from + from, end), end, this.nextOffset);
  }

  private headerReader(index: number): ByteReader {
    return new ByteReader(this.segment(index), this.place(index, place.headers), this.place(index, place.end));
  }

  private place(index: number, field: number): number {
    if (index < 0 || index >= this.count) throw new RangeError(`there is no record ${index} among ${this.count}`);
    return this.table.places[(this.from + index) * placeFields + field] ?? -1;
  }

  private segment(index: number): Buffer {
    const segment = this.table.segments[this.place(index, place.segment)];
    assert(segment !== undefined, 'a record lies in a segment');
    return segment;
  }
}

function headerCount(reader: ByteReader): number {
  return reader.checkedLength(reader.varint());
}

function startsWith(bytes: Buffer, at: number, prefix: Buffer): boolean {
  for (let index = 0; index < prefix.length; index += 1) {
    if (bytes[at + index] !== prefix[index]) return false;
  }
  return true;
}

export interface DecodeOptions {
  /** Records below are left out: a fetch answers with the whole batch that holds the offset asked for. Default 0. */
  readonly fromOffset?: number;
  /** Limit of what one batch may inflate to. Default 64 MiB. */
  readonly inflatedBytesMax?: number;
  /** From the answer to a read_committed fetch: records of these are left out. Default none. */
  readonly abortedTransactions?: readonly AbortedTransaction[] | null;
}

export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

/** Length, attributes, timestamp, offset, key length, value length, header count: a byte each. */
const recordBytesMin = 7;

/**
 * The records of all whole batches in `batches`; control batches are skipped. Throws a WireError for a batch that is damaged,
 * does not inflate, or whose records do not fill it exactly.
 */
export function decodeRecords(batches: Buffer, options: DecodeOptions = {}): RecordColumns {
  const opened: OpenedBatch[] = [];
  const aborted = new AbortedFilter(options.abortedTransactions ?? []);
  const fromOffset = options.fromOffset ?? 0;
  let nextOffset = -1;
  let count = 0;
  for (const batch of batchesIn(batches)) {
    nextOffset = recordBatch.lastOffset(batch) + 1;
    const isLeftOut = aborted.leavesOut(batch) || nextOffset <= fromOffset;
    const problem = validateRecordBatch(batch);
    if (problem !== null) {
      throw new WireError(
        wireErrors.corruptBatch,
        `batch at offset ${recordBatch.baseOffset(batch)}: ${problem.message}`,
      );
    }
    if (isLeftOut) continue;
    const one = openBatch(batch, options.inflatedBytesMax ?? inflatedBytesMax);
    opened.push(one);
    count += one.count;
  }
  const table: RecordTable = {
    segments: opened.map((one) => one.records),
    offsets: new Float64Array(count),
    timestamps: new Float64Array(count),
    places: new Int32Array(count * placeFields),
  };
  let kept = 0;
  for (const [segment, one] of opened.entries()) kept = decodeBatch(table, kept, segment, one, fromOffset);
  return new RecordColumns(table, 0, kept, nextOffset);
}

interface OpenedBatch {
  readonly batch: Buffer;
  readonly records: Buffer;
  readonly count: number;
}

function openBatch(batch: Buffer, bytesMax: number): OpenedBatch {
  const codec = recordBatch.codec(batch) ?? 'none';
  const records = inflate(codec, batch.subarray(batchHeaderBytes), bytesMax);
  const count = recordBatch.count(batch);
  if (count * recordBytesMin > records.length) {
    throw new WireError(wireErrors.corruptBatch, `${count} records cannot lie in ${records.length} bytes`);
  }
  return { batch, records, count };
}

/** Adds the records of one batch from row `first` on and gives the row after the last. */
function decodeBatch(
  table: RecordTable,
  first: number,
  segment: number,
  opened: OpenedBatch,
  fromOffset: number,
): number {
  const { batch, records, count } = opened;
  const { offsets, timestamps, places } = table;
  const baseOffset = recordBatch.baseOffset(batch);
  const lastOffsetDelta = recordBatch.lastOffsetDelta(batch);
  const baseTimestamp = recordBatch.baseTimestamp(batch);
  const appendTime = recordBatch.isLogAppendTime(batch) ? recordBatch.maxTimestamp(batch) : null;
  const reader = new ByteReader(records);
  const batchEnd = records.length;
  let row = first;
  for (let left = count; left > 0; left -= 1) {
    reader.end = batchEnd;
    const length = reader.checkedLength(reader.varint());
    const end = reader.at + length;
    if (end > batchEnd) throw reader.malformed(`a record of ${length} bytes leaves its batch`);
    reader.end = end;
    reader.take(1);
    const timestampDelta = reader.varlong();
    const offsetDelta = reader.varint();
    if (offsetDelta < 0 || offsetDelta > lastOffsetDelta) {
      throw reader.malformed(`an offset delta of ${offsetDelta}, the last one is ${lastOffsetDelta}`);
    }
    const at = row * placeFields;
    takeSpan(reader, places, at + place.keyStart);
    takeSpan(reader, places, at + place.valueStart);
    if (reader.at >= end) throw reader.malformed('a record ends before its headers');
    places[at + place.segment] = segment;
    places[at + place.headers] = reader.at;
    places[at + place.end] = end;
    reader.at = end;
    offsets[row] = baseOffset + offsetDelta;
    timestamps[row] = appendTime ?? baseTimestamp + timestampDelta;
    if (baseOffset + offsetDelta >= fromOffset) row += 1;
  }
  if (reader.at !== batchEnd) throw reader.malformed(`${batchEnd - reader.at} bytes follow the last record`);
  return row;
}

/** Reads a length and passes over what it counts; writes where that begins and ends, -1 and -1 for null. */
function takeSpan(reader: ByteReader, places: Int32Array, at: number): void {
  const length = reader.varint();
  if (length === -1) {
    places[at] = -1;
    places[at + 1] = -1;
    return;
  }
  places[at] = reader.take(reader.checkedLength(length));
  places[at + 1] = reader.at;
}

/**
 * Follows aborted transactions through the batches: a producer's records are left out from its transaction's first offset
 * to its next marker. A broker may list transactions that end before the first batch; they wait for nothing here.
 */
class AbortedFilter {
  private readonly upcoming: AbortedTransaction[];
  private readonly active = new Set<number>();

  constructor(transactions: readonly AbortedTransaction[]) {
    this.upcoming = [...transactions].sort((left, right) => right.firstOffset - left.firstOffset);
  }

  /** True for control batches and for those of an aborted transaction. Takes the batches in order. */
  leavesOut(batch: Buffer): boolean {
    const lastOffset = recordBatch.lastOffset(batch);
    for (let next = this.upcoming.at(-1); next !== undefined; next = this.upcoming.at(-1)) {
      if (next.firstOffset > lastOffset) break;
      this.active.add(next.producerId);
      this.upcoming.pop();
    }
    const producerId = recordBatch.producerId(batch);
    if (recordBatch.isControl(batch)) {
      this.active.delete(producerId);
      return true;
    }
    return recordBatch.isTransactional(batch) && this.active.has(producerId);
  }
}
