import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import supertest from 'supertest';
import { startTestDatabase, type TestDatabase } from '#control/testing/embedded-postgres';
import { silentLogger } from '#std/log';
import { startAdmin, type RunningAdmin } from '../../admin-app.js';

const conf = `web.sources = r1
web.channels = ok bad
web.sinks = k1 k2
web.sources.r1.type = org.apache.flume.source.NetcatSource
web.sources.r1.bind = 127.0.0.1
web.sources.r1.port = 0
web.sources.r1.channels = ok bad
web.sources.r1.interceptors = site status noise who extra
web.sources.r1.interceptors.site.type = static
web.sources.r1.interceptors.site.key = site
web.sources.r1.interceptors.site.value = \${env:MILLRACE_SPEC_SECRET}
web.sources.r1.interceptors.status.type = regex_extractor
web.sources.r1.interceptors.status.regex = status=(\\\\d)
web.sources.r1.interceptors.status.serializers = s1
web.sources.r1.interceptors.status.serializers.s1.name = class
web.sources.r1.interceptors.noise.type = regex_filter
web.sources.r1.interceptors.noise.regex = ^#
web.sources.r1.interceptors.noise.excludeEvents = true
web.sources.r1.interceptors.who.type = morphline
web.sources.r1.interceptors.who.morphlineFile = /nowhere/morphline.conf
web.sources.r1.interceptors.extra.type = static
web.sources.r1.interceptors.extra.key = token
web.sources.r1.interceptors.extra.value = open
web.sources.r1.selector.type = multiplexing
web.sources.r1.selector.header = class
web.sources.r1.selector.mapping.2 = ok
web.sources.r1.selector.mapping.5 = ok bad
web.channels.ok.type = memory
web.channels.bad.type = memory
web.sinks.k1.type = logger
web.sinks.k1.channel = ok
web.sinks.k2.type = logger
web.sinks.k2.channel = bad
`;

