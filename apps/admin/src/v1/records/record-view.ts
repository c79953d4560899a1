import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import type { RecordColumns } from '#wire/kafka/record-columns';

export const formats = ['auto', 'json', 'text', 'base64'] as const;
export type Format = (typeof formats)[number];

const Shown = z.enum(['json', 'text', 'base64', 'null']);

export const RecordView = z
  .object({
    partition: z.int(),
    offset: z.int(),
    timestamp: z.iso.datetime().nullable().describe('null: the record has none.'),
    key: z.unknown().describe('As `key_format` says.'),
    key_format: Shown,
    value: z.unknown().describe('As `value_format` says.'),
    value_format: Shown,
    value_bytes: z.int(),
    headers: z.array(z.object({ name: z.string(), value: z.string().nullable(), format: Shown })),
  })
  .meta({ id: 'TopicRecord' });
export type RecordView = z.input<typeof RecordView>;

/** Whole numbers that a JSON number of most programs would round. */
const longNumber = /(?:^|[:[,\s])-?\d{16,}/;
const timestampMax = 8.64e15;

export function recordView(
  { partition, records }: { readonly partition: number; readonly records: RecordColumns },
  index: number,
  format: Format,
): RecordView {
  const key = shown(records.key(index), format);
  const value = records.value(index);
  const { value: shownValue, format: valueFormat } = shown(value, format);
  const timestamp = records.timestamp(index);
  return {
    partition,
    offset: records.offset(index),
    timestamp: timestamp < 0 || timestamp > timestampMax ? null : new Date(timestamp).toISOString(),
    key: key.value,
    key_format: key.format,
    value: shownValue,
    value_format: valueFormat,
    value_bytes: value?.length ?? 0,
    headers: records.headers(index).map(({ key: name, value: bytes }) => ({ name, ...plainText(bytes) })),
  };
}

/**
 * Bytes as what they are: `auto` takes objects and arrays for JSON, other UTF-8 for text, the rest as base64. What is not as asked for
 * is shown as the next that holds; JSON with numbers that parsing would round stays text.
 */
export function shown(
  bytes: Buffer | null,
  format: Format,
): { readonly value: unknown; readonly format: z.output<typeof Shown> } {
  if (bytes === null) return { value: null, format: 'null' };
  if (format === 'base64' || !isUtf8(bytes)) return { value: bytes.toString('base64'), format: 'base64' };
  const text = bytes.toString('utf8');
  const mayBeJson = format === 'json' || (format === 'auto' && /^\s*[[{]/.test(text));
  if (!mayBeJson || longNumber.test(text)) return { value: text, format: 'text' };
  try {
    return { value: JSON.parse(text), format: 'json' };
  } catch {
    return { value: text, format: 'text' };
  }
}

function plainText(bytes: Buffer | null): { readonly value: string | null; readonly format: z.output<typeof Shown> } {
  if (bytes === null) return { value: null, format: 'null' };
  const isText = isUtf8(bytes);
  return { value: bytes.toString(isText ? 'utf8' : 'base64'), format: isText ? 'text' : 'base64' };
}
