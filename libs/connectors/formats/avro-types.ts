/** Avro schemas (Avro 1.11 specification, "Schema Declaration") as data, and the schema of Connect's types as one of Avro's. */
import { logicalNames, type ConnectField, type ConnectSchema } from '#pipeline/connect-schema';
import { anyTextName } from './schema-merge.js';

export type AvroType = AvroPrimitive | AvroRecord | AvroEnum | AvroArray | AvroMap | AvroFixed | AvroUnion;

export interface AvroPrimitive {
  readonly kind: 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string';
  /** `date`, `decimal`, …; null = none that matters here. */
  readonly logical: string | null;
  readonly precision: number;
  readonly scale: number;
}

export interface AvroRecord {
  readonly kind: 'record';
  readonly name: string;
  /** Filled after the record is known by its name, so that it may hold itself. */
  readonly fields: AvroField[];
}

export interface AvroField {
  readonly name: string;
  /** The name of the value in JSON: Avro does not take every name. */
  readonly source: string;
  readonly type: AvroType;
  /** What stands for a value that is missing; undefined = nothing does. */
  readonly default: unknown;
}

export interface AvroEnum {
  readonly kind: 'enum';
  readonly name: string;
  readonly symbols: ReadonlyMap<string, number>;
}

export interface AvroArray {
  readonly kind: 'array';
  readonly items: AvroType;
}

export interface AvroMap {
  readonly kind: 'map';
  readonly values: AvroType;
}

export interface AvroFixed {
  readonly kind: 'fixed';
  readonly name: string;
  readonly size: number;
  readonly logical: string | null;
  readonly precision: number;
  readonly scale: number;
}

export interface AvroUnion {
  readonly kind: 'union';
  readonly branches: readonly AvroType[];
  /** Of `null`; −1 = none. */
  readonly nullAt: number;
}

/** Field property with the name in JSON where it is no name in Avro. */
const sourceProperty = 'json.name';
const primitives: ReadonlySet<string> = new Set([
  'null',
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'bytes',
  'string',
]);
const depthMax = 64;

/** Throws an Error with a sentence where the text is no Avro schema. */
export function parseAvroSchema(text: string): AvroType {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // A bare name such as `string` is a schema too, but not JSON without quotes.
    json = text.trim();
  }
  return new SchemaReader().read(json, '', 0);
}

class SchemaReader {
  private readonly named = new Map<string, AvroType>();

  read(json: unknown, namespace: string, depth: number): AvroType {
    if (depth > depthMax) throw new Error(`types lie more than ${depthMax} deep`);
    if (typeof json === 'string') return this.byName(json, namespace);
    if (Array.isArray(json)) {
      const branches = json.map((branch) => this.read(branch, namespace, depth + 1));
      return { kind: 'union', branches, nullAt: branches.findIndex(({ kind }) => kind === 'null') };
    }
    if (typeof json !== 'object' || json === null) throw new Error(`${JSON.stringify(json)} is no type`);
    return this.readObject(json as Readonly<Record<string, unknown>>, namespace, depth);
  }

  private readObject(json: Readonly<Record<string, unknown>>, namespace: string, depth: number): AvroType {
    const { type } = json;
    const logical = typeof json['logicalType'] === 'string' ? json['logicalType'] : null;
    const decimal = { logical, precision: Number(json['precision'] ?? 0), scale: Number(json['scale'] ?? 0) };
    switch (type) {
      case 'record':
      case 'error':
        return this.readRecord(json, namespace, depth);
      case 'enum': {
        if (!Array.isArray(json['symbols'])) throw new Error('an enum has no symbols');
        const symbols = new Map(json['symbols'].map((symbol, index) => [String(symbol), index]));
        return this.remember(json, namespace, (name) => ({ kind: 'enum', name, symbols }));
      }
      case 'fixed': {
        const size = Number(json['size']);
        if (!Number.isSafeInteger(size) || size < 0) throw new Error('a fixed has no size');
        return this.remember(json, namespace, (name) => ({ kind: 'fixed', name, size, ...decimal }));
      }
      case 'array':
        return { kind: 'array', items: this.read(json['items'], namespace, depth + 1) };
      case 'map':
        return { kind: 'map', values: this.read(json['values'], namespace, depth + 1) };
      default: {
        const base = this.read(type, namespace, depth + 1);
        return 'logical' in base && base.kind !== 'fixed' ? { ...base, ...decimal } : base;
      }
    }
  }

