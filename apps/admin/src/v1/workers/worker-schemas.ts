import { z } from 'zod';

export const WorkerView = z
  .object({
    id: z.string(),
    kind: z.enum(['sink', 'collector']),
    labels: z.array(z.string()).describe('`name=value`: runs connectors that ask for them by `worker.labels`.'),
    address: z.string().nullable().describe('Where it takes calls; null: nowhere.'),
    is_drained: z.boolean(),
    tasks: z.int().describe('How many tasks it has.'),
    started_at: z.iso.datetime(),
    seen_at: z.iso.datetime(),
  })
  .meta({ id: 'Worker' });

/** As the worker answers. */
export const WorkerHealth = z
  .object({
    status: z.enum(['ready', 'not ready']),
    checks: z.array(z.object({ name: z.string(), ok: z.boolean(), ms: z.number(), message: z.string().nullable() })),
  })
  .meta({ id: 'WorkerHealth' });

export const WorkerTasks = z
  .object({
    data: z.array(
      z.object({
        connector: z.string(),
        task: z.int(),
        epoch: z.int().nullable().describe('Of its lease; null: as reported, by a worker that takes no calls.'),
        state: z.string(),
        trace: z.string().nullable(),
        details: z.record(z.string(), z.unknown()),
      }),
    ),
  })
  .meta({ id: 'WorkerTasks' });
