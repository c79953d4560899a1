/** One record with all that it may be read as. */
import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import { decoderNames, type RecordDecoders } from './decoders/record-decoders.js';
import type { RecordsOf } from './record-view.js';

const Decoding = z.object({
  decoder: z.enum(decoderNames),
  text: z.string().nullable().describe('What it gives; of JSON with blanks. Null: nothing.'),
  detail: z.string().nullable().describe('Of what it was made: `schema 7 of the registry`.'),
  problem: z.string().nullable().describe('Why the bytes are not in this format.'),
  is_cut: z.boolean().describe(`Whether the text goes on beyond its first million characters.`),
});

const Content = z
  .object({
    bytes: z.int(),
    base64: z.string().nullable().describe('Null where there are more than a million bytes.'),
    chosen: z.enum(decoderNames).describe('The decoder that `auto` takes.'),
    decodings: z.array(Decoding),
  })
  .nullable()
  .describe('Null: the record has none.');
type Content = z.input<typeof Content>;

export const RecordDetail = z
  .object({
    topic: z.string(),
    partition: z.int(),
    offset: z.int(),
    timestamp: z.string().describe('ISO 8601; a time that no calendar has as milliseconds.'),
    key: Content,
    value: Content,
    headers: z.array(
      z.object({ name: z.string(), value: z.string().nullable(), format: z.enum(['text', 'base64', 'null']) }),
    ),
    first_offset: z.int().describe('Of the partition, now.'),
    next_offset: z.int().describe('Of the partition, now: its last record has at most the one before.'),
  })
  .meta({ id: 'TopicRecordDetail' });
export type RecordDetail = z.input<typeof RecordDetail>;

const shownMax = 1_000_000;

export async function contentOf(
  bytes: Buffer | null,
  place: { readonly topic: string; readonly side: 'key' | 'value' },
  decoders: RecordDecoders,
): Promise<Content> {
  if (bytes === null) return null;
  const { chosen, decodings } = await decoders.all(bytes, place);
  return {
    bytes: bytes.length,
    base64: bytes.length > shownMax ? null : bytes.toString('base64'),
    chosen,
    decodings: decodings.map((decoding) => ({
      ...decoding,
      text: decoding.text?.slice(0, shownMax) ?? null,
      is_cut: (decoding.text?.length ?? 0) > shownMax,
    })),
  };
}

export function headersOf({ records }: RecordsOf, index: number): RecordDetail['headers'] {
  return records.headers(index).map(({ key: name, value }) => {
    if (value === null) return { name, value, format: 'null' };
    const format = isUtf8(value) ? 'text' : 'base64';
    return { name, value: value.toString(format === 'text' ? 'utf8' : 'base64'), format };
  });
}
