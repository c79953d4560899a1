import { crc32c } from '#std/crc32c';

/**
 * A sparse index: rows of two numbers with rising keys, searched by the largest key at or below a wanted one. The offset index of
 * a segment has offset → position, the time index has highest timestamp so far → offset of the batch that has it.
 *
 * On disk it is a row of blocks, one a save: `u32 rows, u32 crc, rows × (key f64, value f64)`, little endian; the CRC-32C
 * covers the rows, seeded with their number. A file with one bad block counts as missing, and the index is made anew from
 * the segment: an index never decides what the log holds.
 */
export class SparseIndex {
  private keys: Float64Array;
  private values: Float64Array;
  private rows = 0;
  private saved = 0;
  /** The file holds rows that were cut since, or nothing usable: the next save replaces it. */
  private replace: boolean;

  constructor(rowsExpected = 0, replace = true) {
    this.keys = new Float64Array(rowsExpected);
    this.values = new Float64Array(rowsExpected);
    this.replace = replace;
  }

  /** Null for bytes that fail their check. */
  static decode(bytes: Buffer): SparseIndex | null {
    const index = new SparseIndex(Math.floor(bytes.length / rowBytes), false);
    for (let at = 0; at < bytes.length;) {
      if (at + blockHeaderBytes > bytes.length) return null;
      const rows = bytes.readUInt32LE(at);
      const from = at + blockHeaderBytes;
      const to = from + rows * rowBytes;
      if (rows === 0 || to > bytes.length) return null;
      if (crc32c(bytes.subarray(from, to), rows) !== bytes.readUInt32LE(at + 4)) return null;
      for (let row = from; row < to; row += rowBytes)
        index.append(bytes.readDoubleLE(row), bytes.readDoubleLE(row + 8));
      at = to;
    }
    index.saved = index.rows;
    return index;
  }

  get count(): number {
    return this.rows;
  }

  get memoryBytes(): number {
    return this.keys.byteLength + this.values.byteLength;
  }

  append(key: number, value: number): void {
    if (this.rows === this.keys.length) this.grow();
    this.keys[this.rows] = key;
    this.values[this.rows] = value;
    this.rows += 1;
  }

  key(row: number): number {
    return this.keys[row] ?? -1;
  }

  value(row: number): number {
    return this.values[row] ?? -1;
  }

  /** The last row whose key is at most `key`; -1 where there is none. */
  floor(key: number): number {
    let low = 0;
    let high = this.rows;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.keys[middle] ?? 0) <= key) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Keeps the first `rows` rows. */
  cut(rows: number): void {
    if (rows >= this.rows) return;
    this.rows = rows;
    if (rows < this.saved) {
      this.saved = 0;
      this.replace = true;
    }
  }

  /** What a save has to write: the new rows as one block, behind the file or instead of it. Null when nothing changed. */
  takeUnsaved(): { readonly block: Buffer; readonly replace: boolean } | null {
    const count = this.rows - this.saved;
    if (count === 0) return null;
    const block = Buffer.allocUnsafe(blockHeaderBytes + count * rowBytes);
    let at = blockHeaderBytes;
    for (let row = this.saved; row < this.rows; row += 1) {
      block.writeDoubleLE(this.key(row), at);
      block.writeDoubleLE(this.value(row), at + 8);
      at += rowBytes;
    }
    block.writeUInt32LE(count, 0);
    block.writeUInt32LE(crc32c(block.subarray(blockHeaderBytes), count), 4);
    const replace = this.replace;
    this.saved = this.rows;
    this.replace = false;
    return { block, replace };
  }

  /** After a failed save: the file cannot be trusted, the next save writes everything. */
  forgetSaved(): void {
    this.saved = 0;
    this.replace = true;
  }

  private grow(): void {
    const length = Math.max(8, this.keys.length * 2);
    const keys = new Float64Array(length);
    const values = new Float64Array(length);
    keys.set(this.keys);
    values.set(this.values);
    this.keys = keys;
    this.values = values;
  }
}

const blockHeaderBytes = 8;
const rowBytes = 16;
