import { readFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import supertest from 'supertest';
import { startTestDatabase, type TestDatabase } from '#control/testing/embedded-postgres';
import { ControlStore } from '#control/control-store';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { startAdmin, type RunningAdmin } from './admin-app.js';

describe('the administration', () => {
  let database: TestDatabase;
  let folder: string;
  let admin: RunningAdmin;
  let workers: ControlStore;
  let http: ReturnType<typeof supertest>;

  beforeAll(async () => {
    [database, folder] = await Promise.all([startTestDatabase(), mkdtemp(join(tmpdir(), 'millrace-admin-'))]);
    const { databaseUrl } = database;
    admin = await startAdmin({
      databaseUrl,
      bootstrap: '127.0.0.1:1',
      port: 0,
      accessLogPath: join(folder, 'access.log'),
      logger: silentLogger,
    });
    workers = new ControlStore({ databaseUrl, clock: systemClock, logger: silentLogger });
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
    'connector.class': 'file',
    topics: 'logs',
    'file.path': '/var/tmp/lake',
    ...more,
  });
  const tableSink = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
    'connector.class': 'postgres',
    topics: 'logs',
    'connection.url': 'postgres://writer:sesame@127.0.0.1:5432/warehouse',
    ...more,
  });
  const create = (name: string, config: Record<string, unknown>): supertest.Test =>
    http.post('/connectors').send({ name, config });

  describe('connectors', () => {
    it('says which Kafka Connect it is like, also while topics are away', async () => {
      const { body } = await http.get('/').expect(200);
      expect(body).toMatchObject({ version: '4.1.0', kafka_cluster_id: null });
      expect(body.product_version).toMatch(/^\d+\.\d+\.\d+/);
      await http.get('/health').expect(200, /"status":"healthy"/);
    });

    it('creates, shows, changes and deletes a sink as Connect does', async () => {
      const created = await create('lake', fileSink({ 'tasks.max': 2 })).expect(201);
      expect(created.headers['location']).toBe(`http://127.0.0.1:${admin.port}/connectors/lake`);
      expect(created.body).toMatchObject({
        name: 'lake',
        config: { name: 'lake', 'connector.class': 'file', topics: 'logs', 'tasks.max': '2' },
        tasks: [
          { connector: 'lake', task: 0 },
          { connector: 'lake', task: 1 },
        ],
        type: 'sink',
      });
      expect(Object.keys(created.body as object)).toEqual(['name', 'config', 'tasks', 'type']);
      await http.get('/connectors/').expect(200, ['lake']);
      await http.get('/connectors/lake').expect(200, created.body as object);
      await create('lake', fileSink()).expect(409, { error_code: 409, message: 'Connector lake already exists' });
      const changed = await http
        .put('/connectors/lake/config')
        .send(fileSink({ 'batch.max.records': 10 }))
        .expect(200);
      expect(changed.body.config).toMatchObject({ 'batch.max.records': '10', name: 'lake' });
      const patched = await http.patch('/connectors/lake/config').send({ 'batch.max.records': null, topics: 'clicks' });
      expect(patched.status).toBe(200);
      expect(patched.body.config).toMatchObject({ topics: 'clicks' });
      expect(patched.body.config).not.toHaveProperty('batch.max.records');
      await http.get('/connectors/lake/tasks').expect(200, /"id":\{"connector":"lake","task":0\}/);
      await http.get('/connectors/lake/topics').expect(200, { lake: { topics: ['clicks'] } });
      await http.delete('/connectors/lake').expect(204, '');
      await http.delete('/connectors/lake').expect(404, { error_code: 404, message: 'Connector lake not found' });
      await http.get('/connectors/lake').expect(404);
      const put = await http.put('/connectors/lake/config').send(fileSink()).expect(201);
      expect(put.headers['location']).toMatch(/\/connectors\/lake$/);
      await http.delete('/connectors/lake').expect(204);
    });

    it('shows states, tasks and traces that workers report, and restarts what has failed', async () => {
      await create('states', fileSink({ 'tasks.max': '2' })).expect(201);
      const worker = await workers.registerWorker({ id: '127.0.0.1:7000', kind: 'sink' });
      const leases = await workers.claimTasks(worker);
      const running = { state: 'RUNNING', details: { 'records.read': 5, text: 'no number' } } as const;
      for (const lease of leases) {
        const failed = lease.task === 1;
        await workers.reportStatus(lease, failed ? { state: 'FAILED', trace: 'no rights' } : running);
      }
      const status = await http.get('/connectors/states/status').expect(200);
      expect(status.body).toEqual({
        name: 'states',
        connector: { state: 'RUNNING', worker_id: '127.0.0.1:7000', version: '4.1.0' },
        tasks: [
          { id: 0, state: 'RUNNING', worker_id: '127.0.0.1:7000', version: '4.1.0' },
          { id: 1, state: 'FAILED', worker_id: '127.0.0.1:7000', version: '4.1.0', trace: 'no rights' },
        ],
        type: 'sink',
      });
      const expanded = await http.get('/connectors?expand=status&expand=info').expect(200);
      expect(expanded.body.states).toMatchObject({ status: status.body, info: { type: 'sink' } });
      await http.get('/connectors?expand=no').expect(200, { states: {} });
      await http.get('/connectors/states/tasks/1/status').expect(200, (status.body.tasks as unknown[])[1] as object);
      await http.get('/connectors/states/tasks/7/status').expect(404);
      await http.post('/connectors/states/restart').expect(204, '');
      const restart = await http.post('/connectors/states/restart?includeTasks=true&onlyFailed=true').expect(202);
      expect(restart.body.tasks).toMatchObject([{ state: 'RUNNING' }, { state: 'RESTARTING', trace: 'no rights' }]);
      // As clients in Python write it.
      const spelled = await http.post('/connectors/states/restart?includeTasks=True&onlyFailed=False').expect(202);
      expect(spelled.body).toMatchObject({ connector: { state: 'RESTARTING' }, tasks: [{ state: 'RESTARTING' }, {}] });
      await http.post('/connectors/states/restart?includeTasks=perhaps').expect(400, /includeTasks/);
      await http.post('/connectors/states/tasks/0/restart').expect(204);
      await http.post('/connectors/states/tasks/9/restart').expect(404);
      const metrics = await http.get('/metrics').expect(200);
      expect(metrics.text).toContain('millrace_connector_tasks{connector="states",kind="sink",state="restarting"} 2');
      expect(metrics.text).toContain('millrace_workers{kind="sink"} 1');
      expect(metrics.text).toContain('millrace_task_records_read{connector="states",task="0"} 5');
      await workers.unregisterWorker(worker);
      await http.delete('/connectors/states').expect(204);
    });

    it('pauses, stops and resumes, each as often as it is asked', async () => {
      await http
        .post('/connectors')
        .send({ name: 'tap', config: fileSink(), initial_state: 'STOPPED' })
        .expect(201, /"tasks":\[\]/);
      for (const [verb, code, state] of [
        ['stop', 204, 'STOPPED'],
        ['pause', 202, 'PAUSED'],
        ['pause', 202, 'PAUSED'],
        ['resume', 202, 'UNASSIGNED'],
      ] as const) {
        await http.put(`/connectors/tap/${verb}`).expect(code, '');
        const { body } = await http.get('/connectors/tap/status').expect(200);
        expect(body.connector.state).toBe(state);
      }
      await http.put('/connectors/nobody/pause').expect(404);
      await http.delete('/connectors/tap').expect(204);
    });

    it('takes names with spaces, dots and other letters', async () => {
      const name = 'lac d’été 1.0 + more';
      await create(name, fileSink()).expect(201);
      const path = `/connectors/${encodeURIComponent(name)}`;
      await http.get(`${path}/status`).expect(200, new RegExp('UNASSIGNED'));
      await http.delete(path).expect(204);
    });

    it('never gives a secret back, and keeps it when its mask is sent', async () => {
      const secret = tableSink({ 'connection.password': 'open', 'connection.user': '${env:DB_USER}' });
      const created = await create('table', secret).expect(201);
      expect(created.body.config).toMatchObject({
        'connection.password': '***',
        'connection.user': '${env:DB_USER}',
        'connection.url': expect.not.stringContaining('sesame') as string,
      });
      const shown = (await http.get('/connectors/table/config').expect(200)).body as Record<string, string>;
      expect(JSON.stringify(shown)).not.toMatch(/open|sesame/);
      await http
        .put('/connectors/table/config')
        .send({ ...shown, topics: 'clicks' })
        .expect(200);
      expect((await workers.findConnector('table'))?.config).toMatchObject({
        topics: 'clicks',
        'connection.password': 'open',
        'connection.url': 'postgres://writer:sesame@127.0.0.1:5432/warehouse',
      });
      await create('other', tableSink({ 'connection.password': '***' })).expect(400);
      const wrong = tableSink({ 'connection.url': 'mysql://writer:sesame@127.0.0.1/warehouse' });
      const refused = await create('other', wrong).expect(400, /mysql:\/\/writer:\*\*\*@/);
      expect(refused.text).not.toContain('sesame');
      const checked = await http.put('/connector-plugins/postgres/config/validate').send({ name: 'other', ...wrong });
      expect(checked.body.error_count).toBe(1);
      expect(checked.text).not.toContain('sesame');
      const tasks = await http.get('/connectors/table/tasks').expect(200);
      expect(tasks.text).not.toMatch(/open|sesame/);
      await http.delete('/connectors/table').expect(204);
    });
  });

  describe('mistakes', () => {
    it.each([
      ['post', '/connectors', '{"name": ', 400],
      ['post', '/connectors', '{"name": "x", "config": {}, "more": 1}', 400],
      ['post', '/connectors', '{"name": "x", "config": {"topics": null, "connector.class": "file"}}', 400],
      ['post', '/connectors', '{"name": "x", "config": [1]}', 400],
      ['post', '/connectors', '{"name": "x", "config": {"connector.class": "file"}, "initial_state": "ASLEEP"}', 400],
      ['post', '/connectors', '{"name": "  ", "config": {"connector.class": "file"}}', 400],
      ['post', '/connectors', '{"name": "../x", "config": {"connector.class": "file"}}', 400],
      ['post', '/connectors', '{"name": "x", "config": {"connector.class": "nothing"}}', 400],
      ['post', '/connectors', '{"name": "x", "config": {"name": "y", "connector.class": "file"}}', 400],
      ['post', '/connectors', '', 400],
      ['put', '/connectors/x/config', 'null', 400],
      ['patch', '/connectors/nobody/config', '{"topics": "a"}', 404],
      ['post', '/connectors/nobody/restart', '', 404],
      ['delete', '/connectors', '', 405],
      ['get', '/connectors/x/nothing', '', 404],
      ['get', '/connectors/%00/status', '', 400],
      ['get', '/connectors/%E0%A4%A/status', '', 400],
      ['post', '/connectors', '{"name": "x", "config": {"connector.class": "file", "topics": "a"}}', 400],
      ['get', '/connector-plugins/nothing/config', '', 404],
      ['put', '/connector-plugins/file/config/validate', '{"topics": "a"}', 400],
      ['put', '/connector-plugins/file/config/validate', '{"connector.class": "postgres"}', 400],
    ] as const)('%s %s %s is answered by %i in the form of Connect', async (verb, path, text, code) => {
      const request = http[verb](path);
      const { body } = await (text === '' ? request : request.type('json').send(text)).expect(code);
      expect(Object.keys(body as object)).toEqual(['error_code', 'message']);
      expect(body.error_code).toBe(code);
      expect(body.message).not.toBe('');
    });

    it.each([
      [
        '/connectors',
        '{"name": "x", "config": {"topics": {"a": 1}}}',
        'config.topics: must be a string, a number, true or false',
      ],
      ['/connectors', '{"config": {}}', 'name: Invalid input: expected string, received undefined'],
      ['/connectors', '', 'body: Invalid input: expected object, received undefined'],
    ])('what is wrong in a body is named: %s %s', async (path, text, message) => {
      const request = http.post(path);
      await (text === '' ? request : request.type('json').send(text)).expect(400, { error_code: 400, message });
    });

    it('lists every error of a config', async () => {
      const { body } = await create('bad', fileSink({ 'tasks.max': 'two', 'start.from': 'soon' })).expect(400);
      expect(body.message).toContain('contains the following 2 error(s)');
      expect(body.message).toMatch(/tasks\.max[^]*start\.from|start\.from[^]*tasks\.max/);
    });

    it.each(['earliest', 'latest', '2026-01-31T12:00:00Z', '1769860800000'])('takes start.from=%s', async (start) => {
      await create('start', fileSink({ 'start.from': start })).expect(201);
      await http.delete('/connectors/start').expect(204);
    });

    it('refuses bodies that are not JSON and clients that take none', async () => {
      await http.post('/connectors').type('text/plain').send('x').expect(415);
      await http.get('/connectors').set('Accept', 'text/csv').expect(406);
    });

    it('refuses foreign pages and foreign host names', async () => {
      await http.put('/connectors/x/pause').set('Origin', 'https://elsewhere.example').expect(403);
      await http.get('/connectors').set('Host', 'elsewhere.example').expect(403);
      await http.put('/connectors/x/pause').set('Origin', `http://127.0.0.1:${admin.port}`).expect(404);
    });

    it('answers problem+json outside the paths of others', async () => {
      const { body, headers } = await http.get('/api/nothing').expect(404);
      expect(headers['content-type']).toContain('application/problem+json');
      expect(body).toMatchObject({ status: 404, title: 'Not Found', retryable: false });
    });

    it('refuses to listen off loopback where nobody could log in', async () => {
      const open = { databaseUrl: database.databaseUrl, bootstrap: '127.0.0.1:1', host: '0.0.0.0', port: 0 };
      await expect(startAdmin({ ...open, logger: silentLogger })).rejects.toThrow(/MILLRACE_ADMIN_KEY/);
    });
  });

  describe('collectors', () => {
    const conf = `
      a1.sources = r1
      a1.channels = c1
      a1.sinks = k1
      a1.sources.r1.type = nothing
      a1.sources.r1.channels = c1
      a1.channels.c1.type = memory
      a1.sinks.k1.type = logger
      a1.sinks.k1.channel = c9
    `;

    it('tells each mistake of a flume.conf with its line, in the form of Connect', async () => {
      const { body } = await http
        .put('/connector-plugins/collector/config/validate')
        .send({ name: 'web', 'connector.class': 'collector', agent: 'a1', 'flume.conf': conf })
        .expect(200);
      expect(body.error_count).toBeGreaterThanOrEqual(2);
      const configs = body.configs as { value: { name: string; errors: string[] } }[];
      const errors = configs.find(({ value }) => value.name === 'flume.conf')?.value.errors.join('\n');
      expect(errors).toMatch(/flume\.conf:5: error: /);
      expect(errors).toMatch(/flume\.conf:9: error: .*c9/);
      const refused = await create('web', { 'connector.class': 'collector', agent: 'a1', 'flume.conf': conf }).expect(
        400,
      );
      expect(refused.body.message).toContain('flume.conf:9:');
    });

    it('gives the same as data: suggestion, what Flume would have done, and warnings', async () => {
      const text = conf
        .replace('type = nothing', 'type = ${env:TYPE_THERE}')
        .replace('type = memory', 'type = memory\na1.channels.c1.capcity = 5');
      const { body } = await http
        .put('/connector-plugins/collector/config/validate')
        .send({ name: 'web', 'connector.class': 'collector', agent: 'a1', 'flume.conf': text })
        .expect(200);
      expect(body.error_count).toBe(1);
      expect(body.problems).toEqual([
        expect.objectContaining({ severity: 'warning', line: 8, suggestion: 'capacity' }),
        expect.objectContaining({
          severity: 'error',
          file: 'flume.conf',
          line: 10,
          suggestion: 'c1',
          flume: 'Flume would have dropped the sink and started the rest.',
        }),
      ]);
    });

    it('leaves to the worker what only it knows: its environment, its secrets, components of one’s own', async () => {
      const text = conf
        .replace('type = nothing', 'type = ./mine.ts')
        .replace('type = logger', "type = file_roll\na1.sinks.k1.sink.directory = ${f['folder']}/${env:NOT_HERE}")
        .replace('channel = c9', 'channel = c1');
      const { body } = await http
        .put('/connector-plugins/collector/config/validate')
        .send({ name: 'web', 'connector.class': 'collector', agent: 'a1', 'flume.conf': text })
        .expect(200);
      expect(body).toMatchObject({ error_count: 0 });
    });

    it('has no events to show of a collector that nothing runs', async () => {
      await http.get('/connectors/nobody/tap?edge=source.r1').expect(404);
      const text = conf.replace(
        'type = nothing',
        'type = netcat\na1.sources.r1.bind = 127.0.0.1\na1.sources.r1.port = 0',
      );
      const good = text.replace('channel = c9', 'channel = c1');
      await create('web', { 'connector.class': 'collector', agent: 'a1', 'flume.conf': good }).expect(201);
      await http.get('/connectors/web/tap?edge=source.r1&max=none').expect(400);
      const { body } = await http.get('/connectors/web/tap?edge=source.r1').expect(404);
      expect(body.message).toBe('No collector worker runs web at the moment.');
      const { body: components } = await http.get('/connectors/web/components').expect(200);
      expect(components).toEqual({ name: 'web', state: null, agent: null, worker_id: '', components: [] });
      await http.delete('/connectors/web').expect(204);
    });

    it('asks for the text and the agent', async () => {
      const { body } = await create('web', { 'connector.class': 'collector' }).expect(400);
      expect(body.message).toContain('"flume.conf"');
      expect(body.message).toContain('"agent"');
    });
  });

  describe('plugins', () => {
    it('asks the store of a config that is right by itself, where it is not told otherwise', async () => {
      // Nobody listens there.
      const config = { 'connector.class': 'http', topics: 'orders', 'http.api.url': 'http://127.0.0.1:1/' };
      const path = '/connector-plugins/http/config/validate';
      const { body } = await http
        .put(path)
        .send({ name: 'hook', ...config })
        .expect(200);
      expect(body).toMatchObject({ error_count: 1, verified: true });
      const unasked = await http
        .put(`${path}?verify=false`)
        .send({ name: 'hook', ...config })
        .expect(200);
      expect(unasked.body).toMatchObject({ error_count: 0 });
      expect(unasked.body.verified).toBeUndefined();
      await http
        .post('/connectors?verify=true')
        .send({ name: 'hook', config })
        .expect(400, /127\.0\.0\.1:1/);
      await http.post('/connectors?verify=perhaps').send({ name: 'hook', config }).expect(400);
      await http.post('/connectors').send({ name: 'hook', config }).expect(201);
      await http.delete('/connectors/hook').expect(204);
    });

    it('lists sinks and collectors with their options', async () => {
      const { body } = await http.get('/connector-plugins').expect(200);
      expect(body).toContainEqual(expect.objectContaining({ class: 'file', type: 'sink' }));
      expect(body).toContainEqual(expect.objectContaining({ class: 'collector', type: 'source' }));
      const keys = (await http.get('/connector-plugins/file/config').expect(200)).body as { name: string }[];
      expect(keys.map((key) => key.name)).toContain('topics');
      const collector = (await http.get('/connector-plugins/collector/config').expect(200)).body as { name: string }[];
      expect(collector.map((key) => key.name)).toContain('flume.conf');
    });

    it('gives 200 with the errors beside their options', async () => {
      const { body } = await http
        .put('/connector-plugins/file/config/validate')
        .send(fileSink({ name: 'x', 'tasks.max': 'two' }))
        .expect(200);
      expect(body.error_count).toBe(1);
      const configs = body.configs as { definition: object; value: { name: string; errors: string[] } }[];
      expect(configs.find(({ value }) => value.name === 'tasks.max')?.value.errors).toHaveLength(1);
      expect(Object.keys(body as object)).toEqual(['name', 'error_count', 'groups', 'configs']);
    });
  });

  describe('operations', () => {
    it('is live without topics and says in readyz what is missing', async () => {
      await http.get('/livez').expect(200);
      const { body } = await http.get('/readyz?verbose').expect(503);
      expect(body).toMatchObject({
        status: 'not ready',
        checks: [
          { name: 'database', ok: true },
          { name: 'topics', ok: false },
          { name: 'workers', ok: true },
        ],
      });
    });

    it('describes itself and serves a page to try it', async () => {
      const { body } = await http.get('/openapi.json').expect(200);
      expect(Object.keys(body.paths as object)).toEqual(
        expect.arrayContaining(['/connectors', '/connectors/{name}/config', '/v3/clusters/{cluster}/topics']),
      );
      expect(body.components.schemas).toHaveProperty('NewConnector');
      await http.get('/docs').expect(200).expect('content-type', /html/);
      await http.get('/docs/swagger-ui-bundle.js').expect(200);
      await http.get('/docs/swagger-ui.css').expect(200);
      await http.get('/docs/package.json').expect(404);
    });

    it('writes an access log of one JSON object a line', async () => {
      await http.get('/connectors?from=spec').set('User-Agent', 'spec "one"').expect(200);
      const deadline = Date.now() + 2_000;
      let line: string | undefined;
      while (line === undefined && Date.now() < deadline) {
        const text = await readFile(join(folder, 'access.log'), 'utf8');
        line = text.split('\n').find((candidate) => candidate.includes('from=spec'));
        await systemClock.sleep(10);
      }
      expect(JSON.parse(line ?? '')).toMatchObject({
        remote: '127.0.0.1',
        method: 'GET',
        path: '/connectors?from=spec',
        status: 200,
        agent: 'spec "one"',
      });
    });

    it('counts the bytes of error answers in the access log too', async () => {
      const { headers } = await http.get('/connectors/nobody?from=bytes').expect(404);
      expect(Number(headers['content-length'])).toBeGreaterThan(10);
      const foreign = await http.get('/connectors').set('Host', 'elsewhere.example').expect(403);
      expect(Number(foreign.headers['content-length'])).toBeGreaterThan(10);
    });

    it('answers 503 while the database is away, and serves again when it is back', async () => {
      await database.stop();
      const { body } = await http.get('/connectors').expect(503);
      expect(body.error_code).toBe(503);
      await http.get('/health').expect(500);
      await http.get('/livez').expect(200);
      await database.start();
      await http.get('/connectors').expect(200, []);
    });
  });
});
