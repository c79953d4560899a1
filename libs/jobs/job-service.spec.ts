import { z } from 'zod';
import { ControlStore } from '#control/control-store';
import { startTestDatabase, type TestDatabase } from '#control/testing/embedded-postgres';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { Cluster } from '#topics/cluster';
import { JobParametersError } from './errors.js';
import type { Job, JobType } from './job.js';
import { JobService } from './job-service.js';

const Counted = z.object({ to: z.int().min(1), pauseMs: z.int().default(0), failAt: z.int().optional() });

/** Counts, with a checkpoint at each step. */
const runs: { id: string; from: number }[] = [];
const count: JobType<z.output<typeof Counted>, { at: number }> = {
  name: 'count',
  summary: 'Counts.',
  unit: 'numbers',
  parameters: Counted,
  state: z.object({ at: z.int() }),
  async run(job) {
    const { to, pauseMs, failAt } = job.parameters;
    let at = job.state?.at ?? 0;
    runs.push({ id: job.id, from: at });
    job.log(`counts from ${at}`);
    while (at < to) {
      job.signal.throwIfAborted();
      if (at === failAt) throw new Error(`cannot count past ${at}`);
      at += 1;
      job.progress(at, to);
      await job.checkpoint({ at });
      if (pauseMs > 0) await systemClock.sleep(pauseMs, job.signal);
    }
    return { counted: at };
  },
};

let database: TestDatabase;
let store: ControlStore;
const services: JobService[] = [];

function serviceOf(): JobService {
  const cluster = new Cluster({ bootstrap: [], clientId: 'spec', clock: systemClock, logger: silentLogger });
  const { databaseUrl } = database;
  const service = new JobService({
    ...{ cluster, store, databaseUrl, redisUrl: null, dataDirectory: '', environment: {} },
    ...{ clock: systemClock, logger: silentLogger, types: [count as JobType] },
  });
  services.push(service);
  return service;
}

async function until(service: JobService, id: string, done: (job: Job) => boolean): Promise<Job> {
  const deadline = Date.now() + 25_000;
  for (;;) {
    const job = await service.find(id);
    if (job !== null && done(job)) return job;
    if (Date.now() > deadline) throw new Error(`job ${id} is ${JSON.stringify(job)}`);
    await systemClock.sleep(50);
  }
}
const ended = ({ finishedAt }: Job): boolean => finishedAt !== null;

beforeAll(async () => {
  database = await startTestDatabase();
  store = new ControlStore({ databaseUrl: database.databaseUrl, clock: systemClock, logger: silentLogger });
});
afterEach(async () => {
  for (const service of services.splice(0)) await service.stop();
});
afterAll(() => database.remove());

describe('jobs', () => {
  it('run, tell how far they are, and keep what came of them', async () => {
    const service = serviceOf();
    await service.start();
    const { id, state } = await service.submit('count', { to: 5 }, 'User:ann');
    expect(state).toBe('queued');
    const job = await until(service, id, ended);
    expect(job).toMatchObject({ state: 'succeeded', result: { counted: 5 }, createdBy: 'User:ann', attempts: 1 });
    expect(job.progress).toMatchObject({ done: 5, total: 5, unit: 'numbers' });
    expect(await service.log(id)).toEqual([expect.stringMatching(/counts from 0$/)]);
    expect((await service.list({ type: 'count', limit: 10 })).map((each) => each.id)).toContain(id);
  });

  it('say what failed, and are not tried again', async () => {
    const service = serviceOf();
    await service.start();
    const { id } = await service.submit('count', { to: 5, failAt: 2 }, 'User:ann');
    expect(await until(service, id, ended)).toMatchObject({
      state: 'failed',
      error: 'cannot count past 2',
      attempts: 1,
    });
  });

  it('are refused with the places of wrong parameters, or where no such job is', async () => {
    const service = serviceOf();
    await service.start();
    const wrong = service.submit('count', { to: 'many' }, 'User:ann');
    await expect(wrong).rejects.toBeInstanceOf(JobParametersError);
    await expect(wrong).rejects.toMatchObject({ problems: [{ path: ['to'] }] });
    await expect(service.submit('sing', {}, 'User:ann')).rejects.toThrow(/no job "sing".*count/);
  });

  it('stop soon after they are cancelled', async () => {
    const service = serviceOf();
    await service.start();
    const { id } = await service.submit('count', { to: 10_000, pauseMs: 20 }, 'User:ann');
    await until(service, id, ({ progress }) => progress.done > 3);
    await service.cancel(id);
    const job = await until(service, id, ended);
    expect(job.state).toBe('cancelled');
    expect(job.progress.done).toBeLessThan(10_000);
  });

  it('go on from their checkpoint in another process when theirs stops', async () => {
    const first = serviceOf();
    await first.start();
    const { id } = await first.submit('count', { to: 60, pauseMs: 20 }, 'User:ann');
    await until(first, id, ({ progress }) => progress.done > 5);
    await first.stop();
    const second = serviceOf();
    await second.start();
    const job = await until(second, id, ended);
    expect(job).toMatchObject({ state: 'succeeded', result: { counted: 60 }, attempts: 2 });
    expect(runs.filter((run) => run.id === id)[1]?.from).toBeGreaterThan(5);
  });

  it('run once where two processes look for them', async () => {
    const [first, second] = [serviceOf(), serviceOf()];
    await Promise.all([first.start(), second.start()]);
    const ids = await Promise.all(
      [1, 2, 3, 4, 5, 6].map(
        async (at) => (await (at % 2 === 0 ? first : second).submit('count', { to: at }, 'User:ann')).id,
      ),
    );
    for (const id of ids) expect(await until(first, id, ended)).toMatchObject({ state: 'succeeded', attempts: 1 });
  });
});
