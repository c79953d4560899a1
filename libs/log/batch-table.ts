import { crc32c } from '#std/crc32c';

/**
 * Where each batch of a cleaned segment begins. Compaction leaves holes between offsets, so that one batch no longer tells the next:
 * this table does, and with it base offset, length, leader epoch and format stay checked, which Kafka's CRC leaves out.
 *
 * On disk (`.batches`, big endian): `u32 version, u32 rows, f64 cleanedTo, f64 size, rows × (u32 offset - base offset of the segment,
 * u32 position), u32 crc`, the CRC-32C of all before it.
 */
export class BatchTable {
  constructor(
    /** Of the segment. */
    private readonly baseOffset: number,
    /** Below this offset no key has a later record than what is here, as of the cleaning. */
    readonly cleanedTo: number,
    /** Bytes of the segment. */
    readonly size: number,
    private readonly rows: Uint32Array,
  ) {}

  /** Null for bytes that fail their check. */
  static decode(baseOffset: number, bytes: Buffer): BatchTable | null {
    if (bytes.length < headerBytes + 4 || bytes.readUInt32BE(0) !== version) return null;
    const count = bytes.readUInt32BE(4);
    const end = headerBytes + count * rowBytes;
    if (bytes.length !== end + 4 || crc32c(bytes.subarray(0, end)) !== bytes.readUInt32BE(end)) return null;
    const rows = new Uint32Array(count * 2);
    for (let index = 0; index < rows.length; index += 1) rows[index] = bytes.readUInt32BE(headerBytes + index * 4);
    return new BatchTable(baseOffset, bytes.readDoubleBE(8), bytes.readDoubleBE(16), rows);
  }

  get count(): number {
    return this.rows.length / 2;
  }

  get memoryBytes(): number {
    return this.rows.byteLength;
  }

  offset(row: number): number {
    return this.baseOffset + (this.rows[row * 2] ?? 0);
  }

  /** The size of the segment for the row behind the last. */
  position(row: number): number {
    return this.rows[row * 2 + 1] ?? this.size;
  }

  bytes(row: number): number {
    return this.position(row + 1) - this.position(row);
  }

  /** The last row whose offset is at most `offset`; -1 where there is none. */
  floor(offset: number): number {
    return this.search((row) => this.offset(row) <= offset);
  }

  /** The row of the batch that begins just at `position`; -1 where none does. */
  rowAt(position: number): number {
    const row = this.search((candidate) => this.position(candidate) <= position);
    return row >= 0 && this.position(row) === position ? row : -1;
  }

  encode(): Buffer {
    const end = headerBytes + this.count * rowBytes;
    const bytes = Buffer.allocUnsafe(end + 4);
    bytes.writeUInt32BE(version, 0);
    bytes.writeUInt32BE(this.count, 4);
    bytes.writeDoubleBE(this.cleanedTo, 8);
    bytes.writeDoubleBE(this.size, 16);
    for (const [index, value] of this.rows.entries()) bytes.writeUInt32BE(value, headerBytes + index * 4);
    bytes.writeUInt32BE(crc32c(bytes.subarray(0, end)), end);
    return bytes;
  }

  /** The last row for which `isBefore` holds: it does for a number of rows from the first on. */
  private search(isBefore: (row: number) => boolean): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(middle)) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

/** The rows of a table, batch by batch. */
export class BatchTableBuilder {
  private rows = new Uint32Array(64);
  private used = 0;

  constructor(private readonly baseOffset: number) {}

  /** `offset` is within 2^32 of the segment's base offset, `position` below 2^32. */
  add(offset: number, position: number): void {
    if (this.used === this.rows.length) {
      const rows = new Uint32Array(this.rows.length * 2);
      rows.set(this.rows);
      this.rows = rows;
    }
    this.rows[this.used] = offset - this.baseOffset;
    this.rows[this.used + 1] = position;
    this.used += 2;
  }

  build(size: number, cleanedTo: number): BatchTable {
    return new BatchTable(this.baseOffset, cleanedTo, size, this.rows.slice(0, this.used));
  }
}

const version = 1;
const headerBytes = 24;
const rowBytes = 8;
