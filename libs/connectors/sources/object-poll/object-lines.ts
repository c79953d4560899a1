import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { cutLines } from '../line-cutter.js';
import type { ObjectStore, StoredObject } from './object-store.js';

/** Lines of a file, and where it goes on behind them. */
export interface ObjectLines {
  readonly bytes: Buffer;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** Bytes of the content (unpacked where it is compressed) before what was not yet given. */
  readonly nextAt: number;
}

export interface LineLimits {
  readonly linesMax: number;
  /** A longer line comes in pieces. */
  readonly lineBytesMax: number;
}

/**
 * The lines of a file from `offset` on, in batches; what follows the last line end is a line too. A file whose name ends in `.gz` is unpacked,
 * and read from its beginning to get to the offset.
 */
export async function* objectLines(
  store: ObjectStore,
  file: StoredObject,
  offset: number,
  { linesMax, lineBytesMax }: LineLimits,
): AsyncGenerator<ObjectLines> {
  let rest: Buffer = Buffer.alloc(0);
  let at = offset;
  for await (const chunk of content(store, file, offset)) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    for (;;) {
      const lines = cutLines(bytes, { from, to: bytes.length }, linesMax, true);
      if (lines.starts.length === 0) break;
      yield { bytes, starts: lines.starts, ends: lines.ends, nextAt: at + lines.next };
      from = lines.next;
    }
    for (; bytes.length - from >= lineBytesMax; from += lineBytesMax) {
      const to = from + lineBytesMax;
      yield { bytes, starts: Int32Array.of(from), ends: Int32Array.of(to), nextAt: at + to };
    }
    rest = bytes.subarray(from);
    at += from;
  }
  if (rest.length > 0)
    yield { bytes: rest, starts: Int32Array.of(0), ends: Int32Array.of(rest.length), nextAt: at + rest.length };
}

async function* content(store: ObjectStore, file: StoredObject, offset: number): AsyncGenerator<Buffer> {
  if (!file.path.endsWith('.gz')) {
    yield* store.open(file, offset);
    return;
  }
  let skipped = 0;
  const source = Readable.from(store.open(file, 0));
  const unpacked = source.pipe(createGunzip());
  // A pipe does not hand errors on.
  source.once('error', (error) => unpacked.destroy(error));
  try {
    for await (const chunk of unpacked as AsyncIterable<Buffer>) {
      const skip = Math.min(offset - skipped, chunk.length);
      skipped += skip;
      if (skip < chunk.length) yield chunk.subarray(skip);
    }
  } finally {
    source.destroy();
    unpacked.destroy();
  }
}
