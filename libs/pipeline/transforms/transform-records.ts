import { isUtf8 } from 'node:buffer';
import type { ConnectSchema } from '#pipeline/connect-schema';
import type { RecordHeader, SinkBatch } from '#pipeline/sink-batch';
import { DataColumn } from '#pipeline/sink-columns';
import { parseJson, type JsonValue } from '#pipeline/sink-json';

/** A record that can not go on. */
export interface RecordFailure {
  readonly index: number;
  /** Kafka Connect's stage. */
  readonly stage: 'KEY_CONVERTER' | 'VALUE_CONVERTER' | 'TRANSFORMATION';
  readonly error: unknown;
}

/** Keys or values on their way through transforms, by the record's index in the batch. */
export class RecordSide {
  constructor(
    private readonly source: (index: number) => Buffer | null,
    /** What a converter made of them; null = nothing yet. */
    private column: DataColumn | null,
    private readonly count: number,
  ) {}

  /** Null where nothing was changed. */
  get changed(): DataColumn | null {
    return this.column;
  }

  bytes(index: number): Buffer | null {
    return this.column === null ? this.source(index) : this.column.bytesOf(index);
  }

  schema(index: number): ConnectSchema | undefined {
    return this.column?.schema(index);
  }

  /**
   * What the bytes say: as the converter has parsed them; else JSON where they look like an object or array, else text. Throws where they
   * are neither.
   */
  data(index: number): JsonValue {
    const parsed = this.column?.json(index);
    if (parsed !== undefined) return parsed;
    const bytes = this.bytes(index);
    if (bytes === null) return null;
    const data = read(bytes);
    this.own().set(index, bytes, data);
    return data;
  }

  /** `data` null is a null key or a tombstone. */
  set(index: number, data: JsonValue, schema?: ConnectSchema): void {
    this.own().set(index, data === null ? null : undefined, data, schema);
  }

  setBytes(index: number, bytes: Buffer | null): void {
    this.own().set(index, bytes, bytes === null ? null : undefined);
  }

  /** A column that has what the source has, until something is changed. */
  private own(): DataColumn {
    if (this.column !== null) return this.column;
    const column = new DataColumn(this.count);
    for (let index = 0; index < this.count; index += 1) column.set(index, this.source(index), undefined);
    this.column = column;
    return column;
  }
}

const openBrace = 0x7b;
const openBracket = 0x5b;

function read(bytes: Buffer): JsonValue {
  const first = bytes[firstVisible(bytes)];
  if (first === openBrace || first === openBracket) return parseJson(bytes);
  if (!isUtf8(bytes)) throw new Error('the bytes are neither JSON nor text; set a converter that reads them');
  return bytes.toString('utf8');
}

function firstVisible(bytes: Buffer): number {
  let at = 0;
  while (at < bytes.length && (bytes[at] ?? 0) <= 0x20) at += 1;
  return at;
}

const isIn = 0;
const isDropped = 1;
const hasFailed = 2;

/** The records of one batch on their way through transforms. Indexes are those of the batch as it lies in the topic. */
export class TransformRecords {
  readonly count: number;
  /** Rising; those that are still there and that the predicate of the transform at work holds for. */
  active: Int32Array;
  readonly failures: RecordFailure[] = [];
  private readonly state: Uint8Array;
  private topics: string[] | null = null;
  private headerColumn: (readonly RecordHeader[])[] | null = null;

  constructor(
    readonly batch: SinkBatch,
    readonly key: RecordSide,
    readonly value: RecordSide,
  ) {
    this.count = batch.count;
    this.state = new Uint8Array(batch.count);
    this.active = Int32Array.from({ length: batch.count }, (_, index) => index);
  }

  get partition(): number {
    return this.batch.partition;
  }

  offset(index: number): number {
    return this.batch.offset(index);
  }

  timestamp(index: number): number {
    return this.batch.timestamp(index);
  }

  /** As transforms have changed it. */
  topic(index: number): string {
    return this.topics?.[index] ?? this.batch.topic;
  }

  setTopic(index: number, topic: string): void {
    this.topics ??= Array.from({ length: this.count }, () => this.batch.topic);
    this.topics[index] = topic;
  }

  headers(index: number): readonly RecordHeader[] {
    return this.headerColumn?.[index] ?? this.batch.headers(index);
  }

  /** The last value of a header as text, or null. */
  header(index: number, name: string): string | null {
    if (this.headerColumn === null) return this.batch.header(index, name);
    return (
      this.headers(index)
        .findLast(({ key }) => key === name)
        ?.value?.toString() ?? null
    );
  }

  setHeaders(index: number, headers: readonly RecordHeader[]): void {
    this.headerColumn ??= Array.from({ length: this.count }, (_, at) => this.batch.headers(at));
    this.headerColumn[index] = headers;
  }

  get changedHeaders(): readonly (readonly RecordHeader[])[] | null {
    return this.headerColumn;
  }

  get changedTopics(): readonly string[] | null {
    return this.topics;
  }

  /** The record goes no further; its offset is passed all the same. */
  drop(index: number): void {
    if (this.state[index] === isIn) this.state[index] = isDropped;
  }

  fail(index: number, error: unknown, stage: RecordFailure['stage'] = 'TRANSFORMATION'): void {
    if (this.state[index] === hasFailed) return;
    this.state[index] = hasFailed;
    this.failures.push({ index, stage, error });
  }

  isIn(index: number): boolean {
    return this.state[index] === isIn;
  }

  /** Runs over `active`; what is thrown for a record fails that record. */
  each(work: (index: number) => void): void {
    for (const index of this.active) {
      try {
        work(index);
      } catch (error) {
        this.fail(index, error);
      }
    }
  }

  /** Makes `active` those that are still there. */
  settle(): void {
    if (this.active.length === this.count && this.state.every((state) => state === isIn)) return;
    let left = 0;
    const rows = new Int32Array(this.count);
    for (let index = 0; index < this.count; index += 1) {
      if (this.state[index] === isIn) rows[left++] = index;
    }
    this.active = rows.subarray(0, left);
  }
}
