/**
 * Jobs as rows: what was asked for, how far it is, what came of it. The truth about jobs; the queue only says whose turn it is. A run is
 * known by its number, and a write of a run that another one has taken over from changes nothing.
 */
import type { DataSource } from 'typeorm';
import { openDatabase, withDatabase, type Migration } from '#control/database';
import { MillraceError } from '#std/errors';
import type { Logger } from '#std/log';
import { jobErrors } from './errors.js';
import type { Job, JobResult, JobState } from './job.js';

export interface NewJob {
  readonly type: string;
  readonly unit: string;
  readonly parameters: unknown;
  readonly createdBy: string;
}

/** One start of a job. */
export interface Attempt {
  readonly id: string;
  readonly number: number;
}

export interface StartedJob extends Attempt {
  readonly type: string;
  readonly parameters: unknown;
  readonly checkpoint: unknown;
  readonly done: number;
}

export interface Advance {
  readonly done: number;
  readonly total: number | null;
  readonly rate: number;
  readonly lines: readonly string[];
}

interface Row {
  readonly id: number;
  readonly type: string;
  readonly unit: string;
  readonly state: JobState;
  readonly parameters: Record<string, unknown>;
  readonly done: string;
  readonly total: string | null;
  readonly rate: number;
  readonly result: JobResult | null;
  readonly error: string | null;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly attempts: number;
}

const migrations: readonly Migration[] = [
  {
    number: 1,
    sql: `
      CREATE TABLE millrace.job (
        id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        type text NOT NULL,
        unit text NOT NULL,
        state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
        parameters jsonb NOT NULL,
        checkpoint jsonb,
        done bigint NOT NULL DEFAULT 0,
        total bigint,
        rate double precision NOT NULL DEFAULT 0,
        result jsonb,
        error text,
        created_by text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        started_at timestamptz,
        finished_at timestamptz,
        attempts integer NOT NULL DEFAULT 0,
        cancel_wanted boolean NOT NULL DEFAULT false
      );
      CREATE INDEX job_open ON millrace.job (id) WHERE state IN ('queued', 'running');
      CREATE TABLE millrace.job_line (
        job integer NOT NULL REFERENCES millrace.job (id) ON DELETE CASCADE,
        number integer GENERATED ALWAYS AS IDENTITY,
        line text NOT NULL,
        at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (job, number)
      );
    `,
  },
];

const columns = `id, type, unit, state, parameters, done, total, rate, result, error, created_by AS "createdBy",
  created_at AS "createdAt", started_at AS "startedAt", finished_at AS "finishedAt", attempts`;
/** Kept of a job's log; older lines go. */
const linesMax = 500;
/** Ended jobs beyond so many go, oldest first. */
const endedMax = 1000;

export class JobStore {
  private source: DataSource | null = null;

  constructor(private readonly options: { readonly databaseUrl: string; readonly logger: Logger }) {}

  /** Connects and migrates. Throws `control.database.away` (retriable). */
  async start(): Promise<void> {
    const { databaseUrl, logger } = this.options;
    this.source = await openDatabase({
      databaseUrl,
      room: 'jobs',
      entities: [],
      migrations,
      logger,
      connectionsMax: 2,
    });
  }

  async stop(): Promise<void> {
    const { source } = this;
    this.source = null;
    await source?.destroy();
  }

  async create(job: NewJob): Promise<Job> {
    const rows: Row[] = await this.query(
      'creating a job',
      `INSERT INTO millrace.job (type, unit, parameters, created_by) VALUES ($1, $2, $3, $4) RETURNING ${columns}`,
      [job.type, job.unit, JSON.stringify(job.parameters), job.createdBy],
    );
    await this.query(
      'forgetting old jobs',
      `DELETE FROM millrace.job WHERE id IN (
         SELECT id FROM millrace.job WHERE state IN ('succeeded', 'failed', 'cancelled') ORDER BY id DESC OFFSET ${endedMax})`,
    );
    return jobOf(only(rows));
  }

  async find(id: string): Promise<Job | null> {
    const rows: Row[] = await this.query('looking up a job', `SELECT ${columns} FROM millrace.job WHERE id = $1`, [
      numberOf(id),
    ]);
    return rows[0] === undefined ? null : jobOf(rows[0]);
  }

  async list(filter: { type?: string; state?: JobState; before?: string; limit: number }): Promise<Job[]> {
    const rows: Row[] = await this.query(
      'listing jobs',
      `SELECT ${columns} FROM millrace.job
       WHERE ($1::text IS NULL OR type = $1) AND ($2::text IS NULL OR state = $2) AND ($3::integer IS NULL OR id < $3)
       ORDER BY id DESC LIMIT $4`,
      [
        filter.type ?? null,
        filter.state ?? null,
        filter.before === undefined ? null : numberOf(filter.before),
        filter.limit,
      ],
    );
    return rows.map(jobOf);
  }

  async lines(id: string): Promise<string[]> {
    const rows: { line: string; at: Date }[] = await this.query(
      'reading the log of a job',
      'SELECT line, at FROM millrace.job_line WHERE job = $1 ORDER BY number',
      [numberOf(id)],
    );
    return rows.map(({ line, at }) => `${at.toISOString()} ${line}`);
  }

  /** Ids of those that have not ended, oldest first. */
  async open(): Promise<string[]> {
    const rows: { id: number }[] = await this.query(
      'looking for jobs',
      `SELECT id FROM millrace.job WHERE state IN ('queued', 'running') ORDER BY id LIMIT 1000`,
    );
    return rows.map(({ id }) => String(id));
  }

