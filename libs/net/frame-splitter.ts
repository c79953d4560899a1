import { bufferMemory } from '#std/buffer-memory';
import { MillraceError } from '#std/errors';
import { netErrors } from './errors.js';

const sizeBytes = 4;
/** Smaller frames come from Node's pool of 8 KiB. A larger one has memory of its own, since a group may keep parts of it. */
const pooledBytesMax = 1024;

/**
 * Cuts a byte stream into frames: `size i32`, then `size` bytes. A frame is allocated once, and each chunk's part of it is copied
 * to its place, so that it costs one copy however many pieces it comes in, and the chunks may be used again at once.
 */
export class FrameSplitter {
  /** The size prefix as far as it has arrived; used only when a chunk ends inside it. */
  private readonly prefix = Buffer.alloc(sizeBytes);
  private prefixFilled = 0;
  private frame: Buffer | null = null;
  private frameFilled = 0;
  /** A frame that may not begin yet: its size, and what has come of it and behind it. */
  private deferred: { readonly size: number; rest: Buffer } | null = null;

  /**
   * @param frameBytesMax largest size accepted, the prefix not counted; a change is for frames that begin after it.
   * @param onBegin called with the size of each frame before its memory is taken; false defers it until `goOn`.
   */
  constructor(
    public frameBytesMax: number,
    private readonly onBegin: (size: number) => boolean = () => true,
  ) {}

  /** Whether a frame has begun and is not whole yet. */
  get isInsideFrame(): boolean {
    return this.frame !== null;
  }

  /** Size of the frame that waits for `goOn`; null where none does. The chunks that come meanwhile are kept. */
  get deferredSize(): number | null {
    return this.deferred?.size ?? null;
  }

  /** Bytes kept for the frame that waits. */
  get deferredBytes(): number {
    return this.deferred?.rest.length ?? 0;
  }

  /** Asks again whether the deferred frame may begin, and goes on with it and what came behind it if so. Throws as `push`. */
  goOn(onFrame: (frame: Buffer) => void): void {
    const { deferred } = this;
    if (deferred === null || !this.onBegin(deferred.size)) return;
    this.deferred = null;
    const at = this.take(deferred.size, deferred.rest, 0, onFrame);
    this.push(deferred.rest.subarray(at), onFrame);
  }

  /**
   * Takes the next chunk, of which nothing is kept, and calls `onFrame` for each frame it completes. Throws `net.frame.size` at a size that is negative
   * or over the limit; the stream cannot be read on after that.
   */
  push(chunk: Buffer, onFrame: (frame: Buffer) => void): void {
    if (this.deferred !== null) {
      this.deferred.rest = Buffer.concat([this.deferred.rest, chunk]);
      return;
    }
    let at = 0;
    if (this.frame !== null) {
      at = this.fill(this.frame, chunk, at);
      if (this.frameFilled < this.frame.length) return;
      this.complete(this.frame, onFrame);
    }
    while (at < chunk.length) {
      if (this.prefixFilled > 0 || chunk.length - at < sizeBytes) {
        const taken = Math.min(sizeBytes - this.prefixFilled, chunk.length - at);
        chunk.copy(this.prefix, this.prefixFilled, at, at + taken);
        this.prefixFilled += taken;
        at += taken;
        if (this.prefixFilled < sizeBytes) return;
        this.prefixFilled = 0;
        at = this.begin(this.prefix.readInt32BE(0), chunk, at, onFrame);
      } else {
        at = this.begin(chunk.readInt32BE(at), chunk, at + sizeBytes, onFrame);
      }
    }
  }

  /** A frame of `size` starts at `at`; gives the position after what the chunk holds of it. */
  private begin(size: number, chunk: Buffer, at: number, onFrame: (frame: Buffer) => void): number {
    if (size < 0 || size > this.frameBytesMax) {
      throw new MillraceError(
        netErrors.frameSize,
        `A frame announces ${size} bytes; 0 to ${this.frameBytesMax} are allowed (socket.request.max.bytes).`,
      );
    }
    if (!this.onBegin(size)) {
      this.deferred = { size, rest: Buffer.from(chunk.subarray(at)) };
      return chunk.length;
    }
    return this.take(size, chunk, at, onFrame);
  }

  private take(size: number, chunk: Buffer, at: number, onFrame: (frame: Buffer) => void): number {
    this.frame = this.memoryOf(size, chunk, at);
    this.frameFilled = 0;
    const next = this.fill(this.frame, chunk, at);
    if (this.frameFilled === size) this.complete(this.frame, onFrame);
    return next;
  }

  /** Produce requests, by far the most bytes, come in memory that is given back: `bufferMemory.giveBack`. */
  private memoryOf(size: number, chunk: Buffer, at: number): Buffer {
    if (size <= pooledBytesMax) return Buffer.allocUnsafe(size);
    const isProduce = at + 1 < chunk.length && chunk[at] === 0 && chunk[at + 1] === 0;
    return isProduce ? bufferMemory.take(size) : Buffer.allocUnsafeSlow(size);
  }

  private fill(frame: Buffer, chunk: Buffer, at: number): number {
    const taken = Math.min(frame.length - this.frameFilled, chunk.length - at);
    chunk.copy(frame, this.frameFilled, at, at + taken);
    this.frameFilled += taken;
    return at + taken;
  }

  private complete(frame: Buffer, onFrame: (frame: Buffer) => void): void {
    this.frame = null;
    this.frameFilled = 0;
    onFrame(frame);
  }
}
