import { z } from 'zod';
import { filterField } from '#jobs/record-filter';
import { formats } from './record-view.js';

const partition = z.coerce.number().int().min(0).max(1_000_000);

export const pageRecordsMax = 1_000;
const linesMax = 100_000;

export const RecordsQuery = z
  .object({
    partition: z
      .union([partition, z.array(partition).max(1000)])
      .transform((given) => [given].flat())
      .optional()
      .describe('Only these; default: all, merged by time.'),
    offset: z.coerce.number().int().min(0).optional().describe('From here on, in each partition.'),
    timestamp: z.iso.datetime({ offset: true }).optional().describe('From the first record at or after it on.'),
    newest: z.coerce
      .number()
      .int()
      .min(1)
      .max(1_000_000_000)
      .optional()
      .describe(
        'As many of the newest, at most 1000 of a page; of a search or a tail: only the newest of each partition. Default of a page where neither offset nor timestamp is given: `limit`.',
      ),
    order: z
      .enum(['oldest', 'newest'])
      .optional()
      .describe(
        '`newest`: the newest first, and tokens go back in time; then offset and timestamp say where it ends. Default: the oldest first.',
      ),
    limit: z.coerce
      .number()
      .int()
      .min(1)
      .max(linesMax)
      .default(100)
      .describe(`Records of a page, at most ${pageRecordsMax}, or found by a search, at most ${linesMax}.`),
    page_token: z.string().max(100_000).optional().describe('`next` of the answer before: goes on there.'),
    filter: filterField.optional(),
    format: z
      .enum(formats)
      .default('auto')
      .describe(
        'Of keys and values: `auto` takes objects and arrays for JSON, other UTF-8 for text, the rest for the first of Avro, Protobuf (with a descriptor) and MessagePack that it is, else base64.',
      ),
    preview: z.coerce
      .number()
      .int()
      .min(1)
      .max(10_000)
      .optional()
      .describe('Keys and values as texts of at most so many characters: for lists.'),
  })
  .refine(
    ({ offset, timestamp, newest }) => [offset, timestamp, newest].filter((given) => given !== undefined).length <= 1,
    { error: 'offset, timestamp and newest exclude each other: give one of them', path: ['offset'] },
  )
  .meta({ id: 'RecordsQuery' });
export type RecordsQuery = z.output<typeof RecordsQuery>;
