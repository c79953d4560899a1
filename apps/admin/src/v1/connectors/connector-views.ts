/** How connectors are, in the words of `/api/v1`. */
import { z } from 'zod';
import type { Connector } from '#control/connector';
import type { ConnectorRevision } from '#control/connector-revision';
import type { TaskCounts } from '#control/connector-status';
import type { ConnectorStatus, TaskStatus } from '#control/task';
import type { ConnectorClasses } from '../../connect/connector-class.js';
import { hideSecrets, hideUrls } from '../../connect/secrets.js';
import type { BriefStatus, PartitionView, RevisionView, StatusView, TaskView } from './connector-schemas.js';

const time = z.number().nullish().catch(null);
const reported = z.object({
  lastError: z
    .object({ message: z.string(), at: time, attempts: z.number().default(0) })
    .nullish()
    .catch(null),
  guarantee: z.string().nullish().catch(null),
  activity: z.string().nullish().catch(null),
  degraded: z.boolean().nullish().catch(null),
  breaker: z.string().nullish().catch(null),
  restart: z.unknown().optional(),
  lag_records: z.number().catch(0),
  lag_ms: z.number().catch(0),
  partitions: z
    .array(
      z.object({
        topic: z.string(),
        partition: z.number(),
        position: time,
        committed: time,
        lag: time,
        lastSuccessAt: time,
        lastTimestamp: time,
        bufferedBytes: z.number().catch(0),
        pausedBy: z.string().nullish().catch(null),
      }),
    )
    .catch([]),
});

export function statusView(connector: Connector, status: ConnectorStatus): z.output<typeof StatusView> {
  const tasks = status.tasks.map((task) => ({ task, said: reported.parse(task.details) }));
  const counts: Record<string, number> = {};
  for (const { state } of status.tasks) counts[state] = (counts[state] ?? 0) + 1;
  return {
    name: status.name,
    kind: status.kind === 'sink' ? 'SinkStatus' : 'CollectorStatus',
    state: briefState(connector, counts),
    wanted_state: connector.targetState,
    revision: connector.revision,
    delivery: tasks.map(({ said }) => said.guarantee).find((guarantee) => guarantee) ?? null,
    lag_records: tasks.reduce((sum, { said }) => sum + said.lag_records, 0),
    lag_seconds: Math.max(0, ...tasks.map(({ said }) => said.lag_ms)) / 1000,
    tasks: tasks.map(({ task }) => taskView(task)),
    partitions: tasks.flatMap(({ task, said }) =>
      said.partitions.map((partition): z.output<typeof PartitionView> => ({
        task: task.task,
        topic: partition.topic,
        partition: partition.partition,
        position: partition.position ?? null,
        committed: partition.committed ?? null,
        lag: partition.lag ?? null,
        last_ok_at: instant(partition.lastSuccessAt),
        last_record_at: instant(partition.lastTimestamp),
        buffered_bytes: partition.bufferedBytes,
        paused_by: partition.pausedBy ?? null,
      })),
    ),
  };
}

export function taskView(task: TaskStatus): z.output<typeof TaskView> {
  const said = reported.parse(task.details);
  const numbers = Object.entries(task.details).filter(
    (entry): entry is [string, number] => typeof entry[1] === 'number',
  );
  const { lastError } = said;
  return {
    task: task.task,
    state: task.state,
    worker_id: task.workerId,
    reported_at: task.reportedAt?.toISOString() ?? null,
    trace: task.trace === null || task.trace === '' ? null : hideUrls(task.trace),
    last_error: lastError
      ? { message: hideUrls(lastError.message), at: instant(lastError.at), attempts: lastError.attempts }
      : null,
    activity: said.activity ?? null,
    degraded: said.degraded ?? false,
    breaker: said.breaker ?? null,
    restart: said.restart ?? null,
    metrics: Object.fromEntries(numbers),
  };
}

export function briefStatus(connector: Connector, counts: TaskCounts = {}): z.output<typeof BriefStatus> {
  return { state: briefState(connector, counts), tasks: { ...counts } };
}

function briefState(connector: Connector, counts: TaskCounts): z.output<typeof BriefStatus>['state'] {
  if ((counts.FAILED ?? 0) > 0) return 'FAILED';
  if (connector.targetState !== 'RUNNING') return connector.targetState;
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return total === (counts.UNASSIGNED ?? 0) ? 'UNASSIGNED' : 'RUNNING';
}

/** `revisions` newest first; each is compared with the one before it. */
export function revisionViews(
  classes: ConnectorClasses,
  revisions: readonly ConnectorRevision[],
): z.output<typeof RevisionView>[] {
  return revisions.map((revision, at) => {
    const options = classes.find(revision.config['connector.class'] ?? '', revision.config)?.options ?? {};
    const before = revisions[at + 1];
    return {
      revision: revision.revision,
      action: revision.action,
      changed_by: revision.changedBy,
      changed_at: revision.changedAt.toISOString(),
      labels: { ...revision.labels },
      config: hideSecrets(options, revision.config),
      changed_keys: before === undefined ? [] : changedKeys(revision, before),
    };
  });
}

function changedKeys(now: ConnectorRevision, before: ConnectorRevision): string[] {
  const keys = new Set([...Object.keys(now.config), ...Object.keys(before.config)]);
  const changed = [...keys].filter((key) => now.config[key] !== before.config[key]).sort();
  const labels = new Set([...Object.keys(now.labels), ...Object.keys(before.labels)]);
  const hasOtherLabels = [...labels].some((label) => now.labels[label] !== before.labels[label]);
  return hasOtherLabels ? [...changed, 'labels'] : changed;
}

/** Wall time in ms as text; 0 and less: never. */
function instant(ms: number | null | undefined): string | null {
  return ms === null || ms === undefined || ms <= 0 ? null : new Date(ms).toISOString();
}
