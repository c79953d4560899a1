import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import supertest from 'supertest';
import { startTestDatabase, type TestDatabase } from '#control/testing/embedded-postgres';
import { silentLogger } from '#std/log';
import { startAdmin, type RunningAdmin } from '../../admin-app.js';
import { confText } from './collector-form.js';

const conf = `# the edge
web.sources = r1
web.channels = c1
web.sinks = k1
web.sources.r1.type = netcat
web.sources.r1.bind = 127.0.0.1
web.sources.r1.port = 0
web.sources.r1.channels = c1
web.sources.r1.interceptors = i1
web.sources.r1.interceptors.i1.type = static
web.sources.r1.interceptors.i1.key = from
web.channels.c1.type = memory
web.channels.c1.capcity = 50
web.sinks.k1.type = logger
web.sinks.k1.channel = c1
`;

describe('collectors in /api/v1', () => {
  let database: TestDatabase;
  let folder: string;
  let admin: RunningAdmin;
  let http: ReturnType<typeof supertest>;

  beforeAll(async () => {
    [database, folder] = await Promise.all([startTestDatabase(), mkdtemp(join(tmpdir(), 'millrace-collectors-'))]);
    const given = { databaseUrl: database.databaseUrl, bootstrap: '127.0.0.1:1', port: 0, dataDirectory: folder };
    admin = await startAdmin({ ...given, logger: silentLogger });
    http = supertest(`http://127.0.0.1:${admin.port}`);
  });
  afterAll(async () => {
    await admin.close();
    await database.remove();
    await rm(folder, { recursive: true, force: true });
  });

  it('says line by line what a flume.conf means here, as data and as text', async () => {
    const { body } = await http.post('/api/v1/collectors:validate').send({ flume_conf: conf }).expect(200);
    expect(body).toMatchObject({ valid: true, counts: { ok: 13, warning: 1, error: 0, ignored: 0 } });
    const lines = new Map(
      (body.lines as { line: number; component: string; maps_to: string; verdict: string }[]).map((line) => [
        line.line,
        [line.component, line.maps_to, line.verdict],
      ]),
    );
    expect(lines.get(2)).toEqual(['agent web', 'runs the sources r1', 'ok']);
    expect(lines.get(5)).toEqual(['source r1', 'the source type netcat', 'ok']);
    expect(lines.get(7)).toEqual(['source r1', 'option of netcat: int', 'ok']);
    expect(lines.get(8)?.[1]).toBe('puts into these channels: c1');
    expect(lines.get(11)).toEqual(['source r1, interceptor i1', 'option of static: string', 'ok']);
    expect(lines.get(13)?.[2]).toBe('warning');
    const text = await http
      .post('/api/v1/collectors:validate?agent=web')
      .set('Accept', 'text/plain')
      .type('text/plain')
      .send(conf.replace('type = memory', 'type = memry'))
      .expect(200);
    expect(text.headers['content-type']).toContain('text/plain');
    expect(text.text).toContain('5: ok: web.sources.r1.type: the source type netcat');
    expect(text.text).toMatch(/12: error: web\.channels\.c1\.type/);
    expect(text.text).toContain('It would not run: 1 error(s).');
  });

  it('a collector comes from text, from JSON or from components, and is one thing', async () => {
    const posted = await http.post('/api/v1/collectors?name=web').type('text/plain').send(conf).expect(201);
    expect(posted.headers['location']).toBe('/api/v1/collectors/web');
    expect(posted.body).toMatchObject({ kind: 'Collector', name: 'web', agent: 'web', flume_conf: conf, revision: 1 });
    const shown = await http.get('/api/v1/collectors/web').expect(200).expect('etag', '"1"');
    await http
      .put('/api/v1/collectors/web')
      .send({ ...(shown.body as object), labels: { site: 'edge' } })
      .expect(200, /"revision":2/);
    const components = {
      sources: { r1: { type: 'netcat', bind: '127.0.0.1', port: 0, channels: ['c1'] } },
      channels: { c1: { type: 'memory' } },
      sinks: { k1: { type: 'logger', channel: 'c1' } },
    };
    const patched = await http.patch('/api/v1/collectors/web').set('If-Match', '"2"').send({ components }).expect(200);
    expect(patched.body).toMatchObject({ revision: 3, labels: { site: 'edge' } });
    expect(patched.body.flume_conf).toContain('web.sources.r1.port = 0\nweb.sources.r1.channels = c1\n');
    await http.get('/api/v1/collectors?label=site%3Dedge').expect(200, /"total":1/);
    await http.get('/api/v1/sinks/web').expect(404);
    await http.get('/connectors/web').expect(200, /"type":"source"/);
    await http.post('/api/v1/collectors/web:validate').expect(200, /"valid":true/);
    await http.post('/api/v1/collectors/web:stop').expect(202, /"wanted_state":"STOPPED"/);
    await http
      .post('/api/v1/collectors/web:rollback')
      .send({ revision: 1 })
      .expect(200, /"revision":4/);
    await http.delete('/api/v1/collectors/web').set('If-Match', '"4"').expect(204);
  });

  it.each([
    ['two agents', `${conf}b.sources = r1\n`, 422, '/agent'],
    ['no agent', '# nothing', 422, '/agent'],
    ['a mistake', conf.replace('type = netcat', 'type = netct'), 422, '/flume_conf'],
  ])('says what is wrong with a text: %s', async (_what, text, status, pointer) => {
    const { body } = await http.post('/api/v1/collectors').send({ name: 'wrong', flume_conf: text }).expect(status);
    expect(body.errors).toMatchObject([{ pointer }]);
  });

  it('secrets in a text are hidden, also in the report', async () => {
    const secret = conf.replace('# the edge', 'web.sources.r1.password = sesame');
    const { text } = await http.post('/api/v1/collectors:validate').send({ flume_conf: secret }).expect(200);
    expect(text).not.toContain('sesame');
  });

  it('writes components as Java’s properties have them', () => {
    const sources = {
      r1: { type: 'exec', command: 'a\\b', interceptors: { i1: { type: 'host' } }, selector: { type: 'x' } },
    };
    expect(confText('a', { sources }).split('\n')).toEqual([
      'a.sources = r1',
      'a.sources.r1.type = exec',
      'a.sources.r1.command = a\\\\b',
      'a.sources.r1.interceptors = i1',
      'a.sources.r1.interceptors.i1.type = host',
      'a.sources.r1.selector.type = x',
      '',
    ]);
  });
});
