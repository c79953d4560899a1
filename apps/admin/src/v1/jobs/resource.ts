import { JobService } from '#jobs/job-service';
import type { Resource } from '../resource.js';
import { JobsController } from './jobs-controller.js';
import { jobsToken } from './jobs-token.js';

export const jobsResource: Resource = {
  controllers: [JobsController],
  providers: ({ jobs }) => [
    { provide: jobsToken, useFactory: () => jobs },
    { provide: JobService, useFactory: () => jobs },
  ],
  start: async ({ jobs }) => {
    await jobs.start();
    return jobs;
  },
};
