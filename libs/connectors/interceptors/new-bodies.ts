import { EventBatch } from '#pipeline/event-batch';

/** Bodies that an interceptor writes anew or leaves, in the order of the events. Costs next to nothing where all are left. */
export class NewBodies {
  /** By event; absent where the body is left. */
  private changed: (Buffer | undefined)[] | null = null;
  private count = 0;

  constructor(private readonly batch: EventBatch) {}

  /** The next event's body, as UTF-8 where nothing else is said. */
  add(body: string, encoding: 'utf8' | 'latin1' = 'utf8'): void {
    this.changed ??= Array.from({ length: this.batch.count });
    this.changed[this.count] = Buffer.from(body, encoding);
    this.count += 1;
  }

  /** The next event's body is what it was, byte by byte. */
  keep(): void {
    this.count += 1;
  }

  /** The batch with these bodies. */
  applied(): EventBatch {
    const { changed, batch } = this;
    if (changed === null) return batch;
    const parts = Array.from({ length: batch.count }, (_, index) => changed[index] ?? batch.body(index));
    const starts = new Int32Array(batch.count);
    const ends = new Int32Array(batch.count);
    let at = 0;
    for (const [index, part] of parts.entries()) {
      starts[index] = at;
      at += part.length;
      ends[index] = at;
    }
    return new EventBatch(Buffer.concat(parts, at), starts, ends, batch.headers);
  }
}
