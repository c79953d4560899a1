import type { SinkBatch } from '#pipeline/sink-batch';
import { isJsonObject, parseJson, stringifyJson, type JsonObject, type JsonValue } from '#pipeline/sink-json';
import { messageOf } from '#std/errors';
import { timeUnits, type TimeUnit } from './cql-texts.js';
import { cqlCodes, CqlValueError, encodeRaw } from './cql-values.js';
import { int64Bytes } from './cql-bytes.js';
import type { ColumnSource } from './mapping.js';
import type { Cell, TablePlan } from './table-plan.js';

/** A value for a marker: bytes of its CQL type, null, or undefined to leave the column as it is. */
export type CqlParameter = Buffer | null | undefined;

/** One record as one statement. */
export interface RowWrite {
  readonly query: string;
  readonly parameters: CqlParameter[] | Readonly<Record<string, CqlParameter>>;
  /** µs; also inside `parameters` where the statement is ours. */
  readonly timestampUs: number;
  /** Rows with the same text lie in one partition of the table. */
  readonly partition: string;
  readonly bytes: number;
  /** Of the record in its batch. */
  readonly index: number;
}

/** A record that makes no row; the message says why, for people. */
export class NoRowError extends Error {}

export interface RowReaderOptions {
  readonly keyIsJson: boolean;
  readonly timestampSource: 'record' | 'offset';
}

/** Reads the records of a batch one after the other. Each part of a record is parsed when a column first asks for it. */
export class RowReader {
  private index = -1;
  private keyJson: JsonValue | undefined;
  private valueJson: JsonValue | undefined;

  constructor(
    private readonly batch: SinkBatch,
    private readonly options: RowReaderOptions,
  ) {}

  /** Throws NoRowError. Null where the record leaves nothing to do. */
  read(index: number, plan: TablePlan): RowWrite {
    if (index !== this.index) {
      this.index = index;
      this.keyJson = undefined;
      this.valueJson = undefined;
    }
    const removes = this.batch.value(index) === null;
    if (removes && plan.remove === null)
      throw new NoRowError('it has no value, and deletes are not enabled for its table');
    const cells: (Buffer | null)[] = [];
    let [empty, bytes] = [true, 0];
    for (const cell of plan.cells) {
      const bytesOfCell = removes && !cell.primary ? null : this.cell(cell);
      if (bytesOfCell === null && cell.primary)
        throw new NoRowError(`column ${cell.column} of the primary key is null`);
      if (bytesOfCell !== null && !cell.primary) empty = false;
      bytes += bytesOfCell?.length ?? 0;
      cells.push(bytesOfCell);
    }
    const timestampUs = this.timestampUs(plan);
    const bare = empty && plan.rule.mapping !== null && plan.cells.some((cell) => !cell.primary);
    const partition = plan.wide ? partitionOf(plan, cells) : '';
    const row = { timestampUs, partition, bytes, index };
    if (plan.remove !== null && (removes || bare)) {
      const key = plan.primaryKey.map((position) => cells[position] ?? null);
      return { ...row, query: plan.remove, parameters: [timestampBytes(timestampUs), ...key] };
    }
    const absent = plan.rule.nullToUnset ? undefined : null;
    const values: CqlParameter[] = cells.map((cell) => cell ?? absent);
    if (plan.rule.query !== null) {
      const named = Object.fromEntries(plan.cells.map(({ column }, position) => [column, values[position]]));
      return { ...row, query: plan.write, parameters: named };
    }
    values.push(timestampBytes(timestampUs));
    if (plan.hasTtl) values.push(this.ttl(plan));
    return { ...row, query: plan.write, parameters: values };
  }

  private cell(cell: Cell): Buffer | null {
    const { source, encode, type } = cell;
    try {
      switch (source.kind) {
        case 'key': {
          const bytes = this.batch.key(this.index);
          if (bytes === null) return null;
          if (!this.keyIsJson(bytes) || type.code === cqlCodes.blob) return encodeRaw(type, encode, bytes);
          return encodedOrNull(cell, this.key());
        }
        case 'value': {
          const bytes = this.batch.value(this.index);
          if (bytes === null || type.code === cqlCodes.blob) return bytes;
          const parsed = this.batch.json?.(this.index);
          return parsed === undefined ? encodeRaw(type, encode, bytes) : encodedOrNull(cell, parsed);
        }
        case 'header': {
          const header = this.batch.headers(this.index).findLast(({ key }) => key === source.name);
          return header?.value === undefined || header.value === null ? null : encodeRaw(type, encode, header.value);
        }
        default:
          return encodedOrNull(cell, this.field(source, cell.primary));
      }
    } catch (error) {
      if (!(error instanceof CqlValueError)) throw error;
      throw new NoRowError(`column ${cell.column}: ${error.message}`);
    }
  }

