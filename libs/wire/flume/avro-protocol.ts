/**
 * Flume's Avro protocol, `org.apache.flume.source.avro.AvroSourceProtocol`: as text, by its hash, and what another side's text has to have in
 * common with it. A hash is MD5 of the text as sent; texts differ between versions (Flume 1.11 has a licence in its `doc`), so
 * that a side learns the other's text by the handshake.
 */
import { createHash } from 'node:crypto';

export const statuses = ['OK', 'FAILED', 'UNKNOWN'] as const;
export type Status = (typeof statuses)[number];

export const protocolText = JSON.stringify({
  protocol: 'AvroSourceProtocol',
  namespace: 'org.apache.flume.source.avro',
  types: [
    { type: 'enum', name: 'Status', symbols: statuses },
    {
      type: 'record',
      name: 'AvroFlumeEvent',
      fields: [
        { name: 'headers', type: { type: 'map', values: 'string' } },
        { name: 'body', type: 'bytes' },
      ],
    },
  ],
  messages: {
    append: { request: [{ name: 'event', type: 'AvroFlumeEvent' }], response: 'Status' },
    appendBatch: {
      request: [{ name: 'events', type: { type: 'array', items: 'AvroFlumeEvent' } }],
      response: 'Status',
    },
  },
});

export const hashBytes = 16;
export const protocolHash = hashOf(protocolText);
/** Of Flume 1.11.0, whose layout is the same: a client of that version needs no second try. */
export const flumeHash = Buffer.from('86aadae2c45474c0fe93ffd0f2350a65', 'hex');

export function hashOf(text: string): Buffer {
  return createHash('md5').update(text).digest();
}

export type ProtocolCheck = { readonly problem: string } | { readonly statuses: readonly string[] };

/**
 * Whether events and answers of a side with this protocol text lie in the bytes as ours do; if so, the names of its statuses in their
 * order. Names, documentation and properties of its own do not matter.
 */
export function checkProtocol(text: string): ProtocolCheck {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { problem: 'its protocol is no JSON' };
  }
  const types = listOf(field(parsed, 'types'));
  const event = types.find((type) => plainName(field(type, 'name')) === 'AvroFlumeEvent');
  const [headers, body, ...rest] = listOf(field(event, 'fields'));
  const isEvent =
    field(headers, 'name') === 'headers' &&
    typeName(field(headers, 'type')) === 'map' &&
    typeName(field(field(headers, 'type'), 'values')) === 'string' &&
    field(body, 'name') === 'body' &&
    typeName(field(body, 'type')) === 'bytes' &&
    rest.length === 0;
  if (!isEvent) return { problem: 'its AvroFlumeEvent is not {headers: map of string, body: bytes}' };
  const status = types.find((type) => plainName(field(type, 'name')) === 'Status');
  const symbols = listOf(field(status, 'symbols')).filter((symbol) => typeof symbol === 'string');
  return symbols.includes('OK') ? { statuses: symbols } : { problem: 'its Status has no OK' };
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

/** `string` and `{type: string}` are the same. */
function typeName(value: unknown): unknown {
  return typeof value === 'string' ? value : field(value, 'type');
}

function plainName(value: unknown): string {
  return typeof value === 'string' ? value.slice(value.lastIndexOf('.') + 1) : '';
}
