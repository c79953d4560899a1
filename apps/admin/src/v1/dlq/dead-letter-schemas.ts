import { z } from 'zod';
import { discardFields } from '#jobs/types/discard';
import { letterConditions } from '#jobs/dead-letters/letter-filter';
import { RedriveCounts, redriveFields } from '#jobs/dead-letters/letter-redrive';
import { pageQuery } from '../page.js';

const LetterStateSchema = z
  .enum(['open', 'sending', 'redriven', 'discarded'])
  .describe('`sending`: a redrive has it in its hands.');

const scanMax = z.coerce
  .number()
  .int()
  .min(1)
  .max(1_000_000)
  .default(100_000)
  .describe('Most records of the dead-letter topic to look at.');

export const SummaryQuery = z.object({
  ...letterConditions,
  state: LetterStateSchema.optional(),
  scan_max: scanMax,
});

export const LettersQuery = pageQuery.extend({
  ...letterConditions,
  state: LetterStateSchema.optional(),
  scan_max: scanMax,
});

export const RedriveBody = z.strictObject(redriveFields).meta({ id: 'Redrive' });
export const DiscardBody = z.strictObject(discardFields).meta({ id: 'Discard' });

const Coordinates = z.object({ topic: z.string(), partition: z.int(), offset: z.int() });

const Content = z
  .object({
    text: z.string().nullable().describe('Where the bytes are UTF-8; at most 64 KiB of it in lists.'),
    base64: z.string().nullable().describe('Where they are not.'),
    bytes: z.int(),
    truncated: z.boolean(),
  })
  .nullable()
  .describe('Null: the record has none.');

export const LetterView = z
  .object({
    topic: z.string().describe('The dead-letter topic.'),
    partition: z.int(),
    offset: z.int(),
    state: LetterStateSchema,
    handled_by: z.string().nullable().describe('The job that sent it again or discarded it.'),
    handled_at: z.iso.datetime().nullable(),
    died_at: z.iso.datetime(),
    timestamp: z.iso.datetime().nullable().describe('Of the record.'),
    origin: z
      .object({
        topic: z.string().nullable(),
        partition: z.int().nullable(),
        offset: z.int().nullable(),
        first: Coordinates.nullable().describe('Where it lay before the first redrive.'),
        redrives: z.int().describe('How often it was sent again before.'),
      })
      .describe('Where the record lay; null where context headers are off.'),
    error: z.object({
      stage: z.string().nullable(),
      class_name: z.string().nullable().describe('The converter or sink that refused it.'),
      error_class: z.string().nullable(),
      message: z.string().nullable(),
      stacktrace: z.string().nullable().describe('Of a single letter only.'),
      attempts: z.int().nullable(),
      task: z.int().nullable(),
    }),
    key: Content,
    value: Content,
    headers: z
      .array(z.object({ name: z.string(), value: z.string().nullable() }))
      .describe('Those of the record itself.'),
  })
  .meta({ id: 'DeadLetter' });

export const SummaryView = z
  .object({
    kind: z.literal('DeadLetterSummary'),
    sink: z.string(),
    topic: z.string(),
    total: z.int().describe('Records in the dead-letter topic, of all sinks that share it.'),
    scanned: z.int(),
    complete: z.boolean().describe('False: there are more than `scan_max`; the newest were looked at.'),
    counts: z
      .object({ open: z.int(), sending: z.int(), redriven: z.int(), discarded: z.int() })
      .describe('Of what was scanned.'),
    groups: z
      .array(
        z.object({
          stage: z.string().nullable(),
          error_class: z.string().nullable(),
          message: z.string().nullable().describe('Digits and quoted values as `#`.'),
          count: z.int(),
          open: z.int(),
          first_at: z.iso.datetime(),
          last_at: z.iso.datetime(),
          example: Coordinates.describe('The newest, in the dead-letter topic.'),
        }),
      )
      .describe('Largest first, at most 200.'),
    origins: z.array(z.object({ topic: z.string().nullable(), partition: z.int().nullable(), count: z.int() })),
    timeline: z
      .array(
        z.object({
          at: z.iso.datetime(),
          count: z.int(),
          classes: z.record(z.string(), z.int()).describe('By class of the error; empty: it is not known.'),
        }),
      )
      .describe('Deaths over time, in at most 60 equal steps.'),
  })
  .meta({ id: 'DeadLetterSummary' });

export const NeighbourView = z
  .object({
    record: z
      .object({
        ...Coordinates.shape,
        timestamp: z.iso.datetime().nullable(),
        key: Content,
        value: Content,
        headers: z.array(z.object({ name: z.string(), value: z.string().nullable() })),
      })
      .nullable()
      .describe('Null: there is none close by.'),
    reason: z.string().nullable().describe('Why there is none.'),
  })
  .meta({ id: 'DeadLetterNeighbour' });

export const RedrivePlanView = z
  .object({
    kind: z.literal('RedrivePlan'),
    topic: z.string(),
    scanned: z.int(),
    complete: z.boolean().describe('False: only a part was looked at within the time.'),
    counts: RedriveCounts,
    targets: z.array(z.object({ topic: z.string(), count: z.int() })),
    samples: z
      .array(z.object({ letter: Coordinates, topic: z.string(), key: Content, value: Content }))
      .describe('The first five as they would be sent.'),
  })
  .meta({ id: 'RedrivePlan' });

export const DiscardPlanView = z
  .object({
    kind: z.literal('DiscardPlan'),
    topic: z.string(),
    scanned: z.int(),
    complete: z.boolean(),
    count: z.int(),
  })
  .meta({ id: 'DiscardPlan' });
