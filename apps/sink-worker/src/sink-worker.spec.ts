import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ControlStore } from '#control/control-store';
import { startTestDatabase, type TestDatabase } from '#control/testing/embedded-postgres';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { SinkWorker } from './sink-worker.js';

/** Nobody answers there: tasks run, and wait for their topics. */
const noTopics = '127.0.0.1:1';

describe('a sink worker', () => {
  let database: TestDatabase;
  let databaseUrl: string;
  let store: ControlStore;
  let directory: string;
  let counter = 0;
  const workers: SinkWorker[] = [];

  beforeAll(async () => {
    database = await startTestDatabase();
    directory = await mkdtemp(join(tmpdir(), 'millrace-sink-worker-'));
  });

  afterAll(async () => {
    await database.remove();
    await rm(directory, { recursive: true, force: true });
  });

  beforeEach(async () => {
    counter += 1;
    databaseUrl = await database.createDatabase(`worker_${counter}`);
    store = new ControlStore({ databaseUrl, clock: systemClock, logger: silentLogger });
    await store.start();
  });

  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.stop()));
    await store.stop();
  });

  async function startWorker(
    workerId: string,
    environment: Record<string, string> = { STORE: databaseUrl },
  ): Promise<SinkWorker> {
    const worker = new SinkWorker({
      databaseUrl,
      bootstrap: noTopics,
      dataDirectory: join(directory, workerId),
      workerId,
      clock: systemClock,
      logger: silentLogger,
      environment,
      leaseMs: 3000,
    });
    workers.push(worker);
    await worker.start();
    return worker;
  }

  function config(name: string, more: Record<string, string> = {}): Record<string, string> {
    return { name, 'connector.class': 'postgres', topics: 'orders', 'connection.url': '${env:STORE}', ...more };
  }

  async function states(name: string): Promise<string[]> {
    return (await store.status(name))?.tasks.map(({ task, state, workerId }) => `${task} ${state} ${workerId}`) ?? [];
  }

  async function until(wanted: () => Promise<boolean>): Promise<void> {
    const end = Date.now() + 12_000;
    while (!(await wanted())) {
      if (Date.now() > end) throw new Error('it did not happen in time');
      await systemClock.sleep(50);
    }
  }

  async function untilStates(name: string, wanted: readonly string[]): Promise<void> {
    await until(async () => (await states(name)).join() === wanted.join());
  }

  it('runs the tasks of a sink, pauses and resumes them, and lets them go when the sink is deleted', async () => {
    const worker = await startWorker('one');
    await store.createConnector({ name: 'rows', kind: 'sink', config: config('rows'), tasksMax: 2 });
    await untilStates('rows', ['0 RUNNING one', '1 RUNNING one']);
    await store.setTargetState('rows', 'PAUSED');
    await untilStates('rows', ['0 PAUSED one', '1 PAUSED one']);
    await store.setTargetState('rows', 'RUNNING');
    await untilStates('rows', ['0 RUNNING one', '1 RUNNING one']);
    const details = (await store.status('rows'))?.tasks[0]?.details;
    expect(details).toMatchObject({ guarantee: 'exactly-once', sink_record_send_total: 0, lag_records: 0 });
    await store.deleteConnector('rows');
    await until(() => Promise.resolve(worker.workCount === 0));
  });

  it('says why a task can not run, and runs it when its config is right', async () => {
    await startWorker('one');
    await store.createConnector({
      name: 'rows',
      kind: 'sink',
      config: config('rows', { 'batch.max.records': 'many', 'insert.mode': 'upsert' }),
      tasksMax: 1,
    });
    await untilStates('rows', ['0 FAILED one']);
    const trace = (await store.status('rows'))?.tasks[0]?.trace;
    expect(trace).toMatch(/batch.max.records: Invalid value many/);
    expect(trace).toMatch(/pk.mode: insert.mode=upsert needs a primary key/);
    await store.putConnector({ name: 'rows', kind: 'sink', config: config('rows'), tasksMax: 1 });
    await untilStates('rows', ['0 RUNNING one']);
  });

  it('restarts a failed task when it is asked to', async () => {
    const worker = await startWorker('one');
    await store.createConnector({
      name: 'rows',
      kind: 'sink',
      config: config('rows', { 'connector.class': 'nothing' }),
      tasksMax: 1,
    });
    await untilStates('rows', ['0 FAILED one']);
    await store.restartTasks('rows');
    await untilStates('rows', ['0 FAILED one']);
    expect((await store.status('rows'))?.tasks[0]?.trace).toMatch(/Failed to find any class that implements Connector/);
    expect(worker.workCount).toBe(1);
  });

  it('begins a task again by itself when what it lacked is there, and at once when it is asked to', async () => {
    const environment: Record<string, string> = {};
    await startWorker('one', environment);
    const restart = { 'task.restart.delay.ms': '400', 'task.restart.max': '3', 'connection.url': '${env:LATER}' };
    await store.createConnector({ name: 'rows', kind: 'sink', config: config('rows', restart), tasksMax: 1 });
    await untilStates('rows', ['0 RESTARTING one']);
    const { trace, details } = (await store.status('rows'))?.tasks[0] ?? {};
    expect(trace).toMatch(/\$\{env:LATER\} names nothing/);
    expect(details).toMatchObject({ restart: { max: 3 } });
    await untilStates('rows', ['0 FAILED one']);
    await store.restartTasks('rows', { onlyFailed: true });
    await untilStates('rows', ['0 RESTARTING one']);
    environment['LATER'] = databaseUrl;
    await untilStates('rows', ['0 RUNNING one']);
    expect((await store.status('rows'))?.tasks[0]?.details).toMatchObject({ restart: { at: null } });
  });

  it('shares tasks with a second worker, which takes all when the first one stops', async () => {
    const first = await startWorker('one');
    await startWorker('two');
    await store.createConnector({ name: 'rows', kind: 'sink', config: config('rows'), tasksMax: 2 });
    await until(async () => {
      const owners = (await states('rows')).map((state) => state.split(' ')[2]);
      return owners.toSorted().join() === 'one,two';
    });
    await first.stop();
    await untilStates('rows', ['0 RUNNING two', '1 RUNNING two']);
  });

  it('goes on with its tasks while the database is away, and has them under the same lease after', async () => {
    const worker = await startWorker('one');
    await store.createConnector({ name: 'rows', kind: 'sink', config: config('rows'), tasksMax: 1 });
    await untilStates('rows', ['0 RUNNING one']);
    const [before] = worker.works;
    await store.stop();
    await database.stop();
    // Longer than a lease.
    await systemClock.sleep(4000);
    expect([worker.workCount, before?.isStopping]).toEqual([1, false]);
    expect(worker.silentMs).toBeGreaterThan(2500);
    await database.start();
    await store.start();
    await until(() => Promise.resolve((worker.silentMs ?? Number.POSITIVE_INFINITY) < 2500));
    await untilStates('rows', ['0 RUNNING one']);
    const [after] = worker.works;
    expect(after).toBe(before);
  });
});
