import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import supertest from 'supertest';
import { ControlStore } from '#control/control-store';
import { startTestDatabase, type TestDatabase } from '#control/testing/embedded-postgres';
import { Certificates } from '#net/testing/certificates';
import { RpcServer } from '#nest/rpc';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { startAdmin, type RunningAdmin } from '../../admin-app.js';

describe('workers in /api/v1', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-workers-'));
  let database: TestDatabase;
  let admin: RunningAdmin;
  let store: ControlStore;
  let rpc: RpcServer;
  let http: ReturnType<typeof supertest>;

  beforeAll(async () => {
    database = await startTestDatabase();
    const authority = new Certificates(folder);
    const [mine, theirs] = [authority.issue('admin', '/CN=admin'), authority.issue('worker', '/CN=worker')];
    const { authorityPath } = authority;
    const { databaseUrl } = database;
    admin = await startAdmin({
      databaseUrl,
      bootstrap: '127.0.0.1:1',
      port: 0,
      dataDirectory: folder,
      environment: {
        MILLRACE_RPC_CERT: mine.certificatePath,
        MILLRACE_RPC_KEY: mine.keyPath,
        MILLRACE_RPC_CA: authorityPath,
      },
      logger: silentLogger,
    });
    rpc = new RpcServer({
      host: '127.0.0.1',
      port: 0,
      certificate: { certificatePath: theirs.certificatePath, keyPath: theirs.keyPath, authorityPath },
      calls: {
        health: () =>
          Promise.resolve({ status: 'ready', checks: [{ name: 'topics', ok: true, ms: 1, message: '1 broker(s)' }] }),
        tasks: () =>
          Promise.resolve([
            { connector: 'rows', task: 0, epoch: 3, state: 'RUNNING', trace: null, details: { sent: 7 } },
          ]),
      },
      logger: silentLogger,
    });
    const address = `127.0.0.1:${await rpc.start()}`;
    store = new ControlStore({ databaseUrl, clock: systemClock, logger: silentLogger, leaseMs: 60_000 });
    await store.start();
    await store.registerWorker({ id: 'one', kind: 'sink', labels: ['store=rows'], address });
    await store.registerWorker({ id: 'one', kind: 'source' });
    http = supertest(`http://127.0.0.1:${admin.port}`);
  });
  afterAll(async () => {
    rpc.stop();
    await store.stop();
    await admin.close();
    await database.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  it('are listed with their labels, by kind and id', async () => {
    const { body } = await http.get('/api/v1/workers').expect(200);
    expect(body).toMatchObject({
      kind: 'WorkerList',
      data: [
        { id: 'one', kind: 'collector', labels: [], address: null, is_drained: false, tasks: 0 },
        { id: 'one', kind: 'sink', labels: ['store=rows'], tasks: 0 },
      ],
    });
    await http.get('/api/v1/workers/sink/one').expect(200);
    await http.get('/api/v1/workers/sink/two').expect(404);
    await http.get('/api/v1/workers/toString/one').expect(404);
  });

  it('say themselves how they and their tasks are, over mutual TLS', async () => {
    const health = await http.get('/api/v1/workers/sink/one/health').expect(200);
    expect(health.body).toMatchObject({ status: 'ready', checks: [{ name: 'topics', ok: true }] });
    const tasks = await http.get('/api/v1/workers/sink/one/tasks').expect(200);
    expect(tasks.body).toMatchObject({ data: [{ connector: 'rows', state: 'RUNNING', details: { sent: 7 } }] });
    const silent = await http.get('/api/v1/workers/collector/one/health').expect(409);
    expect(silent.body).toMatchObject({ code: 'nest.rpc.unreachable' });
    const reported = await http.get('/api/v1/workers/collector/one/tasks').expect(200);
    expect(reported.body).toEqual({ data: [] });
  });

  it('are drained and take part again, and not at all by a dry run', async () => {
    const dry = await http.post('/api/v1/workers/sink/one:drain?validate_only=true').expect(202);
    expect(dry.body).toMatchObject({ is_drained: true });
    const isDrained = async (): Promise<boolean | undefined> =>
      (await store.listWorkers()).find(({ kind }) => kind === 'sink')?.isDrained;
    expect(await isDrained()).toBe(false);
    const drained = await http.post('/api/v1/workers/sink/one:drain').expect(202);
    expect(drained.body).toMatchObject({ id: 'one', kind: 'sink', is_drained: true });
    expect(await isDrained()).toBe(true);
    await http.post('/api/v1/workers/sink/one:resume').expect(202);
    expect(await isDrained()).toBe(false);
    await http.post('/api/v1/workers/sink/two:drain').expect(404);
  });
});
