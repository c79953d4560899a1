import { JobService } from '#jobs/job-service';
import type { Resource } from '../resource.js';
import { JobFileController, JobFiles } from './job-file-controller.js';
import { JobsController } from './jobs-controller.js';
import { ReplaysController } from './replays-controller.js';
import { jobsToken } from './jobs-token.js';

export const jobsResource: Resource = {
  controllers: [JobsController, JobFileController, ReplaysController],
  providers: ({ jobs, dataDirectory }) => [
    { provide: jobsToken, useFactory: () => jobs },
    { provide: JobService, useFactory: () => jobs },
    { provide: JobFiles, useFactory: () => new JobFiles(dataDirectory) },
    { provide: JobsController, useFactory: () => new JobsController(jobs) },
  ],
  start: async ({ jobs }) => {
    await jobs.start();
    return jobs;
  },
};
