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
import {
  connectorEntity,
  type Connector,
  type ConnectorKind,
  type ConnectorSpec,
  type TargetState,
} from './connector.js';
import { readRevisions, recordDeletion, type ConnectorRevision } from './connector-revision.js';
import { controlChannel, ControlWatch } from './control-watch.js';
import { briefOf, readStatuses, readTaskCounts, type TaskCounts } from './connector-status.js';
import { openDatabase, withDatabase } from './database.js';
import {
  adjustTasks,
  dropReleasedTasks,
  insertConnector,
  readConnectors,
  readNames,
  requireConnector,
  requireRevisionOf,
  updateConnector,
} from './desired-connectors.js';
import { controlErrors } from './errors.js';
import { readConnectorMarks, readLiveReports, type ConnectorMark, type LiveReport } from './live-reports.js';
import { controlMigrations } from './migrations.js';
import {
  giveUpLeases,
  keepLeasesOverOutage,
  leasesOf,
  readShare,
  renewLeases,
  setDrained,
  takeFreeTasks,
  touchWorker,
} from './task-leases.js';
import { taskEntity, type ConnectorStatus, type LeaseKey, type TaskLease, type TaskReport } from './task.js';
import { leaseMsDefault, workerEntity, type Worker, type WorkerIdentity, type WorkerSession } from './worker.js';

export interface ControlStoreOptions {
  readonly databaseUrl: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long a lease lives without renewal, ms; default 8,000. The same for all. */
  readonly leaseMs?: number;
  /** How often `watch` wakes without a notice, ms; default 2,000. */
  readonly pollMs?: number;
  /** Connections to the database; default 3. `watch` takes one more. */
  readonly connectionsMax?: number;
}

export interface RestartScope {
  /** Only tasks that have failed, also those that are to be restarted after a while. Default false. */
  readonly onlyFailed?: boolean;
  /** Only this task. */
  readonly task?: number;
}

const rowsMax = 10_000;
const traceLengthMax = 16_384;
/** Any number, the same in every process of the product. */
const controlLock = 723_460_002;

export class ControlStore {
  private readonly leaseMs: number;
  private source: DataSource | null = null;

  constructor(private readonly options: ControlStoreOptions) {
    this.leaseMs = options.leaseMs ?? leaseMsDefault;
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
    return this.read('listing connectors', readConnectors);
  }

