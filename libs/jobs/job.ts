/**
 * Long work on the server: a replay, a copy, an export. A job type declares its parameters and does the work in steps it can go on from;
 * the queue (BullMQ's, on PostgreSQL or Redis) decides where and when it runs. Adding one is a file in `types/` and a line in
 * `registry-jobs.ts`.
 */
import type { z } from 'zod';
import type { ControlStore } from '#control/control-store';
import type { Clock } from '#std/clock';
import type { Logger } from '#std/log';
import type { Cluster } from '#topics/cluster';

export interface JobType<P = unknown, S = unknown> {
  /** As `/api/v1/jobs` and the CLI name it: `replay`. */
  readonly name: string;
  /** One sentence for lists, forms and the reference. */
  readonly summary: string;
  /** What progress counts: `records`, `partitions`, `bytes`. */
  readonly unit: string;
  /** Validates what a caller gives; its `describe` texts become reference and form. */
  readonly parameters: z.ZodType<P>;
  /** How state is read back after a restart; what it refuses begins anew. */
  readonly state: z.ZodType<S>;
  /**
   * Does the work; resolves with what the job found, shown as it is. Throws a sentence: the job has failed. Must stop soon after
   * `job.signal` aborts (cancelled, or the process stops) by throwing its reason.
   */
  run(job: JobRun<P, S>, parts: JobParts): Promise<JobResult>;
}

export type JobResult = Readonly<Record<string, unknown>>;

export interface JobRun<P, S> {
  readonly id: string;
  readonly parameters: P;
  /** What `checkpoint` kept last, in this process or one before; null at the first start. */
  readonly state: S | null;
  readonly signal: AbortSignal;
  /** Tells how far it is; cheap, written at most every half second. `total` null: not known. */
  progress(done: number, total: number | null): void;
  /**
   * Keeps `state` for after a kill; resolves when it is durable. Work after the last checkpoint is done again, so a type that writes records
   * makes them durable before it calls this, and says in its result what may be there twice.
   */
  checkpoint(state: S): Promise<void>;
  /** One line in the job's log, shown with it. */
  log(line: string): void;
}

/** What jobs work with. */
export interface JobParts {
  readonly cluster: Cluster;
  readonly store: ControlStore;
  readonly databaseUrl: string;
  /** Where exports go and imports come from; a job gets a path below it and no other. */
  readonly dataDirectory: string;
  /** What `${env:NAME}` in a connector's config refers to. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export type JobState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';

/** A job as it is shown and kept. */
export interface Job {
  readonly id: string;
  readonly type: string;
  readonly state: JobState;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** `rate` is per second over the last seconds; `etaSeconds` null where total or rate is not known. */
  readonly progress: {
    readonly done: number;
    readonly total: number | null;
    readonly unit: string;
    readonly rate: number;
    readonly etaSeconds: number | null;
  };
  readonly result: JobResult | null;
  readonly error: string | null;
  /** Who asked for it. */
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  /** How many times it was started; more than one after a kill. */
  readonly attempts: number;
}

/** Where jobs are asked for; `JobService` keeps them. */
export interface Jobs {
  /** Throws `jobs.parameters` (422) with the places that are wrong, or `jobs.type.unknown` (404). */
  submit(type: string, parameters: unknown, createdBy: string): Promise<Job>;
  find(id: string): Promise<Job | null>;
  /** Newest first. */
  list(filter: { type?: string; state?: JobState; before?: string; limit: number }): Promise<readonly Job[]>;
  /** The newest lines of a job's log. */
  log(id: string): Promise<readonly string[]>;
  /** A job that has ended stays as it is. Null where there is none. */
  cancel(id: string): Promise<Job | null>;
}
