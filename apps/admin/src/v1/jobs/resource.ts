import { JobService } from '#jobs/job-service';
import type { Resource } from '../resource.js';
import { JobsController } from './jobs-controller.js';
import { ReplaysController } from './replays-controller.js';
import { jobsToken } from './jobs-token.js';

export const jobsResource: Resource = {
  controllers: [JobsController, ReplaysController],
  providers: ({ jobs }) => [
    { provide: jobsToken, useFactory: () => jobs },
    { provide: JobService, useFactory: () => jobs },
    { provide: JobsController, useFactory: () => new JobsController(jobs) },
  ],
  start: async ({ jobs }) => {
    await jobs.start();
    return jobs;
  },
};
