/** What sinks and collectors have alike in `/api/v1`. */
import { z } from 'zod';
import { pageQuery } from '../page.js';

const labelName = /^[A-Za-z0-9]([A-Za-z0-9_./-]{0,61}[A-Za-z0-9])?$/;
const labelsMax = 64;

export const ConnectorName = z.string().trim().min(1).max(200).describe('Unique among sinks and collectors.');

export const Labels = z
  .record(z.string().regex(labelName, 'label names have up to 63 letters, digits and _ . / -'), z.string().max(255))
  .refine((labels) => Object.keys(labels).length <= labelsMax, `at most ${labelsMax} labels`)
  .describe('For people and their tools: whose it is, what it belongs to. A change restarts nothing.');

export const InitialState = z
  .enum(['RUNNING', 'PAUSED', 'STOPPED'])
  .describe('Of a new one; default RUNNING. Later: `:pause`, `:resume`, `:stop`.');

/** What an answer has besides and a request may have, so that what was read can be changed and sent back; there it means nothing. */
export const Told = {
  kind: z.string(),
  state: z.enum(['RUNNING', 'PAUSED', 'STOPPED']).describe('Wanted; how it is: `/status`.'),
  revision: z.int(),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
  updated_by: z.string(),
};

/** Optional and ignored. */
export const ToldBack = Object.fromEntries(Object.keys(Told).map((name) => [name, z.unknown().optional()])) as Record<
  keyof typeof Told,
  z.ZodOptional<z.ZodUnknown>
>;

export const TaskCountsSchema = z
  .record(z.string(), z.int())
  .describe('How many tasks are UNASSIGNED, RUNNING, PAUSED, FAILED, RESTARTING.');

export const BriefStatus = z.object({
  state: z.enum(['UNASSIGNED', 'RUNNING', 'PAUSED', 'STOPPED', 'FAILED']).describe('FAILED: some task has failed.'),
  tasks: TaskCountsSchema,
});

const flag = z.enum(['true', 'false']).default('false');

/** Of every write. */
export const WriteQuery = z.object({
  validate_only: flag.transform((text) => text === 'true').describe('Checks and answers as usual, changes nothing.'),
});

export const ListQuery = pageQuery.extend({
  filter: z.string().max(200).optional().describe('Part of the name, in any case.'),
  label: z
    .union([z.string(), z.array(z.string())])
    .transform((given) => [given].flat())
    .optional()
    .describe('`name=value` or `name`; several: all of them.'),
  state: BriefStatus.shape.state.optional(),
});

export const RestartBody = z
  .strictObject({
    tasks: z
      .union([z.enum(['all', 'failed']), z.array(z.int().min(0).max(1_000_000)).min(1).max(1000)])
      .default('all')
      .describe('Numbers of tasks, all, or those that have failed.'),
  })
  .default({ tasks: 'all' })
  .meta({ id: 'Restart' });

export const RollbackBody = z
  .strictObject({ revision: z.int().min(1).max(2_147_483_647).describe('One of `/revisions`.') })
  .meta({ id: 'Rollback' });

export const TaskView = z
  .object({
    task: z.int(),
    state: z.enum(['UNASSIGNED', 'RUNNING', 'PAUSED', 'FAILED', 'RESTARTING']),
    worker_id: z.string().nullable(),
    reported_at: z.iso.datetime().nullable(),
    trace: z.string().nullable().describe('Why it failed.'),
    last_error: z
      .object({ message: z.string(), at: z.iso.datetime().nullable(), attempts: z.int() })
      .nullable()
      .describe('Of a task that tries again, too.'),
    activity: z.string().nullable().describe('What it waits for: `SLEEPING until …`.'),
    degraded: z.boolean().describe('The store takes nothing now.'),
    breaker: z.string().nullable(),
    restart: z.unknown().describe('Restarts by itself after failures: used, max, when the next.'),
    metrics: z.record(z.string(), z.number()).describe('Numbers by Kafka Connect’s or Flume’s names.'),
  })
  .meta({ id: 'ConnectorTask' });

export const PartitionView = z
  .object({
    task: z.int(),
    topic: z.string(),
    partition: z.int(),
    position: z.number().nullable().describe('Next offset to deliver.'),
    committed: z.number().nullable(),
    lag: z.number().nullable().describe('Records between what is committed and the end.'),
    last_ok_at: z.iso.datetime().nullable().describe('When the store took a batch last.'),
    last_record_at: z.iso.datetime().nullable().describe('Timestamp of the last record that is through.'),
    buffered_bytes: z.number(),
    paused_by: z.string().nullable().describe('Why nothing is read now: task, store, buffer, schedule.'),
  })
  .meta({ id: 'SinkPartition' });

export const StatusView = z
  .object({
    name: z.string(),
    kind: z.enum(['SinkStatus', 'CollectorStatus']),
    state: BriefStatus.shape.state,
    wanted_state: Told.state,
    revision: z.int(),
    delivery: z.string().nullable().describe('What the running tasks guarantee.'),
    lag_records: z.number(),
    lag_seconds: z
      .number()
      .describe('Age of the oldest of the last records that stores took, where more wait; else 0.'),
    tasks: z.array(TaskView),
    partitions: z.array(PartitionView).describe('Of a sink: of each task the 40 furthest behind.'),
  })
  .meta({ id: 'ConnectorStatus' });

export const RevisionView = z
  .object({
    revision: z.int(),
    action: z.string().describe('`created`, `changed`, `deleted`, `rolled back to 3`.'),
    changed_by: z.string(),
    changed_at: z.iso.datetime(),
    labels: Labels,
    config: z.record(z.string(), z.string()).describe('As Kafka Connect has it; secrets as ***.'),
    changed_keys: z.array(z.string()).describe('What is other than in the revision before, as far as that is kept.'),
  })
  .meta({ id: 'ConnectorRevision' });
