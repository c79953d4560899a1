/** The status of connectors and tasks as Kafka Connect tells it, out of desired state and what workers reported. */
import type { EntityManager } from 'typeorm';
import { connectorEntity, type Connector } from './connector.js';
import type { ConnectorStatus, Task, TaskState, TaskStatus } from './task.js';

const rowsMax = 10_000;

/** Of one connector or, with null, of all, by name. */
export async function readStatuses(manager: EntityManager, name: string | null): Promise<ConnectorStatus[]> {
  const where = name === null ? {} : { name };
  const connectors = await manager.find(connectorEntity, { where, order: { name: 'ASC' }, take: rowsMax });
  const byConnector = Map.groupBy(await readTasks(manager, name), (task) => task.connector);
  return connectors.map((connector) => statusOf(connector, byConnector.get(connector.name) ?? []));
}

/** Tasks that are wanted; a task whose lease is over shows as nobody's. */
async function readTasks(manager: EntityManager, connector: string | null): Promise<Task[]> {
  const tasks: Task[] = await manager.query(
    `SELECT connector, task, trace, details, reported_at AS "reportedAt",
            CASE WHEN lease_until >= now() THEN worker_id END AS "workerId",
            CASE WHEN lease_until >= now() THEN state ELSE 'UNASSIGNED' END AS state
     FROM millrace.task WHERE is_wanted AND ($1::text IS NULL OR connector = $1)
     ORDER BY connector, task LIMIT ${rowsMax}`,
    [connector],
  );
  return tasks;
}

function statusOf(connector: Connector, tasks: readonly Task[]): ConnectorStatus {
  const list = tasks.map((task): TaskStatus => ({
    task: task.task,
    state: task.state,
    workerId: task.workerId,
    trace: task.state === 'FAILED' || task.state === 'RESTARTING' ? task.trace : null,
    details: task.details,
    reportedAt: task.reportedAt,
  }));
  const workerId = list.find((task) => task.workerId !== null)?.workerId ?? null;
  const isUnassigned = connector.targetState === 'RUNNING' && workerId === null;
  return {
    name: connector.name,
    kind: connector.kind,
    state: isUnassigned ? 'UNASSIGNED' : connector.targetState,
    workerId,
    tasks: list,
  };
}

/** How many tasks of a connector are in which state. */
export type TaskCounts = Readonly<Partial<Record<TaskState, number>>>;

/** By connector; without those that have no task. */
export async function readTaskCounts(manager: EntityManager): Promise<Map<string, TaskCounts>> {
  const rows: { connector: string; counts: TaskCounts }[] = await manager.query(
    `SELECT connector, json_object_agg(state, tasks) AS counts
     FROM (
       SELECT connector, CASE WHEN lease_until >= now() THEN state ELSE 'UNASSIGNED' END AS state, count(*)::integer AS tasks
       FROM millrace.task WHERE is_wanted GROUP BY 1, 2
     ) AS by_state
     GROUP BY connector`,
  );
  return new Map(rows.map(({ connector, counts }) => [connector, counts]));
}
