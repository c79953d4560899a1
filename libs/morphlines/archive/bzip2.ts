import { MorphlineRuntimeError } from '../errors.js';

const blockMagic = 0x314159265359n;
const endMagic = 0x177245385090n;
const groupSymbols = 50;
const codeLengthMax = 20;

/**
 * Decompresses bzip2, several streams one after another too. Throws a MorphlineRuntimeError where the data are damaged.
 */
export function bunzip2(bytes: Uint8Array, outputBytesMax: number): Buffer {
  const bits = new BitReader(bytes);
  const parts: Buffer[] = [];
  let total = 0;
  while (bits.bytesLeft() >= 4) {
    const header = bits.read(24);
    const level = bits.read(8) - 0x30;
    if (header !== 0x425a68 || level < 1 || level > 9) {
      if (parts.length > 0) break;
      throw new MorphlineRuntimeError('not bzip2: the header is missing');
    }
    for (;;) {
      const magic = (BigInt(bits.read(24)) << 24n) | BigInt(bits.read(24));
      const checksum = ((bits.read(16) << 16) | bits.read(16)) >>> 0;
      if (magic === endMagic) break;
      if (magic !== blockMagic) throw damaged('the mark of a block');
      const block = readBlock(bits, level * 100_000, outputBytesMax - total);
      if (checksumOf(block) !== checksum) throw damaged('the checksum of a block');
      parts.push(block);
      total += block.length;
    }
    bits.align();
  }
  return Buffer.concat(parts, total);
}

class BitReader {
  private at = 0;
  private held = 0;
  private count = 0;

  constructor(private readonly bytes: Uint8Array) {}

  /** Up to 24 bits. */
  read(bits: number): number {
    while (this.count < bits) {
      const next = this.bytes[this.at];
      if (next === undefined) throw damaged('its end');
      // Never more than 31 bits: 24 wanted at most, 7 left over at most.
      this.held = ((this.held << 8) | next) & 0x7fffffff;
      this.at += 1;
      this.count += 8;
    }
    this.count -= bits;
    return (this.held >>> this.count) & ((1 << bits) - 1);
  }

  align(): void {
    this.count -= this.count % 8;
  }

  bytesLeft(): number {
    return this.bytes.length - this.at + Math.floor(this.count / 8);
  }
}

/** A Huffman code: for each length the first code and where its symbols begin. */
interface Huffman {
  readonly limits: Int32Array;
  readonly offsets: Int32Array;
  readonly symbols: Uint16Array;
}

function readBlock(bits: BitReader, blockMax: number, outputBytesMax: number): Buffer {
  if (bits.read(1) === 1) throw new MorphlineRuntimeError('bzip2 of the time before 0.9.5 (randomised) is not read');
  const origin = bits.read(24);
  const used = readUsedBytes(bits);
  const tables = readTables(bits, used.length + 2);
  const { data, counts } = readSymbols(bits, used, tables, blockMax);
  if (origin >= data.length) throw damaged('the origin of a block');
  return undoRunLengths(undoTransform(data, counts, origin), outputBytesMax);
}

function readUsedBytes(bits: BitReader): Uint8Array {
  const groups = bits.read(16);
  const used: number[] = [];
  for (let group = 0; group < 16; group += 1) {
    if ((groups & (0x8000 >> group)) === 0) continue;
    const members = bits.read(16);
    for (let bit = 0; bit < 16; bit += 1) if ((members & (0x8000 >> bit)) !== 0) used.push(group * 16 + bit);
  }
  if (used.length === 0) throw damaged('the bytes that a block uses');
  return Uint8Array.from(used);
}

interface Tables {
  readonly codes: readonly Huffman[];
  /** Which code holds, for each 50 symbols. */
  readonly selectors: Uint8Array;
}

function readTables(bits: BitReader, symbols: number): Tables {
  const count = bits.read(3);
  const selectorCount = bits.read(15);
  if (count < 2 || count > 6 || selectorCount === 0) throw damaged('the tables of a block');
  const order = Array.from({ length: count }, (_, index) => index);
  const selectors = new Uint8Array(selectorCount);
  for (let index = 0; index < selectorCount; index += 1) {
    let position = 0;
    while (bits.read(1) === 1) position += 1;
    const [selected] = order.splice(position, 1);
    if (selected === undefined) throw damaged('a selector');
    order.unshift(selected);
    selectors[index] = selected;
  }
  const codes = Array.from({ length: count }, () => readCode(bits, symbols));
  return { codes, selectors };
}

function readCode(bits: BitReader, symbols: number): Huffman {
  const lengths = new Uint8Array(symbols);
  let length = bits.read(5);
  for (let symbol = 0; symbol < symbols; symbol += 1) {
    while (bits.read(1) === 1) length += bits.read(1) === 0 ? 1 : -1;
    if (length < 1 || length > codeLengthMax) throw damaged('the length of a code');
    lengths[symbol] = length;
  }
  const limits = new Int32Array(codeLengthMax + 2).fill(-1);
  const offsets = new Int32Array(codeLengthMax + 2);
  const sorted: number[] = [];
  let code = 0;
  for (let size = 1; size <= codeLengthMax; size += 1) {
    offsets[size] = sorted.length - code;
    for (let symbol = 0; symbol < symbols; symbol += 1) {
      if (lengths[symbol] !== size) continue;
      sorted.push(symbol);
      code += 1;
    }
    limits[size] = code - 1;
    code <<= 1;
  }
  return { limits, offsets, symbols: Uint16Array.from(sorted) };
}

