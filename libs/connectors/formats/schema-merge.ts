/**
 * The fields of a file whose records bring no schema, or change it: each record adds what it has. At the end every record seen fits.
 *
 * - Whole numbers are int64, with fractions float64, beyond int64 text.
 * - Objects are structs, arrays are arrays of what their items have in common.
 * - A field that has different kinds of values is text: strings as they are, others as JSON.
 * - So is an object without fields, one with more than 100 (its names are data then), and what lies deeper than 8.
 * - Each field may be missing: all are optional.
 */
import type { ConnectField, ConnectSchema, ConnectType } from '#pipeline/connect-schema';
import { FatalSinkError } from '#pipeline/errors';
import { isJsonObject, type JsonObject, type JsonValue } from '#pipeline/sink-json';

const depthMax = 8;
const nestedFieldsMax = 100;
const fieldsMax = 1000;
const int64Max = 2n ** 63n - 1n;
const int64Min = -(2n ** 63n);

/** A text that takes any JSON: a string as it is, other values printed. */
export const anyTextName = 'io.debezium.data.Json';
const anyText: ConnectSchema = { type: 'string', optional: true, name: anyTextName };

/** What a field has shown so far. */
interface Shape {
  kind: 'unknown' | 'boolean' | 'int64' | 'float64' | 'string' | 'struct' | 'array' | 'text' | 'given';
  fields: Map<string, Shape> | null;
  items: Shape | null;
  given: ConnectSchema | null;
}

export class SchemaMerge {
  private readonly root = newShape();
  private merged: ConnectSchema | null = null;
  private lastGiven: ConnectSchema | null = null;

  /** A record of this value, and of this schema where it brings one. */
  add(value: JsonObject, schema: ConnectSchema | undefined): void {
    if (schema?.type === 'struct') {
      if (schema !== this.lastGiven) this.addSchema(schema);
      return;
    }
    addFields(this.root, value, 0, () => {
      this.merged = null;
    });
    const fields = this.root.fields?.size ?? 0;
    if (fields > fieldsMax) {
      throw new FatalSinkError(
        `A file has records of more than ${fieldsMax} different fields; give their schema in format.schema, or write them as JSON lines.`,
      );
    }
  }

  get schema(): ConnectSchema {
    this.merged ??= { type: 'struct', optional: false, fields: fieldsOf(this.root), name: this.lastGiven?.name };
    return this.merged;
  }

  private addSchema(schema: ConnectSchema): void {
    this.lastGiven = schema;
    this.merged = null;
    this.root.fields ??= new Map();
    for (const field of schema.fields ?? []) {
      const known = this.root.fields.get(field.name);
      if (known === undefined) this.root.fields.set(field.name, givenShape(field.schema));
      else known.given = known.given === null ? null : widened(known.given, field.schema);
      if (known !== undefined && known.given === null) becomeText(known);
    }
  }
}

function newShape(): Shape {
  return { kind: 'unknown', fields: null, items: null, given: null };
}

function givenShape(schema: ConnectSchema): Shape {
  return { ...newShape(), kind: 'given', given: schema };
}

function becomeText(shape: Shape): void {
  shape.kind = 'text';
  shape.fields = null;
  shape.items = null;
  shape.given = null;
}

function addFields(shape: Shape, value: JsonObject, depth: number, changed: () => void): void {
  shape.kind = 'struct';
  const fields = (shape.fields ??= new Map<string, Shape>());
  for (const name in value) {
    let field = fields.get(name);
    if (field === undefined) {
      fields.set(name, (field = newShape()));
      changed();
    }
    addValue(field, value[name] as JsonValue, depth + 1, changed);
  }
}

