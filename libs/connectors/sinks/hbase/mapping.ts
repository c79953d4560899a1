/** Fields of a JSON object as the options name them: `address.city`, with an encoding behind a colon where it is not text. */
import { isJsonObject, type JsonObject, type JsonValue } from '#pipeline/sink-json';
import { cellEncodings, isCellEncoding, type CellEncoding } from './cell-encoding.js';

export interface FieldReference {
  /** As written, without the encoding. */
  readonly name: string;
  readonly path: readonly string[];
  readonly encoding: CellEncoding;
}

export interface MappedColumn {
  readonly family: string;
  readonly qualifier: string;
  readonly field: FieldReference;
}

/** `amount` or `amount:double`; a string says what is wrong. */
export function parseField(text: string): FieldReference | string {
  const [name = '', encoding = 'string', ...more] = text.split(':').map((part) => part.trim());
  if (name === '' || more.length > 0) return `${text} is not a field, or a field and an encoding such as amount:double`;
  if (!isCellEncoding(encoding)) return `${encoding} is no encoding; there are ${cellEncodings.join(', ')}`;
  return { name, path: name.split('.'), encoding };
}

/** `family:qualifier=field` with an encoding where wanted; a string says what is wrong. */
export function parseMapping(text: string): MappedColumn | string {
  const match = /^([^:=]+):([^=]*)=(.+)$/.exec(text);
  if (match === null) return `${text} is not like family:qualifier=field`;
  const [, family = '', qualifier = '', source = ''] = match;
  const field = parseField(source);
  return typeof field === 'string' ? field : { family: family.trim(), qualifier: qualifier.trim(), field };
}

/** The value of a field; null where it is not there. A name with dots is a field of that name before it is a path. */
export function fieldOf(object: JsonObject, { name, path }: FieldReference): JsonValue {
  const own = object[name];
  if (own !== undefined || path.length === 1) return own ?? null;
  let value: JsonValue = object;
  for (const step of path) {
    if (!isJsonObject(value)) return null;
    value = value[step] ?? null;
  }
  return value;
}
