import { EventBatch } from '#pipeline/event-batch';
import { cutLines } from './line-cutter.js';

/** Cuts a stream of chunks into lines. What is held of an unfinished line is bounded: it is given up in pieces. */
export class LineAssembler {
  /** An unfinished line, as it came: joined once it is whole, so that many small chunks are not copied again and again. */
  private readonly rest: Buffer[] = [];
  private restBytes = 0;

  constructor(
    /** An unfinished line of so many bytes is taken as it is, and goes on in the next event. */
    private readonly lineBytesMax: number,
    private readonly stripCarriageReturn: boolean,
  ) {}

  /** The lines that `chunk` finishes. The chunk is kept by reference. */
  push(chunk: Buffer): EventBatch {
    if (!chunk.includes(newline) && this.restBytes + chunk.length < this.lineBytesMax) {
      this.keep(chunk);
      return noLines;
    }
    const bytes = this.takeRest(chunk);
    const cut = cutLines(bytes, { from: 0, to: bytes.length }, Number.MAX_SAFE_INTEGER, this.stripCarriageReturn);
    const lines = new EventBatch(bytes, cut.starts, cut.ends);
    if (bytes.length - cut.next < this.lineBytesMax) {
      // Copied, so that half a line does not hold on to its whole chunk.
      this.keep(Buffer.from(bytes.subarray(cut.next)));
      return lines;
    }
    return EventBatch.join([lines, new EventBatch(bytes, Int32Array.of(cut.next), Int32Array.of(bytes.length))]);
  }

  /** What came after the last line end, as a line; an empty batch when there is nothing. */
  finish(): EventBatch {
    const bytes = this.takeRest();
    return bytes.length === 0 ? noLines : new EventBatch(bytes, Int32Array.of(0), Int32Array.of(bytes.length));
  }

  private keep(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.rest.push(bytes);
    this.restBytes += bytes.length;
  }

  private takeRest(...more: Buffer[]): Buffer {
    const all = [...this.rest.splice(0), ...more];
    this.restBytes = 0;
    const [only] = all;
    return all.length === 1 && only !== undefined ? only : Buffer.concat(all);
  }
}

const newline = 10;
const noLines = new EventBatch(Buffer.alloc(0), new Int32Array(0), new Int32Array(0));
