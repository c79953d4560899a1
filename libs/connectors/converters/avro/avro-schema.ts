import { logicalNames, type ConnectField, type ConnectSchema } from '#pipeline/connect-schema';
import {
  dateText,
  decimalText,
  fineTimestampText,
  fineTimeText,
  timestampText,
  timeText,
} from '#pipeline/logical-values';
import { isJsonObject, parseJsonText, type JsonObject, type JsonValue } from '#pipeline/sink-json';
import type { AvroCursor } from './avro-cursor.js';

/** A compiled schema: how its data is read as JSON, and its type in Connect's words, as Confluent's AvroData maps them. */
export interface AvroNode {
  readonly schema: ConnectSchema;
  read: (cursor: AvroCursor) => JsonValue;
  /** A default as the schema writes it. */
  fromDefault: (json: JsonValue) => JsonValue;
  /** Of the branch of a union: what the field of its value is called. */
  readonly branchName: string;
}

/** Schemas that are inside each other, at most. */
const depthMax = 200;

type Primitive = 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string';

const same = (json: JsonValue): JsonValue => json;
const latin1 = (json: JsonValue): JsonValue =>
  typeof json === 'string' ? Buffer.from(json, 'latin1').toString('base64') : json;

/** JSON has no NaN. */
const number = (value: number): JsonValue => (Number.isFinite(value) ? value : String(value));

const primitives: Readonly<Record<Primitive, AvroNode>> = {
  null: node('null', { type: 'string', optional: true }, () => null),
  boolean: node('boolean', { type: 'boolean', optional: false }, (cursor) => cursor.byte() === 1),
  int: node('int', { type: 'int32', optional: false }, (cursor) => cursor.int()),
  long: node('long', { type: 'int64', optional: false }, (cursor) => cursor.long()),
  float: node('float', { type: 'float32', optional: false }, (cursor) => number(cursor.float())),
  double: node('double', { type: 'float64', optional: false }, (cursor) => number(cursor.double())),
  bytes: node(
    'bytes',
    { type: 'bytes', optional: false },
    (cursor) => cursor.take(cursor.length()).toString('base64'),
    latin1,
  ),
  string: node('string', { type: 'string', optional: false }, (cursor) => cursor.text()),
};

/** Compiles schemas that may refer to each other by name. */
export class AvroCompiler {
  private readonly named = new Map<string, AvroNode>();

  /** Throws an Error that says what is wrong. */
  compile(text: string): AvroNode {
    return this.node(parseJsonText(text), '', 0);
  }

  private node(json: JsonValue, namespace: string, depth: number): AvroNode {
    if (depth > depthMax) throw new Error(`schemas lie more than ${depthMax} deep in each other`);
    if (typeof json === 'string') return this.byName(json, namespace);
    if (Array.isArray(json)) return this.union(json, namespace, depth);
    if (!isJsonObject(json)) throw new Error('a schema is neither a name, a list nor an object');
    const { type } = json;
    switch (type) {
      case 'record':
      case 'error':
        return this.record(json, namespace, depth);
      case 'enum':
        return this.enumeration(json, namespace);
      case 'fixed':
        return this.fixed(json, namespace);
      case 'array':
        return this.array(json, namespace, depth);
      case 'map':
        return this.map(json, namespace, depth);
    }
    const inner = this.node(type ?? null, namespace, depth + 1);
    return typeof type === 'string' ? described(logical(inner, json), json) : inner;
  }

  private byName(name: string, namespace: string): AvroNode {
    const primitive = primitives[name as Primitive] as AvroNode | undefined;
    const found = primitive ?? this.named.get(fullName(name, namespace)) ?? this.named.get(name);
    if (found === undefined) throw new Error(`there is no type ${name}`);
    return found;
  }

