import type { EventBatch, HeaderColumn } from '#pipeline/event-batch';

/** Headers that an interceptor sets event by event; what it does not set stays as it was. */
export class NewHeaders {
  private readonly columns = new Map<string, (string | null)[]>();

  constructor(private readonly batch: EventBatch) {}

  set(index: number, name: string, value: string): void {
    let column = this.columns.get(name);
    if (column === undefined) {
      column = Array.from({ length: this.batch.count }, (_, at) => this.batch.header(at, name));
      this.columns.set(name, column);
    }
    column[index] = value;
  }

  /** The batch with these headers. */
  applied(): EventBatch {
    if (this.columns.size === 0) return this.batch;
    const headers = new Map<string, HeaderColumn>(this.batch.headers);
    for (const [name, column] of this.columns) headers.set(name, column);
    return this.batch.withHeaders(headers);
  }
}
