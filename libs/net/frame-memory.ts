const classBytesMin = 4 * 1024;
const classBytesMax = 2 * 1024 * 1024;
/** Memory that is kept for the next frames. */
const freeBytesMax = 16 * 1024 * 1024;

/**
 * Memory for frames that their reader gives back, in powers of two. A frame with new memory is garbage a few milliseconds later, and
 * collecting it cost a produce load more than receiving it.
 */
export class FrameMemory {
  private readonly free = new Map<number, Buffer[]>();
  private freeBytes = 0;
  /** Out and not given back; one that is never given back is garbage as any other. */
  private readonly lent = new WeakMap<ArrayBufferLike, Buffer>();

  take(size: number): Buffer {
    if (size > classBytesMax) return Buffer.allocUnsafeSlow(size);
    const classBytes = classOf(size);
    const slab = this.free.get(classBytes)?.pop();
    if (slab !== undefined) this.freeBytes -= classBytes;
    const taken = slab ?? Buffer.allocUnsafeSlow(classBytes);
    this.lent.set(taken.buffer, taken);
    return taken.subarray(0, size);
  }

  /** Nobody looks at the frame any more. Nothing happens where its memory is not from here, or was given back already. */
  giveBack(frame: Buffer): void {
    const slab = this.lent.get(frame.buffer);
    if (slab === undefined) return;
    this.lent.delete(frame.buffer);
    if (this.freeBytes + slab.length > freeBytesMax) return;
    this.freeBytes += slab.length;
    const free = this.free.get(slab.length);
    if (free === undefined) this.free.set(slab.length, [slab]);
    else free.push(slab);
  }
}

function classOf(size: number): number {
  let bytes = classBytesMin;
  while (bytes < size) bytes *= 2;
  return bytes;
}

/** Of all connections of the thread. */
export const frameMemory = new FrameMemory();
