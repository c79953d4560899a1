import { stringifyJson, type JsonValue } from '#pipeline/sink-json';

/** A field as a header's bytes: text as it is, bytes in base64, all else as JSON; null stays null. */
export function headerValue(value: JsonValue): Buffer | null {
  if (value === null) return null;
  return Buffer.from(typeof value === 'string' ? value : stringifyJson(value));
}
