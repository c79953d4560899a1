import { loadConnectorPlugins } from '#connectors/connector-plugins';
import { logicalNames, type ConnectSchema } from '#pipeline/connect-schema';
import type { ConnectorPlugins } from '#pipeline/connector-plugins';
import { createPreparation } from '#pipeline/converter-options';
import { instantOf } from '#pipeline/logical-values';
import type { SinkBatch } from '#pipeline/sink-batch';
import { isJsonObject, parseJsonText, stringifyJson, type JsonValue } from '#pipeline/sink-json';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { runKafkaTransforms, trialPlace, type TransformOutcome } from '../peers/transform-runner.js';
import { transformCases, type TransformCase } from './transform-cases.js';

/** Ours and Kafka's own transforms on the same records. */
describe('transforms beside Kafka Connect’s own', () => {
  let kafka: readonly TransformOutcome[] = [];
  let plugins: ConnectorPlugins;

  beforeAll(async () => {
    plugins = await loadConnectorPlugins();
    kafka = await runKafkaTransforms(transformCases);
  }, 300_000);

  it('has at least a hundred cases, most of which are no errors', () => {
    const failures = kafka.filter((outcome) => 'error' in outcome).length;
    console.log(`${transformCases.length} cases of Kafka's transforms, ${failures} of them errors there`);
    expect(kafka).toHaveLength(transformCases.length);
    expect(transformCases.length).toBeGreaterThan(150);
    expect(failures).toBeLessThan(transformCases.length / 3);
  });

  it.each(transformCases.map((each, index) => [each.name, each, index] as const))('%s', async (_name, each, index) => {
    const expected = kafka[index];
    const ours = await run(each, plugins);
    if (expected === undefined) throw new Error('Kafka has no outcome');
    if ('error' in expected || 'error' in ours) {
      expect({ ours: 'error' in ours ? 'error' : ours, kafka: expected }).toEqual({
        ours: 'error',
        kafka: { error: expect.any(String) },
      });
      return;
    }
    expect(comparable(ours)).toEqual(comparable(expected));
  });
});

async function run(each: TransformCase, plugins: ConnectorPlugins): Promise<TransformOutcome> {
  const config: Record<string, string> = {
    'key.converter': 'json',
    'value.converter': 'json',
    'key.converter.schemas.enable': 'true',
    'value.converter.schemas.enable': 'true',
    transforms: each.transforms.map((_link, at) => `t${at}`).join(),
    predicates: each.transforms.flatMap(({ predicate }, at) => (predicate === undefined ? [] : [`p${at}`])).join(),
  };
  for (const [at, { type, options, predicate, negate }] of each.transforms.entries()) {
    Object.assign(config, { [`transforms.t${at}.type`]: type });
    for (const [name, value] of Object.entries(options)) config[`transforms.t${at}.${name}`] = value;
    if (predicate === undefined) continue;
    Object.assign(config, {
      [`transforms.t${at}.predicate`]: `p${at}`,
      [`transforms.t${at}.negate`]: String(negate === true),
      [`predicates.p${at}.type`]: predicate.type,
    });
    for (const [name, value] of Object.entries(predicate.options)) config[`predicates.p${at}.${name}`] = value;
  }
  const preparation = createPreparation(config, plugins, { clock: systemClock, logger: silentLogger, bootstrap: '' });
  const { pieces, filtered } = await preparation.prepare(batchOf(each));
  const [piece] = pieces;
  if (piece === undefined) return filtered === 1 ? { dropped: true } : { error: 'nothing came out' };
  if (piece.kind === 'failure') return { error: String(piece.failure.error) };
  const { batch } = piece;
  const schema = batch.schema?.(0);
  const json = batch.json?.(0);
  const value = batch.value(0);
  return {
    topic: batch.routedTopic ?? batch.topic,
    key: batch.key(0)?.toString() ?? null,
    value: value === null && schema === undefined ? null : envelope(schema, json ?? null),
    headers: batch.headers(0).map(({ key, value: header }) => [key, header?.toString() ?? null]),
  };
}

