const sizeBytes = 4;
/** Larger than any fetch we ask for; a size beyond it is not a size. */
const frameBytesMax = 512 * 1024 * 1024;

/**
 * Cuts a stream into frames: size i32, then that many bytes. A frame that lies whole in one chunk is a slice of it; one
 * that comes in pieces is gathered in a buffer of its final size, so that each byte is copied once.
 */
export class FrameReader {
  /** Fewer bytes than a size. */
  private rest: Buffer | null = null;
  private frame: Buffer | null = null;
  private filled = 0;

  constructor(private readonly take: (frame: Buffer) => void) {}

  /** Throws on an impossible size, and what `take` throws. */
  push(bytes: Buffer): void {
    let chunk = bytes;
    let at = 0;
    if (this.frame !== null) {
      at = Math.min(this.frame.length - this.filled, chunk.length);
      chunk.copy(this.frame, this.filled, 0, at);
      this.filled += at;
      if (this.filled < this.frame.length) return;
      const whole = this.frame;
      this.frame = null;
      this.take(whole);
    } else if (this.rest !== null) {
      chunk = Buffer.concat([this.rest, bytes]);
      this.rest = null;
    }
    while (chunk.length - at >= sizeBytes) {
      const size = chunk.readInt32BE(at);
      if (size < 0 || size > frameBytesMax) throw new RangeError(`a frame of ${size} bytes`);
      at += sizeBytes;
      if (chunk.length - at >= size) {
        this.take(chunk.subarray(at, at + size));
        at += size;
        continue;
      }
      this.frame = Buffer.allocUnsafeSlow(size);
      this.filled = chunk.copy(this.frame, 0, at);
      return;
    }
    if (at < chunk.length) this.rest = Buffer.from(chunk.subarray(at));
  }
}
