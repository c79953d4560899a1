/**
 * Who has which task: the statements behind a worker's claims. Each runs inside a transaction of the control store that holds
 * its lock; times are the database's.
 *
 * A connector with `worker.labels` runs on workers that have all of them; one without runs on workers without labels, so that the
 * workers of a destination can be a deployment of their own. A pinned connector runs on its worker, whatever the labels.
 */
import type { EntityManager } from 'typeorm';
import { MillraceError } from '#std/errors';
import type { ConnectorKind } from './connector.js';
import { controlErrors } from './errors.js';
import type { TaskLease } from './task.js';
import { shareOf, type TaskShare, type WorkerLoad } from './task-share.js';
import type { WorkerSession } from './worker.js';

/** Most leases that one worker holds. */
export const leasesMax = 10_000;
/** For so long after it has joined a worker is made room for. */
const newcomerSeconds = 60;

/** Whether the worker with the labels in parameter `$n` may run the connector, pinned ones apart. */
function isForLabels(parameter: string): string {
  return `(connector.worker_labels <@ ${parameter}::text[]
    AND (cardinality(connector.worker_labels) > 0 OR cardinality(${parameter}::text[]) = 0))`;
}

/**
 * Says that the worker is alive, and gives whether it is drained; its row comes back where it was cleared away. Throws `control.lease.lost` where another process has
 * registered under the same id.
 */
export async function touchWorker(manager: EntityManager, worker: WorkerSession): Promise<boolean> {
  const rows: { drained: boolean }[] = await manager.query(
    `INSERT INTO millrace.worker (id, kind, session, labels, address) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (id, kind) DO UPDATE SET seen_at = now() WHERE worker.session = excluded.session
     RETURNING is_drained AS drained`,
    [worker.id, worker.kind, worker.session, worker.labels, worker.address],
  );
  const [row] = rows;
  if (row === undefined) {
    throw new MillraceError(
      controlErrors.leaseLost,
      `Another process has registered as worker ${worker.id}. Each worker needs an id of its own.`,
    );
  }
  return row.drained;
}

/** Throws `control.worker.unknown` where no such worker is alive. */
export async function setDrained(
  manager: EntityManager,
  worker: Pick<WorkerSession, 'id' | 'kind'>,
  given: { readonly isDrained: boolean; readonly leaseMs: number },
): Promise<void> {
  const [, count]: [unknown, number] = await manager.query(
    `UPDATE millrace.worker SET is_drained = $3, started_at = CASE WHEN $3 THEN started_at ELSE now() END
     WHERE id = $1 AND kind = $2 AND seen_at > now() - make_interval(secs => $4)`,
    [worker.id, worker.kind, given.isDrained, given.leaseMs / 1000],
  );
  if (count === 0) {
    throw new MillraceError(controlErrors.workerUnknown, `There is no living ${worker.kind} worker ${worker.id}.`);
  }
}

/**
 * Gives every owner the time of one more lease where no worker at all was seen for that long: then it was the database that was
 * away, its tasks have gone on meanwhile, and the first worker to come back must not take them for abandoned.
 */
export async function keepLeasesOverOutage(manager: EntityManager, leaseMs: number): Promise<void> {
  await manager.query(
    `UPDATE millrace.task SET lease_until = now() + make_interval(secs => $1)
     WHERE worker_id IS NOT NULL AND lease_until < now()
       AND NOT EXISTS (SELECT FROM millrace.worker WHERE seen_at > now() - make_interval(secs => $1))`,
    [leaseMs / 1000],
  );
}

export async function renewLeases(manager: EntityManager, worker: WorkerSession, leaseMs: number): Promise<void> {
  await manager.query(
    `UPDATE millrace.task SET lease_until = now() + make_interval(secs => $3)
     WHERE worker_id = $1 AND kind = $2 AND is_wanted`,
    [worker.id, worker.kind, leaseMs / 1000],
  );
}

/** Free for others after `keptMs`, until then for the same worker only. */
export async function giveUpLeases(
  manager: EntityManager,
  worker: { readonly id: string; readonly kind: ConnectorKind },
  keptMs: number | null = null,
): Promise<void> {
  await manager.query(
    `UPDATE millrace.task SET worker_id = NULL, lease_until = now() + make_interval(secs => $3), state = 'UNASSIGNED'
     WHERE worker_id = $1 AND kind = $2`,
    [worker.id, worker.kind, keptMs === null ? null : keptMs / 1000],
  );
}

