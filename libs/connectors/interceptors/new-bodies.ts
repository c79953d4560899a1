import { EventBatch } from '#pipeline/event-batch';

/** Bodies that an interceptor writes anew or leaves, in the order of the events. */
export class NewBodies {
  private readonly parts: Buffer[] = [];
  private isChanged = false;

  constructor(private readonly batch: EventBatch) {}

  /** The next event's body, as UTF-8. */
  add(body: string): void {
    this.parts.push(Buffer.from(body));
    this.isChanged = true;
  }

  /** The next event's body is what it was, byte by byte. */
  keep(): void {
    this.parts.push(this.batch.body(this.parts.length));
  }

  /** The batch with these bodies. */
  applied(): EventBatch {
    if (!this.isChanged) return this.batch;
    const starts = new Int32Array(this.batch.count);
    const ends = new Int32Array(this.batch.count);
    let at = 0;
    for (const [index, part] of this.parts.entries()) {
      starts[index] = at;
      at += part.length;
      ends[index] = at;
    }
    return new EventBatch(Buffer.concat(this.parts, at), starts, ends, this.batch.headers);
  }
}