  /** In order; at most 10,000. */
  connectorNames(): Promise<string[]> {
    return this.read('listing connectors', readNames);
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
      return insertConnector(manager, spec);
    });
  }

  /** Replaces config and labels, or creates the connector. The same again changes nothing. Throws `control.connector.changed`. */
  putConnector(spec: ConnectorSpec): Promise<{ connector: Connector; isNew: boolean }> {
    return this.write('writing a connector', async (manager) => {
      const old = await manager.findOneBy(connectorEntity, { name: spec.name });
      if (old === null) return { connector: await insertConnector(manager, spec), isNew: true };
      requireRevisionOf(old, spec.expectedRevision);
      return { connector: await updateConnector(manager, old, spec), isNew: false };
    });
  }

  /** Throws `control.connector.unknown` and `control.connector.changed`. Its history stays for 30 days. */
  deleteConnector(name: string, options: { by?: string; expectedRevision?: number } = {}): Promise<void> {
    return this.write('deleting a connector', async (manager) => {
      const connector = await requireConnector(manager, name);
      requireRevisionOf(connector, options.expectedRevision);
      await recordDeletion(manager, connector, options.by ?? '');
      await manager.delete(connectorEntity, { name });
      await manager.query('UPDATE millrace.task SET is_wanted = false WHERE connector = $1', [name]);
      await dropReleasedTasks(manager);
    });
  }

  /** What was wanted under a name, newest first, at most 100; also of a connector that is gone, for 30 days. */
  revisions(name: string): Promise<ConnectorRevision[]> {
    return this.read('reading the history of a connector', (manager) => readRevisions(manager, name));
  }

  /** Null where it is not kept. */
  async findRevision(name: string, revision: number): Promise<ConnectorRevision | null> {
    const doing = 'looking up a revision';
    return (await this.read(doing, (manager) => readRevisions(manager, name, revision)))[0] ?? null;
  }

  /** Throws `control.connector.unknown`. */
  setTargetState(name: string, state: TargetState): Promise<Connector> {
    return this.write('changing the state of a connector', async (manager) => {
      await requireConnector(manager, name);
      await manager.update(connectorEntity, { name }, { targetState: state });
      const connector = await requireConnector(manager, name);
      await adjustTasks(manager, connector);
      return connector;
    });
  }

  /** Marks tasks RESTARTING; their workers stop and start them. Throws `control.connector.unknown` or `control.task.unknown`. */
  restartTasks(name: string, scope: RestartScope = {}): Promise<void> {
    return this.write('restarting tasks', async (manager) => {
      await requireConnector(manager, name);
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

  /** Of all connectors, by name; `isBrief` leaves numbers, partitions and components out. */
  statuses(isBrief = false): Promise<ConnectorStatus[]> {
    return this.read('reading status', (manager) => readStatuses(manager, null, isBrief));
  }

  /** How all tasks are, in what changes from second to second. */
  liveReports(): Promise<LiveReport[]> {
    return this.read('reading reports', readLiveReports);
  }

  /** Of all connectors, by name; at most 10,000. */
  connectorMarks(): Promise<ConnectorMark[]> {
    return this.read('reading revisions', readConnectorMarks);
  }

  /** Of all connectors that have tasks. */
  taskCounts(): Promise<Map<string, TaskCounts>> {
    return this.read('counting tasks', readTaskCounts);
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

  /**
   * Lets a worker give its tasks to others and take none, or take its part again. Throws `control.worker.unknown` where it is not
   * alive.
   */
  setWorkerDrained(worker: { readonly id: string; readonly kind: ConnectorKind }, isDrained: boolean): Promise<void> {
    return this.write('draining a worker', (manager) =>
      setDrained(manager, worker, { isDrained, leaseMs: this.leaseMs }),
    );
  }

  // For workers

  /**
   * Says that a worker is there. Leases of an earlier process under the same id are given up first, so that the same tasks come back
   * to it under a new epoch.
   */
  registerWorker(worker: WorkerIdentity): Promise<WorkerSession> {
    const { id, kind, labels = [], address = null } = worker;
    return this.write('registering a worker', async (manager) => {
      await keepLeasesOverOutage(manager, this.leaseMs);
      await giveUpLeases(manager, worker, this.leaseMs);
      // Rows of workers that never come back, from ids that were made up at each start.
      await manager.query("DELETE FROM millrace.worker WHERE seen_at < now() - interval '1 day'");
      const rows: { session: number }[] = await manager.query(
        `INSERT INTO millrace.worker (id, kind, session, labels, address)
         VALUES ($1, $2, nextval('millrace.worker_session'), $3, $4)
         ON CONFLICT (id, kind) DO UPDATE
           SET session = excluded.session, labels = excluded.labels, address = excluded.address, is_drained = false,
               started_at = now(), seen_at = now()
         RETURNING session`,
        [id, kind, labels, address],
      );
      return { id, kind, labels, address, session: rows[0]?.session ?? 0 };
    });
  }

  /** Gives up all leases at once, so that others take over without waiting for them to expire. Call when all tasks have stopped. */
  unregisterWorker(worker: WorkerSession): Promise<void> {
    return this.write('unregistering a worker', async (manager) => {
      const query = 'DELETE FROM millrace.worker WHERE id = $1 AND kind = $2 AND session = $3';
      const [, count]: [unknown, number] = await manager.query(query, [worker.id, worker.kind, worker.session]);
      if (count > 0) await giveUpLeases(manager, worker);
    });
  }

  /**
   * Renews what the worker has, takes its share of what nobody has, and gives all that it is to run now. What is not in the
   * answer it must stop and `release`. Call it on each `watch`, at least every third of the lease time. After an outage of the
   * database owners keep their tasks, whatever its length; see `keepLeasesOverOutage`.
   *
   * Its share is an even part of the tasks over the living workers of its kind and labels; see `shareOf`. Of sinks, a worker that has just joined is
   * made room for: what the others are to give up is missing in their answers. Throws `control.lease.lost` where another process has
   * registered under the same id.
   */
  claimTasks(worker: WorkerSession): Promise<TaskLease[]> {
    return this.write(
      'claiming tasks',
      async (manager) => {
        const { leaseMs } = this;
        await keepLeasesOverOutage(manager, leaseMs);
        const isDrained = await touchWorker(manager, worker);
        await dropReleasedTasks(manager);
        await renewLeases(manager, worker, leaseMs);
        if (isDrained) return [];
        const { take, give } = await readShare(manager, worker, leaseMs);
        const claimed = await takeFreeTasks(manager, worker, { share: take, leaseMs });
        if (claimed > 0) this.options.logger.info('Took over tasks.', { worker: worker.id, tasks: claimed });
        // What runs on a collector's machine may be bound to it by files and ports.
        return leasesOf(manager, worker, worker.kind === 'sink' ? give : 0);
      },
      { quiet: true },
    );
  }

  /** As `claimTasks`, but takes nothing new: for a worker that is about to stop. */
  renew(worker: WorkerSession): Promise<TaskLease[]> {
    return this.write(
      'renewing leases',
      async (manager) => {
        await touchWorker(manager, worker);
        await renewLeases(manager, worker, this.leaseMs);
        return leasesOf(manager, worker);
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
      await dropReleasedTasks(manager);
    });
  }

  /** Throws `control.lease.lost` where the task has another owner by now: stop it without a commit. */
  async reportStatus(lease: LeaseKey, report: TaskReport): Promise<void> {
    const [, count] = await this.read<[unknown, number]>('reporting the status of a task', (manager) =>
      manager.query(
        `UPDATE millrace.task
         SET state = $5, trace = $6, details = coalesce($7, details), brief = coalesce($8, brief), reported_at = now()
         WHERE connector = $1 AND task = $2 AND worker_id = $3 AND epoch = $4`,
        [
          lease.connector,
          lease.task,
          lease.workerId,
          lease.epoch,
          report.state,
          report.trace?.slice(0, traceLengthMax) ?? null,
          report.details ?? null,
          report.details === undefined ? null : briefOf(report.details),
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
