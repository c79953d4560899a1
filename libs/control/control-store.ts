/**
 * Desired state and leases, in PostgreSQL. Admin writes what is wanted; workers claim tasks, keep their leases alive and report.
 *
 * Invariants: a task has one owner at a time; its epoch rises with each new owner and never falls, also over deletion and
 * creation under the same name; a task that is no longer wanted keeps its row until its owner has released it or the lease is
 * over, so that its successor does not start beside it. Claims and writes of desired state take one advisory lock, so they come one after
 * another; time is the database's, so the clocks of workers do not matter.
 */
import type { DataSource, EntityManager, EntitySchema } from 'typeorm';
import type { Clock } from '#std/clock';
import { MillraceError } from '#std/errors';
import type { Logger } from '#std/log';
import { systemRandom } from '#std/random';
import { connectorEntity, type Connector, type ConnectorKind, type TargetState } from './connector.js';
import { controlChannel, ControlWatch } from './control-watch.js';
import { readStatuses } from './connector-status.js';
import { openDatabase, withDatabase } from './database.js';
import { controlErrors } from './errors.js';
import { controlMigrations } from './migrations.js';
import { shareOf, type TaskShare, type WorkerLoad } from './task-share.js';
import { taskEntity, type ConnectorStatus, type LeaseKey, type TaskLease, type TaskReport } from './task.js';
import { workerEntity, type Worker, type WorkerSession } from './worker.js';

export interface ControlStoreOptions {
  readonly databaseUrl: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long a lease lives without renewal, ms; default 10,000. The same for all. */
  readonly leaseMs?: number;
  /** How often `watch` wakes without a notice, ms; default 2,000. */
  readonly pollMs?: number;
  /** Connections to the database; default 3. `watch` takes one more. */
  readonly connectionsMax?: number;
}

export interface ConnectorSpec {
  readonly name: string;
  readonly kind: ConnectorKind;
  readonly config: Readonly<Record<string, string>>;
  /** 1 to 1000. */
  readonly tasksMax: number;
  /** Default: any worker. */
  readonly pinnedWorker?: string | null;
  /** Of a new connector; an old one keeps its state. Default RUNNING. */
  readonly initialState?: TargetState;
}

export interface RestartScope {
  /** Only tasks that have failed, also those that are to be restarted after a while. Default false. */
  readonly onlyFailed?: boolean;
  /** Only this task. */
  readonly task?: number;
}

const rowsMax = 10_000;
const traceLengthMax = 16_384;
/** For so long after it has joined a worker is made room for. */
const newcomerSeconds = 60;
/** Any number, the same in every process of the product. */
const controlLock = 723_460_002;

export class ControlStore {
  private readonly leaseMs: number;
  private source: DataSource | null = null;

  constructor(private readonly options: ControlStoreOptions) {
    this.leaseMs = options.leaseMs ?? 10_000;
  }

  /** Connects and migrates. Throws `control.database.away` (retriable). */
  async start(): Promise<void> {
    this.source = await openDatabase({
      databaseUrl: this.options.databaseUrl,
      room: 'control',
      entities: [connectorEntity, taskEntity, workerEntity] as EntitySchema<never>[],
      migrations: controlMigrations,
      logger: this.options.logger,
      connectionsMax: this.options.connectionsMax,
    });
  }

  async stop(): Promise<void> {
    const source = this.source;
    this.source = null;
    await source?.destroy();
  }

  /** Throws when the database does not answer. */
  async ping(): Promise<void> {
    await this.read('asking whether it is there', (manager) => manager.query('SELECT 1'));
  }

  // What is wanted

  /** By name; at most 10,000. */
  listConnectors(): Promise<Connector[]> {
    return this.read('listing connectors', (manager) =>
      manager.find(connectorEntity, { order: { name: 'ASC' }, take: rowsMax }),
    );
  }

  findConnector(name: string): Promise<Connector | null> {
    return this.read('looking up a connector', (manager) => manager.findOneBy(connectorEntity, { name }));
  }

  /** Throws `control.connector.exists`. */
  createConnector(spec: ConnectorSpec): Promise<Connector> {
    return this.write('creating a connector', async (manager) => {
      if ((await manager.findOneBy(connectorEntity, { name: spec.name })) !== null) {
        throw new MillraceError(controlErrors.connectorExists, `Connector ${spec.name} already exists`);
      }
      return this.insertConnector(manager, spec);
    });
  }

