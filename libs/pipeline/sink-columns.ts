import type { ConnectSchema } from '#pipeline/connect-schema';
import type { RecordHeader, SinkBatch } from '#pipeline/sink-batch';
import { stringifyJson, type JsonValue } from '#pipeline/sink-json';

/**
 * Keys or values of a batch as converters and transforms made them, by the record's index in the batch that they were made from. The bytes
 * of a value that only exists as JSON are written when somebody asks for them.
 */
export class DataColumn {
  /** Undefined = not written yet. */
  private readonly bytes: (Buffer | null | undefined)[];
  private readonly data: (JsonValue | undefined)[];
  private readonly schemas: (ConnectSchema | undefined)[];

  constructor(count: number) {
    this.bytes = Array.from({ length: count });
    this.data = Array.from({ length: count });
    this.schemas = Array.from({ length: count });
  }

  /** `data` undefined: the bytes are all there is. */
  set(index: number, bytes: Buffer | null | undefined, data: JsonValue | undefined, schema?: ConnectSchema): void {
    this.bytes[index] = bytes;
    this.data[index] = data;
    this.schemas[index] = schema;
  }

  bytesOf(index: number): Buffer | null {
    const bytes = this.bytes[index];
    if (bytes !== undefined) return bytes;
    const written = encode(this.data[index] ?? null, this.schemas[index]);
    this.bytes[index] = written;
    return written;
  }

  json(index: number): JsonValue | undefined {
    return this.data[index];
  }

  schema(index: number): ConnectSchema | undefined {
    return this.schemas[index];
  }
}

/** Null for null, the text itself for a text, the bytes for bytes, JSON for all else. */
function encode(data: JsonValue, schema: ConnectSchema | undefined): Buffer | null {
  if (data === null) return null;
  if (typeof data !== 'string') return Buffer.from(stringifyJson(data));
  return schema?.type === 'bytes' && schema.name === undefined ? Buffer.from(data, 'base64') : Buffer.from(data);
}

/** What differs from the batch as it lies in the topic; null = as it was. Entries are found by the record's index in that batch. */
export interface BatchColumns {
  readonly keys: DataColumn | null;
  readonly values: DataColumn | null;
  readonly headers: readonly (readonly RecordHeader[])[] | null;
}

export interface BatchRows {
  /** Indexes of the records that are left, rising; null = all. */
  readonly rows: Int32Array | null;
  readonly from: number;
  readonly to: number;
}

/** A batch after converters and transforms; `original` gives the records as they lie in the topic. */
export class PreparedBatch implements SinkBatch {
  readonly topic: string;
  readonly partition: number;
  readonly count: number;
  private bytesTotal: number | null;

  constructor(
    private readonly source: SinkBatch,
    private readonly columns: BatchColumns,
    private readonly span: BatchRows,
    readonly routedTopic?: string,
  ) {
    this.topic = source.topic;
    this.partition = source.partition;
    this.count = span.to - span.from;
    this.bytesTotal = this.count === source.count ? source.byteCount : null;
  }

  /** Of the records as they lie in the topic: buffers are counted by them. */
  get byteCount(): number {
    if (this.bytesTotal !== null) return this.bytesTotal;
    let total = 0;
    for (let index = 0; index < this.count; index += 1) {
      const row = this.row(index);
      total += (this.source.key(row)?.length ?? 0) + (this.source.value(row)?.length ?? 0);
    }
    this.bytesTotal = total;
    return total;
  }

  offset(index: number): number {
    return this.source.offset(this.row(index));
  }

  timestamp(index: number): number {
    return this.source.timestamp(this.row(index));
  }

  key(index: number): Buffer | null {
    const row = this.row(index);
    return this.columns.keys === null ? this.source.key(row) : this.columns.keys.bytesOf(row);
  }

  value(index: number): Buffer | null {
    const row = this.row(index);
    return this.columns.values === null ? this.source.value(row) : this.columns.values.bytesOf(row);
  }

  json(index: number): JsonValue | undefined {
    return this.columns.values?.json(this.row(index));
  }

  schema(index: number): ConnectSchema | undefined {
    return this.columns.values?.schema(this.row(index));
  }

  headers(index: number): readonly RecordHeader[] {
    const row = this.row(index);
    return this.columns.headers === null ? this.source.headers(row) : (this.columns.headers[row] ?? []);
  }

  header(index: number, name: string): string | null {
    if (this.columns.headers === null) return this.source.header(this.row(index), name);
    const last = this.headers(index).findLast(({ key }) => key === name);
    return last?.value?.toString() ?? null;
  }

  slice(from: number, to: number): PreparedBatch {
    const span = { rows: this.span.rows, from: this.span.from + from, to: this.span.from + to };
    return new PreparedBatch(this.source, this.columns, span, this.routedTopic);
  }

  /** The record as it lies in the topic, as a batch of its own. */
  original(index: number): SinkBatch {
    const row = this.row(index);
    return this.source.slice(row, row + 1);
  }

  private row(index: number): number {
    const at = this.span.from + index;
    return this.span.rows === null ? at : (this.span.rows[at] ?? at);
  }
}

/** The first record of a batch as it lies in the topic. */
export function originalOf(batch: SinkBatch): SinkBatch {
  return batch instanceof PreparedBatch ? batch.original(0) : batch;
}
