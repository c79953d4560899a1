import { Environment } from '@marcbachmann/cel-js';
import { messageOf, MillraceError } from '#std/errors';
import { deadLetterErrors } from './errors.js';
import type { Letter } from './letter.js';

const environment = new Environment({ unlistedVariablesAreDyn: false, homogeneousAggregateLiterals: false })
  .registerVariable('key', 'string')
  .registerVariable('value', 'string')
  .registerVariable('json', 'dyn')
  .registerVariable('headers', 'map<string, string>')
  .registerVariable('topic', 'string')
  .registerVariable('partition', 'int')
  .registerVariable('offset', 'int')
  .registerVariable('stage', 'string')
  .registerVariable('error_class', 'string')
  .registerVariable('message', 'string')
  .registerVariable('redrives', 'int');

/**
 * A compiled expression of the Common Expression Language over a dead letter: `key`, `value` (texts), `json` (the value as JSON), `headers`,
 * `topic`, `partition`, `offset` (of the record that died), `stage`, `error_class`, `message`, `redrives`. What the expression cannot be asked
 * of (no JSON, no such field) does not match. Throws `dead.letters.filter.invalid`.
 */
export function compileLetterExpression(expression: string): (letter: Letter) => boolean {
  let parsed: ReturnType<Environment['parse']>;
  try {
    parsed = environment.parse(expression);
    const checked = parsed.check();
    if (!checked.valid) throw checked.error ?? new Error('it is not valid');
  } catch (error) {
    throw new MillraceError(
      deadLetterErrors.expression,
      `The filter ${expression} cannot be used: ${messageOf(error)}`,
    );
  }
  return (letter) => {
    try {
      return parsed(new LetterVariables(letter)) === true;
    } catch {
      return false;
    }
  };
}

/** Fields are made when the expression asks for them. */
class LetterVariables {
  constructor(private readonly letter: Letter) {}

  get key(): string {
    return this.letter.key?.toString('utf8') ?? '';
  }

  get value(): string {
    return this.letter.value?.toString('utf8') ?? '';
  }

  get json(): unknown {
    return JSON.parse(this.value);
  }

  get headers(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.letter.headers.map(({ key, value }) => [key, value?.toString('utf8') ?? '']));
  }

  get topic(): string {
    return this.letter.origin.topic ?? '';
  }

  get partition(): bigint {
    return BigInt(this.letter.origin.partition ?? -1);
  }

  get offset(): bigint {
    return BigInt(this.letter.origin.offset ?? -1);
  }

  get stage(): string {
    return this.letter.origin.stage ?? '';
  }

  get error_class(): string {
    return this.letter.origin.errorClass ?? '';
  }

  get message(): string {
    return this.letter.origin.message ?? '';
  }

  get redrives(): bigint {
    return BigInt(this.letter.origin.redrives);
  }
}