  /** Replaces the config, or creates the connector. The same config again changes nothing. */
  putConnector(spec: ConnectorSpec): Promise<{ connector: Connector; isNew: boolean }> {
    return this.write('writing a connector', async (manager) => {
      const old = await manager.findOneBy(connectorEntity, { name: spec.name });
      if (old === null) return { connector: await this.insertConnector(manager, spec), isNew: true };
      const isSame = sameConfig(old.config, spec.config) && old.tasksMax === spec.tasksMax && old.kind === spec.kind;
      await manager.query(
        `UPDATE millrace.connector
         SET kind = $2, config = $3, tasks_max = $4, pinned_worker = $5, revision = revision + $6, updated_at = now()
         WHERE name = $1`,
        [spec.name, spec.kind, spec.config, spec.tasksMax, spec.pinnedWorker ?? null, isSame ? 0 : 1],
      );
      const connector = await this.requireConnector(manager, spec.name);
      await this.adjustTasks(manager, connector);
      return { connector, isNew: false };
    });
  }

  /** Throws `control.connector.unknown`. */
  deleteConnector(name: string): Promise<void> {
    return this.write('deleting a connector', async (manager) => {
      await this.requireConnector(manager, name);
      await manager.delete(connectorEntity, { name });
      await manager.query('UPDATE millrace.task SET is_wanted = false WHERE connector = $1', [name]);
      await this.dropReleasedTasks(manager);
    });
  }

  /** Throws `control.connector.unknown`. */
  setTargetState(name: string, state: TargetState): Promise<Connector> {
    return this.write('changing the state of a connector', async (manager) => {
      await this.requireConnector(manager, name);
      await manager.update(connectorEntity, { name }, { targetState: state });
      const connector = await this.requireConnector(manager, name);
      await this.adjustTasks(manager, connector);
      return connector;
    });
  }

  /** Marks tasks RESTARTING; their workers stop and start them. Throws `control.connector.unknown` or `control.task.unknown`. */
  restartTasks(name: string, scope: RestartScope = {}): Promise<void> {
    return this.write('restarting tasks', async (manager) => {
      await this.requireConnector(manager, name);
      const task = scope.task ?? null;
      if (task !== null && (await manager.findOneBy(taskEntity, { connector: name, task, isWanted: true })) === null) {
        throw new MillraceError(controlErrors.taskUnknown, `Unknown task: ${name}-${task}`);
      }
      await manager.query(
        `UPDATE millrace.task SET restarts = restarts + 1, state = 'RESTARTING'
         WHERE connector = $1 AND is_wanted AND ($2::integer IS NULL OR task = $2) AND (NOT $3 OR state IN ('FAILED', 'RESTARTING'))`,
        [name, task, scope.onlyFailed ?? false],
      );
    });
  }

  // How it is

  /** Null where there is no such connector. */
  async status(name: string): Promise<ConnectorStatus | null> {
    return (await this.read('reading status', (manager) => readStatuses(manager, name)))[0] ?? null;
  }

  /** Of all connectors, by name; at most 10,000 tasks. */
  statuses(): Promise<ConnectorStatus[]> {
    return this.read('reading status', (manager) => readStatuses(manager, null));
  }

  /** Those seen within the lease time. */
  listWorkers(): Promise<Worker[]> {
    return this.read('listing workers', (manager) =>
      manager
        .createQueryBuilder(workerEntity, 'worker')
        .where(`worker.seenAt > now() - make_interval(secs => :seconds)`, { seconds: this.leaseMs / 1000 })
        .orderBy('worker.id')
        .limit(rowsMax)
        .getMany(),
    );
  }

  // For workers