/** Bytes after the move-to-front step, and how often each comes. */
function readSymbols(
  bits: BitReader,
  used: Uint8Array,
  tables: Tables,
  blockMax: number,
): { data: Uint8Array; counts: Int32Array } {
  const data = new Uint8Array(blockMax);
  const counts = new Int32Array(256);
  const front = used.slice();
  const end = used.length + 1;
  let size = 0;
  let run = 0;
  let weight = 1;
  const flush = (): void => {
    if (run === 0) return;
    const byte = front[0] ?? 0;
    if (size + run > blockMax) throw damaged('the length of a block');
    data.fill(byte, size, size + run);
    counts[byte] = (counts[byte] ?? 0) + run;
    size += run;
    run = 0;
    weight = 1;
  };
  for (let index = 0; ; index += 1) {
    const code = tables.codes[tables.selectors[Math.floor(index / groupSymbols)] ?? -1];
    if (code === undefined) throw damaged('the number of selectors');
    const symbol = readSymbol(bits, code);
    if (symbol <= 1) {
      run += weight << symbol;
      weight <<= 1;
      if (run > blockMax) throw damaged('the length of a run');
      continue;
    }
    flush();
    if (symbol === end) break;
    const position = symbol - 1;
    const byte = front[position] ?? 0;
    front.copyWithin(1, 0, position);
    front[0] = byte;
    if (size >= blockMax) throw damaged('the length of a block');
    data[size] = byte;
    size += 1;
    counts[byte] = (counts[byte] ?? 0) + 1;
  }
  return { data: data.subarray(0, size), counts };
}

function readSymbol(bits: BitReader, { limits, offsets, symbols }: Huffman): number {
  let code = 0;
  for (let length = 1; length <= codeLengthMax; length += 1) {
    code = (code << 1) | bits.read(1);
    if (code > (limits[length] ?? -1)) continue;
    const symbol = symbols[code + (offsets[length] ?? 0)];
    if (symbol !== undefined) return symbol;
  }
  throw damaged('a code');
}

/** Burrows and Wheeler's transform, the other way round. */
function undoTransform(data: Uint8Array, counts: Int32Array, origin: number): Uint8Array {
  const starts = new Int32Array(256);
  for (let byte = 1; byte < 256; byte += 1) starts[byte] = (starts[byte - 1] ?? 0) + (counts[byte - 1] ?? 0);
  const next = new Int32Array(data.length);
  for (let index = 0; index < data.length; index += 1) {
    const byte = data[index] ?? 0;
    const place = starts[byte] ?? 0;
    next[place] = index;
    starts[byte] = place + 1;
  }
  const plain = new Uint8Array(data.length);
  let at = next[origin] ?? 0;
  for (let index = 0; index < data.length; index += 1) {
    plain[index] = data[at] ?? 0;
    at = next[at] ?? 0;
  }
  return plain;
}

/** Four equal bytes are followed by how many more there are. */
function undoRunLengths(plain: Uint8Array, outputBytesMax: number): Buffer {
  let length = 0;
  forRuns(plain, (_byte, count) => (length += count));
  if (length > outputBytesMax)
    throw new MorphlineRuntimeError(`the decompressed data are longer than ${outputBytesMax} bytes`);
  const output = Buffer.allocUnsafe(length);
  let at = 0;
  forRuns(plain, (byte, count) => {
    output.fill(byte, at, at + count);
    at += count;
  });
  return output;
}

function forRuns(plain: Uint8Array, use: (byte: number, count: number) => void): void {
  for (let at = 0; at < plain.length;) {
    const byte = plain[at] ?? 0;
    let count = 1;
    while (count < 4 && plain[at + count] === byte) count += 1;
    at += count;
    if (count === 4) {
      count += plain[at] ?? 0;
      at += 1;
    }
    use(byte, count);
  }
}

/** CRC-32 with the highest bit first, as bzip2 and nobody else has it. */
function checksumOf(bytes: Uint8Array): number {
  let checksum = 0xffffffff;
  for (const byte of bytes) checksum = (checksum << 8) ^ (checksums[(checksum >>> 24) ^ byte] ?? 0);
  return ~checksum >>> 0;
}

const checksums = Int32Array.from({ length: 256 }, (_, byte) => {
  let checksum = byte << 24;
  for (let bit = 0; bit < 8; bit += 1) checksum = (checksum << 1) ^ (checksum < 0 ? 0x04c11db7 : 0);
  return checksum;
});

function damaged(what: string): MorphlineRuntimeError {
  return new MorphlineRuntimeError(`the bzip2 data are damaged: ${what} is wrong`);
}
