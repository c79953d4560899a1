/**
 * bzip2 streams, of blocks of 100,000 bytes (`BZh1`), which take about 50 ms each:
 *
 *     stream  "BZh1", blocks, 48 bits 177245385090 (hexadecimal), CRC of all, bits up to the byte
 *     block   48 bits 314159265359, CRC, 1 bit 0, 24 bits place of the first rotation, which bytes there are (16 bits, then 16 for each
 *             one set), 3 bits tables, 15 bits selectors, selectors moved to front in unary, tables as differences of lengths, symbols
 *
 * The bytes of a block have their runs shortened, then are sorted by rotations, moved to front, the zeros counted in two digits, and coded by
 * up to six prefix codes that take turns every 50 symbols.
 */
import { canonicalCodes, codeLengths } from './prefix-code.js';
import { sortedRotations } from './rotations.js';

/** Room of a block, of which bzip2 itself leaves 19 bytes free. */
const blockBytesMax = 100_000 - 19;
const runLengthMax = 255;
const groupSymbols = 50;
const codeLengthMax = 17;
const tableRounds = 4;

export function bzip2(bytes: Buffer): Buffer {
  const bits = new BitWriter();
  bits.bytes(Buffer.from('BZh1'));
  let streamCrc = 0;
  for (let from = 0; from < bytes.length;) {
    const { block, end } = shortenedRuns(bytes, from);
    const crc = blockCrc(bytes, from, end);
    streamCrc = (((streamCrc << 1) | (streamCrc >>> 31)) ^ crc) >>> 0;
    writeBlock(bits, block, crc);
    from = end;
  }
  bits.write(0x177245, 24);
  bits.write(0x385090, 24);
  bits.write32(streamCrc);
  return bits.finish();
}

/** Four equal bytes are followed by the number of those that come after them. */
function shortenedRuns(bytes: Buffer, from: number): { readonly block: Buffer; readonly end: number } {
  const block = Buffer.allocUnsafe(Math.min(blockBytesMax, Math.ceil((bytes.length - from) * 1.25) + 5));
  let size = 0;
  let at = from;
  while (at < bytes.length && size + 5 <= blockBytesMax) {
    const byte = bytes[at] ?? 0;
    let run = 1;
    while (run < runLengthMax && bytes[at + run] === byte) run += 1;
    for (let copy = 0; copy < Math.min(run, 4); copy += 1) block[size++] = byte;
    if (run >= 4) block[size++] = run - 4;
    at += run;
  }
  return { block: block.subarray(0, size), end: at };
}

function writeBlock(bits: BitWriter, block: Buffer, crc: number): void {
  const order = sortedRotations(block);
  const last = Buffer.allocUnsafe(block.length);
  let origin = 0;
  for (let at = 0; at < order.length; at += 1) {
    const rotation = order[at] ?? 0;
    if (rotation === 0) origin = at;
    last[at] = block[rotation === 0 ? block.length - 1 : rotation - 1] ?? 0;
  }
  bits.write(0x314159, 24);
  bits.write(0x265359, 24);
  bits.write32(crc);
  bits.write(0, 1);
  bits.write(origin, 24);
  const used = usedBytes(block);
  writeUsed(bits, used);
  writeSymbols(bits, movedToFront(last, used), used.length + 2);
}

function usedBytes(block: Buffer): readonly number[] {
  const seen = new Uint8Array(256);
  for (const byte of block) seen[byte] = 1;
  return Array.from(seen.keys()).filter((byte) => seen[byte] === 1);
}

function writeUsed(bits: BitWriter, used: readonly number[]): void {
  const rows = new Uint16Array(16);
  for (const byte of used) rows[byte >> 4] = (rows[byte >> 4] ?? 0) | (0x8000 >> (byte & 15));
  bits.write(
    rows.reduce((all, row, at) => (row === 0 ? all : all | (0x8000 >> at)), 0),
    16,
  );
  for (const row of rows) if (row !== 0) bits.write(row, 16);
}

/** Symbols 0 and 1 count zeros, digits of base 2 that stand for 1 and 2; a place from 1 on is a symbol higher; the highest one ends the block. */
function movedToFront(last: Buffer, used: readonly number[]): Uint16Array {
  const front = Uint8Array.from(used);
  const symbols = new Uint16Array(last.length + 1);
  let count = 0;
  let zeros = 0;
  const writeZeros = (): void => {
    for (; zeros > 0; zeros = (zeros - 1) >> 1) symbols[count++] = zeros % 2 === 1 ? 0 : 1;
  };
  for (const byte of last) {
    if (front[0] === byte) {
      zeros += 1;
      continue;
    }
    writeZeros();
    const place = front.indexOf(byte);
    front.copyWithin(1, 0, place);
    front[0] = byte;
    symbols[count++] = place + 1;
  }
  writeZeros();
  symbols[count++] = used.length + 1;
  return symbols.subarray(0, count);
}

