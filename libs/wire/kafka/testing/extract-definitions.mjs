// Makes kafka-definitions.json: which fields each message of Kafka's has in which version. Our schemas are held against it
// by schemas.spec.ts, so that neither Java nor a network is needed to run the tests.
//
//   unzip -d FOLDER kafka-clients-VERSION.jar 'common/message/*'
//   node libs/wire/kafka/testing/extract-definitions.mjs FOLDER/common/message > libs/wire/kafka/testing/kafka-definitions.json
//
// A field is `name type versions`, then `?versions` where it may be null, `#tag@versions` where it is tagged, `=default`; a struct or
// an array of structs is a pair of that and its fields.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2];
if (folder === undefined) throw new Error('usage: extract-definitions.mjs FOLDER');

const scalars = new Set([
  'bool',
  'int8',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'float64',
  'string',
  'uuid',
  'bytes',
  'records',
]);

function load(file) {
  const text = readFileSync(join(folder, file), 'utf8');
  return JSON.parse(text.replaceAll(/^\s*\/\/.*$/gm, ''));
}

function digest(field, structs) {
  const type = field.type.replace(/^\[\]/, '');
  const isScalar = scalars.has(type);
  const shape = `${field.type.startsWith('[]') ? '[]' : ''}${isScalar ? type : 'struct'}`;
  const words = [field.name.charAt(0).toLowerCase() + field.name.slice(1), shape, field.versions];
  if ((field.nullableVersions ?? 'none') !== 'none') words.push(`?${field.nullableVersions}`);
  if (field.taggedVersions !== undefined) words.push(`#${field.tag}@${field.taggedVersions}`);
  if (field.default !== undefined) words.push(`=${field.default}`);
  if (field.flexibleVersions !== undefined) throw new Error(`${field.name} has flexible versions of its own`);
  const line = words.join(' ');
  return isScalar ? line : [line, (field.fields ?? structs.get(type)).map((inner) => digest(inner, structs))];
}

const apis = new Map();
for (const file of readdirSync(folder).filter((name) => /(Request|Response)\.json$/.test(name))) {
  const message = load(file);
  if (message.validVersions === 'none') continue;
  const structs = new Map((message.commonStructs ?? []).map((struct) => [struct.name, struct.fields]));
  const api = apis.get(message.apiKey) ?? {
    name: message.name.replace(/(Request|Response)$/, ''),
    key: message.apiKey,
  };
  if (message.type === 'request') api.listeners = message.listeners;
  api[message.type] = {
    valid: message.validVersions,
    flexible: message.flexibleVersions,
    fields: message.fields.map((field) => digest(field, structs)),
  };
  apis.set(message.apiKey, api);
}

const clientApis = [...apis.values()]
  .filter((api) => api.listeners?.includes('broker'))
  .sort((left, right) => left.key - right.key)
  .map(({ name, key, request, response }) => ({ name, key, request, response }));
process.stdout.write(`[\n${clientApis.map((api) => JSON.stringify(api)).join(',\n')}\n]\n`);
