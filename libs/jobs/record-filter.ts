import { Environment, ParseError, TypeError as TypingError } from '@marcbachmann/cel-js';
import { z } from 'zod';
import type { SinkBatch } from '#pipeline/sink-batch';
import { messageOf } from '#std/errors';

/** What an expression sees of a record; made when the expression asks for it. */
class FilteredRecord {
  private batch: SinkBatch | null = null;
  private index = 0;

  at(batch: SinkBatch, index: number): this {
    this.batch = batch;
    this.index = index;
    return this;
  }

  get topic(): string {
    return this.batch?.topic ?? '';
  }

  get partition(): bigint {
    return BigInt(this.batch?.partition ?? 0);
  }

  get offset(): bigint {
    return BigInt(this.batch?.offset(this.index) ?? 0);
  }

  get timestamp(): bigint {
    return BigInt(this.batch?.timestamp(this.index) ?? 0);
  }

  get key(): string | null {
    return this.batch?.key(this.index)?.toString('utf8') ?? null;
  }

  get value(): string | null {
    return this.batch?.value(this.index)?.toString('utf8') ?? null;
  }

  get headers(): Readonly<Record<string, string>> {
    const headers = this.batch?.headers(this.index) ?? [];
    return Object.fromEntries(headers.map(({ key, value }) => [key, value?.toString('utf8') ?? '']));
  }

  /** Null where the value is no JSON. */
  get json(): unknown {
    try {
      return JSON.parse(this.value ?? 'null');
    } catch {
      return null;
    }
  }
}

const environment = new Environment({ unlistedVariablesAreDyn: false, homogeneousAggregateLiterals: false })
  .registerVariable('topic', 'string')
  .registerVariable('partition', 'int')
  .registerVariable('offset', 'int')
  .registerVariable('timestamp', 'int')
  .registerVariable('key', 'dyn')
  .registerVariable('value', 'dyn')
  .registerVariable('headers', 'map<string, string>')
  .registerVariable('json', 'dyn');

/** Whether a record is wanted; one that the expression fails on (a field that is not there) is not. Throws where it is no expression. */
export function compileRecordFilter(expression: string): (batch: SinkBatch, index: number) => boolean {
  const parsed = environment.parse(expression);
  const checked = parsed.check();
  if (!checked.valid) throw checked.error ?? new Error(`${expression} is not valid`);
  const record = new FilteredRecord();
  return (batch, index) => {
    try {
      return parsed(record.at(batch, index)) === true;
    } catch {
      return false;
    }
  };
}

/** Why a text is no filter, and at which of its characters, `[from, to)`. */
export interface FilterProblem {
  /** One line. */
  readonly message: string;
  readonly from: number;
  readonly to: number;
}

/** Null where it is a filter. */
export function filterProblem(expression: string): FilterProblem | null {
  try {
    compileRecordFilter(expression);
    return null;
  } catch (error) {
    const [message = ''] = messageOf(error).split('\n');
    const range = error instanceof ParseError || error instanceof TypingError ? error.range : undefined;
    const from = Math.min(range?.start ?? 0, expression.length);
    return { message, from, to: Math.max(from, Math.min(range?.end ?? expression.length, expression.length)) };
  }
}

/** A parameter of jobs. */
export const filterField = z
  .string()
  .min(1)
  .max(4000)
  .refine((expression) => filterProblem(expression) === null, {
    error: ({ input }) =>
      `is no expression (CEL) over topic, partition, offset, timestamp, key, value, headers and json: ${filterProblem(String(input))?.message ?? ''}`,
  })
  .describe(
    'CEL over `topic`, `partition`, `offset`, `timestamp` (ms), `key`, `value` (text), `headers` and `json`: `json.amount > 100`.',
  );