  private readRecord(json: Readonly<Record<string, unknown>>, namespace: string, depth: number): AvroRecord {
    const fields: AvroField[] = [];
    const record = this.remember(json, namespace, (name): AvroRecord => ({ kind: 'record', name, fields }));
    const inner = record.name.slice(0, Math.max(0, record.name.lastIndexOf('.')));
    if (!Array.isArray(json['fields'])) throw new Error(`the record ${record.name} has no fields`);
    for (const field of json['fields'] as readonly Readonly<Record<string, unknown>>[]) {
      const { name, default: preset } = field;
      if (typeof name !== 'string') throw new Error(`a field of ${record.name} has no name`);
      const source = field[sourceProperty];
      fields.push({
        name,
        source: typeof source === 'string' ? source : name,
        type: this.read(field['type'], inner, depth + 1),
        default: preset,
      });
    }
    return record;
  }

  private remember<T extends AvroType>(
    json: Readonly<Record<string, unknown>>,
    namespace: string,
    make: (name: string) => T,
  ): T {
    const simple = typeof json['name'] === 'string' ? json['name'] : '';
    if (simple === '') throw new Error('a record, enum or fixed has no name');
    const own = typeof json['namespace'] === 'string' ? json['namespace'] : namespace;
    const name = simple.includes('.') || own === '' ? simple : `${own}.${simple}`;
    const type = make(name);
    this.named.set(name, type);
    return type;
  }

  private byName(name: string, namespace: string): AvroType {
    if (primitives.has(name)) {
      return { kind: name as AvroPrimitive['kind'], logical: null, precision: 0, scale: 0 };
    }
    const found = this.named.get(namespace === '' ? name : `${namespace}.${name}`) ?? this.named.get(name);
    if (found === undefined) throw new Error(`${name} is no type that was declared before`);
    return found;
  }
}

/** The schema as Avro's, as JSON text. `name` is the record's where the schema has none. */
export function avroSchemaText(schema: ConnectSchema, name: string): string {
  return JSON.stringify(new SchemaPrinter().print({ ...schema, optional: false }, name));
}

class SchemaPrinter {
  private readonly names = new Set<string>();

  print(schema: ConnectSchema, name: string): unknown {
    const type = this.printType(schema, name);
    return schema.optional ? ['null', type] : type;
  }

  private printType(schema: ConnectSchema, name: string): unknown {
    switch (schema.type) {
      case 'int8':
      case 'int16':
      case 'int32':
        return (
          { [logicalNames.date]: logical('int', 'date'), [logicalNames.time]: logical('int', 'time-millis') }[
            schema.name ?? ''
          ] ?? 'int'
        );
      case 'int64':
        return schema.name === logicalNames.timestamp ? logical('long', 'timestamp-millis') : 'long';
      case 'float32':
        return 'float';
      case 'float64':
        return 'double';
      case 'boolean':
      case 'string':
        return schema.type;
      case 'bytes':
        return schema.name === logicalNames.decimal
          ? { ...logical('bytes', 'decimal'), precision: decimalPrecision(schema), scale: decimalScale(schema) }
          : 'bytes';
      case 'array':
        return { type: 'array', items: this.print(schema.items ?? anyText, `${name}_item`) };
      case 'map':
        return this.printMap(schema, name);
      case 'struct':
        return this.printRecord(schema, name);
    }
  }

  private printMap(schema: ConnectSchema, name: string): unknown {
    const values = this.print(schema.items ?? anyText, `${name}_value`);
    if (schema.keys === undefined || schema.keys.type === 'string') return { type: 'map', values };
    const key = { name: 'key', type: this.print(schema.keys, `${name}_key`) };
    const entry = {
      type: 'record',
      name: this.unique(`${name}_entry`),
      fields: [key, { name: 'value', type: values }],
    };
    return { type: 'array', items: entry };
  }

  private printRecord(schema: ConnectSchema, fallback: string): unknown {
    const name = this.unique(avroName(schema.name ?? fallback));
    const taken = new Set<string>();
    const fields = (schema.fields ?? []).map((field) => this.printField(field, name, taken));
    return { type: 'record', name, fields };
  }

