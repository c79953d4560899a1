/**
 * Messages of AMQP 1.0 as events. A body is one or more `data` sections (bytes, as they are), a value (text in the charset; anything else as
 * JSON) or sequences (JSON). Application properties are what JMS calls properties.
 */
import type { Message } from 'rhea';

const dataSection = 0x75;
const sequenceSection = 0x76;

export function bodyOf(message: Pick<Message, 'body'>, encode: (text: string) => Buffer): Buffer {
  const body: unknown = message.body;
  if (isSection(body)) {
    const parts = Array.isArray(body.content) ? body.content : [body.content];
    if (body.typecode === dataSection) return Buffer.concat(parts.filter((part) => Buffer.isBuffer(part)));
    if (body.typecode === sequenceSection) return Buffer.from(jsonOf(body.content));
  }
  if (body === undefined || body === null) return Buffer.alloc(0);
  if (Buffer.isBuffer(body)) return body;
  return typeof body === 'string' ? encode(body) : Buffer.from(jsonOf(body));
}

/** Application properties as texts; null ones are left out. */
export function applicationHeaders(message: Message): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries<unknown>(message.application_properties ?? {})) {
    const text = textOf(value);
    if (text !== null) headers[name] = text;
  }
  return headers;
}

const propertyNames = [
  'message_id',
  'correlation_id',
  'to',
  'reply_to',
  'subject',
  'content_type',
  'content_encoding',
  'creation_time',
  'absolute_expiry_time',
  'group_id',
  'group_sequence',
  'user_id',
  'delivery_count',
  'priority',
] as const satisfies readonly (keyof Message)[];

/** The message's own properties and those of its header, as AMQP spells them (`message-id`) after the prefix; added to `headers`. */
export function addPropertyHeaders(headers: Record<string, string>, message: Message, prefix: string): void {
  for (const name of propertyNames) {
    const text = textOf(message[name]);
    if (text !== null) headers[prefix + name.replaceAll('_', '-')] = text;
  }
}

function textOf(value: unknown): string | null {
  switch (typeof value) {
    case 'undefined':
      return null;
    case 'string':
      return value;
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value);
    default:
      if (value === null) return null;
      if (value instanceof Date) return String(value.getTime());
      if (Buffer.isBuffer(value)) return value.toString();
      return jsonOf(value);
  }
}

function jsonOf(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner)) ?? 'null';
}

function isSection(body: unknown): body is { readonly typecode: number; readonly content: unknown } {
  return typeof body === 'object' && body !== null && 'typecode' in body && 'content' in body;
}
