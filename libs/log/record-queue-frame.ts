/**
 * The frames of a record queue's files: `u32 kind+length, u32 crc, payload`. The top bit of the first word marks a head frame
 * (payload: the head as an i64), else it is a record. The CRC-32C covers the payload, seeded with the first word.
 */
import { crc32c } from '#std/crc32c';
import type { DiskFile } from '#std/disk';

export const headerBytes = 8;
export const headFlag = 0x8000_0000;
export const headFrameBytes = headerBytes + 8;
const scanBytes = 1024 * 1024;
const searchBytes = 8 * 1024 * 1024;

export interface ScannedFile {
  /** As of its last head frame; null where it has none. */
  readonly head: number | null;
  /** After its last whole frame. */
  readonly end: number;
  /** Whole frames follow bytes that fail their check. */
  readonly isDamaged: boolean;
}

export async function scanFrames(handle: DiskFile, size: number): Promise<ScannedFile> {
  let at = 0;
  let head: number | null = null;
  let isDamaged = false;
  let buffer: Buffer = Buffer.alloc(0);
  let bufferAt = 0;
  for (;;) {
    const left = bufferAt + buffer.length - at;
    const need = left < headerBytes ? headerBytes : frameBytesAt(buffer, at - bufferAt);
    if (at + need <= size && left < need) {
      buffer = Buffer.allocUnsafeSlow(Math.min(Math.max(need, scanBytes), size - at));
      bufferAt = at;
      await handle.read(buffer, at);
      continue;
    }
    const kind = at + need > size ? null : checkFrame(buffer, at - bufferAt, need);
    if (kind === null) {
      const next = await findFrame((position, length) => readPiece(handle, position, length), at, size);
      if (next === null) return { head, end: at, isDamaged };
      isDamaged = true;
      at = next;
      continue;
    }
    if (kind === 'head') head = Number(buffer.readBigInt64BE(at - bufferAt + headerBytes));
    at += need;
  }
}

async function readPiece(handle: DiskFile, position: number, length: number): Promise<Buffer> {
  const piece = Buffer.allocUnsafeSlow(length);
  return piece.subarray(0, await handle.read(piece, position));
}

export function frameHeader(word: number, payload: Buffer): Buffer {
  const header = Buffer.allocUnsafe(headerBytes);
  header.writeUInt32BE(word, 0);
  header.writeUInt32BE(crc32c(payload, word), 4);
  return header;
}

export function headFrame(head: number): Buffer {
  const payload = Buffer.alloc(8);
  payload.writeBigInt64BE(BigInt(head));
  return Buffer.concat([frameHeader((headFlag | payload.length) >>> 0, payload), payload]);
}

/** Bytes of the frame whose header begins at `at`; the header's own size where not all of it is in `buffer`. */
export function frameBytesAt(buffer: Buffer, at: number): number {
  if (at + headerBytes > buffer.length) return headerBytes + 1;
  return headerBytes + (buffer.readUInt32BE(at) & ~headFlag);
}

/**
 * Where the first whole frame after `from` begins, or null where there is none before `end`. Most bytes are ruled out by the length that
 * they would mean; `read` is asked for a piece of the file at a time.
 */
export async function findFrame(
  read: (position: number, length: number) => Promise<Buffer>,
  from: number,
  end: number,
): Promise<number | null> {
  let at = from + 1;
  while (at + headerBytes < end) {
    const piece = await read(at, Math.min(searchBytes, end - at));
    for (let place = 0; place + headerBytes < piece.length; place += 1) {
      const length = frameBytesAt(piece, place);
      if (length <= headerBytes || at + place + length > end) continue;
      const isInside = place + length <= piece.length;
      const whole = isInside ? piece : await read(at + place, length);
      if (checkFrame(whole, isInside ? place : 0, length) !== null) return at + place;
    }
    if (piece.length <= headerBytes) return null;
    at += piece.length - headerBytes;
  }
  return null;
}

export function checkFrame(buffer: Buffer, at: number, length: number): 'record' | 'head' | null {
  const word = buffer.readUInt32BE(at);
  const payload = buffer.subarray(at + headerBytes, at + length);
  // All zeros, as an unwritten page has, is no frame: the CRC of nothing seeded with nothing is zero as well.
  if (word === 0 || crc32c(payload, word) !== buffer.readUInt32BE(at + 4)) return null;
  if (word < headFlag) return 'record';
  return payload.length === 8 ? 'head' : null;
}
