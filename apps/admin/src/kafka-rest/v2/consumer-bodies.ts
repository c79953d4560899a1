import { z } from 'zod';

/** Clients send numbers and flags as such or as texts. */
const amount = (minimum: number, maximum: number) => z.coerce.number().int().min(minimum).max(maximum);
const flag = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]);
const topic = z.string().min(1).max(249);
const partition = z.number().int().min(0).max(2_147_483_647);
const offset = z.number().int().min(0);

export const NewConsumer = z
  .object({
    name: z.string().min(1).max(200).optional(),
    format: z
      .string()
      .toLowerCase()
      .pipe(z.enum(['binary', 'json']))
      .default('binary'),
    'auto.offset.reset': z.enum(['earliest', 'latest']).default('latest'),
    'auto.commit.enable': flag.default(true),
    'fetch.min.bytes': amount(-1, 10_000_000).default(1),
    'consumer.request.timeout.ms': amount(1, 300_000).default(1000),
  })
  .meta({ id: 'NewConsumer' });

export const Subscription = z
  .strictObject({
    topics: z.array(topic).min(1).max(10_000).optional(),
    topic_pattern: z.string().min(1).max(1000).optional(),
  })
  .refine(
    (body) => (body.topics === undefined) !== (body.topic_pattern === undefined),
    'name topics or a topic_pattern, one of them',
  )
  .meta({ id: 'ConsumerSubscription' });

export const Partitions = z
  .object({ partitions: z.array(z.object({ topic, partition })).min(1).max(10_000) })
  .meta({ id: 'ConsumerPartitions' });

export const Offsets = z
  .object({ offsets: z.array(z.object({ topic, partition, offset, metadata: z.string().nullish() })).max(10_000) })
  .meta({ id: 'ConsumerOffsets' });

export const ReadQuery = z.object({
  timeout: amount(-1, 300_000).optional().describe('Milliseconds; default that of the consumer.'),
  max_bytes: amount(-1, 64 * 1024 * 1024)
    .optional()
    .describe('Of keys and values; default 4 MiB.'),
});

export const ProxyRecords = z
  .object({
    records: z
      .array(z.object({ key: z.unknown().optional(), value: z.unknown().optional(), partition: partition.nullish() }))
      .min(1),
  })
  .meta({ id: 'ProxyRecords' });
