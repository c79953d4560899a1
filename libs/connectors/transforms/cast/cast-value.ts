import { logicalNames, type ConnectSchema } from '#pipeline/connect-schema';
import { instantOf } from '#pipeline/logical-values';
import { stringifyJson, type JsonValue } from '#pipeline/sink-json';
import { doubleText, narrowed, wholeNumber } from '../numbers.js';
import { kindOf } from '../struct.js';

const targets = ['int8', 'int16', 'int32', 'int64', 'float32', 'float64', 'boolean', 'string'] as const;

export type CastTarget = (typeof targets)[number];

export function isCastTarget(text: string): text is CastTarget {
  return (targets as readonly string[]).includes(text);
}

const dayMs = 86_400_000;

/** A value as Java's casts make it; null stays null. Throws where Kafka's Cast does. */
export function castValue(value: JsonValue, schema: ConnectSchema | undefined, target: CastTarget): JsonValue {
  if (value === null) return null;
  const type = schema?.type;
  if (type === 'array' || type === 'map' || type === 'struct' || typeof value === 'object') {
    throw new Error(`Cast transformation does not support casting from ${kindOf(value, schema)}`);
  }
  if (target === 'string') return textOf(value, schema);
  const plain = plainOf(value, schema);
  switch (target) {
    case 'boolean':
      if (typeof plain === 'string') return plain.toLowerCase() === 'true';
      return typeof plain === 'boolean' ? plain : BigInt(narrowed(plain, 'int64')) !== 0n;
    case 'float32':
      return Math.fround(doubleOf(plain));
    case 'float64':
      return doubleOf(plain);
    default:
      if (typeof plain === 'string') return wholeNumber(plain, target);
      return typeof plain === 'boolean' ? Number(plain) : narrowed(plain, target);
  }
}

/** Logical times as the numbers behind them; bytes are no number. */
function plainOf(
  value: string | number | bigint | boolean,
  schema: ConnectSchema | undefined,
): string | number | bigint | boolean {
  if (schema === undefined || schema.type === 'string') return value;
  if (typeof value === 'string') {
    const instant = isTime(schema) ? instantOf(value) : null;
    if (instant !== null) return schema.name === logicalNames.date ? instant / dayMs : instant;
    if (schema.type === 'float32' || schema.type === 'float64') return Number(value);
    if (schema.name === logicalNames.decimal) return Number(value);
    throw new Error(`Unexpected type in Cast transformation: ${schema.name ?? schema.type}`);
  }
  return value;
}

function isTime({ name }: ConnectSchema): boolean {
  return name === logicalNames.date || name === logicalNames.time || name === logicalNames.timestamp;
}

function doubleOf(value: string | number | bigint | boolean): number {
  if (typeof value !== 'string') return Number(value);
  const text = value.trim().replace(/[dDfF]$/, '');
  if (/^[+-]?(?:NaN|Infinity)$/.test(text)) return Number(text);
  const number = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(number)) throw new Error(`Value (${value}) was out of range for requested data type`);
  return number;
}

/** As Java's `toString`, and Connect's dates. */
function textOf(value: JsonValue, schema: ConnectSchema | undefined): string {
  if (typeof value === 'string') return schema?.name === logicalNames.time ? `${value}Z` : value;
  if (typeof value !== 'number') return stringifyJson(value);
  const isFloat = schema?.type === 'float32';
  const isDouble = isFloat || schema?.type === 'float64' || (schema === undefined && !Number.isInteger(value));
  return isDouble ? doubleText(value, isFloat) : String(value);
}
