/** Cuts a stream of JSON objects, one after another with or without white space between, into the bytes of each. */
import { DetailedHttpError } from '#nest/error-answer';

/** Largest object, bytes: as the largest body of a request that is not streamed. */
const objectBytesMax = 4 * 1024 * 1024;

const byte = { quote: 0x22, backslash: 0x5c, open: 0x7b, close: 0x7d, comma: 0x2c } as const;

export class JsonObjects {
  private kept: Buffer = Buffer.alloc(0);
  /** Where in `kept` to go on looking, in which depth, and whether in a string. */
  private at = 0;
  private depth = 0;
  private isInString = false;

  /** The objects that end in `chunk`. Throws 400 for bytes between objects that belong to none, 413 for one that is too large. */
  take(chunk: Buffer): Buffer[] {
    const bytes = this.kept.length === 0 ? chunk : Buffer.concat([this.kept, chunk]);
    const found: Buffer[] = [];
    let start = 0;
    let at = this.at;
    for (; at < bytes.length; at += 1) {
      const next = bytes[at] ?? 0;
      if (this.isInString) {
        if (next === byte.backslash) at += 1;
        else if (next === byte.quote) this.isInString = false;
      } else if (next === byte.open) {
        if (this.depth === 0) start = at;
        this.depth += 1;
      } else if (this.depth === 0) {
        if (!isBetween(next)) throw noObject(next);
      } else if (next === byte.quote) {
        this.isInString = true;
      } else if (next === byte.close) {
        this.depth -= 1;
        if (this.depth > 0) continue;
        found.push(bytes.subarray(start, at + 1));
        start = at + 1;
      }
    }
    if (this.depth === 0) start = bytes.length;
    this.kept = bytes.subarray(start);
    // An escape at the very end of a chunk: its second byte is the first of the next one.
    this.at = at - start;
    if (this.kept.length > objectBytesMax) {
      throw new DetailedHttpError(413, `A record of more than ${objectBytesMax} bytes of JSON is not accepted.`);
    }
    return found;
  }

  /** Throws 400 where the stream ended within an object. */
  end(): void {
    if (this.depth > 0) {
      throw new DetailedHttpError(400, `The body ends within a record, after ${this.kept.length} bytes of it.`);
    }
  }
}

/** White space, and a comma for clients that put one between. */
function isBetween(next: number): boolean {
  return next === 0x20 || next === 0x0a || next === 0x0d || next === 0x09 || next === byte.comma;
}

function noObject(next: number): DetailedHttpError {
  const shown = JSON.stringify(String.fromCharCode(next));
  return new DetailedHttpError(
    400,
    `The body is one JSON object a record, one after another; ${shown} does not begin one.`,
  );
}
