/**
 * Whose turn it is, by BullMQ: on the database that is there anyway, or on Redis. A job is known to it by its id alone; a process that dies
 * loses its hold on a job after `lockMs`, and another one, or the same when it is back, gets it.
 */
import { messageOf } from '#std/errors';
import type { Logger } from '#std/log';

export interface JobQueueOptions {
  readonly databaseUrl: string;
  /** `redis://…`; null: the database. */
  readonly redisUrl: string | null;
  readonly logger: Logger;
  /** Runs a job; never rejects. */
  readonly run: (id: string) => Promise<void>;
}

export interface JobQueue {
  /** Nothing happens where the queue has it already. */
  add(id: string): Promise<void>;
  /** Waits for what runs: stop that before. */
  close(): Promise<void>;
}

const queueName = 'millrace-jobs';
/** Jobs of one process at once. */
const concurrency = 2;
const lockMs = 10_000;
const stalledMs = 5_000;

/** Loads BullMQ. Throws where neither database nor Redis answers. */
export async function openJobQueue(options: JobQueueOptions): Promise<JobQueue> {
  return options.redisUrl === null ? onPostgres(options) : onRedis(options, options.redisUrl);
}

/** What BullMQ is told of workers and jobs, wherever it keeps them. */
const workerOptions = {
  concurrency,
  lockDuration: lockMs,
  stalledInterval: stalledMs,
  // The job itself knows how often it may begin anew: for ever, from its last checkpoint.
  maxStalledCount: 1_000_000,
};
const jobOptions = (id: string) => ({ jobId: `job-${id}`, removeOnComplete: true, removeOnFail: true, attempts: 1 });

async function onPostgres({ databaseUrl, logger, run }: JobQueueOptions): Promise<JobQueue> {
  const { createPostgresBackend, withBackend } = await import('bullmq');
  const { Queue, Worker } = withBackend(createPostgresBackend);
  const onError = (error: Error): void => logger.warn(`The queue of jobs: ${messageOf(error)}`);
  // A worker on tables that are not there would try without a pause.
  const queue = new Queue(queueName, { connection: { connectionString: databaseUrl, migrate: true, max: 2 } });
  queue.on('error', onError);
  await queue.waitUntilReady();
  const worker = new Worker(queueName, (job) => run(idIn(job.data)), {
    ...workerOptions,
    connection: { connectionString: databaseUrl, max: 3 },
  });
  worker.on('error', onError);
  return {
    add: async (id) => void (await queue.add('job', { id }, jobOptions(id))),
    async close() {
      await worker.close();
      await queue.close();
    },
  };
}

async function onRedis({ logger, run }: JobQueueOptions, redisUrl: string): Promise<JobQueue> {
  const [{ Queue, Worker }, { Redis }] = await Promise.all([import('bullmq'), import('ioredis')]);
  const onError = (error: Error): void => logger.warn(`The queue of jobs: ${messageOf(error)}`);
  const connect = () => new Redis(redisUrl, { maxRetriesPerRequest: null }).on('error', onError);
  const [forQueue, forWorker] = [connect(), connect()];
  const queue = new Queue(queueName, { connection: forQueue });
  queue.on('error', onError);
  const worker = new Worker(queueName, (job) => run(idIn(job.data)), { ...workerOptions, connection: forWorker });
  worker.on('error', onError);
  return {
    add: async (id) => void (await queue.add('job', { id }, jobOptions(id))),
    async close() {
      await worker.close();
      await queue.close();
      forQueue.disconnect();
      forWorker.disconnect();
    },
  };
}

function idIn(data: unknown): string {
  return typeof data === 'object' && data !== null && 'id' in data ? String(data.id) : '';
}