  /**
   * Says that a worker is there. Leases of an earlier process under the same id are given up first, so that the same tasks come back
   * to it under a new epoch.
   */
  registerWorker(worker: { readonly id: string; readonly kind: ConnectorKind }): Promise<WorkerSession> {
    return this.write('registering a worker', async (manager) => {
      await this.giveUpLeases(manager, worker, this.leaseMs);
      // Rows of workers that never come back, from ids that were made up at each start.
      await manager.query("DELETE FROM millrace.worker WHERE seen_at < now() - interval '1 day'");
      const rows: { session: number }[] = await manager.query(
        `INSERT INTO millrace.worker (id, kind, session) VALUES ($1, $2, nextval('millrace.worker_session'))
         ON CONFLICT (id, kind) DO UPDATE SET session = excluded.session, started_at = now(), seen_at = now()
         RETURNING session`,
        [worker.id, worker.kind],
      );
      return { id: worker.id, kind: worker.kind, session: rows[0]?.session ?? 0 };
    });
  }

  /** Gives up all leases at once, so that others take over without waiting for them to expire. Call when all tasks have stopped. */
  unregisterWorker(worker: WorkerSession): Promise<void> {
    return this.write('unregistering a worker', async (manager) => {
      const query = 'DELETE FROM millrace.worker WHERE id = $1 AND kind = $2 AND session = $3';
      const [, count]: [unknown, number] = await manager.query(query, [worker.id, worker.kind, worker.session]);
      if (count > 0) await this.giveUpLeases(manager, worker);
    });
  }

  /**
   * Renews what the worker has, takes its share of what nobody has, and gives all that it is to run now. What is not in the
   * answer it must stop and `release`. Call it on each `watch`, at least every third of the lease time; a worker that could
   * not call for `leaseMs` has lost its leases and must stop its tasks by its own clock.
   *
   * Its share is an even part of the tasks over the living workers of its kind; see `shareOf`. Of sinks, a worker that has just joined is
   * made room for: what the others are to give up is missing in their answers. Throws `control.lease.lost` where another process has
   * registered under the same id.
   */
  claimTasks(worker: WorkerSession): Promise<TaskLease[]> {
    return this.write(
      'claiming tasks',
      async (manager) => {
        await this.touchWorker(manager, worker);
        await this.dropReleasedTasks(manager);
        await this.renewLeases(manager, worker);
        const { take, give } = await this.shareOf(manager, worker);
        const claimed =
          (await this.takeFreeTasks(manager, worker, { pinned: true, count: rowsMax })) +
          (await this.takeFreeTasks(manager, worker, { pinned: false, count: take }));
        if (claimed > 0) this.options.logger.info('Took over tasks.', { worker: worker.id, tasks: claimed });
        // What runs on a collector's machine may be bound to it by files and ports.
        return this.leasesOf(manager, worker, worker.kind === 'sink' ? give : 0);
      },
      { quiet: true },
    );
  }

  /** As `claimTasks`, but takes nothing new: for a worker that is about to stop. */
  renew(worker: WorkerSession): Promise<TaskLease[]> {
    return this.write(
      'renewing leases',
      async (manager) => {
        await this.touchWorker(manager, worker);
        await this.renewLeases(manager, worker);
        return this.leasesOf(manager, worker);
      },
      { quiet: true },
    );
  }

  /** Gives up one task that has stopped. Nothing happens where the lease is lost already. */
  release(lease: LeaseKey): Promise<void> {
    return this.write('releasing a task', async (manager) => {
      await manager.query(
        `UPDATE millrace.task SET worker_id = NULL, lease_until = NULL, state = 'UNASSIGNED'
         WHERE connector = $1 AND task = $2 AND worker_id = $3 AND epoch = $4`,
        [lease.connector, lease.task, lease.workerId, lease.epoch],
      );
      await this.dropReleasedTasks(manager);
    });
  }

  /** Throws `control.lease.lost` where the task has another owner by now: stop it without a commit. */
  async reportStatus(lease: LeaseKey, report: TaskReport): Promise<void> {
    const [, count] = await this.read<[unknown, number]>('reporting the status of a task', (manager) =>
      manager.query(
        `UPDATE millrace.task SET state = $5, trace = $6, details = coalesce($7, details), reported_at = now()
         WHERE connector = $1 AND task = $2 AND worker_id = $3 AND epoch = $4`,
        [
          lease.connector,
          lease.task,
          lease.workerId,
          lease.epoch,
          report.state,
          report.trace?.slice(0, traceLengthMax) ?? null,
          report.details ?? null,
        ],
      ),
    );
    if (count === 0) {
      throw new MillraceError(
        controlErrors.leaseLost,
        `Worker ${lease.workerId} no longer owns task ${lease.connector}-${lease.task} (epoch ${lease.epoch}).`,
      );
    }
  }

