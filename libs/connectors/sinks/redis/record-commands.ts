import { destinationTopic, type SinkBatch } from '#pipeline/sink-batch';
import { isJsonObject, parseJson, stringifyJson, type JsonObject, type JsonValue } from '#pipeline/sink-json';
import { messageOf } from '#std/errors';
import type { RedisSinkSettings } from './options.js';

export type RedisArgument = string | Buffer;
/** Name and arguments. */
export type RedisCall = readonly RedisArgument[];

/** A record of which nothing can be made; the message says why, for people. */
export class NoCommandError extends Error {}

/** Lua in Redis hands over 8000 arguments at most. */
const fieldsMax = 3000;

type Settings = Pick<RedisSinkSettings, 'command' | 'key' | 'entriesHaveFields' | 'ttlSeconds' | 'streamLengthMax'>;

/** What one record does in Redis. Throws NoCommandError. */
export function callsOf(batch: SinkBatch, index: number, settings: Settings): RedisCall[] {
  let parsed: JsonValue | undefined;
  const value = (): JsonValue => (parsed ??= jsonOf(batch, index));
  const key = settings.key.nameOf(batch, destinationTopic(batch), index, value);
  if (key === null) throw new NoCommandError('it has no key, or not the field that redis.key names');
  const bytes = batch.value(index);
  const { command } = settings;
  if (command === 'DEL') return [['DEL', key]];
  if (bytes === null) {
    if (command === 'SET' || command === 'HSET') return [['DEL', key]];
    if (command === 'XADD' && !settings.entriesHaveFields) return [entry(key, keyField(batch, index), settings)];
    throw new NoCommandError(`it has no value, and ${command} needs one`);
  }
  switch (command) {
    case 'SET':
      return [settings.ttlSeconds > 0 ? ['SET', key, bytes, 'EX', String(settings.ttlSeconds)] : ['SET', key, bytes]];
    case 'HSET':
      return hash(key, objectOf(value()), settings);
    case 'XADD': {
      const fields = settings.entriesHaveFields
        ? fieldsOf(objectOf(value())).set
        : [...keyField(batch, index), 'value', bytes];
      return [entry(key, fields, settings)];
    }
    default:
      return [[command, key, bytes]];
  }
}

function keyField(batch: SinkBatch, index: number): RedisArgument[] {
  const key = batch.key(index);
  return key === null ? [] : ['key', key];
}

function entry(key: RedisArgument, fields: readonly RedisArgument[], settings: Settings): RedisCall {
  if (fields.length === 0) throw new NoCommandError('it has no field');
  const cut = settings.streamLengthMax > 0 ? ['MAXLEN', '~', String(settings.streamLengthMax)] : [];
  return ['XADD', key, ...cut, '*', ...fields];
}

function hash(key: RedisArgument, value: JsonObject, settings: Settings): RedisCall[] {
  const { set, gone } = fieldsOf(value);
  if (set.length === 0 && gone.length === 0) throw new NoCommandError('it has no field');
  const calls: RedisCall[] = [];
  if (set.length > 0) calls.push(['HSET', key, ...set]);
  if (gone.length > 0) calls.push(['HDEL', key, ...gone]);
  if (settings.ttlSeconds > 0) calls.push(['EXPIRE', key, String(settings.ttlSeconds)]);
  return calls;
}

/** Fields and their texts, one after the other, and the names of those that are null. */
function fieldsOf(value: JsonObject): { set: RedisArgument[]; gone: string[] } {
  const set: RedisArgument[] = [];
  const gone: string[] = [];
  for (const [name, field] of Object.entries(value)) {
    if (field === null) gone.push(name);
    else set.push(name, typeof field === 'object' ? stringifyJson(field) : String(field));
  }
  if (set.length + gone.length > 2 * fieldsMax) throw new NoCommandError(`it has more than ${fieldsMax} fields`);
  return { set, gone };
}

function objectOf(value: JsonValue): JsonObject {
  if (isJsonObject(value)) return value;
  throw new NoCommandError('its value is not a JSON object, so it has no fields');
}

function jsonOf(batch: SinkBatch, index: number): JsonValue {
  const known = batch.json?.(index);
  const bytes = batch.value(index);
  if (known !== undefined || bytes === null) return known ?? null;
  try {
    return parseJson(bytes);
  } catch (error) {
    throw new NoCommandError(`its value is not JSON: ${messageOf(error)}`);
  }
}
