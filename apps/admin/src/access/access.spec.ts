import { generateKeyPairSync, sign, type JsonWebKey } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import supertest from 'supertest';
import { startTestDatabase, type TestDatabase } from '#control/testing/embedded-postgres';
import { silentLogger } from '#std/log';
import { startAdmin, type RunningAdmin } from '../admin-app.js';

const adminKey = 'a-first-key-of-32-characters-0000';
const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });

/** A bearer token as an identity provider makes it. */
function token(claims: Record<string, unknown>, key = keys.privateKey): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'RS256', kid: 'k1' })}.${part(claims)}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
}

describe('access to the administration', () => {
  let database: TestDatabase;
  let folder: string;
  let admin: RunningAdmin;
  let http: ReturnType<typeof supertest>;
  const start = (environment: Record<string, string>): Promise<RunningAdmin> =>
    startAdmin({
      databaseUrl: database.databaseUrl,
      bootstrap: '127.0.0.1:1',
      port: 0,
      environment,
      dataDirectory: folder,
      logger: silentLogger,
    });

  beforeAll(async () => {
    [database, folder] = await Promise.all([startTestDatabase(), mkdtemp(join(tmpdir(), 'millrace-access-'))]);
    const jwk: JsonWebKey = keys.publicKey.export({ format: 'jwk' });
    const jwks = join(folder, 'jwks.json');
    await writeFile(jwks, JSON.stringify({ keys: [{ ...jwk, kid: 'k1', alg: 'RS256' }] }));
    admin = await start({
      MILLRACE_ADMIN_KEY: adminKey,
      MILLRACE_OIDC_JWKS: pathToFileURL(jwks).href,
      MILLRACE_OIDC_ISSUER: 'https://id.example',
      MILLRACE_OIDC_AUDIENCE: 'millrace',
    });
    http = supertest(`http://127.0.0.1:${admin.port}`);
  });
  afterAll(async () => {
    await admin.close();
    await database.remove();
    await rm(folder, { recursive: true, force: true });
  });

  const asRoot = (test: supertest.Test): supertest.Test => test.set('authorization', `ApiKey ${adminKey}`);
  const makeKey = async (name: string, roles: object[]): Promise<string> => {
    const { body } = await asRoot(http.post('/api/v1/api-keys')).send({ name, roles }).expect(201);
    return String(body.key);
  };
  const me = (authorization: string): supertest.Test => http.get('/api/v1/me').set('authorization', authorization);

  it('takes an API key in each form that tools can send, and shows it once', async () => {
    const key = await makeKey('tools', [{ role: 'viewer' }]);
    const [id = '', secret = ''] = key.split('.');
    const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
    for (const form of [
      `ApiKey ${key}`,
      `apikey ${key}`,
      `Bearer ${key}`,
      basic(`${id}:${secret}`),
      basic(`x:${key}`),
    ]) {
      const { body } = await me(form).expect(200);
      expect(body).toMatchObject({ name: 'ApiKey:tools', login_needed: true, grants: [{ level: 'read' }] });
    }
    const shown = await asRoot(http.get('/api/v1/api-keys/tools')).expect(200);
    expect(shown.text).not.toContain(secret);
    for (const wrong of [
      `ApiKey ${id}.${'A'.repeat(43)}`,
      `ApiKey ${id}`,
      'ApiKey',
      'Digest x',
      basic('nobody:x'),
      '',
    ]) {
      await me(wrong).expect(401);
    }
  });

  it('forgets a secret when it is rotated, and a key when it is deleted', async () => {
    const old = await makeKey('turning', [{ role: 'viewer' }]);
    const { body } = await asRoot(http.post('/api/v1/api-keys/turning:rotate')).set('if-match', '"1"').expect(200);
    await me(`ApiKey ${old}`).expect(401);
    await me(`ApiKey ${String(body.key)}`).expect(200);
    await asRoot(http.post('/api/v1/api-keys/turning:rotate')).set('if-match', '"1"').expect(412);
    await asRoot(http.delete('/api/v1/api-keys/turning')).expect(204);
    await me(`ApiKey ${String(body.key)}`).expect(401);
    await asRoot(http.delete('/api/v1/api-keys/turning')).expect(404);
  });

  it('ends a key when its time is over', async () => {
    const soon = new Date(Date.now() + 1_500).toISOString();
    const past = { name: 'past', roles: [{ role: 'viewer' }], expires_at: '2020-01-01T00:00:00Z' };
    await asRoot(http.post('/api/v1/api-keys')).send(past).expect(422);
    const { body } = await asRoot(http.post('/api/v1/api-keys'))
      .send({ ...past, expires_at: soon })
      .expect(201);
    await me(`ApiKey ${String(body.key)}`).expect(200);
    await new Promise((done) => setTimeout(done, 1_600));
    await me(`ApiKey ${String(body.key)}`).expect(401);
  });

  describe('by bearer tokens', () => {
    const now = Math.floor(Date.now() / 1000);
    const good = { iss: 'https://id.example', aud: ['millrace'], sub: 'carol', exp: now + 60, groups: ['ops'] };

    it('gives the roles of the user and of the groups that the token names', async () => {
      const { body } = await me(`Bearer ${token(good)}`).expect(200);
      expect(body).toMatchObject({ name: 'User:carol', grants: [] });
      await http
        .get('/connectors')
        .set('authorization', `Bearer ${token(good)}`)
        .expect(403);
      const binding = { principal: 'Group:ops', role: 'operator', name_prefix: 'web-' };
      await asRoot(http.post('/api/v1/role-bindings')).send(binding).expect(201);
      const after = await me(`Bearer ${token(good)}`).expect(200);
      expect(after.body.grants).toEqual([{ level: 'operate', areas: [], name_prefix: 'web-' }]);
    });

    it.each([
      ['of another issuer', { iss: 'https://other.example' }],
      ['for another audience', { aud: 'shop' }],
      ['that has expired', { exp: now - 600 }],
      ['without an end', { exp: undefined }],
      ['without a name', { sub: '' }],
    ])('refuses a token %s', async (_what, claims) => {
      await me(`Bearer ${token({ ...good, ...claims })}`).expect(401);
    });

    it('refuses a token that another key has signed, and one without a signature', async () => {
      const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
      await me(`Bearer ${token(good, stranger)}`).expect(401);
      const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${token(good).split('.')[1] ?? ''}.`;
      await me(`Bearer ${unsigned}`).expect(401);
    });
  });

  it('ends at the prefix of a role, and lets nobody give more than they have', async () => {
    const limited = await makeKey('limited', [{ role: 'admin', areas: ['security', 'sinks'], name_prefix: 'team-' }]);
    const asLimited = (test: supertest.Test): supertest.Test => test.set('authorization', `ApiKey ${limited}`);
    const key = (name: string, role: object): object => ({ name, roles: [role] });
    const ofTeam = { role: 'editor', areas: ['sinks'], name_prefix: 'team-a' };
    await asLimited(http.post('/api/v1/api-keys')).send(key('team-bot', ofTeam)).expect(201);
    await asLimited(http.post('/api/v1/api-keys')).send(key('bot', ofTeam)).expect(403);
    for (const more of [
      { ...ofTeam, areas: [] },
      { ...ofTeam, name_prefix: '' },
      { ...ofTeam, areas: ['topics'] },
    ]) {
      await asLimited(http.post('/api/v1/api-keys')).send(key('team-more', more)).expect(403);
    }
    const sinkOf = (name: string): object => ({
      name,
      type: 'file',
      topics: ['a'],
      config: { 'file.path': '/var/tmp/x' },
    });
    await asLimited(http.post('/api/v1/sinks')).send(sinkOf('other-lake')).expect(403);
    await asLimited(http.post('/api/v1/sinks')).send(sinkOf('team-lake')).expect(201);
    await asRoot(http.post('/api/v1/sinks')).send(sinkOf('other-lake')).expect(201);
    const seen = await asLimited(http.get('/api/v1/sinks')).expect(200);
    expect((seen.body.data as { name: string }[]).map(({ name }) => name)).toEqual(['team-lake']);
    expect(seen.body.metadata.total).toBe(1);
    await makeKey('team-root', [{ role: 'admin' }]);
    await asLimited(http.post('/api/v1/api-keys/team-root:rotate')).expect(403);
    await asLimited(http.delete('/api/v1/api-keys/team-root')).expect(403);
  });

  it('refuses every change in read-only mode but the end of that mode', async () => {
    const sink = { 'connector.class': 'file', topics: 'a', 'file.path': '/var/tmp/lake' };
    await asRoot(http.put('/api/v1/read-only')).send({ read_only: true, reason: 'a migration' }).expect(200);
    const refused = await asRoot(http.put('/connectors/lake/config')).send(sink).expect(403);
    expect(refused.body).toEqual({ error_code: 403, message: 'Nothing can be changed now: a migration.' });
    await asRoot(http.get('/connectors')).expect(200);
    const { body } = await asRoot(http.get('/api/v1/read-only')).expect(200);
    expect(body).toMatchObject({ read_only: true, reason: 'a migration', changed_by: 'ApiKey:MILLRACE_ADMIN_KEY' });
    await asRoot(http.put('/api/v1/read-only')).send({ read_only: false }).expect(200);
    await asRoot(http.put('/connectors/lake/config')).send(sink).expect(201);
  });

  it('keeps an audit of changes and of refused ones, without values', async () => {
    const viewer = await makeKey('curious', [{ role: 'viewer' }]);
    const sink = { 'connector.class': 'file', topics: 'a', 'file.path': '/var/tmp/secret-place' };
    await http.put('/connectors/audited/config').set('authorization', `ApiKey ${viewer}`).send(sink).expect(403);
    await asRoot(http.put('/connectors/audited/config')).send(sink).expect(201);
    await asRoot(http.get('/connectors/audited')).expect(200);
    await asRoot(http.delete('/connectors/audited')).expect(204);
    const read = (query: string): supertest.Test => asRoot(http.get(`/api/v1/audit?name=audited${query}`));
    let entries: { id: string; principal: string; status: number }[] = [];
    // An entry is written when its answer is out.
    for (let tries = 0; entries.length < 3 && tries < 50; tries++) {
      const { body, text } = await read('').expect(200);
      entries = body.data as typeof entries;
      expect(text).not.toMatch(/secret-place/);
      await new Promise((done) => setTimeout(done, 20));
    }
    expect(entries.map(({ principal, status }) => [principal, status])).toEqual([
      ['ApiKey:MILLRACE_ADMIN_KEY', 204],
      ['ApiKey:MILLRACE_ADMIN_KEY', 201],
      ['ApiKey:curious', 403],
    ]);
    expect(entries[1]).toMatchObject({ method: 'PUT', path: '/connectors/audited/config', ip: '127.0.0.1' });
    const first = await read('&page_size=1').expect(200);
    const next = String(first.body.metadata.next);
    const second = await asRoot(http.get(new URL(next).pathname + new URL(next).search)).expect(200);
    expect(second.body.data[0].id).toBe(entries[1]?.id);
    await asRoot(http.get('/api/v1/audit?page_token=bm9uZQ')).expect(400);
  });

  it('has an audit that the database itself only lets grow', async () => {
    const client = new pg.Client({ connectionString: database.databaseUrl });
    await client.connect();
    for (const change of [
      'UPDATE millrace.audit SET status = 200',
      'DELETE FROM millrace.audit',
      'TRUNCATE millrace.audit',
    ]) {
      await expect(client.query(change)).rejects.toThrow(/only added to/);
    }
    await client.end();
  });

  describe('without a first key', () => {
    it('answers everybody on loopback until the first role, which must leave an administrator', async () => {
      const fresh = await startTestDatabase();
      const open = await startAdmin({
        databaseUrl: fresh.databaseUrl,
        bootstrap: '127.0.0.1:1',
        port: 0,
        environment: {},
        dataDirectory: folder,
        logger: silentLogger,
      });
      try {
        const visitor = supertest(`http://127.0.0.1:${open.port}`);
        const spec = (role: string): object => ({ name: 'first', roles: [{ role }] });
        await visitor.get('/connectors').expect(200);
        await visitor.post('/api/v1/api-keys').send(spec('viewer')).expect(409);
        await visitor.post('/api/v1/api-keys?validate_only=true').send(spec('admin')).expect(200);
        await visitor.get('/connectors').expect(200);
        const { body } = await visitor.post('/api/v1/api-keys').send(spec('admin')).expect(201);
        await visitor.get('/connectors').expect(401);
        const login = `ApiKey ${String(body.key)}`;
        await visitor.get('/connectors').set('authorization', login).expect(200);
        await visitor
          .post('/api/v1/role-bindings')
          .set('authorization', login)
          .send({ principal: 'User:nobody', role: 'admin' })
          .expect(422);
        // The last one: from now on everybody may do everything again.
        await visitor.delete('/api/v1/api-keys/first').set('authorization', login).expect(204);
        await visitor.get('/connectors').expect(200);
      } finally {
        await open.close();
        await fresh.remove();
      }
    });
  });
});
