import { malformed } from './errors.js';
import { MessagePieces } from './message-pieces.js';

const headBytes = 4;

/** Cuts a stream into Thrift's frames: `length i32, big endian · bytes`. */
export class LengthFrameReader {
  private readonly head = Buffer.alloc(headBytes);
  private headFilled = 0;
  private bytesLeft = -1;
  private readonly pieces = new MessagePieces();

  /** @param frameBytesMax a frame that announces more is refused before its bytes are kept. */
  constructor(private readonly frameBytesMax: number) {}

  /** Bytes kept of a frame that is not whole. */
  get heldBytes(): number {
    return this.pieces.bytes;
  }

  /** Calls `onFrame` for each frame that the chunk completes, in memory of its own. Throws `wire.flume.malformed`. */
  push(chunk: Buffer, onFrame: (message: Buffer) => void): void {
    let at = 0;
    while (at < chunk.length || this.bytesLeft === 0) {
      if (this.bytesLeft < 0) {
        const taken = Math.min(headBytes - this.headFilled, chunk.length - at);
        chunk.copy(this.head, this.headFilled, at, at + taken);
        this.headFilled += taken;
        at += taken;
        if (this.headFilled < headBytes) return;
        this.begin(this.head.readInt32BE(0));
        continue;
      }
      const taken = Math.min(this.bytesLeft, chunk.length - at);
      if (taken > 0) this.pieces.add(chunk.subarray(at, at + taken));
      this.bytesLeft -= taken;
      at += taken;
      if (this.bytesLeft === 0) this.complete(onFrame);
    }
  }

  private begin(length: number): void {
    this.headFilled = 0;
    if (length < 0 || length > this.frameBytesMax) {
      throw malformed(
        `A frame announces ${length} bytes; 0 to ${this.frameBytesMax} are allowed. Is this Thrift, framed, and is ssl the same on both sides?`,
      );
    }
    this.bytesLeft = length;
  }

  private complete(onFrame: (message: Buffer) => void): void {
    this.bytesLeft = -1;
    onFrame(this.pieces.take());
  }
}
