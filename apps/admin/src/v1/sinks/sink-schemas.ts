/** A sink as `/api/v1/sinks` has it: what all sinks have stands by itself, what its type declares in `config`. */
import { z } from 'zod';
import {
  BriefStatus,
  ConnectorName,
  InitialState,
  Labels,
  ListQuery,
  Told,
  ToldBack,
  WriteQuery,
} from '../connectors/connector-schemas.js';

/** Stands for a secret that is kept: sent back, the secret stays. */
export const HiddenSecret = z.strictObject({ $secret: z.literal('***') });

export const OptionValue = z
  .union([z.string(), z.number(), z.boolean(), z.array(z.string()), HiddenSecret, z.null()], {
    error: 'must be a text, a number, true, false, a list of texts, or {"$secret": "***"} for a secret that is kept',
  })
  .meta({ id: 'OptionValue' });
export type OptionValue = z.output<typeof OptionValue>;

const Options = z.record(z.string(), OptionValue);

export const Transform = z
  .strictObject({
    name: z.string().regex(/^[^.\s,]+$/, 'a name without dots, commas and blanks'),
    type: z.string().min(1).describe('Class, in full or by its short name.'),
    predicate: z.string().min(1).optional().describe('Name in `predicates`.'),
    negate: z.boolean().optional(),
    config: Options.optional(),
  })
  .meta({ id: 'Transform' });

export const Predicate = z
  .strictObject({ type: z.string().min(1), config: Options.optional() })
  .meta({ id: 'Predicate' });

const whole = z.int();

const parts = {
  type: z.string().min(1).describe('One of `/api/v1/sink-types`, or a class name that it stands in for.'),
  topics: z.array(z.string().min(1)).describe('What it reads: this, or `topics_regex`.'),
  topics_regex: z.string().describe('Over whole names.'),
  config: Options.describe('Options of its type, by their names in `/api/v1/sink-types/{type}`.'),
  tasks: z.strictObject({ max: whole.optional() }),
  batch: z.strictObject({
    max_records: whole.optional(),
    max_bytes: whole.optional(),
    linger_ms: whole.optional(),
  }),
  retry: z.strictObject({
    timeout_ms: whole.optional(),
    delay_max_ms: whole.optional(),
    max_attempts: whole.optional(),
  }),
  dlq: z.strictObject({
    topic: z.string().optional(),
    replication_factor: whole.optional(),
    context_headers: z.boolean().optional(),
  }),
  transforms: z.array(Transform).max(100),
  predicates: z.record(z.string(), Predicate),
  labels: Labels,
};

/** A request's: `null` is the same as absent. */
export const SinkBody = z
  .strictObject({
    ...ToldBack,
    name: ConnectorName.optional(),
    ...z.object(parts).partial().shape,
    initial_state: InitialState.optional(),
    delivery: z.unknown().optional(),
    status: z.unknown().optional(),
  })
  .meta({ id: 'SinkSpec' });
export type SinkBody = z.output<typeof SinkBody>;

export const NewSink = SinkBody.extend({ name: ConnectorName }).meta({ id: 'NewSink' });

/** RFC 7396: what is named changes, null removes. */
export const MergePatch = z
  .record(z.string(), z.unknown())
  .describe('JSON Merge Patch (RFC 7396) of what GET shows.')
  .meta({ id: 'MergePatch' });

export const SinkView = z
  .object({
    ...Told,
    ...z.object(parts).partial().shape,
    name: z.string(),
    type: z.string(),
    delivery: z
      .string()
      .nullable()
      .describe('What its config promises: exactly-once, effectively-once, at-least-once.'),
    config: Options,
    labels: Labels,
    status: BriefStatus.optional().describe('In lists.'),
  })
  .meta({ id: 'Sink' });

export const SinkListQuery = ListQuery.extend({
  type: z.string().optional(),
  topic: z.string().optional().describe('Sinks that read it.'),
});

export const Validation = z
  .object({
    valid: z.boolean(),
    errors: z.array(z.object({ pointer: z.string(), code: z.string(), message: z.string() })),
    verified: z.union([z.literal(true), z.string(), z.null()]).describe('true: the store was asked; a text: why not.'),
    flat_config: z.record(z.string(), z.string()).describe('The same in Kafka Connect’s form.'),
  })
  .meta({ id: 'Validation' });

export const TestResult = z
  .object({
    ok: z.boolean(),
    steps: z.array(z.object({ name: z.string(), ok: z.boolean().nullable(), ms: z.number(), detail: z.string() })),
  })
  .meta({ id: 'TestResult' });

export const DeleteQuery = WriteQuery.extend({
  offsets: z.enum(['keep', 'drop']).default('keep').describe('drop: a sink of that name begins anew.'),
});
