import type { OptionProblem } from '#config/options';
import type { ComponentContext, ComponentType, Interceptor } from '#pipeline/collector';
import { EventBatch, type HeaderColumn } from '#pipeline/event-batch';
import { FatalSinkError } from '#pipeline/errors';
import type { RecordHeader } from '#pipeline/sink-batch';
import type { Transform, TransformContext, TransformInput, TransformType } from '#pipeline/transforms/transform';
import type { TransformRecords } from '#pipeline/transforms/transform-records';

/** Tells which record an event was made from; never seen outside. */
const rowHeader = '__record';

/** Interceptors that make their events anew, and without the headers that they were not told to keep. */
const oneByOne = new Set(['morphline']);

/**
 * An interceptor of collectors as a transform: a record's headers are the event's, its value is the body. Key, offset and timestamp stay;
 * records without a value pass by.
 */
export function interceptorTransform(type: ComponentType<Interceptor>): TransformType {
  return {
    name: type.name,
    classNames: type.classNames,
    doc: `${type.doc} An interceptor of collectors: the value is the body.`,
    options: type.options,
    check: (options) =>
      (type.check?.(options) ?? []).flatMap(({ severity, option, message }): OptionProblem[] =>
        severity === 'error' ? [{ name: option, value: options[option] ?? null, message }] : [],
      ),
    create: (input) => new InterceptorTransform(type, input),
  };
}

class InterceptorTransform implements Transform {
  private interceptor: Interceptor;
  private context: ComponentContext | null = null;
  /** To be made anew before it is used again: what it remembers does not hold. */
  private isStale = false;

  constructor(
    private readonly type: ComponentType<Interceptor>,
    private readonly input: TransformInput,
  ) {
    this.interceptor = this.create();
  }

  async start(context: TransformContext): Promise<void> {
    this.context = { ...context, reportError: () => undefined };
    await this.interceptor.start?.(this.context);
  }

  async stop(): Promise<void> {
    await this.interceptor.stop?.();
  }

  reset(): void {
    // Only what remembers events waits for their being committed.
    this.isStale = this.interceptor.committed !== undefined;
  }

  apply(records: TransformRecords): void | Promise<void> {
    const rows = records.active.filter((index) => records.value.bytes(index) !== null);
    if (rows.length === 0) return undefined;
    if (this.isStale) return this.renew().then(() => this.apply(records));
    if (oneByOne.has(this.type.name)) return this.singly(records, rows);
    const events = eventsOf(records, rows);
    try {
      const answer = this.interceptor.intercept(events);
      if (answer instanceof EventBatch) return this.take(records, rows, events, answer);
      return answer.then(
        (batch) => this.take(records, rows, events, batch),
        () => this.singly(records, rows),
      );
    } catch {
      return this.singly(records, rows);
    }
  }

  /** Finds the record that the interceptor can not take. */
  private async singly(records: TransformRecords, rows: Int32Array): Promise<void> {
    for (const row of rows) {
      const alone = Int32Array.of(row);
      const events = eventsOf(records, alone);
      try {
        this.take(records, alone, events, await this.interceptor.intercept(events));
      } catch (error) {
        if (error instanceof FatalSinkError) throw error;
        records.fail(row, error);
      }
    }
  }

  /** The interceptor remembers what went through when it hears of it; from here on the runner does not lose it, or resets. */
  private take(records: TransformRecords, rows: Int32Array, given: EventBatch, taken: EventBatch): void {
    if (taken !== given) this.applied(records, rows, given, taken);
    this.interceptor.committed?.(given);
  }

  private applied(records: TransformRecords, rows: Int32Array, given: EventBatch, taken: EventBatch): void {
    let at = 0;
    for (let event = 0; event < taken.count; event += 1) {
      const position = this.positionOf(taken, event, rows);
      while (at < position) records.drop(rows[at++] ?? 0);
      at += 1;
      const row = rows[position] ?? 0;
      const before = records.value.bytes(row);
      const body = taken.body(event);
      if (
        taken.bytes !== given.bytes ||
        body.byteOffset !== given.body(position).byteOffset ||
        body.length !== before?.length
      ) {
        records.value.setBytes(row, body);
      }
      if (taken.headers !== given.headers) setHeaders(records, row, given, position, taken, event);
    }
    while (at < rows.length) records.drop(rows[at++] ?? 0);
  }

  /** Which of the given events an event of the answer is. */
  private positionOf(taken: EventBatch, event: number, rows: Int32Array): number {
    const text = taken.header(event, rowHeader);
    if (text !== null) return Number(text);
    if (taken.count === rows.length) return event;
    throw new FatalSinkError(
      `The transform ${this.input.name} (${this.type.name}) removes headers that it does not know and drops records at once: ` +
        'use one transform for each',
    );
  }

  private async renew(): Promise<void> {
    this.isStale = false;
    await this.interceptor.stop?.();
    this.interceptor = this.create();
    if (this.context !== null) await this.interceptor.start?.(this.context);
  }

  private create(): Interceptor {
    const { name, options, bootstrap, clock, logger } = this.input;
    return this.type.create({ agent: 'connector', name, options, services: { bootstrap, clock, logger } });
  }
}

/** Records as events; bodies are not copied where they lie in the same memory. */
function eventsOf(records: TransformRecords, rows: Int32Array): EventBatch {
  const bodies = Array.from(rows, (row) => records.value.bytes(row) ?? Buffer.alloc(0));
  const columns = new Map<string, HeaderColumn>();
  columns.set(
    rowHeader,
    Array.from(rows, (_row, position) => String(position)),
  );
  for (const [position, row] of rows.entries()) {
    for (const { key, value } of records.headers(row)) {
      let column = columns.get(key);
      if (!Array.isArray(column)) {
        column = Array.from({ length: rows.length }, () => null);
        columns.set(key, column);
      }
      (column as (string | null)[])[position] = value === null ? null : value.toString('utf8');
    }
  }
  const starts = new Int32Array(rows.length);
  const ends = new Int32Array(rows.length);
  const memory = bodies[0]?.buffer;
  const isShared = memory !== undefined && bodies.every((body) => body.buffer === memory);
  let at = 0;
  for (const [position, body] of bodies.entries()) {
    starts[position] = isShared ? body.byteOffset : at;
    at += body.length;
    ends[position] = (starts[position] ?? 0) + body.length;
  }
  return new EventBatch(isShared ? Buffer.from(memory) : Buffer.concat(bodies, at), starts, ends, columns);
}

/** Takes over what the interceptor has changed; headers that it left alone keep their bytes and their order. */
function setHeaders(
  records: TransformRecords,
  row: number,
  given: EventBatch,
  position: number,
  taken: EventBatch,
  event: number,
): void {
  const before = records.headers(row);
  const left = before.filter(({ key }) => taken.header(event, key) === given.header(position, key));
  const added: RecordHeader[] = [];
  for (const name of taken.headers.keys()) {
    const value = name === rowHeader ? null : taken.header(event, name);
    if (value !== null && value !== given.header(position, name)) added.push({ key: name, value: Buffer.from(value) });
  }
  if (added.length > 0 || left.length < before.length) records.setHeaders(row, [...left, ...added]);
}