/** An even part of the tasks that no worker is named for, over the living workers with the same labels. */
export async function readShare(manager: EntityManager, worker: WorkerSession, leaseMs: number): Promise<TaskShare> {
  const loads: WorkerLoad[] = await manager.query(
    `SELECT worker.id, worker.started_at > now() - make_interval(secs => $3) AS "isNew",
            count(connector.name)::integer AS tasks
     FROM millrace.worker
       LEFT JOIN millrace.task
         ON task.worker_id = worker.id AND task.kind = worker.kind AND task.is_wanted AND task.lease_until >= now()
       LEFT JOIN millrace.connector ON connector.name = task.connector AND connector.pinned_worker IS NULL
     WHERE worker.kind = $1 AND worker.labels <@ $4::text[] AND worker.labels @> $4::text[] AND NOT worker.is_drained
       AND worker.seen_at > now() - make_interval(secs => $2)
     GROUP BY worker.id, worker.started_at`,
    [worker.kind, leaseMs / 1000, newcomerSeconds, worker.labels],
  );
  const free: { count: number }[] = await manager.query(
    `SELECT count(*)::integer AS count
     FROM millrace.task JOIN millrace.connector ON connector.name = task.connector
     WHERE task.kind = $1 AND task.is_wanted AND connector.pinned_worker IS NULL AND ${isForLabels('$2')}
       AND (task.worker_id IS NULL OR task.lease_until < now())`,
    [worker.kind, worker.labels],
  );
  return shareOf(worker.id, loads, free[0]?.count ?? 0);
}

/**
 * Takes free tasks under a new epoch: those pinned to this worker, then `share` others. What it had last comes first, and what is kept for
 * another one which has just come back is left to it. Gives how many.
 */
export async function takeFreeTasks(
  manager: EntityManager,
  worker: WorkerSession,
  given: { readonly share: number; readonly leaseMs: number },
): Promise<number> {
  const take = async (condition: string, parameters: readonly unknown[]): Promise<number> => {
    const [, count]: [unknown, number] = await manager.query(
      `UPDATE millrace.task
       SET worker_id = $1, last_worker_id = $1, epoch = nextval('millrace.task_epoch'), state = 'UNASSIGNED', trace = NULL,
           lease_until = now() + make_interval(secs => $3)
       FROM (
         SELECT task.connector, task.task
         FROM millrace.task JOIN millrace.connector ON connector.name = task.connector
         WHERE task.kind = $2 AND task.is_wanted AND ${condition}
           AND (task.lease_until IS NULL OR task.lease_until < now() OR (task.worker_id IS NULL AND task.last_worker_id = $1))
         ORDER BY coalesce(task.last_worker_id = $1, false) DESC, task.task, task.connector
         LIMIT $4
       ) AS free
       WHERE task.connector = free.connector AND task.task = free.task`,
      [worker.id, worker.kind, given.leaseMs / 1000, ...parameters],
    );
    return count;
  };
  const pinned = await take('connector.pinned_worker = $1', [leasesMax]);
  return (
    pinned + (await take(`connector.pinned_worker IS NULL AND ${isForLabels('$5')}`, [given.share, worker.labels]))
  );
}

/** All that it may go on to run, but `without` of those that others can run, which are the same each time. */
export async function leasesOf(manager: EntityManager, worker: WorkerSession, without = 0): Promise<TaskLease[]> {
  const leases: TaskLease[] = await manager.query(
    `SELECT task.connector, task.task, task.kind, task.worker_id AS "workerId", task.epoch, task.restarts,
            connector.tasks_max AS "taskCount", connector.config,
              connector.revision - connector.label_revisions AS revision,
            connector.target_state AS "targetState"
     FROM millrace.task JOIN millrace.connector ON connector.name = task.connector
     WHERE task.worker_id = $1 AND task.kind = $2 AND task.is_wanted
       AND (connector.pinned_worker = $1 OR (connector.pinned_worker IS NULL AND ${isForLabels('$4')}))
       AND (task.connector, task.task) NOT IN (
         SELECT task.connector, task.task
         FROM millrace.task JOIN millrace.connector ON connector.name = task.connector
         WHERE task.worker_id = $1 AND task.kind = $2 AND task.is_wanted AND connector.pinned_worker IS NULL
         ORDER BY task.task DESC, task.connector DESC
         LIMIT $3
       )
     ORDER BY task.connector, task.task
     LIMIT ${leasesMax}`,
    [worker.id, worker.kind, without, worker.labels],
  );
  return leases;
}
