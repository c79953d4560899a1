import pg from 'pg';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import type { ConnectorSpec } from './connector.js';
import { ControlStore } from './control-store.js';
import type { TaskLease } from './task.js';
import { startTestDatabase, type TestDatabase } from './testing/embedded-postgres.js';
import type { WorkerSession } from './worker.js';

const leaseMs = 600;

describe('claims of tasks', () => {
  let database: TestDatabase;
  let databaseUrl: string;
  let store: ControlStore;
  let databases = 0;

  beforeAll(async () => {
    database = await startTestDatabase();
  });
  afterAll(() => database.remove());

  beforeEach(async () => {
    databaseUrl = await database.createDatabase(`leases${(databases += 1)}`);
    store = new ControlStore({ databaseUrl, clock: systemClock, logger: silentLogger, leaseMs, pollMs: 200 });
    await store.start();
  });
  afterEach(() => store.stop());

  const sink = (name: string, labels?: string, more: Partial<ConnectorSpec> = {}): ConnectorSpec => ({
    name,
    kind: 'sink',
    config: { topics: 'logs', ...(labels === undefined ? {} : { 'worker.labels': labels }) },
    tasksMax: 1,
    ...more,
  });
  const worker = (id: string, labels?: readonly string[]): Promise<WorkerSession> =>
    store.registerWorker({ id, kind: 'sink', ...(labels === undefined ? {} : { labels }) });
  const idsOf = (leases: readonly TaskLease[]): string[] => leases.map((lease) => `${lease.connector}-${lease.task}`);
  const claims = async (session: WorkerSession): Promise<string[]> => idsOf(await store.claimTasks(session));
  const silence = (): Promise<void> => systemClock.sleep(leaseMs + 200);

  it('go to workers that have all labels of the connector, and without labels to those without', async () => {
    await store.createConnector(sink('plain'));
    await store.createConnector(sink('lake', ' store=hdfs, zone=a ,'));
    await store.createConnector(sink('rows', 'store=hdfs'));
    await store.createConnector(sink('far', 'zone=b'));
    const [hdfs, both, none] = [
      await worker('hdfs', ['store=hdfs']),
      await worker('both', ['zone=a', 'store=hdfs']),
      await worker('none'),
    ];
    expect(await claims(hdfs)).toEqual(['rows-0']);
    expect(await claims(both)).toEqual(['lake-0']);
    expect(await claims(none)).toEqual(['plain-0']);
    expect((await store.status('far'))?.state).toBe('UNASSIGNED');
    expect((await store.listWorkers()).map(({ id, labels }) => [id, labels])).toEqual([
      ['both', ['zone=a', 'store=hdfs']],
      ['hdfs', ['store=hdfs']],
      ['none', []],
    ]);
  });

  it('follow the labels when they change, and a pinned connector its worker whatever the labels', async () => {
    const [hdfs, none] = [await worker('hdfs', ['store=hdfs']), await worker('none')];
    await store.createConnector(sink('rows'));
    await store.createConnector(sink('here', undefined, { pinnedWorker: 'hdfs' }));
    const [before] = await store.claimTasks(none);
    expect(await claims(hdfs)).toEqual(['here-0']);
    await store.putConnector(sink('rows', 'store=hdfs'));
    expect(await claims(none)).toEqual([]);
    expect(await claims(hdfs)).toEqual(['here-0']);
    if (before !== undefined) await store.release(before);
    expect(await claims(hdfs)).toEqual(['here-0', 'rows-0']);
  });

  it('are shared evenly among the workers of the same labels', async () => {
    await store.createConnector(sink('wide', 'store=hdfs', { tasksMax: 4 }));
    await store.createConnector(sink('plain', undefined, { tasksMax: 3 }));
    const [first, second] = [await worker('first', ['store=hdfs']), await worker('second', ['store=hdfs'])];
    const other = await worker('other');
    expect((await store.claimTasks(first)).length).toBe(2);
    expect((await store.claimTasks(other)).length).toBe(3);
    expect((await store.claimTasks(second)).length).toBe(2);
  });

  it('leave tasks with their owners after the database was away for longer than a lease', async () => {
    const [first, second] = [await worker('first'), await worker('second')];
    await store.createConnector(sink('wide', undefined, { tasksMax: 4 }));
    const before = [await store.claimTasks(first), await store.claimTasks(second)];
    await silence();
    const third = await worker('third');
    expect(await claims(third)).toEqual([]);
    expect(await store.renew(second)).toEqual(before[1]);
    expect(await store.renew(first)).toEqual(before[0]);
  });

  it('take over from a worker that is silent while others are heard', async () => {
    const [first, second] = [await worker('first'), await worker('second')];
    await store.createConnector(sink('wide', undefined, { tasksMax: 2 }));
    expect([await claims(first), await claims(second)]).toEqual([['wide-0'], ['wide-1']]);
    const until = Date.now() + 4 * leaseMs;
    let mine: string[] = [];
    while (mine.length < 2 && Date.now() < until) {
      mine = await claims(second);
      await systemClock.sleep(leaseMs / 4);
    }
    expect(mine).toEqual(['wide-0', 'wide-1']);
  });

  it('go to others when a worker is drained, which takes its part again when it may', async () => {
    const [first, second] = [await worker('first'), await worker('second')];
    await store.createConnector(sink('wide', undefined, { tasksMax: 2 }));
    const [lease] = await store.claimTasks(first);
    await store.claimTasks(second);
    await store.setWorkerDrained(first, true);
    expect(await claims(first)).toEqual([]);
    if (lease !== undefined) await store.release(lease);
    expect(await claims(first)).toEqual([]);
    expect(await claims(second)).toEqual(['wide-0', 'wide-1']);
    expect((await store.listWorkers()).map(({ id, isDrained }) => `${id} ${isDrained}`)).toEqual([
      'first true',
      'second false',
    ]);
    await store.setWorkerDrained(first, false);
    expect(await claims(second)).toEqual(['wide-0']);
    await expect(store.setWorkerDrained({ id: 'gone', kind: 'sink' }, true)).rejects.toMatchObject({
      code: 'control.worker.unknown',
    });
  });

  it('hold for a worker whose row was cleared away, and not for one whose id another process has taken', async () => {
    const first = await worker('first', ['a=b']);
    await store.createConnector(sink('rows', 'a=b'));
    const before = await store.claimTasks(first);
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    await client.query('DELETE FROM millrace.worker');
    await client.end();
    expect(await store.claimTasks(first)).toEqual(before);
    await worker('first');
    await expect(store.claimTasks(first)).rejects.toMatchObject({ code: 'control.lease.lost' });
  });
});
