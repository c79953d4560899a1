/** Reads fields of parsed JSON that a process wrote before; small, for what is read at each start. All throw a TypeError that names the field. */
export type JsonFields = Readonly<Record<string, unknown>>;

export function fieldsOf(value: unknown): JsonFields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('not an object');
  return { ...value };
}

export function listOf(value: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError(`${name} is not a list`);
  return value;
}

export function textField(fields: JsonFields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string') throw new TypeError(`${name} is not a text`);
  return value;
}

/** A whole number of at least `min`. */
export function wholeField(fields: JsonFields, name: string, min = Number.MIN_SAFE_INTEGER): number {
  const value = fields[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min) {
    throw new TypeError(`${name} is not a whole number${min === Number.MIN_SAFE_INTEGER ? '' : ` from ${min}`}`);
  }
  return value;
}
