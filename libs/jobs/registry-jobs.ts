import type { JobType } from './job.js';

/** Every type of job, each erased to what the service needs of it. */
export const jobTypes: readonly JobType<never, never>[] = [];
