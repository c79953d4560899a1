import { startTestDatabase, type TestDatabase } from '#control/testing/embedded-postgres';
import { silentLogger } from '#std/log';
import { AccessStore, type BindingsCheck } from './access-store.js';

const anything: BindingsCheck = () => undefined;

describe('the store of keys, roles and the audit', () => {
  let database: TestDatabase;
  let store: AccessStore;
  beforeAll(async () => {
    database = await startTestDatabase();
    store = new AccessStore({ databaseUrl: database.databaseUrl, logger: silentLogger });
    await store.start();
  });
  afterAll(async () => {
    await store.stop();
    await database.remove();
  });

  const newKey = (name: string) => ({
    id: `mk-${name}`,
    name,
    secretHash: 'hash',
    createdBy: 'User:a',
    expiresAt: null,
  });
  const newBinding = (principal: string) => ({ principal, role: 'viewer', areas: ['topics', 'sinks'], namePrefix: '' });

  it('gives entries of the audit newest first, in pages, beyond the tenth too', async () => {
    const entry = {
      at: new Date('2026-01-01T00:00:00Z'),
      principal: 'User:a',
      ip: '127.0.0.1',
      method: 'PUT',
      areas: ['sinks'],
      level: 'edit',
      name: 'lake',
      status: 200,
      fields: ['topics'],
      revisionBefore: '1',
      revisionAfter: null,
    };
    await store.appendAudit(Array.from({ length: 25 }, (_, index) => ({ ...entry, path: `/${index}` })));
    const newest = await store.readAudit({ limit: 12 });
    expect(newest[0]).toEqual({ ...entry, path: '/24', id: '25' });
    const rest = await store.readAudit({ limit: 100, before: newest.at(-1)?.id ?? '' });
    const paths = [...newest, ...rest].map(({ path }) => path);
    expect(paths).toEqual(Array.from({ length: 25 }, (_, index) => `/${24 - index}`));
    await expect(store.readAudit({ limit: 5, area: 'topics' })).resolves.toEqual([]);
    await expect(store.readAudit({ limit: 5, since: new Date('2026-01-02T00:00:00Z') })).resolves.toEqual([]);
  });

  it('does nothing in a dry run, and says what would be', async () => {
    const made = await store.createKey(newKey('dry'), [newBinding('ApiKey:dry')], anything, { isDryRun: true });
    expect(made).toMatchObject({ key: { name: 'dry', revision: 1 }, bindings: [{ areas: ['sinks', 'topics'] }] });
    await expect(store.load()).resolves.toMatchObject({ keys: [], bindings: [] });
  });

  it('undoes a change whose outcome is refused', async () => {
    const refuse: BindingsCheck = (_before, after) => {
      throw new Error(`${after.length} roles`);
    };
    await expect(store.createKey(newKey('ci'), [newBinding('ApiKey:ci')], refuse)).rejects.toThrow('1 roles');
    await expect(store.load()).resolves.toMatchObject({ keys: [], bindings: [] });
  });

  it('takes the roles of a key and of a user away with them', async () => {
    await store.createKey(newKey('ci'), [newBinding('ApiKey:ci')], anything);
    await expect(store.createKey(newKey('ci'), [], anything)).rejects.toThrow('already');
    await store.putUser({ name: 'alice', salt: 'AAAA', storedKey: 'key', iterations: 4096 });
    await store.createBinding(newBinding('User:alice'), 'User:a', anything);
    await expect(store.createBinding(newBinding('User:alice'), 'User:a', anything)).rejects.toThrow('already');
    await store.deleteKey('ci', anything);
    await store.deleteUser('alice', anything);
    await expect(store.load()).resolves.toMatchObject({ keys: [], users: [], bindings: [] });
    await expect(store.deleteKey('ci', anything)).rejects.toThrow('no API key ci');
  });
});
