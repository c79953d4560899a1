import { Environment } from '@marcbachmann/cel-js';
import type { EventBatch } from '#pipeline/event-batch';
import { messageOf } from '#std/errors';
import { BodyTexts } from '../body-text.js';

/** What an expression sees of an event. One object for a whole batch; fields are made when the expression asks for them. */
export class CelEvent {
  private index = 0;
  private readonly texts: BodyTexts;

  constructor(private readonly batch: EventBatch) {
    this.texts = new BodyTexts(batch);
  }

  at(index: number): this {
    this.index = index;
    return this;
  }

  get body(): string {
    return this.texts.at(this.index);
  }

  get headers(): Readonly<Record<string, string>> {
    return this.batch.headersOf(this.index);
  }

  /** Throws where the body is not JSON. */
  get json(): unknown {
    return JSON.parse(this.texts.at(this.index));
  }
}

const environment = new Environment({ unlistedVariablesAreDyn: false, homogeneousAggregateLiterals: false })
  .registerVariable('body', 'string')
  .registerVariable('headers', 'map<string, string>')
  .registerVariable('json', 'dyn');

/**
 * A compiled expression of the Common Expression Language over `body` (text), `headers` and `json` (the body read as JSON). Throws an Error
 * that says where the expression is wrong.
 */
export function compileCel(expression: string): (event: CelEvent) => unknown {
  const parsed = environment.parse(expression);
  const checked = parsed.check();
  if (!checked.valid) throw checked.error ?? new Error(`${expression} is not valid`);
  return (event) => parsed(event);
}

/** For the options' checks: what is wrong with the expression, or null. */
export function checkCel(expression: string): string | null {
  try {
    compileCel(expression);
    return null;
  } catch (error) {
    return `must be an expression over body, headers and json: ${messageOf(error)}`;
  }
}
