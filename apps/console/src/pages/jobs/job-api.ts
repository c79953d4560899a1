import { useEffect } from 'react';
import type { z } from 'zod';
import type { LiveJob } from '../../../../admin/src/v1/events/live-rows.js';
import type { JobView } from '../../../../admin/src/v1/jobs/job-views.js';
import { useLiveRow } from '../../api/live-hooks.js';
import { useGet } from '../../api/queries.js';
import type { JsonSchema } from '../../ui/schema-fields.js';

export type Job = z.infer<typeof JobView>;

export interface JobType {
  readonly name: string;
  readonly summary: string;
  readonly unit: string;
  readonly parameters: JsonSchema;
}

export const jobsPath = '/api/v1/jobs';

export function pathOf(id: string): string {
  return `${jobsPath}/${encodeURIComponent(id)}`;
}

export function isOpen(state: string): boolean {
  return state === 'queued' || state === 'running';
}

/** Asked for again whenever the stream of events has news of it. */
export function useJob(id: string) {
  const answer = useGet<Job>(pathOf(id));
  const live = useLiveRow('jobs', id);
  const { refetch } = answer;
  useEffect(() => {
    if (live !== undefined) void refetch();
  }, [live, refetch]);
  return answer;
}

/** What is newest of its progress. */
export function progressOf(
  job: Job,
  live: LiveJob | undefined,
): { done: number; total: number | null; rate: number | null } {
  if (live === undefined || !isOpen(job.state)) return job.progress;
  return live;
}

/** What it works on, in a few words. */
export function subjectOf({ parameters }: Job): string {
  const said = ['sink', 'topic', 'target_topic', 'file']
    .map((name) => parameters[name])
    .filter((value) => typeof value === 'string');
  return said.join(' → ');
}
