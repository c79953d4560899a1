import { z } from 'zod';
import type { Job } from '#jobs/job';
import { pageQuery } from '../page.js';

const states = ['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const;

export const JobView = z
  .object({
    kind: z.literal('Job'),
    id: z.string(),
    type: z.string(),
    state: z.enum(states),
    parameters: z.record(z.string(), z.unknown()),
    progress: z.object({
      done: z.int(),
      total: z.int().nullable().describe('null: not known.'),
      unit: z.string(),
      rate: z.number().describe('A second, over the last 30 s.'),
      eta_seconds: z.int().nullable(),
    }),
    result: z.record(z.string(), z.unknown()).nullable(),
    error: z.string().nullable(),
    created_by: z.string(),
    created_at: z.iso.datetime(),
    started_at: z.iso.datetime().nullable(),
    finished_at: z.iso.datetime().nullable(),
    attempts: z.int().describe('How often it was started: more than once after a process that ran it has ended.'),
  })
  .meta({ id: 'Job' });

export const JobsQuery = pageQuery.extend({
  type: z.string().max(100).optional().describe('Only jobs of this type.'),
  state: z.enum(states).optional().describe('Only jobs in this state.'),
});

export const NewJob = z
  .strictObject({
    type: z.string().min(1).max(100).describe('One of /api/v1/job-types.'),
    parameters: z.record(z.string(), z.unknown()).default({}),
  })
  .meta({ id: 'NewJob' });

export const JobTypeView = z
  .object({
    name: z.string(),
    summary: z.string(),
    unit: z.string().describe('What its progress counts.'),
    parameters: z.record(z.string(), z.unknown()).describe('JSON Schema.'),
  })
  .meta({ id: 'JobType' });

export const JobLog = z.object({ lines: z.array(z.string()) }).meta({ id: 'JobLog' });

export function jobView(job: Job): z.input<typeof JobView> {
  const { done, total, unit, rate, etaSeconds } = job.progress;
  return {
    kind: 'Job',
    id: job.id,
    type: job.type,
    state: job.state,
    parameters: job.parameters,
    progress: { done, total, unit, rate: Math.round(rate * 10) / 10, eta_seconds: etaSeconds },
    result: job.result,
    error: job.error,
    created_by: job.createdBy,
    created_at: job.createdAt.toISOString(),
    started_at: job.startedAt?.toISOString() ?? null,
    finished_at: job.finishedAt?.toISOString() ?? null,
    attempts: job.attempts,
  };
}