  /** `null` and one other type are that type, optional; all else is an object with a field for each branch, of which one is set. */
  private union(json: readonly JsonValue[], namespace: string, depth: number): AvroNode {
    const branches = json.map((branch) => this.node(branch, namespace, depth + 1));
    const isNullable = json.some((branch) => branch === 'null');
    const others = branches.filter((branch) => branch !== primitives.null);
    const [only] = others;
    const branchAt = (cursor: AvroCursor): AvroNode => {
      const index = cursor.int();
      const branch = branches[index];
      if (branch === undefined) throw new Error(`a union of ${branches.length} has no branch ${index}`);
      return branch;
    };
    const [first] = branches;
    if (others.length === 1 && only !== undefined) {
      return {
        branchName: only.branchName,
        schema: isNullable ? { ...only.schema, optional: true } : only.schema,
        read: (cursor) => branchAt(cursor).read(cursor),
        fromDefault: (value) => (value === null ? null : (first ?? only).fromDefault(value)),
      };
    }
    const fields = others.map(({ branchName, schema }): ConnectField => ({
      name: branchName,
      schema: { ...schema, optional: true },
    }));
    const wrapped = (branch: AvroNode, value: JsonValue): JsonValue =>
      branch === primitives.null
        ? null
        : Object.fromEntries(fields.map(({ name }) => [name, name === branch.branchName ? value : null]));
    return {
      branchName: 'union',
      schema: { type: 'struct', optional: isNullable, name: 'io.confluent.connect.avro.Union', fields },
      read: (cursor) => {
        const branch = branchAt(cursor);
        return wrapped(branch, branch.read(cursor));
      },
      fromDefault: (value) => (value === null || first === undefined ? null : wrapped(first, first.fromDefault(value))),
    };
  }

  private record(json: JsonObject, namespace: string, depth: number): AvroNode {
    const name = nameOf(json, namespace);
    const inside = name.slice(0, Math.max(0, name.lastIndexOf('.')));
    const fields: ConnectField[] = [];
    const columns: { readonly name: string; readonly node: AvroNode }[] = [];
    const record: AvroNode = {
      branchName: simpleName(name),
      schema: { type: 'struct', optional: false, name, ...documented(json), fields },
      read(cursor) {
        const value: JsonObject = {};
        for (const column of columns) value[column.name] = column.node.read(cursor);
        return value;
      },
      fromDefault(value) {
        const given = isJsonObject(value) ? value : {};
        return Object.fromEntries(
          columns.map((column) => [column.name, column.node.fromDefault(given[column.name] ?? null)]),
        );
      },
    };
    this.register(record, name, json, inside);
    for (const field of Array.isArray(json['fields']) ? json['fields'] : []) {
      if (!isJsonObject(field) || typeof field['name'] !== 'string') throw new Error(`a field of ${name} has no name`);
      const inner = this.node(field['type'] ?? null, inside, depth + 1);
      columns.push({ name: field['name'], node: inner });
      fields.push({ name: field['name'], schema: withDefault(inner, field) });
    }
    return record;
  }

  private enumeration(json: JsonObject, namespace: string): AvroNode {
    const name = nameOf(json, namespace);
    const symbols = Array.isArray(json['symbols']) ? json['symbols'] : [];
    const made = node(simpleName(name), { type: 'string', optional: false, ...documented(json) }, (cursor) => {
      const index = cursor.int();
      const symbol = symbols[index];
      if (symbol === undefined) throw new Error(`${name} has no symbol ${index}`);
      return symbol;
    });
    this.register(made, name, json, namespace);
    return made;
  }

  private fixed(json: JsonObject, namespace: string): AvroNode {
    const name = nameOf(json, namespace);
    const size = Number(json['size']);
    const plain = node(
      simpleName(name),
      { type: 'bytes', optional: false, ...documented(json) },
      (cursor) => cursor.take(size).toString('base64'),
      latin1,
    );
    const made = json['logicalType'] === 'decimal' ? decimal(plain, json, (cursor) => cursor.take(size)) : plain;
    this.register(made, name, json, namespace);
    return made;
  }

  private array(json: JsonObject, namespace: string, depth: number): AvroNode {
    const items = this.node(json['items'] ?? null, namespace, depth + 1);
    return node(
      'array',
      { type: 'array', optional: false, ...documented(json), items: items.schema },
      (cursor) => {
        const list: JsonValue[] = [];
        cursor.blocks(() => list.push(items.read(cursor)));
        return list;
      },
      (value) => (Array.isArray(value) ? value.map(items.fromDefault) : []),
    );
  }

  private map(json: JsonObject, namespace: string, depth: number): AvroNode {
    const values = this.node(json['values'] ?? null, namespace, depth + 1);
    return node(
      'map',
      {
        type: 'map',
        optional: false,
        ...documented(json),
        keys: { type: 'string', optional: false },
        items: values.schema,
      },
      (cursor) => {
        const map: JsonObject = {};
        cursor.blocks(() => {
          const key = cursor.text();
          map[key] = values.read(cursor);
        });
        return map;
      },
      (value) =>
        isJsonObject(value)
          ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, values.fromDefault(inner)]))
          : {},
    );
  }

  private register(made: AvroNode, name: string, json: JsonObject, namespace: string): void {
    this.named.set(name, made);
    for (const alias of Array.isArray(json['aliases']) ? json['aliases'] : []) {
      if (typeof alias === 'string') this.named.set(fullName(alias, namespace), made);
    }
  }
}

