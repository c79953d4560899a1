import { isAscii } from 'node:buffer';
import { spanOf, type EventBatch } from '#pipeline/event-batch';

/** The bodies of a batch as text. Where they are ASCII, as most logs are, all are decoded in one go and then only sliced. */
export class BodyTexts {
  private readonly ascii: string | null;
  private readonly base: number;

  constructor(private readonly batch: EventBatch) {
    const span = spanOf(batch);
    this.base = span.from;
    const bytes = batch.bytes.subarray(span.from, span.to);
    this.ascii = span.isDense && isAscii(bytes) ? bytes.toString('latin1') : null;
  }

  at(index: number): string {
    const start = this.batch.starts[index] ?? 0;
    const end = this.batch.ends[index] ?? 0;
    if (this.ascii !== null) return this.ascii.slice(start - this.base, end - this.base);
    return this.batch.bytes.toString('utf8', start, end);
  }
}