  /** Calls `onChange` soon after each change of what is wanted, and every `pollMs`. Stop it before the store. */
  watch(onChange: () => void): { stop(): Promise<void> } {
    const watch = new ControlWatch({
      databaseUrl: this.options.databaseUrl,
      clock: this.options.clock,
      random: systemRandom,
      logger: this.options.logger,
      pollMs: this.options.pollMs ?? 2_000,
      onChange,
    });
    watch.start();
    return watch;
  }

  private async insertConnector(manager: EntityManager, spec: ConnectorSpec): Promise<Connector> {
    await manager.query(
      `INSERT INTO millrace.connector (name, kind, config, target_state, revision, tasks_max, pinned_worker)
       VALUES ($1, $2, $3, $4, 1, $5, $6)`,
      [spec.name, spec.kind, spec.config, spec.initialState ?? 'RUNNING', spec.tasksMax, spec.pinnedWorker ?? null],
    );
    const connector = await this.requireConnector(manager, spec.name);
    await this.adjustTasks(manager, connector);
    return connector;
  }

  private async requireConnector(manager: EntityManager, name: string): Promise<Connector> {
    const connector = await manager.findOneBy(connectorEntity, { name });
    if (connector === null) throw new MillraceError(controlErrors.connectorUnknown, `Connector ${name} not found`);
    return connector;
  }

  /** Makes the rows of tasks fit what is wanted, without touching those that stay. */
  private async adjustTasks(manager: EntityManager, connector: Connector): Promise<void> {
    const count = connector.targetState === 'STOPPED' ? 0 : connector.tasksMax;
    await manager.query('UPDATE millrace.task SET is_wanted = task < $2, kind = $3 WHERE connector = $1', [
      connector.name,
      count,
      connector.kind,
    ]);
    await manager.query(
      `INSERT INTO millrace.task (connector, task, kind)
       SELECT $1, number, $3 FROM generate_series(0, $2::integer - 1) AS number
       ON CONFLICT (connector, task) DO NOTHING`,
      [connector.name, count, connector.kind],
    );
    await this.dropReleasedTasks(manager);
  }

  private async dropReleasedTasks(manager: EntityManager): Promise<void> {
    await manager.query('DELETE FROM millrace.task WHERE NOT is_wanted AND (worker_id IS NULL OR lease_until < now())');
  }

  private async touchWorker(manager: EntityManager, worker: WorkerSession): Promise<void> {
    const query = 'UPDATE millrace.worker SET seen_at = now() WHERE id = $1 AND kind = $2 AND session = $3';
    const [, count]: [unknown, number] = await manager.query(query, [worker.id, worker.kind, worker.session]);
    if (count === 0) {
      throw new MillraceError(
        controlErrors.leaseLost,
        `Another process has registered as worker ${worker.id}. Each worker needs an id of its own.`,
      );
    }
  }

  private async renewLeases(manager: EntityManager, worker: WorkerSession): Promise<void> {
    await manager.query(
      `UPDATE millrace.task SET lease_until = now() + make_interval(secs => $3)
       WHERE worker_id = $1 AND kind = $2 AND is_wanted`,
      [worker.id, worker.kind, this.leaseMs / 1000],
    );
  }

  /** Free for others after `keptMs`, until then for the same worker only. */
  private async giveUpLeases(
    manager: EntityManager,
    worker: { id: string; kind: ConnectorKind },
    keptMs: number | null = null,
  ): Promise<void> {
    await manager.query(
      `UPDATE millrace.task SET worker_id = NULL, lease_until = now() + make_interval(secs => $3), state = 'UNASSIGNED'
       WHERE worker_id = $1 AND kind = $2`,
      [worker.id, worker.kind, keptMs === null ? null : keptMs / 1000],
    );
  }