  private printField({ name, schema }: ConnectField, record: string, taken: Set<string>): unknown {
    const simple = simpleName(name);
    let own = simple;
    for (let count = 2; taken.has(own); count += 1) own = `${simple}_${count}`;
    taken.add(own);
    const type = this.print(schema, `${record.slice(record.lastIndexOf('.') + 1)}_${own}`);
    return {
      name: own,
      type,
      ...(schema.optional ? { default: null } : {}),
      ...(own === name ? {} : { [sourceProperty]: name }),
    };
  }

  /** Two records of one name have to be the same; here they seldom are. */
  private unique(name: string): string {
    let own = name;
    for (let count = 2; this.names.has(own); count += 1) own = `${name}_${count}`;
    this.names.add(own);
    return own;
  }
}

const anyText: ConnectSchema = { type: 'string', optional: true, name: anyTextName };

function logical(type: string, logicalType: string): Readonly<Record<string, unknown>> {
  return { type, logicalType };
}

/** Decimals without a precision get the largest that Parquet's and Hive's readers take. */
export function decimalPrecision(schema: ConnectSchema): number {
  return Number(schema.parameters?.['connect.decimal.precision'] ?? 38);
}

export function decimalScale(schema: ConnectSchema): number {
  return Number(schema.parameters?.['scale'] ?? 0);
}

function avroName(name: string): string {
  return name.split('.').map(simpleName).join('.');
}

function simpleName(name: string): string {
  const safe = name.replace(/[^A-Za-z0-9_]/g, '_');
  return /^[A-Za-z_]/.test(safe) ? safe : `_${safe}`;
}

/** The schema as Connect's types. Throws an Error with a sentence for a union of several types. */
export function connectSchemaOf(type: AvroType): ConnectSchema {
  return connectOf(type, 0);
}

function connectOf(type: AvroType, depth: number): ConnectSchema {
  if (depth > depthMax) throw new Error('a record that holds itself has no columns');
  const optional = false;
  switch (type.kind) {
    case 'null':
      return { type: 'string', optional: true };
    case 'boolean':
    case 'string':
      return { type: type.kind, optional };
    case 'int':
      if (type.logical === 'date') return { type: 'int32', optional, name: logicalNames.date };
      if (type.logical === 'time-millis') return { type: 'int32', optional, name: logicalNames.time };
      return { type: 'int32', optional };
    case 'long':
      return type.logical === 'timestamp-millis'
        ? { type: 'int64', optional, name: logicalNames.timestamp }
        : { type: 'int64', optional };
    case 'float':
      return { type: 'float32', optional };
    case 'double':
      return { type: 'float64', optional };
    case 'bytes':
    case 'fixed':
      if (type.logical !== 'decimal') return { type: 'bytes', optional };
      return {
        type: 'bytes',
        optional,
        name: logicalNames.decimal,
        parameters: { scale: String(type.scale), 'connect.decimal.precision': String(type.precision) },
      };
    case 'enum':
      return { type: 'string', optional };
    case 'array':
      return { type: 'array', optional, items: connectOf(type.items, depth + 1) };
    case 'map':
      return {
        type: 'map',
        optional,
        keys: { type: 'string', optional: false },
        items: connectOf(type.values, depth + 1),
      };
    case 'record': {
      const fields = type.fields.map((field) => ({ name: field.source, schema: fieldSchema(field, depth) }));
      return { type: 'struct', optional, name: type.name, fields };
    }
    case 'union': {
      const others = type.branches.filter(({ kind }) => kind !== 'null');
      const [only] = others;
      if (only === undefined || others.length > 1) {
        throw new Error(`a union of ${type.branches.map(({ kind }) => kind).join(', ')} has no column`);
      }
      return { ...connectOf(only, depth + 1), optional: type.nullAt >= 0 };
    }
  }
}

function fieldSchema(field: AvroField, depth: number): ConnectSchema {
  const schema = connectOf(field.type, depth + 1);
  // Of a union the default belongs to its first branch: null there is what a missing value already is.
  return field.default === undefined || field.default === null
    ? schema
    : { ...schema, default: field.default as NonNullable<ConnectSchema['default']> };
}
