import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import supertest from 'supertest';
import { startTestDatabase, type TestDatabase } from '#control/testing/embedded-postgres';
import { AccessStore } from '#control/access/access-store';
import { silentLogger } from '#std/log';
import { storedKeyOf } from '../../access/logins.js';
import { startAdmin, type RunningAdmin } from '../../admin-app.js';

const adminKey = 'a-first-key-of-32-characters-0000';

describe('the login of a browser', () => {
  let database: TestDatabase;
  let folder: string;
  let store: AccessStore;
  let admins: RunningAdmin[] = [];
  const start = async (): Promise<number> => {
    const admin = await startAdmin({
      databaseUrl: database.databaseUrl,
      bootstrap: '127.0.0.1:1',
      port: 0,
      environment: { MILLRACE_ADMIN_KEY: adminKey },
      dataDirectory: folder,
      logger: silentLogger,
    });
    admins.push(admin);
    return admin.port;
  };
  const putUser = async (name: string, password: string): Promise<void> => {
    const verifier = { salt: 'AAAA', iterations: 4096 };
    await store.putUser({ name, ...verifier, storedKey: await storedKeyOf(password, verifier) });
  };
  let http: ReturnType<typeof supertest>;
  let origin = '';

  beforeAll(async () => {
    [database, folder] = await Promise.all([startTestDatabase(), mkdtemp(join(tmpdir(), 'millrace-session-'))]);
    store = new AccessStore({ databaseUrl: database.databaseUrl, logger: silentLogger });
    await store.start();
    const port = await start();
    origin = `http://127.0.0.1:${port}`;
    http = supertest(origin);
    await putUser('alice', 'a password of alice');
    await store.createBinding(
      { principal: 'User:alice', role: 'editor', areas: [], namePrefix: '' },
      'User:root',
      () => undefined,
    );
  });
  afterAll(async () => {
    await Promise.all(admins.map((admin) => admin.close()));
    admins = [];
    await store.stop();
    await database.remove();
    await rm(folder, { recursive: true, force: true });
  });

  const logIn = async (form: object): Promise<string> => {
    const { headers } = await http.post('/api/v1/session').set('origin', origin).send(form).expect(200);
    return String(headers['set-cookie']).split(';')[0] ?? '';
  };
  const me = (cookie: string): supertest.Test => http.get('/api/v1/me').set('cookie', cookie);
  const alice = { user: 'alice', password: 'a password of alice' };
  const sink = { name: 'lake', type: 'file', topics: ['a'], config: { 'file.path': '/var/tmp/lake' } };

  it('is a cookie that scripts cannot read, for the pages of this server alone', async () => {
    const { headers, body, text } = await http.post('/api/v1/session').set('origin', origin).send(alice).expect(200);
    const cookie = String(headers['set-cookie']);
    expect(cookie).toMatch(/^millrace_session_\d+=[\w-]{43}; Max-Age=604800; Path=\/; .*HttpOnly; SameSite=Strict$/);
    expect(text).not.toContain(/=([\w-]{43});/.exec(cookie)?.[1]);
    expect(body).toMatchObject({ name: 'User:alice' });
    const hours = (Date.parse(String(body.expires_at)) - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(11.9);
    expect(hours).toBeLessThanOrEqual(12);
    const shown = await http.get('/api/v1/session').set('cookie', cookie).expect(200);
    expect(shown.body).toEqual(body);
    await me(cookie).expect(200, /User:alice.*edit/);
  });

  it('is bound to TLS where the page came by it', async () => {
    const secure = origin.replace('http:', 'https:');
    const { headers } = await http.post('/api/v1/session').set('origin', secure).send(alice).expect(200);
    expect(String(headers['set-cookie'])).toMatch(/^__Host-millrace_session_\d+=.*; Secure; SameSite=Strict$/);
    await me(String(headers['set-cookie']).split(';')[0] ?? '').expect(200);
  });

  it('takes API keys and the first key; what is wrong is refused without a window of the browser', async () => {
    await me(await logIn({ key: adminKey })).expect(200, /ApiKey:MILLRACE_ADMIN_KEY/);
    for (const wrong of [{ key: 'nonsense' }, { ...alice, password: 'x' }, { user: 'nobody', password: 'x' }]) {
      const { headers } = await http.post('/api/v1/session').send(wrong).expect(401);
      expect(headers['www-authenticate'] ?? '').not.toMatch(/Basic/);
      expect(headers['set-cookie']).toBeUndefined();
    }
    await http.post('/api/v1/session').send({ user: 'alice' }).expect(400);
    const ofPage = await http.get('/api/v1/me').set('sec-fetch-site', 'same-origin').expect(401);
    expect(ofPage.headers['www-authenticate']).not.toMatch(/Basic/);
    const ofStream = await http.get('/api/v1/me').set('referer', `${origin}/console/topics`).expect(401);
    expect(ofStream.headers['www-authenticate']).not.toMatch(/Basic/);
    const ofProgram = await http.get('/api/v1/me').expect(401);
    expect(ofProgram.headers['www-authenticate']).toMatch(/^Basic/);
  });

  it('changes something only from a page of this server', async () => {
    const cookie = await logIn(alice);
    const change = (): supertest.Test => http.post('/api/v1/sinks?validate_only=true').set('cookie', cookie).send(sink);
    await change().expect(403, /must come from a page of this server/);
    await change().set('origin', 'http://evil.example').expect(403);
    await change().set('origin', origin).expect(200);
    await change().set('sec-fetch-site', 'same-origin').expect(200);
    // Another port of the same host is the same site, which SameSite lets through.
    await change().set('sec-fetch-site', 'same-site').expect(401);
    await me(cookie).set('sec-fetch-site', 'same-site').expect(401);
    await me(cookie).set('sec-fetch-site', 'none').expect(200);
  });

  it('ends by a logout, everywhere too, and leaves others alone', async () => {
    const [here, there, other] = [await logIn(alice), await logIn(alice), await logIn({ key: adminKey })];
    const end = (query: string): supertest.Test => http.delete(`/api/v1/session${query}`).set('origin', origin);
    const { headers } = await end('').set('cookie', here).expect(204);
    expect(String(headers['set-cookie'])).toMatch(/=; Path=\/; Expires=Thu, 01 Jan 1970/);
    await me(here).expect(401);
    await me(there).expect(200);
    const third = await logIn(alice);
    await end('?everywhere=true').set('cookie', third).expect(204);
    await me(there).expect(401);
    await me(third).expect(401);
    await me(other).expect(200);
    await end('').expect(401);
  });

  it('ends with another password, with the user, and with the key', async () => {
    await putUser('bob', 'a password of bob');
    const cookie = await logIn({ user: 'bob', password: 'a password of bob' });
    await me(cookie).expect(200);
    await putUser('bob', 'another password of bob');
    // Who may do what is read anew by a login.
    const newer = await logIn({ user: 'bob', password: 'another password of bob' });
    await me(cookie).expect(401);
    await me(newer).expect(200);
    await store.deleteUser('bob', () => undefined);
    await logIn(alice);
    await me(newer).expect(401);
    const asRoot = (test: supertest.Test): supertest.Test => test.set('authorization', `ApiKey ${adminKey}`);
    const spec = { name: 'ci', roles: [{ role: 'viewer' }] };
    const { body } = await asRoot(http.post('/api/v1/api-keys')).send(spec).expect(201);
    const ofKey = await logIn({ key: String(body.key) });
    await me(ofKey).expect(200, /ApiKey:ci/);
    await asRoot(http.post('/api/v1/api-keys/ci:rotate')).expect(200);
    await me(ofKey).expect(401);
  });

  it('holds over a restart and at another administration', async () => {
    const cookie = await logIn(alice);
    const port = await start();
    const host = origin.replace('http://', '');
    const elsewhere = supertest(`http://127.0.0.1:${port}`).get('/api/v1/me').set('host', host);
    await elsewhere.set('cookie', cookie).expect(200, /User:alice/);
  });

  it('is in the audit, refused ones too, without what was typed', async () => {
    await http.post('/api/v1/session').send({ user: 'alice', password: 'wrong secret' }).expect(401);
    const asRoot = (): supertest.Test =>
      http.get('/api/v1/audit?area=security&page_size=200').set('authorization', `ApiKey ${adminKey}`);
    let entries: { method: string; path: string; principal: string; name: string | null; status: number }[] = [];
    for (let tries = 0; tries < 50 && entries[0]?.status !== 401; tries++) {
      const { body, text } = await asRoot().expect(200);
      expect(text).not.toMatch(/wrong secret|password of alice/);
      entries = (body.data as typeof entries).filter(({ path }) => path === '/api/v1/session');
      await new Promise((done) => setTimeout(done, 20));
    }
    expect(entries[0]).toMatchObject({ method: 'POST', principal: 'User:ANONYMOUS', name: 'User:alice', status: 401 });
    const kinds = new Set(entries.map(({ method, principal, status }) => `${method} ${principal} ${status}`));
    expect(kinds).toContain('POST User:alice 200');
    expect(kinds).toContain('DELETE User:alice 204');
  });

  it('is refused for a while after too many wrong keys or passwords', async () => {
    const statuses: number[] = [];
    for (let tries = 0; tries < 12; tries++) {
      statuses.push((await http.post('/api/v1/session').send({ key: `wrong-${tries}` })).status);
    }
    expect(statuses.at(-1)).toBe(429);
    await http.post('/api/v1/session').send({ user: 'alice', password: 'x' }).expect(429);
  });
});
