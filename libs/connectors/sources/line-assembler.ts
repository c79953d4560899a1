import { EventBatch } from '#pipeline/event-batch';
import { cutLines } from './line-cutter.js';

/** Cuts a stream of chunks into lines. What is held of an unfinished line is bounded: it is given up in pieces. */
export class LineAssembler {
  private rest: Buffer = Buffer.alloc(0);

  constructor(
    /** An unfinished line of so many bytes is taken as it is, and goes on in the next event. */
    private readonly lineBytesMax: number,
    private readonly stripCarriageReturn: boolean,
  ) {}

  /** The lines that `chunk` finishes. The chunk is kept by reference. */
  push(chunk: Buffer): EventBatch {
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    const cut = cutLines(bytes, { from: 0, to: bytes.length }, Number.MAX_SAFE_INTEGER, this.stripCarriageReturn);
    const lines = new EventBatch(bytes, cut.starts, cut.ends);
    if (bytes.length - cut.next < this.lineBytesMax) {
      // Copied, so that half a line does not hold on to its whole chunk.
      this.rest = Buffer.from(bytes.subarray(cut.next));
      return lines;
    }
    this.rest = Buffer.alloc(0);
    return EventBatch.join([lines, new EventBatch(bytes, Int32Array.of(cut.next), Int32Array.of(bytes.length))]);
  }

  /** What came after the last line end, as a line; an empty batch when there is nothing. */
  finish(): EventBatch {
    const { rest } = this;
    this.rest = Buffer.alloc(0);
    if (rest.length === 0) return new EventBatch(rest, new Int32Array(0), new Int32Array(0));
    return new EventBatch(rest, Int32Array.of(0), Int32Array.of(rest.length));
  }
}