  /** A queued job ends at once, a running one when its run hears of it. Null where there is none. */
  async cancel(id: string): Promise<Job | null> {
    await this.query(
      'cancelling a job',
      `UPDATE millrace.job SET cancel_wanted = true,
         state = CASE WHEN state = 'queued' THEN 'cancelled' ELSE state END,
         finished_at = CASE WHEN state = 'queued' THEN now() END
       WHERE id = $1 AND state IN ('queued', 'running')`,
      [numberOf(id)],
    );
    return this.find(id);
  }

  /** Lets one that was cancelled or has failed go on from its checkpoint. Null where there is none. */
  async resume(id: string): Promise<Job | null> {
    await this.query(
      'resuming a job',
      `UPDATE millrace.job SET state = 'queued', cancel_wanted = false, finished_at = NULL, error = NULL
       WHERE id = $1 AND state IN ('cancelled', 'failed')`,
      [numberOf(id)],
    );
    return this.find(id);
  }

  /** Begins another run, which takes over from any before; null where the job has ended. */
  async begin(id: string): Promise<StartedJob | null> {
    const [rows]: [{ type: string; parameters: unknown; checkpoint: unknown; done: string; attempts: number }[]] =
      await this.query(
        'starting a job',
        `UPDATE millrace.job SET state = 'running', attempts = attempts + 1, started_at = coalesce(started_at, now()), rate = 0
         WHERE id = $1 AND state IN ('queued', 'running')
         RETURNING type, parameters, checkpoint, done, attempts`,
        [numberOf(id)],
      );
    const [row] = rows;
    return row === undefined ? null : { ...row, id, number: row.attempts, done: Number(row.done) };
  }

  /** Writes how far a run is; gives whether it is to be cancelled. Throws `jobs.superseded`. */
  async advance(attempt: Attempt, { done, total, rate, lines }: Advance): Promise<boolean> {
    const [rows]: [{ cancel_wanted: boolean }[]] = await this.query(
      'writing the progress of a job',
      `UPDATE millrace.job SET done = $3, total = $4, rate = $5
       WHERE id = $1 AND attempts = $2 AND state = 'running' RETURNING cancel_wanted`,
      [numberOf(attempt.id), attempt.number, Math.round(done), total === null ? null : Math.round(total), rate],
    );
    const [row] = rows;
    if (row === undefined) throw superseded(attempt);
    if (lines.length > 0) await this.append(attempt.id, lines);
    return row.cancel_wanted;
  }

  /** Throws `jobs.superseded`. */
  async checkpoint(attempt: Attempt, state: unknown, done: number): Promise<void> {
    const [rows]: [unknown[]] = await this.query(
      'keeping the state of a job',
      `UPDATE millrace.job SET checkpoint = $3, done = $4
       WHERE id = $1 AND attempts = $2 AND state = 'running' RETURNING id`,
      [numberOf(attempt.id), attempt.number, JSON.stringify(state), Math.round(done)],
    );
    if (rows.length === 0) throw superseded(attempt);
  }

  /** Ends a run: for good, or `queued` to go on from its checkpoint later. Does nothing where another run has taken over. */
  async end(
    attempt: Attempt,
    end: { state: Exclude<JobState, 'running'>; result?: JobResult; error?: string },
  ): Promise<void> {
    await this.query(
      'ending a job',
      `UPDATE millrace.job SET state = $3, result = $4, error = $5, rate = 0,
         finished_at = CASE WHEN $3 = 'queued' THEN NULL ELSE now() END
       WHERE id = $1 AND attempts = $2 AND state = 'running'`,
      [
        numberOf(attempt.id),
        attempt.number,
        end.state,
        end.result === undefined ? null : JSON.stringify(end.result),
        end.error ?? null,
      ],
    );
  }

  private async append(id: string, lines: readonly string[]): Promise<void> {
    await this.query(
      'writing the log of a job',
      'INSERT INTO millrace.job_line (job, line) SELECT $1, line FROM unnest($2::text[]) AS line',
      [numberOf(id), lines],
    );
    await this.query(
      'writing the log of a job',
      `DELETE FROM millrace.job_line WHERE job = $1 AND number <= (
         SELECT number FROM millrace.job_line WHERE job = $1 ORDER BY number DESC OFFSET ${linesMax} LIMIT 1)`,
      [numberOf(id)],
    );
  }

  private query<T>(doing: string, sql: string, parameters: readonly unknown[] = []): Promise<T> {
    return withDatabase(doing, async () => {
      if (this.source === null) throw new Error('the store of jobs is not started');
      return this.source.query<T>(sql, [...parameters]);
    });
  }
}

/** Ids are numbers; -1, which no job has, for any other text. */
function numberOf(id: string): number {
  return /^[1-9]\d{0,8}$/.test(id) ? Number(id) : -1;
}

function superseded({ id, number }: Attempt): MillraceError {
  return new MillraceError(
    jobErrors.superseded,
    `Run ${number} of job ${id} is over: another one has taken over, or the job has ended.`,
  );
}

function only(rows: readonly Row[]): Row {
  const [row] = rows;
  if (row === undefined) throw new Error('the database gave no row back');
  return row;
}

function jobOf(row: Row): Job {
  const { done, total, rate, unit, id, ...rest } = row;
  const left = total === null ? null : Math.max(0, Number(total) - Number(done));
  const isMoving = row.state === 'running' && rate > 0;
  const etaSeconds = left !== null && isMoving ? Math.ceil(left / rate) : null;
  const progress = { done: Number(done), total: total === null ? null : Number(total), unit, rate, etaSeconds };
  return { ...rest, id: String(id), progress };
}
