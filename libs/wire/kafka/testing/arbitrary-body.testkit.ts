/** Random message bodies for tests, made from a declaration as the codecs are. */
import fc from 'fast-check';
import { contains, defaultOf, type Field, type Fields, type FieldType } from '../schema.js';

/** A body of one version. Every field is set: those the version does not carry to their default. */
export function arbitraryBody(fields: Fields, version: number): fc.Arbitrary<Record<string, unknown>> {
  return fc.record(
    Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, arbitraryField(field, version)])),
    { noNullPrototype: true },
  );
}

function arbitraryField(field: Field, version: number): fc.Arbitrary<unknown> {
  if (!contains(field.versions, version)) return fc.constant(defaultOf(field));
  const value = arbitraryValue(field.type, version);
  return contains(field.nullable, version) ? fc.oneof(fc.constant(null), value) : value;
}

function arbitraryValue(type: FieldType, version: number): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case 'bool':
      return fc.boolean();
    case 'int8':
      return fc.integer({ min: -0x80, max: 0x7f });
    case 'int16':
      return fc.integer({ min: -0x8000, max: 0x7fff });
    case 'int32':
      return fc.integer();
    case 'int64':
      return fc.maxSafeInteger();
    case 'float64':
      return fc.double();
    case 'uuid':
      return fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('base64url'));
    case 'string':
      return fc.string({ unit: 'binary', maxLength: 200 });
    case 'bytes':
    case 'records':
      return fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes));
    case 'array':
      return fc.array(arbitraryValue(type.element, version), { maxLength: 4 });
    case 'struct':
      return arbitraryBody(type.fields, version);
  }
}
