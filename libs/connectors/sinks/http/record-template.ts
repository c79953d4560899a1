/** Text with places for what a record has: `https://host/${topic}/${key}?day=${field:meta.day}`. */
import { destinationTopic, type SinkBatch } from '#pipeline/sink-batch';
import { isJsonObject, parseJson, type JsonValue } from '#pipeline/sink-json';
import { messageOf } from '#std/errors';

const place = /\$\{([a-z]+)(?:[.:]([^}]*))?\}/gi;
const plainNames = ['topic', 'partition', 'offset', 'timestamp', 'key'];
const namedNames = ['header', 'field'];

/** A record lacks what a template asks for. */
export class TemplateError extends Error {}

interface Place {
  readonly name: string;
  /** Of a header, or the path to a field; empty otherwise. */
  readonly rest: string;
}

export class RecordTemplate {
  private constructor(
    private readonly texts: readonly string[],
    private readonly places: readonly Place[],
  ) {}

  /** Throws an Error that names the place that is none. */
  static parse(text: string): RecordTemplate {
    const texts: string[] = [];
    const places: Place[] = [];
    let at = 0;
    for (const match of text.matchAll(place)) {
      const [whole, name = '', rest = ''] = match;
      const isKnown = rest === '' ? plainNames.includes(name) : namedNames.includes(name);
      if (!isKnown) {
        throw new Error(
          `${whole} means nothing here: there are \${topic}, \${partition}, \${offset}, \${timestamp}, \${key}, \${header:NAME} and \${field:PATH}`,
        );
      }
      texts.push(text.slice(at, match.index));
      places.push({ name, rest });
      at = match.index + whole.length;
    }
    return new RecordTemplate([...texts, text.slice(at)], places);
  }

  /** The same for all records. */
  get isConstant(): boolean {
    return this.places.length === 0;
  }

  /** Throws a TemplateError. */
  render(batch: SinkBatch, index: number, encode: (text: string) => string): string {
    let text = this.texts[0] ?? '';
    for (const [number, { name, rest }] of this.places.entries()) {
      text += encode(valueOf(batch, index, name, rest)) + (this.texts[number + 1] ?? '');
    }
    return text;
  }
}

function valueOf(batch: SinkBatch, index: number, name: string, rest: string): string {
  switch (name) {
    case 'topic':
      return destinationTopic(batch);
    case 'partition':
      return String(batch.partition);
    case 'offset':
      return String(batch.offset(index));
    case 'timestamp':
      return String(batch.timestamp(index));
    case 'key':
      return present(batch.key(index)?.toString() ?? null, 'a key');
    case 'header':
      return present(batch.header(index, rest), `the header ${rest}`);
    default:
      return present(fieldText(batch, index, rest), `the field ${rest}`);
  }
}

function present(text: string | null, what: string): string {
  if (text === null) throw new TemplateError(`it does not have ${what}, which the address or a header is made of`);
  return text;
}

function fieldText(batch: SinkBatch, index: number, path: string): string | null {
  let value: JsonValue | undefined = parsed(batch, index);
  for (const name of path.split('.')) value = value !== undefined && isJsonObject(value) ? value[name] : undefined;
  if (value === undefined || value === null) return null;
  if (typeof value === 'object') throw new TemplateError(`its field ${path} is an object or array`);
  return String(value);
}

function parsed(batch: SinkBatch, index: number): JsonValue {
  const known = batch.json?.(index);
  if (known !== undefined) return known;
  try {
    return parseJson(batch.value(index) ?? Buffer.from('null'));
  } catch (error) {
    throw new TemplateError(`its value is not JSON: ${messageOf(error)}`);
  }
}

/** For a part of a path or query. `.` and `..` would lead to another path, in any spelling. */
export function encodePart(text: string): string {
  if (text === '.' || text === '..' || text === '') throw new TemplateError(`"${text}" can not be part of an address`);
  return encodeURIComponent(text);
}

/** A header's value is Latin-1 without control characters (RFC 9110, 5.5). */
export function headerText(text: string): string {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code > 0xff || code === 0x7f || (code < 0x20 && code !== 0x09)) {
      throw new TemplateError(`"${text.slice(0, 80)}" can not be a header's value`);
    }
  }
  return text;
}
