/** A collector as `/api/v1/collectors` has it: a flume.conf as text, or its components as JSON, and the agent to run. */
import { z } from 'zod';
import {
  BriefStatus,
  ConnectorName,
  InitialState,
  Labels,
  Told,
  ToldBack,
  WriteQuery,
} from '../connectors/connector-schemas.js';

const Component = z.record(z.string(), z.unknown());
const Section = z.record(z.string().regex(/^[^.\s]+$/, 'a name without dots and blanks'), Component);

/** Nested objects are dots, lists of texts are blanks. */
export const Components = z
  .strictObject({
    sources: Section.optional(),
    channels: Section.optional(),
    sinks: Section.optional(),
    sinkgroups: Section.optional(),
  })
  .describe(
    'Components by name, their keys as in a flume.conf: `{"sources": {"r1": {"type": "netcat", "channels": ["c1"]}}}`.',
  )
  .meta({ id: 'CollectorComponents' });
export type Components = z.output<typeof Components>;

const parts = {
  agent: z.string().min(1).describe('Which agent of it runs. Default: the only one.'),
  flume_conf: z.string().max(1_000_000).describe('Text of a flume.conf; secrets as ***.'),
  worker_id: z.string().describe('The only worker that may run it, for agents whose files are on one machine.'),
  conf_directory: z.string().describe('Folder of the worker that files of components of one’s own are relative to.'),
  config: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .describe('Further keys, such as worker.labels.'),
  labels: Labels,
};

export const CollectorBody = z
  .strictObject({
    ...ToldBack,
    name: ConnectorName.optional(),
    ...z.object(parts).partial().shape,
    components: Components.optional().describe('Instead of flume_conf.'),
    initial_state: InitialState.optional(),
    status: z.unknown().optional(),
  })
  .meta({ id: 'CollectorSpec' });
export type CollectorBody = z.output<typeof CollectorBody>;

export const CollectorView = z
  .object({
    ...Told,
    ...z.object(parts).partial().shape,
    name: z.string(),
    agent: z.string(),
    flume_conf: z.string(),
    labels: Labels,
    status: BriefStatus.optional().describe('In lists.'),
  })
  .meta({ id: 'Collector' });

/** Beside a body of text: what stands in JSON otherwise. */
export const CollectorQuery = WriteQuery.extend({
  name: ConnectorName.optional().describe('With a body of text/plain, the flume.conf itself.'),
  agent: parts.agent.optional(),
});

export const ConfLineView = z
  .object({
    line: z.int(),
    key: z.string(),
    value: z.string(),
    component: z.string().nullable(),
    maps_to: z.string(),
    verdict: z.enum(['ok', 'warning', 'error', 'ignored']),
    replaced: z.boolean().describe('Known here under the other name that `maps_to` says.'),
    messages: z.array(z.string()),
    problems: z
      .array(
        z.object({
          severity: z.enum(['error', 'warning']),
          message: z.string(),
          suggestion: z.string().nullable().describe('What was probably meant.'),
          flume: z.string().nullable().describe('What Flume would have done.'),
        }),
      )
      .describe('The messages in their parts.'),
  })
  .meta({ id: 'FlumeConfLine' });

const unitNames = z.array(z.string());
export const CollectorEffect = z
  .object({
    restarted: unitNames.describe('Components that are built anew: `source r1`.'),
    added: unitNames,
    removed: unitNames,
    kept: unitNames.describe('They run on as they are.'),
    whole: z.boolean().describe('Another agent runs: all of it stops first.'),
  })
  .meta({ id: 'CollectorEffect' });
export type CollectorEffect = z.output<typeof CollectorEffect>;

export const CollectorValidation = z
  .object({
    valid: z.boolean(),
    errors: z.array(z.object({ pointer: z.string(), code: z.string(), message: z.string() })),
    counts: z.record(z.string(), z.int()).describe('Lines by verdict: ok, warning, error, ignored.'),
    lines: z.array(ConfLineView),
    flume_conf: z.string(),
    effect: CollectorEffect.nullable().describe(
      'Of a collector that is there: what the change does to what runs. Null: not known.',
    ),
  })
  .meta({ id: 'CollectorValidation' });
