import { WindowedRate } from '#pipeline/windowed-rate';
import { messageOf, MillraceError } from '#std/errors';
import { jobErrors } from './errors.js';
import type { JobParts, JobRun, JobType } from './job.js';
import type { JobStore, StartedJob } from './job-store.js';

/** Why a run is stopped, beside what it throws itself. */
export class JobStopped extends Error {
  constructor(readonly reason: 'cancelled' | 'stopping' | 'superseded') {
    super(`The job was stopped: ${reason}`);
  }
}

const advanceMs = 500;
/** Lines that wait to be written; more are counted, not kept. */
const linesMax = 100;
const errorLengthMax = 4_000;

/** One run of a job, from its last checkpoint to its end, with its progress written twice a second. */
export class JobAttempt {
  private readonly aborting = new AbortController();
  private readonly rate: WindowedRate;
  private lines: string[] = [];
  private dropped = 0;
  private done: number;
  private total: number | null = null;

  constructor(
    private readonly started: StartedJob,
    private readonly parts: JobParts & { readonly jobs: JobStore },
  ) {
    this.rate = new WindowedRate(parts.clock);
    this.done = started.done;
  }

  stop(reason: JobStopped['reason']): void {
    this.aborting.abort(new JobStopped(reason));
  }

  /** Never rejects: what comes of it is in the row of the job. */
  async run(type: JobType): Promise<void> {
    const { started, parts } = this;
    const { jobs, logger } = parts;
    const advancing = this.keepAdvancing();
    try {
      const result = await type.run(this.runOf(type), parts);
      this.finished.abort();
      await advancing;
      await this.advance();
      await jobs.end(started, { state: 'succeeded', result });
    } catch (error) {
      this.finished.abort();
      await advancing;
      const { signal } = this.aborting;
      const stopped: unknown = signal.aborted ? signal.reason : null;
      await this.advance().catch(() => undefined);
      await jobs
        .end(started, endOf(stopped, error))
        .catch((failure: unknown) => logger.warn(`Job ${started.id} ended unheard: ${messageOf(failure)}`));
    }
  }

  private readonly finished = new AbortController();

  private runOf(type: JobType): JobRun<unknown, unknown> {
    const { started, parts } = this;
    const state = type.state.safeParse(started.checkpoint);
    if (started.checkpoint !== null && !state.success)
      this.log('What was kept of an earlier run is of no use now; it begins anew.');
    return {
      id: started.id,
      parameters: type.parameters.parse(started.parameters),
      state: started.checkpoint !== null && state.success ? state.data : null,
      signal: this.aborting.signal,
      progress: (done, total) => {
        this.rate.add(Math.max(0, done - this.done));
        this.done = done;
        this.total = total;
      },
      checkpoint: (kept) => parts.jobs.checkpoint(started, kept, this.done),
      log: (line) => this.log(line),
    };
  }

  private log(line: string): void {
    if (this.lines.length < linesMax) this.lines.push(line);
    else this.dropped += 1;
  }

  private async keepAdvancing(): Promise<void> {
    const { signal } = this.finished;
    while (!signal.aborted) {
      try {
        if (await this.advance()) this.stop('cancelled');
      } catch (error) {
        // A database that is away: what is done so far is written when it is back.
        if (error instanceof MillraceError && error.code === jobErrors.superseded.code) this.stop('superseded');
      }
      await this.parts.clock.sleep(advanceMs, signal).catch(() => undefined);
    }
  }

  private async advance(): Promise<boolean> {
    const { lines, dropped } = this;
    this.lines = [];
    this.dropped = 0;
    const all = dropped === 0 ? lines : [...lines, `${dropped} more lines were not kept`];
    const { done, total } = this;
    return this.parts.jobs.advance(this.started, { done, total, rate: this.rate.perSecond(), lines: all });
  }
}

function endOf(stopped: unknown, error: unknown): { state: 'queued' | 'cancelled' | 'failed'; error?: string } {
  if (stopped instanceof JobStopped) return { state: stopped.reason === 'cancelled' ? 'cancelled' : 'queued' };
  return { state: 'failed', error: messageOf(error).slice(0, errorLengthMax) };
}
