/** Buffers that are used again and again, so that large ones are not made (and collected) for every put. */
export class BufferPool {
  /** Free buffers by the logarithm of their size. */
  private readonly free = new Map<number, Buffer[]>();
  private freeBytes = 0;

  constructor(private readonly freeBytesMax: number) {}

  /** At least `size` bytes, with anything in them, at the begin of memory of their own. */
  take(size: number): Buffer {
    const order = orderOf(size);
    const found = this.free.get(order)?.pop();
    if (found === undefined) return Buffer.allocUnsafeSlow(2 ** order);
    this.freeBytes -= found.length;
    return found;
  }

  /** Nobody may use it any more. */
  giveBack(buffer: Buffer): void {
    if (this.freeBytes + buffer.length > this.freeBytesMax) return;
    const order = orderOf(buffer.length);
    const list = this.free.get(order);
    if (list === undefined) this.free.set(order, [buffer]);
    else list.push(buffer);
    this.freeBytes += buffer.length;
  }
}

const orderMin = 12;

function orderOf(size: number): number {
  return Math.max(orderMin, Math.ceil(Math.log2(size)));
}