  private async shareOf(manager: EntityManager, worker: WorkerSession): Promise<TaskShare> {
    const parameters = [worker.kind, this.leaseMs / 1000, newcomerSeconds];
    const loads: WorkerLoad[] = await manager.query(
      `SELECT worker.id, worker.started_at > now() - make_interval(secs => $3) AS "isNew",
              count(connector.name)::integer AS tasks
       FROM millrace.worker
         LEFT JOIN millrace.task
           ON task.worker_id = worker.id AND task.kind = worker.kind AND task.is_wanted AND task.lease_until >= now()
         LEFT JOIN millrace.connector ON connector.name = task.connector AND connector.pinned_worker IS NULL
       WHERE worker.kind = $1 AND worker.seen_at > now() - make_interval(secs => $2)
       GROUP BY worker.id, worker.started_at`,
      parameters,
    );
    const free: { count: number }[] = await manager.query(
      `SELECT count(*)::integer AS count
       FROM millrace.task JOIN millrace.connector ON connector.name = task.connector
       WHERE task.kind = $1 AND task.is_wanted AND connector.pinned_worker IS NULL
         AND (task.worker_id IS NULL OR task.lease_until < now())`,
      [worker.kind],
    );
    return shareOf(worker.id, loads, free[0]?.count ?? 0);
  }

  /**
   * Takes free tasks under a new epoch; those that it had last come first, and those that are kept for another one which has just come
   * back are left to it. Gives how many.
   */
  private async takeFreeTasks(
    manager: EntityManager,
    worker: WorkerSession,
    wanted: { pinned: boolean; count: number },
  ): Promise<number> {
    const pin = wanted.pinned ? 'connector.pinned_worker = $1' : 'connector.pinned_worker IS NULL';
    const [, count]: [unknown, number] = await manager.query(
      `UPDATE millrace.task
       SET worker_id = $1, last_worker_id = $1, epoch = nextval('millrace.task_epoch'), state = 'UNASSIGNED', trace = NULL,
           lease_until = now() + make_interval(secs => $3)
       FROM (
         SELECT task.connector, task.task
         FROM millrace.task JOIN millrace.connector ON connector.name = task.connector
         WHERE task.kind = $2 AND task.is_wanted AND ${pin}
           AND (task.lease_until IS NULL OR task.lease_until < now() OR (task.worker_id IS NULL AND task.last_worker_id = $1))
         ORDER BY coalesce(task.last_worker_id = $1, false) DESC, task.task, task.connector
         LIMIT $4
       ) AS free
       WHERE task.connector = free.connector AND task.task = free.task`,
      [worker.id, worker.kind, this.leaseMs / 1000, wanted.count],
    );
    return count;
  }

  /** All but `without`, which are the same each time. */
  private async leasesOf(manager: EntityManager, worker: WorkerSession, without = 0): Promise<TaskLease[]> {
    const leases: TaskLease[] = await manager.query(
      `SELECT task.connector, task.task, task.kind, task.worker_id AS "workerId", task.epoch, task.restarts,
              connector.tasks_max AS "taskCount", connector.config, connector.revision,
              connector.target_state AS "targetState"
       FROM millrace.task JOIN millrace.connector ON connector.name = task.connector
       WHERE task.worker_id = $1 AND task.kind = $2 AND task.is_wanted
         AND (task.connector, task.task) NOT IN (
           SELECT task.connector, task.task
           FROM millrace.task JOIN millrace.connector ON connector.name = task.connector
           WHERE task.worker_id = $1 AND task.kind = $2 AND task.is_wanted AND connector.pinned_worker IS NULL
           ORDER BY task.task DESC, task.connector DESC
           LIMIT $3
         )
       ORDER BY task.connector, task.task
       LIMIT ${rowsMax}`,
      [worker.id, worker.kind, without],
    );
    return leases;
  }

  private read<T>(doing: string, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return withDatabase(doing, () => work(this.database().manager));
  }

  /** One transaction under the control lock; tells the watchers, unless `quiet`. */
  private write<T>(
    doing: string,
    work: (manager: EntityManager) => Promise<T>,
    options: { quiet?: boolean } = {},
  ): Promise<T> {
    return withDatabase(doing, () =>
      this.database().transaction(async (manager) => {
        await manager.query('SELECT pg_advisory_xact_lock($1)', [controlLock]);
        const result = await work(manager);
        if (options.quiet !== true) await manager.query('SELECT pg_notify($1, $2)', [controlChannel, doing]);
        return result;
      }),
    );
  }

  private database(): DataSource {
    if (this.source !== null) return this.source;
    throw new MillraceError(controlErrors.databaseAway, 'The control store is not started.');
  }
}

function sameConfig(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
