/** The status of connectors and tasks as Kafka Connect tells it, out of desired state and what workers reported. */
import type { EntityManager } from 'typeorm';
import type { Connector } from './connector.js';
import type { ConnectorStatus, Task, TaskDetails, TaskState, TaskStatus } from './task.js';

const connectorsMax = 10_000;
const tasksMax = 100_000;

/** What a status needs of a connector. */
type Wanted = Pick<Connector, 'name' | 'kind' | 'targetState'>;

/** What lists show of a report, kept beside it: without the numbers, partitions and components, which are most of it. */
const briefKeys = ['lastError', 'guarantee', 'activity', 'degraded', 'breaker', 'rateLimit', 'batchMode', 'restart'];

export function briefOf(details: TaskDetails): TaskDetails {
  return Object.fromEntries(briefKeys.flatMap((key) => (details[key] ? [[key, details[key]]] : [])));
}

/** Of one connector or, with null, of all, by name; `isBrief` leaves numbers, partitions and components out. */
export async function readStatuses(
  manager: EntityManager,
  name: string | null,
  isBrief = false,
): Promise<ConnectorStatus[]> {
  // Plain rows: entities of ten thousand connectors would take longer than the query.
  const connectors: Wanted[] = await manager.query(
    `SELECT name, kind, target_state AS "targetState" FROM millrace.connector
     WHERE $1::text IS NULL OR name = $1 ORDER BY name LIMIT ${connectorsMax}`,
    [name],
  );
  const byConnector = Map.groupBy(await readTasks(manager, name, isBrief), (task) => task.connector);
  return connectors.map((connector) => statusOf(connector, byConnector.get(connector.name) ?? []));
}

/** Tasks that are wanted; a task whose lease is over shows as nobody's. */
async function readTasks(manager: EntityManager, connector: string | null, isBrief: boolean): Promise<Task[]> {
  const tasks: Task[] = await manager.query(
    `SELECT connector, task, trace, reported_at AS "reportedAt",
            ${isBrief ? 'brief' : 'details'} AS details,
            CASE WHEN lease_until >= now() THEN worker_id END AS "workerId",
            CASE WHEN lease_until >= now() THEN state ELSE 'UNASSIGNED' END AS state
     FROM millrace.task WHERE is_wanted AND ($1::text IS NULL OR connector = $1)
     ORDER BY connector, task LIMIT ${tasksMax}`,
    [connector],
  );
  return tasks;
}

function statusOf(connector: Wanted, tasks: readonly Task[]): ConnectorStatus {
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
