import type { EventColumns } from './event-columns.js';
import { GrowingBuffer } from './growing-buffer.js';

/** A header name with its length before it, and the value where all events have the same. */
interface EncodedColumn {
  readonly name: Buffer;
  readonly shared: Buffer | null;
  readonly values: readonly (string | null)[];
}

/** How a protocol writes the length of what follows. */
export type WriteLength = (out: GrowingBuffer, length: number) => void;

/**
 * Headers as Avro and Thrift have them, `length name length value`, differing in how a length is written. Names and shared
 * values are encoded once a batch.
 */
export class EncodedHeaders {
  private readonly columns: readonly EncodedColumn[];
  private readonly allShared: Buffer | null;

  constructor(
    headers: EventColumns['headers'],
    private readonly writeLength: WriteLength,
  ) {
    this.columns = [...headers].map(([name, column]) => ({
      name: this.encoded(name),
      shared: typeof column === 'string' ? this.encoded(column) : null,
      values: typeof column === 'string' ? [] : column,
    }));
    const isAllShared = this.columns.every(({ shared }) => shared !== null);
    this.allShared = isAllShared
      ? Buffer.concat(this.columns.flatMap(({ name, shared }) => (shared === null ? [] : [name, shared])))
      : null;
  }

  /** How many headers the event has. */
  countOf(index: number): number {
    if (this.allShared !== null) return this.columns.length;
    let count = 0;
    for (const { shared, values } of this.columns) {
      if (shared !== null || (values[index] ?? null) !== null) count += 1;
    }
    return count;
  }

  write(out: GrowingBuffer, index: number): void {
    if (this.allShared !== null) {
      out.raw(this.allShared);
      return;
    }
    for (const { name, shared, values } of this.columns) {
      if (shared !== null) {
        out.raw(name);
        out.raw(shared);
        continue;
      }
      const value = values[index] ?? null;
      if (value === null) continue;
      out.raw(name);
      this.writeText(out, value);
    }
  }

  private encoded(text: string): Buffer {
    const out = new GrowingBuffer(text.length + 8);
    this.writeText(out, text);
    return out.finish();
  }

  private writeText(out: GrowingBuffer, text: string): void {
    const bytes = Buffer.byteLength(text);
    this.writeLength(out, bytes);
    out.text(text, bytes);
  }
}