function batchOf({ topic, key, value, headers }: TransformCase): SinkBatch {
  const all = headers.map(([name, text]) => ({ key: name, value: Buffer.from(text) }));
  return {
    topic,
    partition: trialPlace.partition,
    count: 1,
    byteCount: 0,
    offset: () => trialPlace.offset,
    timestamp: () => trialPlace.timestamp,
    key: () => (key === null ? null : Buffer.from(key)),
    value: () => (value === null ? null : Buffer.from(value)),
    headers: () => all,
    header: (_index, name) => all.findLast((header) => header.key === name)?.value.toString() ?? null,
    slice() {
      return this;
    },
  };
}

/** In the words of Connect's JSON converter. */
function envelope(schema: ConnectSchema | undefined, json: JsonValue): string {
  if (schema === undefined) return stringifyJson({ schema: null, payload: json });
  return stringifyJson({ schema: schemaJson(schema), payload: payloadJson(schema, json) });
}

function schemaJson(schema: ConnectSchema): { [name: string]: JsonValue } {
  const names: Readonly<Record<string, string>> = { float32: 'float', float64: 'double' };
  return {
    type: names[schema.type] ?? schema.type,
    optional: schema.optional,
    ...(schema.name === undefined ? {} : { name: schema.name }),
    ...(schema.version === undefined ? {} : { version: schema.version }),
    ...(schema.doc === undefined ? {} : { doc: schema.doc }),
    ...(schema.parameters === undefined ? {} : { parameters: { ...schema.parameters } }),
    ...(schema.default === undefined ? {} : { default: payloadJson(schema, schema.default) }),
    ...(schema.fields === undefined
      ? {}
      : { fields: schema.fields.map((field) => ({ ...schemaJson(field.schema), field: field.name })) }),
    ...(schema.items === undefined ? {} : { [schema.type === 'map' ? 'values' : 'items']: schemaJson(schema.items) }),
    ...(schema.keys === undefined ? {} : { keys: schemaJson(schema.keys) }),
  };
}

function payloadJson(schema: ConnectSchema, json: JsonValue): JsonValue {
  if (json === null) return null;
  const { items, fields } = schema;
  if (fields !== undefined && isJsonObject(json)) {
    return Object.fromEntries(fields.map((field) => [field.name, payloadJson(field.schema, json[field.name] ?? null)]));
  }
  if (items !== undefined && Array.isArray(json)) return json.map((item) => payloadJson(items, item));
  if (typeof json !== 'string') return json;
  switch (schema.name) {
    case logicalNames.decimal: {
      const unscaled = BigInt(json.replace('.', ''));
      const hex = BigInt.asUintN(64, unscaled).toString(16).padStart(16, '0');
      return Buffer.from(hex, 'hex').toString('base64');
    }
    case logicalNames.date:
      return (instantOf(json) ?? Number.NaN) / 86_400_000;
    case logicalNames.time:
    case logicalNames.timestamp:
      return instantOf(json) ?? Number.NaN;
    default:
      return json;
  }
}

/** Without what does not count: the order of fields in a JSON text, the width of a decimal's bytes, the key's schema. */
function comparable(outcome: TransformOutcome): unknown {
  if (!('topic' in outcome)) return outcome;
  const { topic, key, value, headers } = outcome;
  return {
    topic,
    key: key === null ? null : keyText(parsedKey(key)),
    value: value === null ? null : narrow(parseJsonText(value)),
    headers,
  };
}

function parsedKey(text: string): JsonValue {
  try {
    return parseJsonText(text);
  } catch {
    return text;
  }
}

/** Kafka's with its envelope, ours as bytes. */
function keyText(key: JsonValue): string | null {
  const payload = isJsonObject(key) && 'payload' in key ? (key['payload'] ?? null) : key;
  if (payload === null) return null;
  if (!isJsonObject(payload)) return typeof payload === 'string' ? payload : stringifyJson(payload);
  const entries = Object.entries(payload).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return stringifyJson(Object.fromEntries(entries));
}

function narrow(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(narrow);
  if (isJsonObject(value))
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, narrow(inner)]));
  // A double of a whole number looks like an integer in JSON.
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
  return typeof value === 'string' && /^[A-Za-z0-9+/]{2,}={0,2}$/.test(value) && value.length % 4 === 0
    ? decimalNarrow(value)
    : value;
}

function decimalNarrow(text: string): string {
  const bytes = Buffer.from(text, 'base64');
  let from = 0;
  while (from < bytes.length - 1 && bytes[from] === 0 && (bytes[from + 1] ?? 0) < 0x80) from += 1;
  return bytes.subarray(from).toString('base64');
}
