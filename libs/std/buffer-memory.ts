const classBytesMin = 4 * 1024;
const classBytesMax = 2 * 1024 * 1024;
/** Memory that is kept for the next takers. */
const freeBytesMax = 16 * 1024 * 1024;

/**
 * Memory for large buffers of a short life that somebody gives back when nobody looks at them any more: frames of produce requests
 * and what fetches read from files. Fresh memory for each would be garbage a few milliseconds later, and collecting it, and having
 * the system find it, costs more than filling it.
 */
export class BufferMemory {
  private readonly free = new Map<number, Buffer[]>();
  private freeBytes = 0;
  /** Out and not given back; one that is never given back is garbage as any other. */
  private readonly lent = new WeakMap<ArrayBufferLike, Buffer>();

  /** Not cleared. Has memory to itself. */
  take(size: number): Buffer {
    if (size > classBytesMax) return Buffer.allocUnsafeSlow(size);
    const classBytes = classOf(size);
    const slab = this.free.get(classBytes)?.pop();
    if (slab !== undefined) this.freeBytes -= classBytes;
    const taken = slab ?? Buffer.allocUnsafeSlow(classBytes);
    this.lent.set(taken.buffer, taken);
    return taken.subarray(0, size);
  }

  /**
   * Nobody looks at what `take` gave any more; `bytes` is it, or a view of a part of it. Nothing happens where the memory is not from
   * here, or was given back already.
   */
  giveBack(bytes: Buffer): void {
    const slab = this.lent.get(bytes.buffer);
    if (slab === undefined) return;
    this.lent.delete(bytes.buffer);
    if (this.freeBytes + slab.length > freeBytesMax) return;
    this.freeBytes += slab.length;
    const free = this.free.get(slab.length);
    if (free === undefined) this.free.set(slab.length, [slab]);
    else free.push(slab);
  }
}

/** Powers of two, and one and a half of them: a megabyte and its headers take no two. */
function classOf(size: number): number {
  let bytes = classBytesMin;
  while (bytes < size) bytes *= 2;
  return size <= (bytes / 4) * 3 && bytes > classBytesMin ? (bytes / 4) * 3 : bytes;
}

/** Of the thread. */
export const bufferMemory = new BufferMemory();
