import type { JobType } from './job.js';
import { copyJob } from './types/copy.js';
import { discardJob } from './types/discard.js';
import { exportJob } from './types/export.js';
import { importJob } from './types/import.js';
import { redriveJob } from './types/redrive.js';
import { backfillJob, replayJob } from './types/replay.js';
import { retentionReportJob } from './types/retention-report.js';
import { verifyJob } from './types/verify.js';

/** Every type of job, each erased to what the service needs of it. */
export const jobTypes: readonly JobType[] = [
  replayJob,
  backfillJob,
  copyJob,
  exportJob,
  importJob,
  redriveJob,
  discardJob,
  verifyJob,
  retentionReportJob,
];