function node(
  branchName: string,
  schema: ConnectSchema,
  read: AvroNode['read'],
  fromDefault: AvroNode['fromDefault'] = same,
): AvroNode {
  return { branchName, schema, read, fromDefault };
}

/** An int, long, bytes or string with a logical type (Avro 1.12, "Logical Types"); one that is not known means nothing. */
function logical(inner: AvroNode, json: JsonObject): AvroNode {
  const named = (name: string, text: (value: number | bigint) => string): AvroNode => ({
    ...inner,
    schema: { ...inner.schema, name, version: 1 },
    read: (cursor) => text(cursor.long()),
    fromDefault: (value) => (typeof value === 'number' || typeof value === 'bigint' ? text(value) : value),
  });
  const local = (text: (value: number | bigint) => string): AvroNode => ({
    ...named('', text),
    schema: { type: 'string', optional: false },
  });
  const withoutZone = (text: string): string => text.replace(/Z$/, '');
  switch (json['logicalType']) {
    case 'decimal':
      return inner === primitives.bytes ? decimal(inner, json, (cursor) => cursor.take(cursor.length())) : inner;
    case 'date':
      return named(logicalNames.date, (days) => dateText(Number(days)));
    case 'time-millis':
      return named(logicalNames.time, (value) => timeText(Number(value)));
    case 'time-micros':
      return named(logicalNames.time, (value) => fineTimeText(BigInt(value), 3));
    case 'timestamp-millis':
      return named(logicalNames.timestamp, (value) => timestampText(Number(value)));
    case 'timestamp-micros':
      return named(logicalNames.timestamp, (value) => fineTimestampText(BigInt(value), 3));
    case 'timestamp-nanos':
      return named(logicalNames.timestamp, (value) => fineTimestampText(BigInt(value), 6));
    case 'local-timestamp-millis':
      return local((value) => withoutZone(timestampText(Number(value))));
    case 'local-timestamp-micros':
      return local((value) => withoutZone(fineTimestampText(BigInt(value), 3)));
    case 'local-timestamp-nanos':
      return local((value) => withoutZone(fineTimestampText(BigInt(value), 6)));
    default:
      return inner;
  }
}

function decimal(inner: AvroNode, json: JsonObject, take: (cursor: AvroCursor) => Buffer): AvroNode {
  const scale = typeof json['scale'] === 'number' ? json['scale'] : 0;
  const parameters: Record<string, string> = { scale: String(scale) };
  if (typeof json['precision'] === 'number') parameters['connect.decimal.precision'] = String(json['precision']);
  return {
    ...inner,
    schema: {
      type: 'bytes',
      optional: false,
      name: logicalNames.decimal,
      version: 1,
      parameters,
    },
    read: (cursor) => decimalText(take(cursor), scale),
    fromDefault: (value) => (typeof value === 'string' ? decimalText(Buffer.from(value, 'latin1'), scale) : value),
  };
}

/** Connect's narrow integers, which Avro has not, and names of Connect's own. */
function described(inner: AvroNode, json: JsonObject): AvroNode {
  const narrow = narrowTypes.find((type) => type === json['connect.type']);
  const name = json['connect.name'];
  const { schema } = inner;
  const changed: ConnectSchema = {
    ...schema,
    ...documented(json),
    ...(narrow === undefined ? {} : { type: narrow }),
    ...(typeof name === 'string' && schema.name === undefined ? { name } : {}),
  };
  return { ...inner, schema: changed };
}

const narrowTypes = ['int8', 'int16'] as const;

function documented(json: JsonObject): { doc?: string; version?: number } {
  const doc = json['connect.doc'] ?? json['doc'];
  const version = json['connect.version'];
  return {
    ...(typeof doc === 'string' ? { doc } : {}),
    ...(typeof version === 'number' ? { version } : {}),
  };
}

function withDefault({ schema, fromDefault }: AvroNode, field: JsonObject): ConnectSchema {
  const initial = field['default'];
  return initial === undefined || initial === null ? schema : { ...schema, default: fromDefault(initial) };
}

function nameOf(json: JsonObject, namespace: string): string {
  const { name } = json;
  if (typeof name !== 'string') throw new Error(`a ${String(json['type'] as string)} has no name`);
  const own = json['namespace'];
  return fullName(name, typeof own === 'string' ? own : namespace);
}

function fullName(name: string, namespace: string): string {
  return name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;
}

function simpleName(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}