function addValue(shape: Shape, value: JsonValue, depth: number, changed: () => void): void {
  if (value === null || shape.kind === 'text') return;
  const kind = kindOf(value);
  if (shape.kind !== kind) {
    const joined = joinedKind(shape.kind, kind);
    if (joined !== shape.kind) changed();
    if (joined === 'text') becomeText(shape);
    else shape.kind = joined;
  }
  if (shape.kind === 'struct' && isJsonObject(value)) {
    if (depth >= depthMax) becomeText(shape);
    else addFields(shape, value, depth, changed);
    if ((shape.fields?.size ?? 0) > nestedFieldsMax) becomeText(shape);
  } else if (shape.kind === 'array' && Array.isArray(value)) {
    if (depth >= depthMax) becomeText(shape);
    else for (const item of value) addValue((shape.items ??= newShape()), item, depth + 1, changed);
  }
}

function kindOf(value: Exclude<JsonValue, null>): Shape['kind'] {
  switch (typeof value) {
    case 'boolean':
      return 'boolean';
    case 'string':
      return 'string';
    case 'bigint':
      return value >= int64Min && value <= int64Max ? 'int64' : 'text';
    case 'number':
      return Number.isSafeInteger(value) ? 'int64' : 'float64';
    default:
      return Array.isArray(value) ? 'array' : 'struct';
  }
}

function joinedKind(one: Shape['kind'], other: Shape['kind']): Shape['kind'] {
  if (one === 'unknown' || one === 'given') return one === 'given' ? 'text' : other;
  if ((one === 'int64' && other === 'float64') || (one === 'float64' && other === 'int64')) return 'float64';
  return 'text';
}

function fieldsOf(shape: Shape): ConnectField[] {
  return [...(shape.fields ?? [])].map(([name, field]) => ({ name, schema: schemaOf(field) }));
}

function schemaOf(shape: Shape): ConnectSchema {
  switch (shape.kind) {
    case 'given':
      return { ...(shape.given ?? anyText), optional: true };
    case 'boolean':
    case 'int64':
    case 'float64':
      return { type: shape.kind, optional: true };
    case 'string':
    case 'unknown':
      return { type: 'string', optional: true };
    case 'array':
      return { type: 'array', optional: true, items: schemaOf(shape.items ?? newShape()) };
    case 'struct': {
      const fields = fieldsOf(shape);
      return fields.length === 0 ? anyText : { type: 'struct', optional: true, fields };
    }
    case 'text':
      return anyText;
  }
}

const widths: readonly ConnectType[] = ['int8', 'int16', 'int32', 'int64'];

/** What takes the values of both; null where only text does. */
function widened(one: ConnectSchema, other: ConnectSchema): ConnectSchema | null {
  if (one === other) return one;
  if (one.name !== undefined || other.name !== undefined) {
    if (one.type !== 'struct' && (one.name !== other.name || one.type !== other.type)) return null;
  }
  if (one.type === other.type) {
    switch (one.type) {
      case 'struct':
        return { ...one, fields: joinedFields(one.fields ?? [], other.fields ?? []) };
      case 'array': {
        const items = widened(one.items ?? anyText, other.items ?? anyText);
        return items === null ? null : { ...one, items };
      }
      case 'map': {
        const items = widened(one.items ?? anyText, other.items ?? anyText);
        return items === null || one.keys?.type !== other.keys?.type ? null : { ...one, items };
      }
      default:
        return JSON.stringify(one.parameters) === JSON.stringify(other.parameters) ? one : null;
    }
  }
  const [left, right] = [widths.indexOf(one.type), widths.indexOf(other.type)];
  if (left >= 0 && right >= 0) return left > right ? one : other;
  const isNumber = (schema: ConnectSchema): boolean => widths.includes(schema.type) || schema.type.startsWith('float');
  return isNumber(one) && isNumber(other) ? { type: 'float64', optional: true } : null;
}

function joinedFields(one: readonly ConnectField[], other: readonly ConnectField[]): ConnectField[] {
  const joined = new Map(one.map((field) => [field.name, field.schema]));
  for (const { name, schema } of other) {
    const known = joined.get(name);
    joined.set(name, known === undefined ? schema : (widened(known, schema) ?? anyText));
  }
  return [...joined].map(([name, schema]) => ({ name, schema: { ...schema, optional: true } }));
}