describe('the inside of collectors in /api/v1', () => {
  let database: TestDatabase;
  let folder: string;
  let admin: RunningAdmin;
  let http: ReturnType<typeof supertest>;

  beforeAll(async () => {
    process.env['MILLRACE_SPEC_SECRET'] = 'sesame';
    [database, folder] = await Promise.all([startTestDatabase(), mkdtemp(join(tmpdir(), 'millrace-components-'))]);
    const given = { databaseUrl: database.databaseUrl, bootstrap: '127.0.0.1:1', port: 0, dataDirectory: folder };
    admin = await startAdmin({ ...given, logger: silentLogger });
    http = supertest(`http://127.0.0.1:${admin.port}`);
    await http.post('/api/v1/collectors?name=web').type('text/plain').send(conf).expect(201);
  });
  afterAll(async () => {
    delete process.env['MILLRACE_SPEC_SECRET'];
    await admin.close();
    await database.remove();
    await rm(folder, { recursive: true, force: true });
  });

  it('tells of sample lines which headers they get, which channels, and why the others go nowhere', async () => {
    const text = 'status=200 a\r\nstatus=503 b\n# noise\nstatus=404 c\n';
    const { body } = await http
      .post('/api/v1/collectors/web:preview')
      .send({ text, headers: { from: 'x' } })
      .expect(200);
    expect(body).toMatchObject({
      source: 'r1',
      selector: 'multiplexing',
      counts: { delivered: 2, dropped: 1, unrouted: 1, failed: 0 },
      ended_by: null,
    });
    expect(body.interceptors).toMatchObject([
      { name: 'site', ran: true },
      { name: 'status', ran: true },
      { name: 'noise', ran: true },
      { name: 'who', type: 'morphline', ran: false, note: expect.stringContaining('worker') },
      { name: 'extra', ran: true },
    ]);
    const headers = { from: 'x', site: '${env:MILLRACE_SPEC_SECRET}', token: 'open' };
    expect(body.events).toEqual([
      {
        line: 1,
        body: 'status=200 a',
        outcome: 'delivered',
        by: null,
        reason: null,
        after: [
          {
            headers: { ...headers, class: '2' },
            body: 'status=200 a',
            channels: [{ channel: 'ok', optional: false }],
          },
        ],
      },
      expect.objectContaining({
        line: 2,
        after: [
          expect.objectContaining({
            channels: [
              { channel: 'ok', optional: false },
              { channel: 'bad', optional: false },
            ],
          }),
        ],
      }),
      expect.objectContaining({ line: 3, outcome: 'dropped', by: 'noise', after: [] }),
      expect.objectContaining({ line: 4, outcome: 'unrouted', by: 'selector' }),
    ]);
    expect(body.events[2].reason).toBe('noise (regex_filter) drops it: its pattern decides so.');
    expect(JSON.stringify(body)).not.toContain('sesame');
  });

  it('shows no secret of a collector to whoever tries lines', async () => {
    const keyed = `${conf.replace('value = open', 'value = ${web.secret.token}')}web.secret.token = hidden\n`;
    await http.post('/api/v1/collectors?name=keyed').type('text/plain').send(keyed).expect(201);
    const { text } = await http.post('/api/v1/collectors/keyed:preview').send({ text: 'status=200' }).expect(200);
    expect(text).toContain('"token":"***"');
    expect(text).not.toContain('hidden');
  });

  it('ends a pattern that backtracks for ever, and says on which line', async () => {
    const slow = conf.replace('noise.regex = ^#', 'noise.regex = ^(a+)+$');
    const text = `status=200\n${'a'.repeat(40)}!\nstatus=200\n`;
    const { body } = await http.post('/api/v1/collectors:preview').send({ flume_conf: slow, text }).expect(200);
    expect(body.events).toHaveLength(2);
    expect(body.ended_by).toMatch(/200 ms/);
    expect(body.events[1]).toMatchObject({ line: 2, outcome: 'failed', by: 'noise' });
  });

  it.each([
    ['too many lines', { text: 'a\n'.repeat(1001) }, '/text'],
    ['too many bytes', { text: 'a'.repeat(1_000_001) }, '/text'],
    ['a source that is not there', { text: 'a', source: 'r2' }, '/source'],
    ['a text with errors', { text: 'a', flume_conf: conf.replace('type = logger', 'type = loger') }, '/flume_conf'],
  ])('refuses %s', async (_what, body, pointer) => {
    const answer = await http.post('/api/v1/collectors/web:preview').send(body).expect(422);
    expect(answer.body.errors).toMatchObject([{ pointer }]);
  });

  it('says before a change what it restarts', async () => {
    const validate = async (text: string) =>
      (await http.post('/api/v1/collectors/web:validate').send({ flume_conf: text }).expect(200)).body;
    expect((await validate(conf)).effect).toMatchObject({ restarted: [], added: [], removed: [], whole: false });
    const { effect } = await validate(`${conf}web.channels.ok.capacity = 5000\n`);
    expect(effect).toEqual({
      restarted: ['source r1', 'channel ok', 'sink k1'],
      added: [],
      removed: [],
      kept: ['channel bad', 'sink k2'],
      whole: false,
    });
    expect((await validate(conf.replaceAll('web.', 'shop.'))).valid).toBe(false);
    expect((await validate(conf.replace('type = logger', 'type = loger'))).effect).toBeNull();
    const fresh = await http.post('/api/v1/collectors:validate').send({ flume_conf: conf }).expect(200);
    expect(fresh.body.effect).toBeNull();
  });

  it('names what was probably meant, and what is known here under another name', async () => {
    const wrong = conf.replace('type = regex_filter', 'type = regex_filtr');
    const { body } = await http.post('/api/v1/collectors/web:validate').type('text/plain').send(wrong).expect(200);
    expect(body.valid).toBe(false);
    expect(body.lines).toContainEqual(
      expect.objectContaining({
        line: 16,
        verdict: 'error',
        problems: [expect.objectContaining({ severity: 'error', suggestion: 'regex_filter' })],
      }),
    );
    expect(body.lines).toContainEqual(
      expect.objectContaining({ line: 4, maps_to: 'the source type netcat', replaced: true }),
    );
    expect(body.lines).toContainEqual(expect.objectContaining({ line: 6, replaced: false, problems: [] }));
  });

  it('lists what a flume.conf can name', async () => {
    const { body } = await http.get('/api/v1/component-types').expect(200);
    expect(body.data).toContainEqual(
      expect.objectContaining({ kind: 'interceptor', name: 'static', doc: expect.any(String) }),
    );
    const memory = body.data.find(({ kind, name }: Record<string, string>) => kind === 'channel' && name === 'memory');
    expect(memory.options).toContainEqual(expect.objectContaining({ name: 'capacity', type: 'int', default: '100' }));
    const taildir = body.data.find(({ name }: Record<string, string>) => name === 'taildir');
    expect(taildir.options.map(({ name }: { name: string }) => name)).toContain('filegroups.');
  });

  it('lists components also while no worker runs them', async () => {
    const { body } = await http.get('/api/v1/collectors/web/components').expect(200);
    expect(body).toMatchObject({ agent: 'web', agent_state: null, worker_id: null, running_revision: null });
    expect(body.data.map(({ kind, name, state }: Record<string, string>) => `${kind} ${name} ${state}`)).toEqual([
      'source r1 WAITING',
      ...['site', 'status', 'noise', 'who', 'extra'].map((name) => `interceptor ${name} WAITING`),
      'channel ok WAITING',
      'channel bad WAITING',
      'sink k1 WAITING',
      'sink k2 WAITING',
    ]);
    await http.get('/api/v1/collectors/none/components').expect(404);
    await http.get('/api/v1/collectors/none/tap?edge=source.r1').expect(404);
    await http.get('/api/v1/collectors/web/tap?edge=source.r1&seconds=1').expect(404);
    await http.get('/api/v1/collectors/web/tap?edge=source.r1&max=0').expect(400);
  });
});
