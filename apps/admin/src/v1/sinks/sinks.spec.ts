import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import supertest from 'supertest';
import { ControlStore } from '#control/control-store';
import { startTestDatabase, type TestDatabase } from '#control/testing/embedded-postgres';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { startAdmin, type RunningAdmin } from '../../admin-app.js';

describe('sinks in /api/v1', () => {
  let database: TestDatabase;
  let folder: string;
  let admin: RunningAdmin;
  let workers: ControlStore;
  let http: ReturnType<typeof supertest>;

  beforeAll(async () => {
    [database, folder] = await Promise.all([startTestDatabase(), mkdtemp(join(tmpdir(), 'millrace-sinks-'))]);
    const { databaseUrl } = database;
    const common = { databaseUrl, logger: silentLogger };
    admin = await startAdmin({ ...common, bootstrap: '127.0.0.1:1', port: 0, dataDirectory: folder });
    workers = new ControlStore({ ...common, clock: systemClock });
    await workers.start();
    http = supertest(`http://127.0.0.1:${admin.port}`);
  });
  afterAll(async () => {
    await workers.stop();
    await admin.close();
    await database.remove();
    await rm(folder, { recursive: true, force: true });
  });

  const fileSink = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
    type: 'file',
    topics: ['logs'],
    config: { 'file.path': '/var/tmp/lake' },
    ...more,
  });
  const create = (name: string, body: Record<string, unknown> = fileSink()): supertest.Test =>
    http.post('/api/v1/sinks').send({ name, ...body });
  const remove = (name: string): supertest.Test => http.delete(`/api/v1/sinks/${name}`).expect(204);

  it('a sink in fields is the same connector in Kafka Connect’s form, and shown in fields again', async () => {
    const body = fileSink({
      topics: ['logs', 'clicks'],
      tasks: { max: 2 },
      batch: { max_records: 100 },
      retry: { timeout_ms: 5000, max_attempts: 3 },
      dlq: { topic: 'lake.dead', context_headers: true },
      transforms: [
        {
          name: 'route',
          type: 'RegexRouter',
          predicate: 'old',
          negate: true,
          config: { regex: '(.*)', replacement: 'x-$1' },
        },
      ],
      predicates: { old: { type: 'TopicNameMatches', config: { pattern: 'l.*' } } },
      labels: { team: 'lake' },
    });
    const created = await create('fields', body).expect(201);
    expect(created.headers['location']).toBe('/api/v1/sinks/fields');
    expect(created.headers['etag']).toBe('"1"');
    expect(created.body).toMatchObject({
      ...body,
      kind: 'Sink',
      name: 'fields',
      delivery: 'exactly-once',
      state: 'RUNNING',
      revision: 1,
      updated_by: 'User:ANONYMOUS',
    });
    const connect = await http.get('/connectors/fields/config').expect(200);
    expect(connect.body).toEqual({
      name: 'fields',
      'connector.class': 'file',
      topics: 'logs,clicks',
      'tasks.max': '2',
      'batch.max.records': '100',
      'errors.retry.timeout': '5000',
      'max.attempts': '3',
      'errors.deadletterqueue.topic.name': 'lake.dead',
      'errors.deadletterqueue.context.headers.enable': 'true',
      transforms: 'route',
      'transforms.route.type': 'RegexRouter',
      'transforms.route.predicate': 'old',
      'transforms.route.negate': 'true',
      'transforms.route.regex': '(.*)',
      'transforms.route.replacement': 'x-$1',
      predicates: 'old',
      'predicates.old.type': 'TopicNameMatches',
      'predicates.old.pattern': 'l.*',
      'file.path': '/var/tmp/lake',
    });
    const shown = await http.get('/api/v1/sinks/fields').expect(200);
    const same = await http
      .put('/api/v1/sinks/fields')
      .set('If-Match', '"1"')
      .send(shown.body as object)
      .expect(200);
    expect(same.body).toEqual(shown.body);
    await remove('fields');
    await http.get('/api/v1/sinks/fields').expect(404);
  });

  it('changes go by revision: a merge patch, a late one refused, a rollback, and a way back after deletion', async () => {
    await create('lake', fileSink({ labels: { team: 'a' } })).expect(201);
    const patched = await http
      .patch('/api/v1/sinks/lake')
      .set('If-Match', '"1"')
      .send({ batch: { max_records: 10 }, labels: { team: null, tier: 'gold' } })
      .expect(200);
    expect(patched.body).toMatchObject({ revision: 2, batch: { max_records: 10 }, labels: { tier: 'gold' } });
    const late = await http
      .patch('/api/v1/sinks/lake')
      .set('If-Match', '"1"')
      .send({ topics: ['x'] })
      .expect(412);
    expect(late.body).toMatchObject({ status: 412, code: 'rest.precondition.failed' });
    await http.delete('/api/v1/sinks/lake').set('If-Match', '"1"').expect(412);
    const dry = await http
      .patch('/api/v1/sinks/lake?validate_only=true')
      .send({ topics: ['x'] })
      .expect(200);
    expect(dry.body).toMatchObject({ topics: ['x'], revision: 2 });
    expect((await http.get('/api/v1/sinks/lake')).body).toMatchObject({ topics: ['logs'], revision: 2 });
    const back = await http.post('/api/v1/sinks/lake:rollback').send({ revision: 1 }).expect(200);
    expect(back.body).toMatchObject({ revision: 3, labels: { team: 'a' } });
    expect(back.body).not.toHaveProperty('batch');
    await remove('lake');
    const again = await http.post('/api/v1/sinks/lake:rollback').send({ revision: 2 }).expect(201);
    expect(again.body).toMatchObject({ revision: 5, batch: { max_records: 10 } });
    const { body } = await http.get('/api/v1/sinks/lake/revisions').expect(200);
    const history = (body.data as { revision: number; action: string; changed_keys: string[] }[]).map(
      ({ revision, action, changed_keys }) => [revision, action, changed_keys.join()],
    );
    expect(history).toEqual([
      [5, 'rolled back to 2', 'batch.max.records,labels'],
      [4, 'deleted', ''],
      [3, 'rolled back to 1', 'batch.max.records,labels'],
      [2, 'changed', 'batch.max.records,labels'],
      [1, 'created', ''],
    ]);
    await http.post('/api/v1/sinks/lake:rollback').send({ revision: 77 }).expect(404);
    await remove('lake');
  });

  it('secrets are hidden in fields and in history, and kept when their places come back', async () => {
    const table = {
      type: 'postgres',
      topics: ['logs'],
      config: { 'connection.url': 'postgres://writer:sesame@127.0.0.1/warehouse', 'connection.password': 'open-it' },
    };
    const { body } = await create('table', table).expect(201);
    expect(body.config).toMatchObject({
      'connection.password': { $secret: '***' },
      'connection.url': 'postgres://writer:***@127.0.0.1/warehouse',
    });
    await http
      .patch('/api/v1/sinks/table')
      .send({ topics: ['clicks'] })
      .expect(200);
    expect((await workers.findConnector('table'))?.config).toMatchObject({
      topics: 'clicks',
      'connection.password': 'open-it',
      'connection.url': 'postgres://writer:sesame@127.0.0.1/warehouse',
    });
    const history = await http.get('/api/v1/sinks/table/revisions').expect(200);
    expect(history.text).not.toMatch(/sesame|open-it/);
    await remove('table');
  });

  it.each([
    ['no such type', { type: 'nothing', topics: ['a'] }, 422, ['/type']],
    ['a collector is no sink', { type: 'collector', topics: ['a'] }, 422, ['/type']],
    ['options of the type', { type: 'file', topics: ['a'], config: {} }, 422, ['/config/file.path']],
    [
      'fields',
      { ...{ type: 'file', topics: ['a'] }, config: { 'file.path': '/x' }, batch: { max_records: 0 } },
      422,
      ['/batch/max_records'],
    ],
    ['nothing to read', { type: 'file', config: { 'file.path': '/x' } }, 422, ['/topics']],
    ['twice', { type: 'file', topics: ['a'], config: { topics: 'b', 'file.path': '/x' } }, 422, ['/config/topics']],
    ['unknown fields', { type: 'file', topcis: ['a'] }, 400, ['']],
    ['kinds of values', { type: 'file', topics: ['a'], config: { 'file.path': { a: 1 } } }, 400, ['/config/file.path']],
    ['label names', { type: 'file', topics: ['a'], labels: { '-': 'x' } }, 400, ['/labels/-']],
  ])('says where a body is wrong: %s', async (_what, body, status, pointers) => {
    const answer = await create('wrong', body).expect(status);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    const errors = answer.body.errors as { pointer: string }[];
    expect(errors.map(({ pointer }) => pointer)).toEqual(pointers);
  });

  it('a name belongs to one connector, of whatever kind', async () => {
    await create('taken').expect(201);
    await create('taken').expect(409);
    await http
      .put('/api/v1/sinks/other')
      .send({ ...fileSink(), name: 'taken' })
      .expect(400);
    await http.put('/api/v1/sinks/taken').send(fileSink()).expect(200);
    await http.put('/api/v1/sinks/none').set('If-Match', '"3"').send(fileSink()).expect(412);
    await remove('taken');
  });

  it('lists by page, and narrowed by name, label, state, type and topic', async () => {
    for (const [name, team] of [
      ['p-1', 'a'],
      ['p-2', 'b'],
      ['p-3', 'a'],
      ['Q-4', 'a'],
    ] as const) {
      await create(name, fileSink({ labels: { team }, topics: name === 'p-3' ? ['clicks'] : ['logs'] })).expect(201);
    }
    await http.post('/api/v1/sinks/p-2:stop').expect(202);
    const names = async (query: string): Promise<string[]> => {
      const { body } = await http.get(`/api/v1/sinks?${query}`).expect(200);
      return (body.data as { name: string }[]).map(({ name }) => name);
    };
    expect(await names('')).toEqual(['Q-4', 'p-1', 'p-2', 'p-3']);
    expect(await names('filter=P-')).toEqual(['p-1', 'p-2', 'p-3']);
    expect(await names('label=team%3Da')).toEqual(['Q-4', 'p-1', 'p-3']);
    expect(await names('label=team&label=team%3Db')).toEqual(['p-2']);
    expect(await names('state=STOPPED')).toEqual(['p-2']);
    expect(await names('type=postgres')).toEqual([]);
    expect(await names('topic=clicks')).toEqual(['p-3']);
    const first = await http.get('/api/v1/sinks?page_size=3').expect(200);
    expect(first.body.metadata).toMatchObject({ total: 4, next: expect.stringContaining('page_token') as string });
    expect(first.headers['link']).toContain('rel="next"');
    const second = await http.get(
      new URL(first.body.metadata.next as string).pathname + new URL(first.body.metadata.next as string).search,
    );
    expect((second.body.data as object[]).length).toBe(1);
    for (const name of ['p-1', 'p-2', 'p-3', 'Q-4']) await remove(name);
  });

  it('checks and tests without changing anything, a sink that is there also with a patch', async () => {
    const hook = { type: 'http', topics: ['logs'], config: { 'http.api.url': 'http://127.0.0.1:1/' } };
    const checked = await http.post('/api/v1/sinks:validate').send(hook).expect(200);
    expect(checked.body).toMatchObject({ valid: true, errors: [], verified: null, flat_config: { topics: 'logs' } });
    const tested = await http.post('/api/v1/sinks:test').send(hook).expect(200);
    expect(tested.body).toMatchObject({
      ok: false,
      steps: [
        { name: 'config', ok: true },
        { name: 'store', ok: false },
      ],
    });
    await create('hook', hook).expect(201);
    const patched = await http
      .post('/api/v1/sinks/hook:validate')
      .send({ tasks: { max: 0 } })
      .expect(200);
    expect(patched.body).toMatchObject({ valid: false, errors: [{ pointer: '/tasks/max' }] });
    await http.post('/api/v1/sinks/nobody:test').expect(404);
    expect((await http.get('/api/v1/sinks/hook')).body).toMatchObject({ revision: 1 });
    await remove('hook');
  });

  it('declares each type as a schema: kinds of values, limits, defaults, secrets', async () => {
    const { body } = await http.get('/api/v1/sink-types/postgres').expect(200);
    const { properties, required } = body.config_schema as { properties: Record<string, object>; required: string[] };
    expect(required).toContain('connection.url');
    expect(properties['batch.max.records']).toMatchObject({
      anyOf: [{ type: 'integer', minimum: 1 }, { type: 'string' }],
      default: 5000,
      'x-unit': 'records',
    });
    expect(properties['connection.password']).toMatchObject({ anyOf: [{ writeOnly: true }, {}] });
    await http.get('/api/v1/sink-types').expect(200, /"name":"file"/);
    await http.get('/api/v1/sink-types/collector').expect(404);
  });

  it('shows what workers report, by task and partition, and restarts what is asked for', async () => {
    await create('states', fileSink({ tasks: { max: 2 } })).expect(201);
    const worker = await workers.registerWorker({ id: '127.0.0.1:7000', kind: 'sink' });
    const partition = {
      topic: 'logs',
      partition: 1,
      position: 7,
      committed: 5,
      lag: 3,
      lastSuccessAt: 1_700_000_000_000,
      pausedBy: 'store',
    };
    for (const lease of await workers.claimTasks(worker)) {
      const details = { lag_records: 3, guarantee: 'exactly-once', partitions: [partition], restart: { used: 1 } };
      await workers.reportStatus(
        lease,
        lease.task === 1 ? { state: 'FAILED', trace: 'no rights', details } : { state: 'RUNNING', details },
      );
    }
    const { body } = await http.get('/api/v1/sinks/states/status').expect(200);
    expect(body).toMatchObject({
      kind: 'SinkStatus',
      state: 'FAILED',
      wanted_state: 'RUNNING',
      delivery: 'exactly-once',
      lag_records: 6,
      tasks: [
        { task: 0, state: 'RUNNING', trace: null },
        { task: 1, state: 'FAILED', trace: 'no rights', worker_id: '127.0.0.1:7000' },
      ],
    });
    expect(body.partitions[0]).toMatchObject({
      task: 0,
      topic: 'logs',
      lag: 3,
      paused_by: 'store',
      last_ok_at: '2023-11-14T22:13:20.000Z',
    });
    await http.get('/api/v1/sinks?state=FAILED').expect(200, /"states"/);
    await http.get('/api/v1/sinks/states/tasks/1').expect(200, /no rights/);
    await http.get('/api/v1/sinks/states/tasks/9').expect(404);
    const restarted = await http.post('/api/v1/sinks/states:restart').send({ tasks: 'failed' }).expect(202);
    expect(restarted.body.tasks).toMatchObject([{ state: 'RUNNING' }, { state: 'RESTARTING' }]);
    await http
      .post('/api/v1/sinks/states:restart')
      .send({ tasks: [7] })
      .expect(404);
    await http.post('/api/v1/sinks/states/tasks/0:restart').expect(202);
    await http.post('/api/v1/sinks/states:pause').expect(202, /"wanted_state":"PAUSED"/);
    await http.post('/api/v1/sinks/states:resume?validate_only=true').expect(202, /"wanted_state":"PAUSED"/);
    await http.post('/api/v1/sinks/states:resume').expect(202, /"wanted_state":"RUNNING"/);
    await http.post('/api/v1/sinks/nobody:pause').expect(404);
    await workers.unregisterWorker(worker);
    await remove('states');
  });
});
