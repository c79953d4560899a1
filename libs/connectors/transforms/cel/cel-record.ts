import { Environment } from '@marcbachmann/cel-js';
import type { JsonValue } from '#pipeline/sink-json';
import type { TransformRecords } from '#pipeline/transforms/transform-records';
import { messageOf } from '#std/errors';

/** What an expression sees of a record. One object for a whole batch; fields are made when the expression asks for them. */
export class CelRecord {
  private index = 0;

  constructor(private readonly records: TransformRecords) {}

  at(index: number): this {
    this.index = index;
    return this;
  }

  get topic(): string {
    return this.records.topic(this.index);
  }

  get partition(): bigint {
    return BigInt(this.records.partition);
  }

  get offset(): bigint {
    return BigInt(this.records.offset(this.index));
  }

  get timestamp(): bigint {
    return BigInt(this.records.timestamp(this.index));
  }

  get key(): string | null {
    return this.records.key.bytes(this.index)?.toString('utf8') ?? null;
  }

  get body(): string {
    return this.records.value.bytes(this.index)?.toString('utf8') ?? '';
  }

  get headers(): Readonly<Record<string, string>> {
    const headers: Record<string, string> = {};
    for (const { key, value } of this.records.headers(this.index)) {
      if (value !== null) headers[key] = value.toString('utf8');
    }
    return headers;
  }

  /** Null for a tombstone. */
  get json(): JsonValue {
    return this.records.value.data(this.index);
  }
}

const environment = new Environment({ unlistedVariablesAreDyn: false, homogeneousAggregateLiterals: false })
  .registerVariable('topic', 'string')
  .registerVariable('partition', 'int')
  .registerVariable('offset', 'int')
  .registerVariable('timestamp', 'int')
  .registerVariable('key', 'dyn')
  .registerVariable('body', 'string')
  .registerVariable('headers', 'map<string, string>')
  .registerVariable('json', 'dyn');

/** Throws an Error that says where the expression is wrong. */
export function compileRecordCel(expression: string): (record: CelRecord) => unknown {
  const parsed = environment.parse(expression);
  const checked = parsed.check();
  if (!checked.valid) throw checked.error ?? new Error(`${expression} is not valid`);
  return (record) => parsed(record);
}

/** For the options' checks: what is wrong with the expression, or null. */
export function checkRecordCel(expression: string): string | null {
  try {
    compileRecordCel(expression);
    return null;
  } catch (error) {
    return `must be an expression over topic, partition, offset, timestamp, key, body, headers and json: ${messageOf(error)}`;
  }
}

/** What an expression gave, as JSON. */
export function jsonOf(result: unknown): JsonValue {
  if (result === null || result === undefined) return null;
  switch (typeof result) {
    case 'boolean':
    case 'number':
    case 'string':
      return result;
    case 'bigint':
      return result >= Number.MIN_SAFE_INTEGER && result <= Number.MAX_SAFE_INTEGER ? Number(result) : result;
  }
  if (result instanceof Date) return result.toISOString();
  if (result instanceof Uint8Array) return Buffer.from(result).toString('base64');
  if (Array.isArray(result)) return result.map(jsonOf);
  const entries: [unknown, unknown][] = result instanceof Map ? [...result] : Object.entries(result as object);
  return Object.fromEntries(entries.map(([name, value]) => [String(name), jsonOf(value)]));
}
