import type { Timer } from '#std/clock';
import { messageOf, MillraceError } from '#std/errors';
import { JobParametersError, jobErrors } from './errors.js';
import type { Job, JobParts, Jobs, JobState, JobType } from './job.js';
import { JobAttempt } from './job-attempt.js';
import { openJobQueue, type JobQueue } from './job-queue.js';
import { JobStore } from './job-store.js';
import { jobTypes } from './registry-jobs.js';

export interface JobServiceOptions extends JobParts {
  /** `redis://…` of the queue; null: the database. */
  readonly redisUrl: string | null;
  /** Default: all of the registry. */
  readonly types?: readonly JobType[];
}

/** How often it looks for jobs that no queue has: of a queue that was lost, or of a process that stopped. */
const sweepMs = 5_000;

/**
 * Takes jobs and runs them, in every administration that there is. The queue opens with the first job that is asked for or found open, so
 * that who has no jobs does not pay for it.
 */
export class JobService implements Jobs {
  private readonly store: JobStore;
  private readonly types: ReadonlyMap<string, JobType>;
  private readonly running = new Map<string, JobAttempt>();
  private queue: Promise<JobQueue> | null = null;
  private timer: Timer | null = null;
  private isStopping = false;

  constructor(private readonly options: JobServiceOptions) {
    this.store = new JobStore(options);
    this.types = new Map((options.types ?? jobTypes).map((type) => [type.name, type]));
  }

  /** Throws `control.database.away` (retriable). */
  async start(): Promise<void> {
    await this.store.start();
    await this.sweep();
    this.sweepLater();
  }

  /** Stops runs at their last checkpoint; they go on elsewhere, or here after the next start. */
  async stop(): Promise<void> {
    this.isStopping = true;
    this.timer?.cancel();
    for (const attempt of this.running.values()) attempt.stop('stopping');
    const queue = await this.queue?.catch(() => null);
    await queue?.close().catch((error: unknown) => this.options.logger.warn(`The queue of jobs: ${messageOf(error)}`));
    await this.store.stop();
  }

  get jobTypes(): readonly JobType[] {
    return [...this.types.values()];
  }

  /** The parameters with their defaults. Throws as `submit`. */
  check(type: string, parameters: unknown): { readonly type: JobType; readonly parameters: unknown } {
    const found = this.types.get(type);
    if (found === undefined) {
      const names = [...this.types.keys()].toSorted().join(', ');
      throw new MillraceError(jobErrors.typeUnknown, `There is no job "${type}". There are: ${names}.`);
    }
    const given = found.parameters.safeParse(parameters);
    if (!given.success) {
      const problems = given.error.issues.map(({ path, message }) => ({
        path: path.map((step) => (typeof step === 'number' ? step : String(step))),
        message,
      }));
      throw new JobParametersError(type, problems);
    }
    return { type: found, parameters: given.data };
  }

  async submit(type: string, parameters: unknown, createdBy: string): Promise<Job> {
    const checked = this.check(type, parameters);
    const job = await this.store.create({
      type,
      unit: checked.type.unit,
      parameters: checked.parameters,
      createdBy,
    });
    // A queue that is away now gets it at a later sweep.
    await this.enqueue(job.id).catch((error: unknown) =>
      this.options.logger.warn(`Job ${job.id} waits: ${messageOf(error)}`),
    );
    return job;
  }

  find(id: string): Promise<Job | null> {
    return this.store.find(id);
  }

  list(filter: { type?: string; state?: JobState; before?: string; limit: number }): Promise<readonly Job[]> {
    return this.store.list(filter);
  }

  log(id: string): Promise<readonly string[]> {
    return this.store.lines(id);
  }

  cancel(id: string): Promise<Job | null> {
    return this.store.cancel(id);
  }

  /** One that was cancelled or has failed goes on from its last checkpoint; any other stays as it is. Null where there is none. */
  async resume(id: string): Promise<Job | null> {
    const job = await this.store.resume(id);
    if (job?.state === 'queued') await this.enqueue(id);
    return job;
  }

  private async enqueue(id: string): Promise<void> {
    const { databaseUrl, redisUrl, logger } = this.options;
    this.queue ??= openJobQueue({ databaseUrl, redisUrl, logger, run: (wanted) => this.run(wanted) });
    const opening = this.queue;
    try {
      await (await opening).add(id);
    } catch (error) {
      // The next one opens it anew where it never opened.
      if ((await opening.catch(() => null)) === null && this.queue === opening) this.queue = null;
      throw error;
    }
  }

  /** Never rejects. */
  private async run(id: string): Promise<void> {
    if (this.isStopping || this.running.has(id)) return;
    try {
      const started = await this.store.begin(id);
      if (started === null) return;
      const type = this.types.get(started.type);
      if (type === undefined) {
        await this.store.end(started, { state: 'failed', error: `There is no job "${started.type}" in this version.` });
        return;
      }
      const attempt = new JobAttempt(started, { ...this.options, jobs: this.store });
      this.running.set(id, attempt);
      if (started.number > 1)
        this.options.logger.info('A job goes on.', { job: id, type: type.name, run: started.number });
      await attempt.run(type);
    } catch (error) {
      this.options.logger.warn(`Job ${id} could not be run now: ${messageOf(error)}`);
    } finally {
      this.running.delete(id);
    }
  }

  private sweepLater(): void {
    if (this.isStopping) return;
    this.timer = this.options.clock.after(sweepMs, () => void this.sweep().finally(() => this.sweepLater()));
  }

  private async sweep(): Promise<void> {
    try {
      for (const id of await this.store.open()) if (!this.running.has(id) && !this.isStopping) await this.enqueue(id);
    } catch (error) {
      this.options.logger.warn(`Open jobs were not looked for: ${messageOf(error)}`);
    }
  }
}
