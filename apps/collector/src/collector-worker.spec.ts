import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ControlStore } from '#control/control-store';
import { startTestDatabase, type TestDatabase } from '#control/testing/embedded-postgres';
import { tapElsewhere } from '#control/tap-exchange';
import type { ComponentStatus } from '#pipeline/agent-component';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { CollectorWorker } from './collector-worker.js';

describe('a collector worker', () => {
  let database: TestDatabase;
  let databaseUrl: string;
  let store: ControlStore;
  let directory: string;
  let counter = 0;
  const workers: CollectorWorker[] = [];

  beforeAll(async () => {
    database = await startTestDatabase();
  });

  afterAll(async () => {
    await database.remove();
  });

  beforeEach(async () => {
    counter += 1;
    directory = await mkdtemp(join(tmpdir(), 'millrace-collector-'));
    await mkdir(join(directory, 'logs'));
    await writeFile(join(directory, 'logs', 'a.log'), 'one\n');
    databaseUrl = await database.createDatabase(`collector_${counter}`);
    store = new ControlStore({ databaseUrl, clock: systemClock, logger: silentLogger });
    await store.start();
  });

  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.stop()));
    await store.stop();
    await rm(directory, { recursive: true, force: true });
  });

  async function startWorker(): Promise<CollectorWorker> {
    const worker = new CollectorWorker({
      databaseUrl,
      bootstrap: '127.0.0.1:1',
      dataDirectory: join(directory, 'data'),
      workerId: 'one',
      clock: systemClock,
      logger: silentLogger,
      leaseMs: 3000,
    });
    workers.push(worker);
    await worker.start();
    return worker;
  }

  const put = (text: string) =>
    store.putConnector({
      name: 'logs',
      kind: 'source',
      config: { name: 'logs', 'connector.class': 'collector', agent: 'a1', 'flume.conf': text },
      tasksMax: 1,
    });

  const conf = () => `
a1.sources = r1
a1.channels = c1
a1.sinks = k1
a1.sources.r1.type = taildir
a1.sources.r1.filegroups = f1
a1.sources.r1.filegroups.f1 = ${directory}/logs/.*log
a1.sources.r1.channels = c1
a1.channels.c1.type = file
a1.sinks.k1.type = file_roll
a1.sinks.k1.channel = c1
a1.sinks.k1.sink.directory = ${directory}/out
`;

  async function output(): Promise<string> {
    const names = await readdir(join(directory, 'out')).catch(() => []);
    const texts = await Promise.all(names.map((name) => readFile(join(directory, 'out', name), 'utf8')));
    return texts.join('');
  }

  async function until(wanted: () => Promise<boolean>): Promise<void> {
    for (const end = Date.now() + 15_000; !(await wanted()); await systemClock.sleep(50)) {
      if (Date.now() > end) throw new Error('it did not happen in time');
    }
  }

  const detail = async (kind: string, name: string): Promise<ComponentStatus | undefined> => {
    const components = (await store.status('logs'))?.tasks[0]?.details['components'] as ComponentStatus[] | undefined;
    return components?.find((component) => component.kind === kind && component.name === name);
  };

  const untilState = (state: string) =>
    until(async () => (await store.status('logs'))?.tasks.map((task) => task.state).join() === state);

  it('runs the agent of a collector, reports it, and pauses, resumes and ends it', async () => {
    const worker = await startWorker();
    await put(conf());
    await until(async () => (await output()) === 'one\n');
    await until(async () => (await store.status('logs'))?.tasks[0]?.details['events_drained'] === 1);
    expect((await store.status('logs'))?.tasks[0]?.details).toMatchObject({ agent: 'a1', agent_state: 'RUNNING' });
    await store.setTargetState('logs', 'PAUSED');
    await untilState('PAUSED');
    await appendFile(join(directory, 'logs', 'a.log'), 'two\n');
    await store.setTargetState('logs', 'RUNNING');
    await until(async () => (await output()) === 'one\ntwo\n');
    await store.deleteConnector('logs');
    await until(() => Promise.resolve(worker.workCount === 0));
  });

  it('fails with every mistake of the flume.conf, and runs when it is mended', async () => {
    await startWorker();
    await put('a1.sources = r1\na1.channels = c1\na1.sources.r1.type = tailldir\na1.channels.c1.type = memroy\n');
    await untilState('FAILED');
    expect((await store.status('logs'))?.tasks[0]?.trace).toMatch(/flume.conf:3: error[^]*flume.conf:4: error/);
    await put(conf());
    await untilState('RUNNING');
    await until(async () => (await output()) === 'one\n');
  });

  it('takes a changed flume.conf over by difference, and keeps the one before where the new one is wrong', async () => {
    await startWorker();
    await put(conf());
    await until(async () => (await output()) === 'one\n');
    await until(async () => (await detail('source', 'r1'))?.counters['EventAcceptedCount'] === 1);
    const startedAt = (await detail('source', 'r1'))?.startedAt;
    await put(`${conf()}a1.sinks.k1.sink.serializer = HEADER_AND_TEXT\n`);
    await until(async () => ((await detail('sink', 'k1'))?.startedAt ?? 0) > (startedAt ?? 0) + 10);
    await appendFile(join(directory, 'logs', 'a.log'), 'two\n');
    await until(async () => (await output()).endsWith('two\n'));
    await until(async () => (await detail('source', 'r1'))?.counters['EventAcceptedCount'] === 2);
    expect((await detail('source', 'r1'))?.startedAt).toBe(startedAt);
    await put(conf().replace('type = file\n', 'type = flie\n'));
    await until(async () => (await store.status('logs'))?.tasks[0]?.details['lastError'] !== undefined);
    expect((await store.status('logs'))?.tasks[0]).toMatchObject({
      state: 'RUNNING',
      details: { lastError: { message: expect.stringMatching(/flume\.conf:9: error: .*Did you mean file\?/) } },
    });
    await appendFile(join(directory, 'logs', 'a.log'), 'three\n');
    await until(async () => (await output()).endsWith('three\n'));
    await put(conf());
    await until(async () => (await store.status('logs'))?.tasks[0]?.details['lastError'] === undefined);
  });

  it('lets events of its agents be watched by way of the database', async () => {
    await startWorker();
    await put(conf());
    await until(async () => (await output()) === 'one\n');
    const order = { connector: 'logs', edge: 'source.r1', eventsMax: 2, durationMs: 10_000 };
    const { signal } = new AbortController();
    const lines: unknown[] = [];
    const watched = (async () => {
      for await (const part of tapElsewhere(databaseUrl, order, { clock: systemClock, signal })) lines.push(...part);
    })();
    await systemClock.sleep(300);
    await appendFile(join(directory, 'logs', 'a.log'), 'two\nthree\n');
    await watched;
    expect(lines).toContainEqual({
      headers: expect.anything(),
      body: 'three',
      encoding: 'utf8',
      bodyBytes: 5,
    });
    const refused = async (more: Partial<typeof order>): Promise<void> => {
      for await (const _part of tapElsewhere(databaseUrl, { ...order, ...more }, { clock: systemClock, signal }))
        continue;
    };
    await expect(refused({ edge: 'source.r9' })).rejects.toThrow(/no edge "source\.r9"\. Did you mean source\.r1\?/);
    await expect(refused({ connector: 'other' })).rejects.toThrow('No collector worker runs other at the moment.');
  });

  it('stops its agents when it is stopped, and a successor goes on where they were', async () => {
    const first = await startWorker();
    await put(conf());
    await until(async () => (await output()) === 'one\n');
    await first.stop();
    expect((await store.status('logs'))?.tasks[0]?.state).toBe('UNASSIGNED');
    await appendFile(join(directory, 'logs', 'a.log'), 'two\n');
    await startWorker();
    await until(async () => (await output()) === 'one\ntwo\n');
  });
});
