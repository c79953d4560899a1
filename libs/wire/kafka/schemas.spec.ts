import { readFileSync } from 'node:fs';
import { apis } from './apis.js';
import { contains, defaultOf, versionRange, type Fields, type FieldType, type Versions } from './schema.js';

/** See `testing/extract-definitions.mjs`. */
type FieldDigest = string | [string, FieldDigest[]];
interface MessageDigest {
  valid: Versions;
  flexible: Versions | 'none';
  fields: FieldDigest[];
}
interface ApiDigest {
  name: string;
  key: number;
  request: MessageDigest;
  response: MessageDigest;
}

const definitions = JSON.parse(
  readFileSync(new URL('testing/kafka-definitions.json', import.meta.url), 'utf8'),
) as ApiDigest[];

/** One field as a version has it, in the same words for both sides. */
type Line = string | [string, Line[]];

function ours(fields: Fields, version: number): Line[] {
  return Object.entries(fields)
    .filter(([, field]) => contains(field.versions, version))
    .map(([name, field]) => {
      const isArray = field.type.kind === 'array';
      const element = field.type.kind === 'array' ? field.type.element : field.type;
      const line = lineOf({
        name,
        type: `${isArray ? '[]' : ''}${element.kind}`,
        nullable: contains(field.nullable, version),
        tag: field.tag,
        default: field.default === undefined && (isArray || element.kind === 'struct') ? '' : defaultOf(field),
      });
      return element.kind === 'struct' ? [line, ours(element.fields, version)] : line;
    });
}

function theirs(fields: readonly FieldDigest[], version: number): Line[] {
  return fields.flatMap((field): Line[] => {
    const [text, inner] = typeof field === 'string' ? [field, null] : field;
    const [name = '', type = '', versions = '', ...marks] = text.split(' ');
    if (!contains(versionRange(versions as Versions), version)) return [];
    const nullable = marks.find((mark) => mark.startsWith('?'))?.slice(1);
    const [tag = '', tagged = ''] = (marks.find((mark) => mark.startsWith('#'))?.slice(1) ?? '').split('@');
    const line = lineOf({
      name,
      type,
      nullable: nullable !== undefined && contains(versionRange(nullable as Versions), version),
      tag: tagged !== '' && contains(versionRange(tagged as Versions), version) ? Number(tag) : null,
      default: defaultFrom(type, marks.find((mark) => mark.startsWith('='))?.slice(1)),
    });
    return [inner === null ? line : [line, theirs(inner, version)]];
  });
}

function defaultFrom(type: string, text: string | undefined): unknown {
  if (text === 'null') return null;
  if (type.startsWith('[]') || type === 'struct') return text ?? '';
  if (text === undefined || text === '') return defaultOf(plain(type as 'int32'));
  if (type === 'bool') return text === 'true';
  return type === 'string' ? text : Number(text);
}

function plain(kind: Exclude<FieldType['kind'], 'array' | 'struct'>) {
  const range = versionRange('0+');
  return { type: { kind }, versions: range, nullable: range, tag: null, default: undefined };
}

function lineOf(field: {
  name: string;
  type: string;
  nullable: boolean;
  tag: number | null;
  default: unknown;
}): string {
  const value = Buffer.isBuffer(field.default) ? 'empty' : JSON.stringify(field.default);
  return `${field.name} ${field.type}${field.nullable ? ' nullable' : ''} tag=${field.tag} default=${value}`;
}

/** Versions Kafka has and we do not declare, with the reason. */
const undeclared: Readonly<Record<string, { version: number; reason: string }>> = {
  initProducerId: { version: 6, reason: 'two-phase commit, which Kafka 4.3 keeps unstable (KIP-939)' },
};

/** Every version Kafka has, served or not: what a schema says of a version must hold before it is served. */
const declared = Object.entries(apis).flatMap(([key, api]) => {
  const { to } = versionRange(definitionOf(api.key).request.valid);
  const last = key in undeclared ? (undeclared[key]?.version ?? 0) - 1 : to;
  return Array.from({ length: last - api.minVersion + 1 }, (_, index) => ({
    key,
    api,
    version: api.minVersion + index,
  }));
});

function definitionOf(key: number): ApiDigest {
  const definition = definitions.find((one) => one.key === key);
  if (definition === undefined) throw new Error(`Kafka defines no API ${key} for clients`);
  return definition;
}

describe('schemas, held against the definitions Kafka publishes', () => {
  it.each(Object.entries(apis))('%s has the key, the name and the first flexible version of Kafka', (key, api) => {
    const { name, request, response } = definitionOf(api.key);
    expect(api.name).toBe(name);
    expect(key).toBe(name.charAt(0).toLowerCase() + name.slice(1));
    for (const message of [request, response]) {
      const flexibleFrom = message.flexible === 'none' ? Infinity : versionRange(message.flexible).from;
      expect(api.flexibleFrom).toBe(flexibleFrom);
      expect(contains(versionRange(message.valid), api.minVersion)).toBe(true);
      expect(contains(versionRange(message.valid), api.maxVersion)).toBe(true);
    }
  });

  it.each(declared)('$key version $version has the fields of Kafka', ({ api, version }) => {
    const { request, response } = definitionOf(api.key);
    expect(ours(api.request.fields, version)).toEqual(theirs(request.fields, version));
    expect(ours(api.response.fields, version)).toEqual(theirs(response.fields, version));
  });

  it('tells old clients that Produce begins at 0, because they switch compression off otherwise', () => {
    expect(apis.produce).toMatchObject({ minVersion: 3, advertisedMin: 0 });
    const others = Object.values(apis).filter((api) => api.key !== apis.produce.key);
    expect(others.filter((api) => api.advertisedMin !== api.minVersion)).toEqual([]);
  });
});
