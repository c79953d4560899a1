import { logicalNames, type ConnectSchema, type ConnectType } from '#pipeline/connect-schema';
import { isJsonObject, type JsonObject, type JsonValue } from '#pipeline/sink-json';

/**
 * The types of a JSON Schema in Connect's words, as far as Confluent's JsonSchemaData maps them: `connect.type`, `connect.index`, `title` for
 * names, `oneOf` with `null` for what is optional. Undefined where the schema says something that is no type (alternatives, open objects).
 */
export class JsonSchemaTypes {
  constructor(
    private readonly root: JsonObject,
    /** Other schemas, by the names in `$ref`. */
    private readonly others: ReadonlyMap<string, JsonObject>,
  ) {}

  type(): ConnectSchema | undefined {
    return this.of(this.root, this.root, 0);
  }

  private of(json: JsonValue | undefined, document: JsonObject, depth: number): ConnectSchema | undefined {
    if (json === undefined || !isJsonObject(json) || depth > depthMax) return undefined;
    const reference = json['$ref'];
    if (typeof reference === 'string') {
      const found = this.find(reference, document);
      return found === null ? undefined : this.of(found.json, found.document, depth + 1);
    }
    const alternatives = json['oneOf'] ?? json['anyOf'];
    if (Array.isArray(alternatives)) {
      const others = alternatives.filter((each) => !isJsonObject(each) || each['type'] !== 'null');
      const [only] = others;
      if (others.length !== 1 || alternatives.length === 1) return undefined;
      const inner = this.of(only, document, depth + 1);
      return inner === undefined ? undefined : { ...inner, optional: true, ...initialOf(json) };
    }
    const { type } = json;
    if (!Array.isArray(type)) return this.typed(type, json, document, depth);
    const named = type.filter((each) => each !== 'null');
    const inner = named.length === 1 ? this.typed(named[0], json, document, depth) : undefined;
    return inner === undefined ? undefined : { ...inner, optional: named.length < type.length };
  }

  private typed(
    type: JsonValue | undefined,
    json: JsonObject,
    document: JsonObject,
    depth: number,
  ): ConnectSchema | undefined {
    const base = { optional: false, ...namedBy(json), ...initialOf(json) };
    const narrow = json['connect.type'];
    switch (type) {
      case 'boolean':
        return { type: 'boolean', ...base };
      case 'integer':
        return { type: oneOf(narrow, integers) ?? 'int64', ...base };
      case 'number':
        return { type: oneOf(narrow, numbers) ?? 'float64', ...base };
      case 'string':
        return { type: narrow === 'bytes' ? 'bytes' : 'string', ...base };
      case 'array': {
        const items = this.of(json['items'], document, depth + 1);
        return items === undefined ? undefined : { type: 'array', ...base, items };
      }
      case 'object':
        return narrow === 'map' ? this.map(json, document, depth, base) : this.struct(json, document, depth, base);
      default:
        return undefined;
    }
  }

  private map(json: JsonObject, document: JsonObject, depth: number, base: Base): ConnectSchema | undefined {
    const items = this.of(json['additionalProperties'], document, depth + 1);
    return items === undefined ? undefined : { type: 'map', ...base, keys: { type: 'string', optional: false }, items };
  }

  private struct(json: JsonObject, document: JsonObject, depth: number, base: Base): ConnectSchema | undefined {
    const { properties, required } = json;
    if (properties === undefined || !isJsonObject(properties)) return undefined;
    const needed = new Set(Array.isArray(required) ? required : []);
    const fields = [];
    for (const [name, property] of Object.entries(properties).toSorted(([, a], [, b]) => indexOf(a) - indexOf(b))) {
      const inner = this.of(property, document, depth + 1);
      if (inner === undefined) return undefined;
      fields.push({ name, schema: needed.has(name) ? inner : { ...inner, optional: true } });
    }
    return { type: 'struct', ...base, fields };
  }

  private find(reference: string, document: JsonObject): { json: JsonValue; document: JsonObject } | null {
    const [name = '', pointer = ''] = reference.split('#');
    const target = name === '' ? document : this.others.get(name);
    if (target === undefined) return null;
    let json: JsonValue = target;
    for (const step of pointer.split('/').filter((part) => part !== '')) {
      const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
      const next: JsonValue | undefined = isJsonObject(json) ? json[key] : undefined;
      if (next === undefined) return null;
      json = next;
    }
    return { json, document: target };
  }
}

/** Deeper ones, and those that contain themselves, have no type here. */
const depthMax = 50;

type Base = Pick<ConnectSchema, 'optional' | 'name' | 'version' | 'default' | 'parameters' | 'doc'>;

const integers: readonly ConnectType[] = ['int8', 'int16', 'int32', 'int64'];
const numbers: readonly ConnectType[] = ['float32', 'float64', 'bytes'];

function oneOf(value: JsonValue | undefined, types: readonly ConnectType[]): ConnectType | undefined {
  return types.find((type) => type === value);
}

function indexOf(property: JsonValue): number {
  const index = isJsonObject(property) ? property['connect.index'] : undefined;
  return typeof index === 'number' ? index : 0;
}

function namedBy(json: JsonObject): Partial<Base> {
  const { title, description } = json;
  const version = json['connect.version'];
  const parameters = json['connect.parameters'];
  return {
    ...(typeof title === 'string' ? { name: title } : {}),
    ...(typeof description === 'string' ? { doc: description } : {}),
    ...(typeof version === 'number' ? { version } : {}),
    ...(parameters !== undefined && isJsonObject(parameters)
      ? {
          parameters: Object.fromEntries(
            Object.entries(parameters).map(([name, value]) => [name, `${value as string}`]),
          ),
        }
      : {}),
  };
}

function initialOf(json: JsonObject): Partial<Base> {
  const initial = json['default'];
  return initial === undefined || initial === null ? {} : { default: initial };
}

/** Whether values are written otherwise than `ConnectSchema` has them. */
export function hasLogicalTypes(schema: ConnectSchema): boolean {
  const isLogical = Object.values<string>(logicalNames).includes(schema.name ?? '');
  const inside = [schema.items, ...(schema.fields ?? []).map((field) => field.schema)];
  return isLogical || inside.some((inner) => inner !== undefined && hasLogicalTypes(inner));
}
