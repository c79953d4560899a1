import { MorphlineRuntimeError } from './errors.js';
import { isTreeList, JavaDouble, type RecordObject, type TreeValue } from './java-value.js';

/** Depth of brackets at which a text is refused rather than the stack used up. */
const depthMax = 1000;

/** A JSON value in a record, as Jackson's JsonNode: shown as JSON, with the floats that were floats. */
export class JsonTree implements RecordObject {
  constructor(readonly value: TreeValue) {}

  toString(): string {
    return jsonText(this.value);
  }
}

function jsonText(value: TreeValue): string {
  if (value === null || typeof value !== 'object')
    return typeof value === 'string' ? JSON.stringify(value) : String(value);
  if (value instanceof JavaDouble) return value.toString();
  if (isTreeList(value)) return `[${value.map(jsonText).join(',')}]`;
  return `{${Object.entries(value)
    .map(([key, item]) => `${JSON.stringify(key)}:${jsonText(item)}`)
    .join(',')}}`;
}

/**
 * The JSON values of a text, one after another with blanks between. What stands before a mistake is given, then a MorphlineRuntimeError is
 * thrown.
 */
export function* jsonValues(text: string): Generator<TreeValue> {
  // Numbers with a point, an exponent or more digits than a double holds need a reader that keeps what they were.
  if (!/\d[.eE]|\d{16}/.test(text)) {
    const value = parsePlain(text);
    if (value !== undefined) {
      yield value;
      return;
    }
  }
  const reader = new JsonReader(text);
  for (let value = reader.next(); value !== undefined; value = reader.next()) yield value;
}

/** Undefined where the text is not exactly one value. */
function parsePlain(text: string): TreeValue | undefined {
  try {
    return JSON.parse(text) as TreeValue;
  } catch {
    return undefined;
  }
}

class JsonReader {
  private at = 0;
  private depth = 0;

  constructor(private readonly text: string) {}

  /** Undefined at the end. */
  next(): TreeValue | undefined {
    this.skipBlanks();
    return this.at >= this.text.length ? undefined : this.value();
  }

  private value(): TreeValue {
    const next = this.text[this.at];
    if (next === '{') return this.object();
    if (next === '[') return this.array();
    if (next === '"') return this.string();
    numberPattern.lastIndex = this.at;
    const number = numberPattern.exec(this.text);
    if (number !== null) return this.number(number[0], number[1] ?? '');
    for (const [word, value] of words) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    return this.fail('a value');
  }

  private object(): TreeValue {
    this.enter();
    const object: Record<string, TreeValue> = {};
    for (let isFirst = true; !this.taken('}'); isFirst = false) {
      if (!isFirst) this.expect(',');
      this.skipBlanks();
      if (this.text[this.at] !== '"') this.fail('a name in quotes');
      const key = this.string();
      this.expect(':');
      this.skipBlanks();
      const value = this.value();
      if (key === '__proto__')
        Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
      else object[key] = value;
    }
    this.depth -= 1;
    return object;
  }

  private array(): TreeValue {
    this.enter();
    const items: TreeValue[] = [];
    while (!this.taken(']')) {
      if (items.length > 0) this.expect(',');
      this.skipBlanks();
      items.push(this.value());
    }
    this.depth -= 1;
    return items;
  }

  private string(): string {
    stringPattern.lastIndex = this.at;
    const written = stringPattern.exec(this.text)?.[0];
    if (written === undefined) return this.fail('a string that is closed and has no control characters');
    this.at += written.length;
    if (!written.includes('\\')) return written.slice(1, -1);
    try {
      return JSON.parse(written) as string;
    } catch {
      this.at -= written.length;
      return this.fail('a string with known escapes');
    }
  }

  private number(written: string, fraction: string): TreeValue {
    this.at += written.length;
    if (fraction !== '') return new JavaDouble(Number(written));
    const number = Number(written);
    return Number.isSafeInteger(number) ? number : BigInt(written);
  }

  private taken(close: string): boolean {
    this.skipBlanks();
    if (this.text[this.at] !== close) return false;
    this.at += 1;
    return true;
  }

  private expect(character: string): void {
    this.skipBlanks();
    if (this.text[this.at] !== character) this.fail(`'${character}'`);
    this.at += 1;
  }

  private enter(): void {
    this.at += 1;
    this.depth += 1;
    if (this.depth > depthMax)
      throw new MorphlineRuntimeError(`JSON with more than ${depthMax} brackets inside each other`);
  }

  private skipBlanks(): void {
    while (this.at < this.text.length && ' \t\n\r'.includes(this.text[this.at] ?? '')) this.at += 1;
  }

  private fail(expected: string): never {
    const found = this.at >= this.text.length ? 'the end' : JSON.stringify(this.text.slice(this.at, this.at + 20));
    throw new MorphlineRuntimeError(`Not JSON: expected ${expected} at character ${this.at} but found ${found}`);
  }
}

const numberPattern = /-?(?:0|[1-9]\d*)((?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])/y;
// oxlint-disable-next-line no-control-regex
const stringPattern = /"(?:[^"\\\u0000-\u001f]|\\.)*"/y;
const words: readonly (readonly [string, boolean | null])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
];
