import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import type { ConnectorSpec } from './connector.js';
import { ControlStore } from './control-store.js';
import { startTestDatabase, type TestDatabase } from './testing/embedded-postgres.js';
import type { TaskLease } from './task.js';
import type { WorkerSession } from './worker.js';

const leaseMs = 600;

describe('the control store', () => {
  let database: TestDatabase;
  let store: ControlStore;
  let other: ControlStore;
  let databases = 0;

  beforeAll(async () => {
    database = await startTestDatabase();
  });
  afterAll(() => database.remove());

  beforeEach(async () => {
    const databaseUrl = await database.createDatabase(`spec${(databases += 1)}`);
    const options = { databaseUrl, clock: systemClock, logger: silentLogger, leaseMs, pollMs: 200 };
    store = new ControlStore(options);
    other = new ControlStore(options);
    await Promise.all([store.start(), other.start()]);
  });
  afterEach(() => Promise.all([store.stop(), other.stop()]));

  const sink = (name: string, more: Partial<ConnectorSpec> = {}): ConnectorSpec => ({
    name,
    kind: 'sink',
    config: { name, 'connector.class': 'file', topics: 'logs' },
    tasksMax: 1,
    ...more,
  });
  const idsOf = (leases: readonly TaskLease[]): string[] => leases.map((lease) => `${lease.connector}-${lease.task}`);
  const worker = (id: string, on = store): Promise<WorkerSession> => on.registerWorker({ id, kind: 'sink' });
  const statesOf = async (name: string): Promise<string[] | undefined> =>
    (await store.status(name))?.tasks.map((task) => task.state);

  it('keeps what was wanted and raises the revision only when the config changes', async () => {
    const created = await store.createConnector(sink('lake'));
    expect(created).toMatchObject({ name: 'lake', kind: 'sink', revision: 1, targetState: 'RUNNING', tasksMax: 1 });
    await expect(store.createConnector(sink('lake'))).rejects.toMatchObject({ code: 'control.connector.exists' });
    const same = await store.putConnector(sink('lake'));
    expect(same).toMatchObject({ isNew: false, connector: { revision: 1 } });
    const changed = await store.putConnector(sink('lake', { config: { topics: 'clicks' } }));
    expect(changed).toMatchObject({ isNew: false, connector: { revision: 2, config: { topics: 'clicks' } } });
    expect((await other.listConnectors()).map((connector) => connector.name)).toEqual(['lake']);
    await store.deleteConnector('lake');
    expect(await other.findConnector('lake')).toBeNull();
    await expect(store.deleteConnector('lake')).rejects.toMatchObject({ code: 'control.connector.unknown' });
  });

  it('keeps the history of a connector, over deletion too, and a change for another revision is refused', async () => {
    await store.createConnector(sink('lake', { by: 'User:ann' }));
    const labelled = await store.putConnector(sink('lake', { labels: { team: 'a' }, by: 'User:bob' }));
    expect(labelled.connector).toMatchObject({ revision: 2, labels: { team: 'a' }, updatedBy: 'User:bob' });
    const late = sink('lake', { config: { topics: 'late' }, expectedRevision: 1 });
    await expect(store.putConnector(late)).rejects.toMatchObject({ code: 'control.connector.changed' });
    expect((await store.putConnector(sink('lake', { config: { topics: 'b' } }))).connector).toMatchObject({
      revision: 3,
      labels: { team: 'a' },
    });
    await store.deleteConnector('lake', { by: 'User:ann', expectedRevision: 3 });
    expect(await store.createConnector(sink('lake'))).toMatchObject({ revision: 5, labels: {} });
    const history = await other.revisions('lake');
    expect(history.map(({ revision, action, changedBy }) => [revision, action, changedBy])).toEqual([
      [5, 'created', ''],
      [4, 'deleted', 'User:ann'],
      [3, 'changed', ''],
      [2, 'changed', 'User:bob'],
      [1, 'created', 'User:ann'],
    ]);
    expect(await store.findRevision('lake', 2)).toMatchObject({ labels: { team: 'a' }, config: { topics: 'logs' } });
    expect(await store.findRevision('lake', 9)).toBeNull();
  });

  it('restarts no task for a label', async () => {
    const first = await worker('first');
    await store.createConnector(sink('lake'));
    const [before] = await store.claimTasks(first);
    await store.putConnector(sink('lake', { labels: { team: 'a' } }));
    expect(await store.claimTasks(first)).toEqual([before]);
    await store.putConnector(sink('lake', { config: { topics: 'b' } }));
    const [after] = await store.claimTasks(first);
    expect(after?.revision).not.toBe(before?.revision);
  });

  it('gives two workers even shares, and never the same task to both', async () => {
    const [first, second] = [await worker('first'), await worker('second', other)];
    await store.createConnector(sink('wide', { tasksMax: 7 }));
    await store.createConnector(sink('narrow'));
    const claims = await Promise.all([store.claimTasks(first), other.claimTasks(second), store.claimTasks(first)]);
    const [mine, theirs] = [await store.renew(first), await other.renew(second)];
    expect([mine.length, theirs.length]).toEqual([4, 4]);
    expect(new Set([...idsOf(mine), ...idsOf(theirs)]).size).toBe(8);
    expect(claims.flat().every((lease) => lease.epoch > 0)).toBe(true);
  });

  it('makes room for a worker that joins, a task at a time as each is released', async () => {
    const first = await worker('first');
    await store.createConnector(sink('a', { tasksMax: 3 }));
    await store.createConnector(sink('here', { pinnedWorker: 'first', tasksMax: 2 }));
    const before = await store.claimTasks(first);
    expect(before).toHaveLength(5);
    const second = await worker('second', other);
    expect(await other.claimTasks(second)).toEqual([]);
    const wanted = await store.claimTasks(first);
    expect(idsOf(wanted)).toEqual(['a-0', 'a-1', 'here-0', 'here-1']);
    expect(await store.claimTasks(first)).toEqual(wanted);
    expect(await other.claimTasks(second)).toEqual([]);
    for (const lease of before) if (lease.connector === 'a' && lease.task === 2) await store.release(lease);
    expect(idsOf(await store.claimTasks(first))).toEqual(idsOf(wanted));
    expect(idsOf(await other.claimTasks(second))).toEqual(['a-2']);
  });

  it('leaves running tasks where they are when a sink is added, changed or removed', async () => {
    const [first, second] = [await worker('first'), await worker('second', other)];
    await store.createConnector(sink('a', { tasksMax: 2 }));
    await store.createConnector(sink('b', { tasksMax: 2 }));
    const [mine, theirs] = [await store.claimTasks(first), await other.claimTasks(second)];
    expect([idsOf(mine), idsOf(theirs)]).toEqual([
      ['a-0', 'b-0'],
      ['a-1', 'b-1'],
    ]);
    await store.createConnector(sink('c'));
    expect(idsOf(await other.claimTasks(second))).toEqual(['a-1', 'b-1', 'c-0']);
    expect(await store.claimTasks(first)).toEqual(mine);
  });

  it('keeps the tasks of a worker that comes back for it, though others would have them', async () => {
    const [first, second] = [await worker('first'), await worker('second', other)];
    await store.createConnector(sink('a', { tasksMax: 3 }));
    expect(idsOf(await store.claimTasks(first))).toEqual(['a-0', 'a-1']);
    expect(idsOf(await other.claimTasks(second))).toEqual(['a-2']);
    const again = await worker('first');
    expect(idsOf(await other.claimTasks(second))).toEqual(['a-2']);
    expect(idsOf(await store.claimTasks(again))).toEqual(['a-0', 'a-1']);
  });

  it('hands the tasks of a dead worker to the living one under a higher epoch, and fences the dead one', async () => {
    const [first, second] = [await worker('first'), await worker('second', other)];
    await store.createConnector(sink('lake', { tasksMax: 2 }));
    const [lost] = await store.claimTasks(first);
    const [kept] = await other.claimTasks(second);
    if (lost === undefined || kept === undefined) throw new Error('both workers should have a task');
    await store.reportStatus(lost, { state: 'RUNNING' });
    const deadline = Date.now() + 10 * leaseMs;
    let held = await other.claimTasks(second);
    while (held.length < 2 && Date.now() < deadline) {
      await systemClock.sleep(50);
      held = await other.claimTasks(second);
    }
    expect(held).toHaveLength(2);
    const taken = held.find((lease) => lease.task === lost.task);
    expect(taken?.epoch).toBeGreaterThan(lost.epoch);
    expect(held.find((lease) => lease.task === kept.task)?.epoch).toBe(kept.epoch);
    await expect(store.reportStatus(lost, { state: 'RUNNING' })).rejects.toMatchObject({ code: 'control.lease.lost' });
    await store.release(lost);
    expect(await store.claimTasks(first)).toEqual([]);
    expect(await other.renew(second)).toHaveLength(2);
  });

  it('gives a restarted worker its tasks back under a new epoch, and refuses the older process of that id', async () => {
    await store.createConnector(sink('lake'));
    const before = await worker('first');
    const [old] = await store.claimTasks(before);
    const after = await worker('first', other);
    const [fresh] = await other.claimTasks(after);
    expect(fresh).toMatchObject({ connector: 'lake', task: 0 });
    expect(fresh?.epoch).toBeGreaterThan(old?.epoch ?? 0);
    await expect(store.claimTasks(before)).rejects.toMatchObject({ code: 'control.lease.lost' });
    await store.unregisterWorker(before);
    expect(await other.renew(after)).toHaveLength(1);
  });

  it('hands over at once when a worker leaves in order', async () => {
    const [first, second] = [await worker('first'), await worker('second', other)];
    await store.createConnector(sink('lake', { tasksMax: 2 }));
    await store.claimTasks(first);
    await other.claimTasks(second);
    await store.unregisterWorker(first);
    expect(await other.claimTasks(second)).toHaveLength(2);
  });

  it('does not start a task elsewhere before its owner has released it', async () => {
    const [first, second] = [await worker('first'), await worker('second', other)];
    await store.createConnector(sink('lake'));
    const [lease] = await store.claimTasks(first);
    if (lease === undefined) throw new Error('the first worker should have the task');
    await store.deleteConnector('lake');
    await store.createConnector(sink('lake', { pinnedWorker: 'second' }));
    expect(await other.claimTasks(second)).toEqual([]);
    await store.release(lease);
    const [next] = await other.claimTasks(second);
    expect(next?.epoch).toBeGreaterThan(lease.epoch);
  });

  it('gives a pinned connector to its worker only', async () => {
    const [first, second] = [await worker('first'), await worker('second', other)];
    await store.createConnector(sink('here', { pinnedWorker: 'second' }));
    expect(await store.claimTasks(first)).toEqual([]);
    expect(idsOf(await other.claimTasks(second))).toEqual(['here-0']);
  });

  it('shows what workers report, restarts what was asked for, and has no tasks when stopped', async () => {
    const first = await worker('first');
    await store.createConnector(sink('lake', { tasksMax: 2 }));
    expect(await store.status('lake')).toMatchObject({ state: 'UNASSIGNED', workerId: null });
    expect(await statesOf('lake')).toEqual(['UNASSIGNED', 'UNASSIGNED']);
    const leases = await store.claimTasks(first);
    for (const lease of leases) {
      const failed = lease.task === 1;
      await store.reportStatus(lease, failed ? { state: 'FAILED', trace: 'no rights' } : { state: 'RUNNING' });
    }
    expect(await store.status('lake')).toMatchObject({
      state: 'RUNNING',
      workerId: 'first',
      tasks: [
        { task: 0, state: 'RUNNING', trace: null },
        { task: 1, state: 'FAILED', trace: 'no rights' },
      ],
    });
    await store.restartTasks('lake', { onlyFailed: true });
    expect(await statesOf('lake')).toEqual(['RUNNING', 'RESTARTING']);
    expect((await store.claimTasks(first)).map((lease) => lease.restarts)).toEqual([0, 1]);
    await expect(store.restartTasks('lake', { task: 5 })).rejects.toMatchObject({ code: 'control.task.unknown' });
    await store.setTargetState('lake', 'PAUSED');
    expect((await store.claimTasks(first)).map((lease) => lease.targetState)).toEqual(['PAUSED', 'PAUSED']);
    await store.setTargetState('lake', 'STOPPED');
    expect(await store.status('lake')).toMatchObject({ state: 'STOPPED', tasks: [] });
    expect(await store.claimTasks(first)).toEqual([]);
    await store.setTargetState('lake', 'RUNNING');
    expect(await store.claimTasks(first)).toHaveLength(2);
  });

  it('wakes watchers on a change, by poll, and again after the database was away', async () => {
    let wakes = 0;
    const watch = other.watch(() => {
      wakes += 1;
    });
    const wakesWithin = async (ms: number): Promise<boolean> => {
      const [before, deadline] = [wakes, Date.now() + ms];
      while (wakes === before && Date.now() < deadline) await systemClock.sleep(5);
      return wakes > before;
    };
    expect(await wakesWithin(1_000)).toBe(true);
    await store.createConnector(sink('lake'));
    expect(await wakesWithin(1_000)).toBe(true);
    await database.stop();
    await expect(store.createConnector(sink('late'))).rejects.toMatchObject({
      code: 'control.database.away',
      retriable: true,
    });
    await expect(store.status('lake')).rejects.toMatchObject({ code: 'control.database.away' });
    await database.start();
    expect(await store.status('lake')).toMatchObject({ name: 'lake' });
    expect(await wakesWithin(2_000)).toBe(true);
    await watch.stop();
  });
});