function writeSymbols(bits: BitWriter, symbols: Uint16Array, alphabet: number): void {
  const { tables, selectors } = tablesFor(symbols, alphabet);
  bits.write(tables.length, 3);
  bits.write(selectors.length, 15);
  const front = Array.from(tables.keys());
  for (const selector of selectors) {
    const place = front.indexOf(selector);
    front.splice(place, 1);
    front.unshift(selector);
    for (let one = 0; one < place; one += 1) bits.write(1, 1);
    bits.write(0, 1);
  }
  for (const lengths of tables) writeLengths(bits, lengths);
  const codes = tables.map(canonicalCodes);
  for (let group = 0; group < selectors.length; group += 1) {
    const table = selectors[group] ?? 0;
    const [code, lengths] = [codes[table], tables[table]];
    const end = Math.min(symbols.length, (group + 1) * groupSymbols);
    for (let at = group * groupSymbols; at < end; at += 1) {
      const symbol = symbols[at] ?? 0;
      bits.write(code?.[symbol] ?? 0, lengths?.[symbol] ?? 0);
    }
  }
}

/** The first length, then for each symbol the way to its own: 10 one longer, 11 one shorter, 0 here it is. */
function writeLengths(bits: BitWriter, lengths: Uint8Array): void {
  let length = lengths[0] ?? 0;
  bits.write(length, 5);
  for (const wanted of lengths) {
    for (; length < wanted; length += 1) bits.write(2, 2);
    for (; length > wanted; length -= 1) bits.write(3, 2);
    bits.write(0, 1);
  }
}

interface Tables {
  readonly tables: readonly Uint8Array[];
  /** Which table a group of symbols has. */
  readonly selectors: Uint8Array;
}

/** Begins with groups dealt out in equal shares; then each takes the table that is shortest for it, and tables are made for what they got. */
function tablesFor(symbols: Uint16Array, alphabet: number): Tables {
  const wanted = [200, 600, 1200, 2400].filter((limit) => symbols.length >= limit).length + 2;
  const groups = Math.ceil(symbols.length / groupSymbols);
  const selectors = new Uint8Array(groups);
  for (let group = 0; group < groups; group += 1) selectors[group] = Math.floor((group * wanted) / groups);
  let tables: Uint8Array[] = [];
  for (let round = 0; round < tableRounds; round += 1) {
    const frequencies = Array.from({ length: wanted }, () => new Uint32Array(alphabet));
    for (let at = 0; at < symbols.length; at += 1) {
      const row = frequencies[selectors[Math.floor(at / groupSymbols)] ?? 0];
      const symbol = symbols[at] ?? 0;
      if (row !== undefined) row[symbol] = (row[symbol] ?? 0) + 1;
    }
    tables = frequencies.map((row) => codeLengths(row, codeLengthMax));
    for (let group = 0; group < groups; group += 1) selectors[group] = shortestTable(symbols, group, tables);
  }
  return { tables, selectors };
}

function shortestTable(symbols: Uint16Array, group: number, tables: readonly Uint8Array[]): number {
  const end = Math.min(symbols.length, (group + 1) * groupSymbols);
  let best = 0;
  let bestBits = Number.POSITIVE_INFINITY;
  for (const [table, lengths] of tables.entries()) {
    let sum = 0;
    for (let at = group * groupSymbols; at < end; at += 1) sum += lengths[symbols[at] ?? 0] ?? 0;
    if (sum < bestBits) [best, bestBits] = [table, sum];
  }
  return best;
}

/** CRC-32 as bzip2 has it: polynomial 04c11db7, the highest bit first. */
const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit += 1) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  return crc >>> 0;
});

function blockCrc(bytes: Buffer, from: number, to: number): number {
  let crc = 0xffffffff;
  for (let at = from; at < to; at += 1) crc = (crc << 8) ^ (crcTable[((crc >>> 24) ^ (bytes[at] ?? 0)) & 0xff] ?? 0);
  return ~crc >>> 0;
}

class BitWriter {
  private target = Buffer.allocUnsafe(64 * 1024);
  private length = 0;
  private held = 0;
  private heldBits = 0;

  /** At most 24 bits, the highest first. */
  write(value: number, count: number): void {
    this.held = (this.held << count) | value;
    this.heldBits += count;
    while (this.heldBits >= 8) {
      this.heldBits -= 8;
      this.byte((this.held >>> this.heldBits) & 0xff);
    }
    this.held &= (1 << this.heldBits) - 1;
  }

  write32(value: number): void {
    this.write(value >>> 16, 16);
    this.write(value & 0xffff, 16);
  }

  bytes(bytes: Buffer): void {
    for (const byte of bytes) this.write(byte, 8);
  }

  finish(): Buffer {
    if (this.heldBits > 0) this.write(0, 8 - this.heldBits);
    return this.target.subarray(0, this.length);
  }

  private byte(value: number): void {
    if (this.length === this.target.length) this.target = Buffer.concat([this.target, Buffer.allocUnsafe(this.length)]);
    this.target[this.length++] = value;
  }
}
