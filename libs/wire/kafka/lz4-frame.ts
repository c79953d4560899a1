/**
 * Measures an LZ4 frame before it is inflated. The library we inflate with takes no limit, and sixteen bytes of LZ4 can
 * stand for four thousand; so the length is counted first, by walking the sequences of each block without copying anything.
 *
 * A frame: magic u32le · flags u8 · block descriptor u8 · content size u64le? · dictionary id u32le? · header checksum u8,
 * then blocks (size u32le with its highest bit for "not compressed" · data · checksum u32le?) until a size of 0, then a
 * content checksum u32le?. Record batches hold exactly one.
 */
import { WireError, wireErrors } from './errors.js';

const frameMagic = 0x184d2204;

/** The bytes that the frame inflates to. Throws a WireError where it breaks off. */
export function lz4InflatedBytes(bytes: Buffer): number {
  need(bytes, 0, 7);
  if (bytes.readUInt32LE(0) !== frameMagic) {
    throw new WireError(wireErrors.corruptBatch, 'lz4 data does not begin with a frame');
  }
  const flags = bytes[4] ?? 0;
  const blockChecksumBytes = (flags & 0x10) === 0 ? 0 : 4;
  let total = 0;
  let at = 7 + ((flags & 0x08) === 0 ? 0 : 8) + ((flags & 0x01) === 0 ? 0 : 4);
  for (;;) {
    need(bytes, at, 4);
    const word = bytes.readUInt32LE(at);
    at += 4;
    if (word === 0) return total;
    const length = word & 0x7fffffff;
    need(bytes, at, length);
    total += word >>> 31 === 1 ? length : blockInflatedBytes(bytes, at, at + length);
    at += length + blockChecksumBytes;
  }
}

/** One block: sequences of literals and a copy, each with a token that holds both lengths. */
function blockInflatedBytes(bytes: Buffer, from: number, end: number): number {
  let total = 0;
  let at = from;
  while (at < end) {
    const token = bytes[at] ?? 0;
    at += 1;
    let literals = token >>> 4;
    if (literals === 15) {
      let byte = 255;
      while (byte === 255 && at < end) {
        byte = bytes[at] ?? 0;
        literals += byte;
        at += 1;
      }
    }
    total += literals;
    at += literals;
    if (at >= end) break;
    at += 2;
    let copied = (token & 0x0f) + 4;
    if (copied === 19) {
      let byte = 255;
      while (byte === 255 && at < end) {
        byte = bytes[at] ?? 0;
        copied += byte;
        at += 1;
      }
    }
    total += copied;
  }
  return total;
}

function need(bytes: Buffer, at: number, length: number): void {
  if (length > bytes.length - at) throw new WireError(wireErrors.corruptBatch, `lz4 data ends at byte ${bytes.length}`);
}
