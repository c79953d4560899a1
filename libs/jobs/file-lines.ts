import { createReadStream } from 'node:fs';

export interface FileLine {
  /** From 1. */
  readonly number: number;
  /** Without its line feed and a carriage return before it; null where it is longer than a line may be. */
  readonly bytes: Buffer | null;
}

export interface FileLinesOptions {
  readonly lineBytesMax: number;
  readonly signal: AbortSignal;
}

const chunkBytes = 256 * 1024;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** Lines of a file, as many at a time as were read together. A last line needs no line feed. */
export async function* fileLines(path: string, options: FileLinesOptions): AsyncGenerator<readonly FileLine[]> {
  const { lineBytesMax, signal } = options;
  let [pieces, pieceBytes, number]: [Buffer[], number, number] = [[], 0, 0];
  const take = (piece: Buffer): void => {
    pieceBytes += piece.length;
    if (pieceBytes > lineBytesMax) pieces = [];
    else pieces.push(piece);
  };
  const line = (): FileLine => {
    const whole = pieces.length === 1 ? (pieces[0] ?? null) : Buffer.concat(pieces);
    const bytes = pieceBytes > lineBytesMax ? null : whole;
    [pieces, pieceBytes] = [[], 0];
    number += 1;
    return { number, bytes: bytes?.at(-1) === carriageReturn ? bytes.subarray(0, -1) : bytes };
  };
  for await (const chunk of createReadStream(path, { highWaterMark: chunkBytes, signal }) as AsyncIterable<Buffer>) {
    const lines: FileLine[] = [];
    let from = 0;
    for (let at = chunk.indexOf(lineFeed); at >= 0; at = chunk.indexOf(lineFeed, from)) {
      take(chunk.subarray(from, at));
      lines.push(line());
      from = at + 1;
    }
    if (from < chunk.length) take(chunk.subarray(from));
    if (lines.length > 0) yield lines;
  }
  if (pieceBytes > 0) yield [line()];
}
