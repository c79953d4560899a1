import { isUtf8 } from 'node:buffer';
import { EventBatch } from '#pipeline/event-batch';
import { withByteOrder, type Charset, type DecodeErrorPolicy } from '../charset.js';
import type { Deserializer, FileEvents, SpooledFile } from './spooled-file.js';

const newline = 10;
/** No charset takes more bytes for a UTF-16 code unit. */
const charBytesMax = 4;

export interface LineOptions {
  readonly input: Charset;
  readonly output: Charset;
  readonly policy: DecodeErrorPolicy;
  /** In UTF-16 code units, as Java counts. */
  readonly lineCharsMax: number;
}

/** Pieces of text in a buffer: piece i is `[starts[i], ends[i])`; the next begins at `next`. */
interface Pieces {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly next: number;
}

/**
 * Flume's LINE: an event a line. A line ends with `\n` alone, so a `\r` before it stays. A longer line than allowed goes on in
 * further events; what follows the last line end is an event too. UTF-8 stays the bytes that it was.
 */
export class LineDeserializer implements Deserializer {
  private charset: Charset;

  constructor(private readonly options: LineOptions) {
    this.charset = options.input;
  }

  async next(file: SpooledFile, eventsMax: number): Promise<FileEvents | null> {
    if (file.buffer.length === 0) await this.begin(file);
    for (;;) {
      const pieces = this.cut(file, eventsMax);
      if (pieces.starts.length > 0) return this.eventsOf(file, pieces);
      if (!(await file.readMore())) return null;
    }
  }

  /** Finds the byte order, and passes over its mark. */
  private async begin(file: SpooledFile): Promise<void> {
    const { charset, markBytes } = withByteOrder(this.options.input, await file.head(charBytesMax));
    this.charset = charset;
    if (file.position === 0 && (await file.readMore())) file.commit(markBytes);
  }

  private cut(file: SpooledFile, eventsMax: number): Pieces {
    const { buffer, to } = file;
    const { unitBytes } = this.charset;
    const { lineCharsMax } = this.options;
    const segmentBytesMax = lineCharsMax * charBytesMax;
    const starts = new Int32Array(eventsMax);
    const ends = new Int32Array(eventsMax);
    let count = 0;
    let at = file.from;
    while (count < eventsMax && at < to) {
      const lineEnd = this.lineEnd(buffer, at, to);
      if (lineEnd === -1 && to - at < segmentBytesMax && !file.isReadToEnd) break;
      const end = lineEnd === -1 ? to : lineEnd;
      const pieceEnd = end - at <= lineCharsMax ? end : this.pieceEnd(buffer, at, end);
      starts[count] = at;
      ends[count] = pieceEnd;
      count += 1;
      at = pieceEnd === lineEnd ? lineEnd + unitBytes : pieceEnd;
    }
    return { starts: starts.subarray(0, count), ends: ends.subarray(0, count), next: at };
  }

  private pieceEnd(buffer: Buffer, at: number, end: number): number {
    const { lineCharsMax } = this.options;
    const segment = buffer.subarray(at, Math.min(end, at + (lineCharsMax + 1) * charBytesMax));
    return at + this.charset.bytesOfChars(segment, lineCharsMax);
  }

  private lineEnd(buffer: Buffer, from: number, to: number): number {
    const { unitBytes, isBigEndian } = this.charset;
    for (let at = from; ; at += 1) {
      at = buffer.indexOf(newline, at);
      if (at === -1 || at >= to) return -1;
      if (unitBytes === 1) return at;
      const start = isBigEndian ? at - (unitBytes - 1) : at;
      if (start < from || start + unitBytes > to || (start - from) % unitBytes !== 0) continue;
      if (buffer.readUIntBE(start, unitBytes) === (isBigEndian ? newline : newline * 256 ** (unitBytes - 1)))
        return start;
    }
  }

  private eventsOf(file: SpooledFile, { starts, ends, next }: Pieces): FileEvents {
    const position = file.position + (next - file.from);
    const staysAsItIs = this.charset.name === 'UTF-8' && this.options.output.name === 'UTF-8';
    if (staysAsItIs && isUtf8(file.buffer.subarray(file.from, next))) {
      return { batch: new EventBatch(file.buffer, starts, ends), position };
    }
    const events: { body: Buffer }[] = [];
    for (let index = 0; index < starts.length; index += 1) {
      const start = starts[index] ?? 0;
      try {
        events.push({ body: this.recode(file.buffer.subarray(start, ends[index])) });
      } catch (error) {
        const at = file.position + (start - file.from);
        // What lies before is delivered first.
        if (events.length > 0) return { batch: EventBatch.of(events), position: at };
        throw new Error(`the line at byte ${at} has ${(error as Error).message}`, { cause: error });
      }
    }
    return { batch: EventBatch.of(events), position };
  }

  private recode(line: Buffer): Buffer {
    const text = this.charset.decode(line, this.options.policy);
    return this.options.output.encode?.(text) ?? Buffer.from(text);
  }
}
