/** The statements behind what is wanted, each for one transaction under the control lock; `ControlStore` says when. */
import type { EntityManager } from 'typeorm';
import { MillraceError } from '#std/errors';
import { connectorEntity, type Connector, type ConnectorSpec } from './connector.js';
import { recordRevision, revisionAfter } from './connector-revision.js';
import { controlErrors } from './errors.js';

export async function requireConnector(manager: EntityManager, name: string): Promise<Connector> {
  const connector = await manager.findOneBy(connectorEntity, { name });
  if (connector === null) throw new MillraceError(controlErrors.connectorUnknown, `Connector ${name} not found`);
  return connector;
}

const connectorsMax = 10_000;

/** By name. Plain rows: entities of ten thousand connectors would take longer than the query. */
export async function readConnectors(manager: EntityManager): Promise<Connector[]> {
  const connectors: Connector[] = await manager.query(
    `SELECT name, kind, config, target_state AS "targetState", revision, labels, tasks_max AS "tasksMax",
            pinned_worker AS "pinnedWorker", created_at AS "createdAt", updated_at AS "updatedAt", updated_by AS "updatedBy"
     FROM millrace.connector ORDER BY name LIMIT ${connectorsMax}`,
  );
  return connectors;
}

export async function readNames(manager: EntityManager): Promise<string[]> {
  const rows: { name: string }[] = await manager.query(
    `SELECT name FROM millrace.connector ORDER BY name LIMIT ${connectorsMax}`,
  );
  return rows.map(({ name }) => name);
}

export async function insertConnector(manager: EntityManager, spec: ConnectorSpec): Promise<Connector> {
  await manager.query(
    `INSERT INTO millrace.connector
       (name, kind, config, target_state, revision, tasks_max, pinned_worker, labels, updated_by)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      spec.name,
      spec.kind,
      spec.config,
      spec.initialState ?? 'RUNNING',
      await revisionAfter(manager, spec.name),
      spec.tasksMax,
      spec.pinnedWorker ?? null,
      spec.labels ?? {},
      spec.by ?? '',
    ],
  );
  const connector = await requireConnector(manager, spec.name);
  await adjustTasks(manager, connector);
  await recordRevision(manager, connector, spec.action ?? 'created');
  return connector;
}

/** The same again changes nothing; other labels alone are a revision that restarts no task. */
export async function updateConnector(manager: EntityManager, old: Connector, spec: ConnectorSpec): Promise<Connector> {
  const labels = spec.labels ?? old.labels;
  const sameLabels = sameTexts(old.labels, labels);
  const sameWork = sameTexts(old.config, spec.config) && old.tasksMax === spec.tasksMax && old.kind === spec.kind;
  if (sameWork && sameLabels) return old;
  await manager.query(
    `UPDATE millrace.connector
     SET kind = $2, config = $3, tasks_max = $4, pinned_worker = $5, labels = $6, updated_by = $7, updated_at = now(),
         revision = $8, label_revisions = label_revisions + $9 + $8 - revision - 1
     WHERE name = $1`,
    [
      spec.name,
      spec.kind,
      spec.config,
      spec.tasksMax,
      spec.pinnedWorker ?? null,
      labels,
      spec.by ?? '',
      await revisionAfter(manager, spec.name, old.revision),
      sameWork ? 1 : 0,
    ],
  );
  const connector = await requireConnector(manager, spec.name);
  await adjustTasks(manager, connector);
  await recordRevision(manager, connector, spec.action ?? 'changed');
  return connector;
}

/** Throws `control.connector.changed` (412) where the caller has read another revision. */
export function requireRevisionOf(connector: Connector, expected: number | undefined): void {
  if (expected === undefined || connector.revision === expected) return;
  throw new MillraceError(
    controlErrors.connectorChanged,
    `${connector.name} has changed since: it is at revision ${connector.revision}, and the change is for revision ${expected}. Read it again and repeat the change.`,
  );
}

/** Makes the rows of tasks fit what is wanted, without touching those that stay. */
export async function adjustTasks(manager: EntityManager, connector: Connector): Promise<void> {
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
  await dropReleasedTasks(manager);
}

export async function dropReleasedTasks(manager: EntityManager): Promise<void> {
  await manager.query('DELETE FROM millrace.task WHERE NOT is_wanted AND (worker_id IS NULL OR lease_until < now())');
}

type Texts = Readonly<Record<string, string>>;

function sameTexts(a: Texts, b: Texts): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
