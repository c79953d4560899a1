/**
 * Frames of Avro's RPC over Netty, the same in both directions, big endian:
 *
 *     serial i32 · count i32 · count × (length i32 · bytes)
 *
 * The buffers of a frame are one stream of Avro binary; their borders mean nothing, and an empty one is normal.
 */
import { malformed } from './errors.js';
import { MessagePieces } from './message-pieces.js';

const headBytes = 8;
const lengthBytes = 4;

/** Where the reader is inside a frame. */
type Part = 'head' | 'length' | 'bytes';

export class NettyFrameReader {
  /** A head or length as far as it has come. */
  private readonly small = Buffer.alloc(headBytes);
  private smallFilled = 0;
  private part: Part = 'head';
  private serial = 0;
  private buffersLeft = 0;
  private bytesLeft = 0;
  private readonly pieces = new MessagePieces();
  /** What the frame has announced so far, lengths included. */
  private announced = 0;

  /** @param frameBytesMax a frame that announces more is refused before its bytes are kept. */
  constructor(private readonly frameBytesMax: number) {}

  /** Bytes kept of a frame that is not whole. */
  get heldBytes(): number {
    return this.pieces.bytes;
  }

  get isInsideFrame(): boolean {
    return this.part !== 'head' || this.smallFilled > 0;
  }

  /** Calls `onFrame` for each frame that the chunk completes, its bytes in memory of their own. Throws `wire.flume.malformed`. */
  push(chunk: Buffer, onFrame: (serial: number, message: Buffer) => void): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.part === 'bytes') {
        const taken = Math.min(this.bytesLeft, chunk.length - at);
        this.pieces.add(chunk.subarray(at, at + taken));
        this.bytesLeft -= taken;
        at += taken;
        if (this.bytesLeft === 0) this.nextBuffer(onFrame);
        continue;
      }
      const wanted = (this.part === 'head' ? headBytes : lengthBytes) - this.smallFilled;
      const taken = Math.min(wanted, chunk.length - at);
      chunk.copy(this.small, this.smallFilled, at, at + taken);
      this.smallFilled += taken;
      at += taken;
      if (taken < wanted) return;
      this.smallFilled = 0;
      if (this.part === 'head') this.beginFrame(onFrame);
      else this.beginBuffer(onFrame);
    }
  }

  private beginFrame(onFrame: (serial: number, message: Buffer) => void): void {
    this.serial = this.small.readInt32BE(0);
    const count = this.small.readInt32BE(4);
    if (count < 0) throw malformed(`A frame announces ${count} buffers.`);
    this.announced = 0;
    this.announce(count * lengthBytes);
    this.buffersLeft = count;
    if (count === 0) this.completeFrame(onFrame);
    else this.part = 'length';
  }

  private beginBuffer(onFrame: (serial: number, message: Buffer) => void): void {
    const length = this.small.readInt32BE(0);
    if (length < 0) throw malformed(`A frame announces a buffer of ${length} bytes.`);
    this.announce(length);
    this.bytesLeft = length;
    if (length === 0) this.nextBuffer(onFrame);
    else this.part = 'bytes';
  }

  private nextBuffer(onFrame: (serial: number, message: Buffer) => void): void {
    this.buffersLeft -= 1;
    if (this.buffersLeft === 0) this.completeFrame(onFrame);
    else this.part = 'length';
  }

  private completeFrame(onFrame: (serial: number, message: Buffer) => void): void {
    this.part = 'head';
    onFrame(this.serial, this.pieces.take());
  }

  private announce(bytes: number): void {
    this.announced += bytes;
    if (this.announced <= this.frameBytesMax) return;
    throw malformed(
      `A frame announces ${this.announced} bytes and more; ${this.frameBytesMax} are allowed. Is this Avro, and is compression-type the same on both sides?`,
    );
  }
}

/** A frame of one buffer. */
export function nettyFrame(serial: number, message: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(headBytes + lengthBytes + message.length);
  frame.writeInt32BE(serial, 0);
  frame.writeInt32BE(1, 4);
  frame.writeInt32BE(message.length, headBytes);
  message.copy(frame, headBytes + lengthBytes);
  return frame;
}
