/** What changes from second to second of all tasks and connectors, in few bytes: for screens that follow it. */
import type { EntityManager } from 'typeorm';
import type { ConnectorKind, TargetState } from './connector.js';
import type { TaskDetails, TaskState } from './task.js';

export interface LiveReport {
  readonly connector: string;
  readonly kind: ConnectorKind;
  readonly task: number;
  readonly state: TaskState;
  readonly workerId: string | null;
  /** Its first 500 characters; null where it did not fail. */
  readonly trace: string | null;
  /** Of a collector all of it; of a sink the numbers and texts of `sinkKeys`. */
  readonly details: TaskDetails;
  /** Of a sink: when the store last took something of any partition, ms since 1970; null: never. */
  readonly lastSuccessAt: number | null;
}

/** A connector without its config, which changes only with the revision. */
export interface ConnectorMark {
  readonly name: string;
  readonly kind: ConnectorKind;
  readonly revision: number;
  readonly targetState: TargetState;
  /** A text: another one where it was deleted and created again. */
  readonly createdAt: string;
}

const connectorsMax = 10_000;
const tasksMax = 100_000;

const sinkKeys = [
  'activity',
  'breaker',
  'deadletterqueue_produce_requests',
  'degraded',
  'lag_ms',
  'lag_records',
  'lastError',
  'pause_ratio',
  'put_batch_avg_time_ms',
  'put_batch_max_time_ms',
  'put_batch_total',
  'sink_record_active_count',
  'sink_record_bytes_total',
  'sink_record_filtered_total',
  'sink_record_read_rate',
  'sink_record_send_rate',
  'sink_record_send_total',
  'total_record_failures',
  'total_records_lost',
  'total_retries',
] as const;

export async function readLiveReports(manager: EntityManager): Promise<LiveReport[]> {
  const pairs = sinkKeys.map((key) => `'${key}', details->'${key}'`).join(', ');
  const reports: LiveReport[] = await manager.query(
    `SELECT connector, kind, task, left(trace, 500) AS trace,
            CASE WHEN lease_until >= now() THEN worker_id END AS "workerId",
            CASE WHEN lease_until >= now() THEN state ELSE 'UNASSIGNED' END AS state,
            CASE WHEN kind = 'source' THEN details ELSE jsonb_build_object(${pairs}) END AS details,
            CASE WHEN jsonb_typeof(details->'partitions') = 'array' THEN (
              SELECT max((each->>'lastSuccessAt')::double precision) FROM jsonb_array_elements(details->'partitions') AS each
              WHERE jsonb_typeof(each->'lastSuccessAt') = 'number'
            ) END AS "lastSuccessAt"
     FROM millrace.task WHERE is_wanted ORDER BY connector, task LIMIT ${tasksMax}`,
  );
  return reports;
}

export async function readConnectorMarks(manager: EntityManager): Promise<ConnectorMark[]> {
  const marks: ConnectorMark[] = await manager.query(
    `SELECT name, kind, revision, target_state AS "targetState", created_at::text AS "createdAt"
     FROM millrace.connector ORDER BY name LIMIT ${connectorsMax}`,
  );
  return marks;
}
