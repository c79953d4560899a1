import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import type { RecordColumns } from '#wire/kafka/record-columns';
import { isBinary, type Place, type RecordDecoders } from './decoders/record-decoders.js';

export const formats = ['auto', 'json', 'text', 'base64', 'hex', 'avro', 'protobuf', 'msgpack'] as const;
export type Format = (typeof formats)[number];

const Shown = z.enum(['json', 'text', 'base64', 'hex', 'avro', 'protobuf', 'msgpack', 'null']);
type ShownAs = z.output<typeof Shown>;

/** How records are shown. */
export interface Look {
  readonly format: Format;
  readonly decoders: RecordDecoders;
  /** Characters of keys and values, which are then texts; null: all of them, as JSON where they are. */
  readonly preview: number | null;
}

export const RecordView = z
  .object({
    partition: z.int(),
    offset: z.int(),
    timestamp: z.iso.datetime().nullable().describe('null: the record has none.'),
    key: z.unknown().describe('As `key_format` says.'),
    key_format: Shown,
    value: z.unknown().describe('As `value_format` says; with `preview` the beginning of its text.'),
    value_format: Shown,
    key_bytes: z.int(),
    value_bytes: z.int(),
    headers: z.array(z.object({ name: z.string(), value: z.string().nullable(), format: Shown })),
  })
  .meta({ id: 'TopicRecord' });
export type RecordView = z.input<typeof RecordView>;

export interface RecordsOf {
  readonly topic: string;
  readonly partition: number;
  readonly records: RecordColumns;
}

/** Whole numbers that a JSON number of most programs would round. */
const longNumber = /(?:^|[:[,\s])-?\d{16,}/;
const timestampMax = 8.64e15;

/** After the decoders were prepared for its bytes. */
export function recordView({ topic, partition, records }: RecordsOf, index: number, look: Look): RecordView {
  const keyBytes = records.key(index);
  const valueBytes = records.value(index);
  const key = side(keyBytes, { topic, side: 'key' }, look);
  const value = side(valueBytes, { topic, side: 'value' }, look);
  const timestamp = records.timestamp(index);
  return {
    partition,
    offset: records.offset(index),
    timestamp: timestamp < 0 || timestamp > timestampMax ? null : new Date(timestamp).toISOString(),
    key: key.value,
    key_format: key.format,
    value: value.value,
    value_format: value.format,
    key_bytes: keyBytes?.length ?? 0,
    value_bytes: valueBytes?.length ?? 0,
    headers: records.headers(index).map(({ key: name, value: bytes }) => ({ name, ...plainText(bytes) })),
  };
}

/** Loads what the decoders need for some records. */
export async function prepareFor(
  { topic, records }: RecordsOf,
  indexes: Iterable<number>,
  { decoders }: Look,
): Promise<void> {
  await decoders.prepare(topic, bytesIn(records, indexes));
}

function* bytesIn(records: RecordColumns, indexes: Iterable<number>): Generator<Buffer | null> {
  for (const index of indexes) {
    yield records.key(index);
    yield records.value(index);
  }
}

function side(bytes: Buffer | null, place: Place, { format, decoders, preview }: Look): Shown {
  const seen = decoded(bytes, place, { format, decoders }) ?? shown(bytes, format === 'hex' ? 'base64' : format);
  if (preview === null || bytes === null) return seen;
  if (seen.format === 'base64' || (seen.format === 'text' && format === 'auto' && isBinary(bytes)))
    return { value: spaced(bytes.subarray(0, Math.ceil(preview / 3))), format: 'hex' };
  // Of JSON the text as it came, blanks and all.
  const text =
    seen.format === 'json' || seen.format === 'text'
      ? bytes.toString('utf8', 0, 4 * preview)
      : JSON.stringify(seen.value);
  return { value: text.slice(0, preview), format: seen.format };
}

interface Shown {
  readonly value: unknown;
  readonly format: ShownAs;
}

/** Null where the bytes are to be shown as they are. */
function decoded(bytes: Buffer | null, place: Place, { format, decoders }: Omit<Look, 'preview'>): Shown | null {
  if (bytes === null || format === 'text' || format === 'base64') return null;
  if (format === 'hex') return { value: bytes.toString('hex'), format };
  if (format === 'avro' || format === 'protobuf' || format === 'msgpack') {
    try {
      return { value: decoders.decode(format, bytes, place).value, format };
    } catch {
      // As the next that holds.
    }
  }
  const found = decoders.auto(bytes, place);
  return found === null || found.decoder === 'text' ? null : { value: found.value, format: found.decoder };
}

function spaced(bytes: Buffer): string {
  return bytes.toString('hex').replaceAll(/(..)(?=.)/g, '$1 ');
}

/**
 * Bytes as what they are: `auto` takes objects and arrays for JSON, other UTF-8 for text, the rest as base64. What is not as asked for
 * is shown as the next that holds; JSON with numbers that parsing would round stays text.
 */
export function shown(bytes: Buffer | null, format: Format): Shown {
  if (bytes === null) return { value: null, format: 'null' };
  if (format === 'base64' || !isUtf8(bytes)) return { value: bytes.toString('base64'), format: 'base64' };
  const text = bytes.toString('utf8');
  const mayBeJson = format === 'json' || (format !== 'text' && /^\s*[[{]/.test(text));
  if (!mayBeJson || longNumber.test(text)) return { value: text, format: 'text' };
  try {
    return { value: JSON.parse(text), format: 'json' };
  } catch {
    return { value: text, format: 'text' };
  }
}

function plainText(bytes: Buffer | null): { readonly value: string | null; readonly format: ShownAs } {
  if (bytes === null) return { value: null, format: 'null' };
  const isText = isUtf8(bytes);
  return { value: bytes.toString(isText ? 'utf8' : 'base64'), format: isText ? 'text' : 'base64' };
}
