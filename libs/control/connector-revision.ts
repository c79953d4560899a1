/**
 * What was wanted before: each change of a connector's config or labels leaves a row, so that it can be seen and taken back. Numbers go on
 * over deletion and creation under the same name, so that a number never means two things.
 */
import type { EntityManager } from 'typeorm';
import type { Connector } from './connector.js';

export interface ConnectorRevision extends Pick<
  Connector,
  'name' | 'kind' | 'config' | 'labels' | 'tasksMax' | 'pinnedWorker' | 'revision'
> {
  /** `created`, `changed`, `deleted`, `rolled back to 3`. */
  readonly action: string;
  /** Who; empty where nobody said. */
  readonly changedBy: string;
  readonly changedAt: Date;
}

/** Of one connector; older ones go. */
const revisionsMax = 100;
/** How long those of a deleted connector stay. */
const daysAfterDeletion = 30;

export async function recordRevision(manager: EntityManager, connector: Connector, action: string): Promise<void> {
  await manager.query(
    `INSERT INTO millrace.connector_revision
       (connector, revision, kind, config, labels, tasks_max, pinned_worker, action, changed_by)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      connector.name,
      connector.revision,
      connector.kind,
      connector.config,
      connector.labels,
      connector.tasksMax,
      connector.pinnedWorker,
      action,
      connector.updatedBy,
    ],
  );
  await manager.query('DELETE FROM millrace.connector_revision WHERE connector = $1 AND revision <= $2', [
    connector.name,
    connector.revision - revisionsMax,
  ]);
}

/** A revision that says who has deleted it; those of connectors that are long gone are dropped. */
export async function recordDeletion(manager: EntityManager, connector: Connector, by: string): Promise<void> {
  const revision = await revisionAfter(manager, connector.name, connector.revision);
  await recordRevision(manager, { ...connector, revision, updatedBy: by }, 'deleted');
  await manager.query(
    `DELETE FROM millrace.connector_revision AS old
     USING (SELECT connector FROM millrace.connector_revision GROUP BY connector
            HAVING max(changed_at) < now() - make_interval(days => $1)) AS gone
     WHERE old.connector = gone.connector
       AND NOT EXISTS (SELECT 1 FROM millrace.connector WHERE connector.name = old.connector)`,
    [daysAfterDeletion],
  );
}

/** The next number under a name: 1 where there was nothing. */
export async function revisionAfter(manager: EntityManager, name: string, current = 0): Promise<number> {
  const rows: { next: number }[] = await manager.query(
    'SELECT greatest(coalesce(max(revision), 0), $2::integer) + 1 AS next FROM millrace.connector_revision WHERE connector = $1',
    [name, current],
  );
  return rows[0]?.next ?? current + 1;
}

/** Newest first. With `revision` only that one. */
export async function readRevisions(
  manager: EntityManager,
  name: string,
  revision: number | null = null,
): Promise<ConnectorRevision[]> {
  const revisions: ConnectorRevision[] = await manager.query(
    `SELECT connector AS name, revision, kind, config, labels, tasks_max AS "tasksMax", pinned_worker AS "pinnedWorker", action,
            changed_by AS "changedBy", changed_at AS "changedAt"
     FROM millrace.connector_revision WHERE connector = $1 AND ($2::integer IS NULL OR revision = $2)
     ORDER BY revision DESC LIMIT ${revisionsMax}`,
    [name, revision],
  );
  return revisions;
}