  /** A field of the value or of the key. */
  private field(source: ColumnSource, primary: boolean): JsonValue {
    switch (source.kind) {
      case 'keyField':
        return fieldOf(this.key(), source.name);
      case 'valueField': {
        const value = this.value();
        if (!isJsonObject(value)) throw new NoRowError('its value is not a JSON object, so it has no fields');
        return fieldOf(value, source.name);
      }
      case 'named': {
        const value = this.value();
        if (value !== null && !isJsonObject(value)) {
          throw new NoRowError('its value is not a JSON object, so it has no columns');
        }
        const found = fieldOf(value, source.name);
        if (found !== null || !primary) return found;
        const key = this.key();
        return isJsonObject(key) ? fieldOf(key, source.name) : key;
      }
      default:
        return null;
    }
  }

  private keyIsJson(bytes: Buffer): boolean {
    return this.options.keyIsJson || bytes[0] === 0x7b;
  }

  private key(): JsonValue {
    if (this.keyJson !== undefined) return this.keyJson;
    const bytes = this.batch.key(this.index);
    if (bytes === null) this.keyJson = null;
    else this.keyJson = this.keyIsJson(bytes) ? parsed(bytes, 'key') : bytes.toString('utf8');
    return this.keyJson;
  }

  private value(): JsonValue {
    if (this.valueJson !== undefined) return this.valueJson;
    const bytes = this.batch.value(this.index);
    this.valueJson = bytes === null ? null : (this.batch.json?.(this.index) ?? parsed(bytes, 'value'));
    return this.valueJson;
  }

  /** The order of writes: see the option `timestamp.source`. */
  private timestampUs(plan: TablePlan): number {
    const offset = this.batch.offset(this.index);
    const source = plan.rule.mapping?.timestamp ?? null;
    if (source !== null) {
      const given = this.whole(source, '__timestamp');
      if (given !== null) return Number(microseconds(given, plan.rule.timestampUnit));
    }
    if (this.options.timestampSource === 'offset') return offset;
    return Math.max(0, this.batch.timestamp(this.index)) * 1000 + (offset % 1000);
  }

  private ttl(plan: TablePlan): Buffer | undefined {
    const source = plan.rule.mapping?.ttl ?? null;
    const given = source === null ? null : this.whole(source, '__ttl');
    const seconds = given === null ? plan.rule.ttlSeconds : Number(microseconds(given, plan.rule.ttlUnit) / 1_000_000n);
    if (seconds === null) return undefined;
    if (seconds < 0 || seconds > ttlSecondsMax) {
      throw new NoRowError(`its time to live of ${seconds} s is not between 0 and ${ttlSecondsMax}`);
    }
    const bytes = Buffer.allocUnsafe(4);
    bytes.writeInt32BE(seconds, 0);
    return bytes;
  }

  private whole(source: ColumnSource, what: string): bigint | null {
    const value = this.scalar(source);
    if (value === null) return null;
    const text = typeof value === 'string' ? value : stringifyJson(value);
    if (!/^-?\d{1,18}$/.test(text)) throw new NoRowError(`its ${what} is not a whole number`);
    return BigInt(text);
  }

  private scalar(source: ColumnSource): JsonValue {
    switch (source.kind) {
      case 'key':
        return this.key();
      case 'value':
        return this.value();
      case 'header':
        return this.batch.header(this.index, source.name);
      default:
        return this.field(source, false);
    }
  }
}

/** Twenty years, Cassandra's bound. */
const ttlSecondsMax = 630_720_000;

function encodedOrNull(cell: Cell, value: JsonValue): Buffer | null {
  return value === null ? null : cell.encode(value);
}

function parsed(bytes: Buffer, part: string): JsonValue {
  try {
    return parseJson(bytes);
  } catch (error) {
    throw new NoRowError(`its ${part} is not JSON: ${messageOf(error)}`);
  }
}

/** A field by its name, or by the names of its parents with dots between. */
function fieldOf(value: JsonValue, name: string): JsonValue {
  if (value === null || !isJsonObject(value)) return null;
  if (Object.hasOwn(value, name)) return value[name] ?? null;
  const dot = name.indexOf('.');
  if (dot < 0) return null;
  const parent: JsonObject[string] = Object.hasOwn(value, name.slice(0, dot))
    ? (value[name.slice(0, dot)] ?? null)
    : null;
  return fieldOf(parent, name.slice(dot + 1));
}

function microseconds(value: bigint, unit: TimeUnit): bigint {
  const [factor, divisor] = timeUnits[unit];
  return (value * factor * 1000n) / divisor;
}

/** A long of the protocol; µs since 1970 fit a double for two centuries to come. */
function timestampBytes(timestampUs: number): Buffer {
  if (!Number.isSafeInteger(timestampUs) || timestampUs < 0) return int64Bytes(BigInt(Math.trunc(timestampUs)));
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeUInt32BE(Math.floor(timestampUs / 2 ** 32), 0);
  bytes.writeUInt32BE(timestampUs % 2 ** 32, 4);
  return bytes;
}

/** Parts of the partition key behind their lengths, so that `ab`,`c` is not `a`,`bc`. */
function partitionOf(plan: TablePlan, cells: readonly (Buffer | null)[]): string {
  let text = '';
  for (let part = 0; part < plan.partitionKeyLength; part += 1) {
    const bytes = cells[plan.primaryKey[part] ?? 0];
    text += `${bytes?.length ?? 0}:${bytes?.toString('latin1') ?? ''}`;
  }
  return text;
}
