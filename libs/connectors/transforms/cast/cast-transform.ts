import { defineOptions } from '#config/options';
import type { ConnectField, ConnectSchema } from '#pipeline/connect-schema';
import type { JsonObject, JsonValue } from '#pipeline/sink-json';
import { messageOf } from '#std/errors';
import { sided } from '../side.js';
import { DerivedSchemas, fieldsOf, replaceNullOption, structValues, withFields } from '../struct.js';
import { castValue, isCastTarget, type CastTarget } from './cast-value.js';

const options = defineOptions({
  spec: {
    type: 'list',
    required: true,
    check: checkSpec,
    importance: 'high',
    doc: '`field:type,other:type`, or one type for the whole. Types: int8, int16, int32, int64, float32, float64, boolean, string.',
  },
  ...replaceNullOption,
});

const purpose = 'cast types';

export const castTransforms = sided({
  name: 'Cast',
  doc: 'Casts fields, or the whole, to other types, as Java does.',
  options,
  create(values) {
    const { whole, fields: targets } = readSpec(values.spec);
    const schemas = new DerivedSchemas((schema) =>
      whole === null ? withFields(schema, castFields(schema, targets)) : castSchema(schema, whole, true),
    );
    const derived = (schema: ConnectSchema): ConnectSchema => {
      const cast = schemas.of(schema);
      // Of a struct, unlike other transforms, being optional stays.
      return schema.optional === cast.optional ? cast : optionalOf(cast);
    };
    const optionalOf = memoized((schema: ConnectSchema) => ({ ...schema, optional: true }));
    return (_records, side, index) => {
      const data = side.data(index);
      if (data === null) return;
      const schema = side.schema(index);
      if (whole !== null) {
        side.set(index, castValue(data, schema, whole), schema === undefined ? undefined : derived(schema));
        return;
      }
      const given = fieldsOf(data, schema, purpose);
      if (schema === undefined) {
        const fields: JsonObject = { ...given };
        for (const [name, target] of targets) fields[name] = castValue(given[name] ?? null, undefined, target);
        side.set(index, fields);
        return;
      }
      const fields = structValues(given, schema, values['replace.null.with.default']);
      for (const { name, schema: inner } of schema.fields ?? []) {
        const target = targets.get(name);
        if (target !== undefined) fields[name] = castValue(fields[name] ?? null, inner, target);
      }
      side.set(index, fields, derived(schema));
    };
  },
});

interface CastSpec {
  readonly whole: CastTarget | null;
  readonly fields: ReadonlyMap<string, CastTarget>;
}

/** Throws a sentence where it is none. */
function readSpec(spec: readonly string[]): CastSpec {
  const fields = new Map<string, CastTarget>();
  let whole: CastTarget | null = null;
  for (const part of spec) {
    const [first = '', second, ...rest] = part.split(':');
    if (rest.length > 0) throw new Error(`${part} is not field:type`);
    const target = (second ?? first).trim().toLowerCase();
    if (!isCastTarget(target)) throw new Error(`${second ?? first} is no type that can be cast to`);
    if (second === undefined) whole = target;
    else fields.set(first.trim(), target);
  }
  if (whole !== null && spec.length > 1) throw new Error('a cast of the whole can only be one type');
  return { whole, fields };
}

function checkSpec(spec: readonly string[]): string | null {
  if (spec.length === 0) return 'must specify at least one field to cast';
  try {
    readSpec(spec);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

function castFields(schema: ConnectSchema, targets: ReadonlyMap<string, CastTarget>): ConnectField[] {
  return (schema.fields ?? []).map((field) => {
    const target = targets.get(field.name);
    return target === undefined ? field : { name: field.name, schema: castSchema(field.schema, target, false) };
  });
}

/** A whole keeps its name and documentation, a field does not. */
function castSchema(schema: ConnectSchema, type: CastTarget, isWhole: boolean): ConnectSchema {
  const { name, version, doc, parameters } = isWhole ? schema : {};
  const initial: JsonValue | undefined = schema.default;
  return {
    type,
    optional: schema.optional,
    ...(name === undefined ? {} : { name }),
    ...(version === undefined ? {} : { version }),
    ...(doc === undefined ? {} : { doc }),
    ...(parameters === undefined ? {} : { parameters }),
    ...(initial === undefined ? {} : { default: castValue(initial, schema, type) }),
  };
}

function memoized(derive: (schema: ConnectSchema) => ConnectSchema): (schema: ConnectSchema) => ConnectSchema {
  const schemas = new DerivedSchemas(derive);
  return (schema) => schemas.of(schema);
}
