/**
 * What tasks report, under Prometheus' naming rules: base units, `_total` on counters, one meaning a name. The words are Kafka Connect's
 * (its documentation, Monitoring), so that who knows `sink-record-send-total` finds `millrace_task_sink_record_send_total`.
 */
import type { ConnectorStatus } from '#control/task';
import type { MetricFamily, MetricSample } from '#nest/metrics';

interface Definition {
  /** After `millrace_task_`. */
  readonly name: string;
  readonly help: string;
  /** From the unit that the task reports to the base unit; default 1. */
  readonly scale?: number;
  /** Shown as 0 where a running sink task has not said it yet. */
  readonly always?: boolean;
}

const seconds = { scale: 1 / 1000 };
const always = { always: true };

/** By the name in a task's report. */
export const taskMetricDefinitions: Readonly<Record<string, Definition>> = {
  sink_record_read_total: { name: 'sink_record_read_total', help: 'Records read from topics.' },
  sink_record_send_total: { name: 'sink_record_send_total', help: 'Records that the store took.', ...always },
  sink_record_bytes_total: {
    name: 'sink_record_bytes_total',
    help: 'Bytes of keys, values and headers that the store took.',
  },
  sink_record_read_rate: { name: 'sink_record_read_per_second', help: 'Records read a second, over the last 30 s.' },
  sink_record_send_rate: {
    name: 'sink_record_send_per_second',
    help: 'Records that the store took a second, over the last 30 s.',
  },
  sink_record_filtered_total: {
    name: 'records_dropped_intended_total',
    help: 'Records that a transform left out, as it was told to.',
    ...always,
  },
  total_records_skipped: {
    name: 'records_skipped_total',
    help: 'Records that were refused and passed over, those in the dead-letter topic among them.',
  },
  total_records_lost: {
    name: 'records_lost_total',
    help: 'Records that were refused and are in no dead-letter topic, because errors.drop allows it.',
    ...always,
  },
  sink_record_active_count_avg: { name: 'sink_record_active_average', help: 'Records that the task held, on average.' },
  sink_record_active_count_max: { name: 'sink_record_active_max', help: 'Most records that the task held.' },
  sink_record_lag_max: { name: 'sink_record_lag_max', help: 'Records that the partition furthest behind is behind.' },
  lag_records: {
    name: 'lag_records',
    help: 'Records between what is committed and the ends of the partitions.',
    ...always,
  },
  lag_ms: {
    name: 'lag_seconds',
    help: 'Age of the last record that the store took, where more are waiting; 0 where none is.',
    ...seconds,
    ...always,
  },
  put_batch_total: { name: 'put_batch_total', help: 'Batches that the store took.' },
  put_batch_avg_time_ms: {
    name: 'put_batch_average_seconds',
    help: 'Time that the store took for a batch, on average.',
    ...seconds,
  },
  put_batch_max_time_ms: {
    name: 'put_batch_max_seconds',
    help: 'Longest time that the store took for a batch.',
    ...seconds,
  },
  batch_size_avg: { name: 'batch_records_average', help: 'Records of a batch, on average.' },
  batch_size_max: { name: 'batch_records_max', help: 'Records of the largest batch.' },
  offset_commit_completion_total: {
    name: 'offset_commit_completion_total',
    help: 'Commits of offsets that the group took.',
  },
  offset_commit_skip_total: {
    name: 'offset_commit_skip_total',
    help: 'Commits of offsets that failed and were left to the next one.',
  },
  offset_commit_completion_rate: {
    name: 'offset_commit_completion_per_second',
    help: 'Commits a second, over the last 30 s.',
  },
  offset_commit_skip_rate: {
    name: 'offset_commit_skip_per_second',
    help: 'Failed commits a second, over the last 30 s.',
  },
  offset_commit_avg_time_ms: {
    name: 'offset_commit_average_seconds',
    help: 'Time of a commit, on average.',
    ...seconds,
  },
  offset_commit_max_time_ms: { name: 'offset_commit_max_seconds', help: 'Longest time of a commit.', ...seconds },
  offset_commit_seq_no: { name: 'offset_commit_sequence_number', help: 'Number of the last commit.' },
  offset_commit_success_percentage: {
    name: 'offset_commit_success_ratio',
    help: 'Part of the commits that the group took, 0 to 1.',
  },
  offset_commit_failure_percentage: {
    name: 'offset_commit_failure_ratio',
    help: 'Part of the commits that failed, 0 to 1.',
  },
  total_record_errors: {
    name: 'record_errors_total',
    help: 'Failures to convert, transform or put a record, tries again included.',
  },
  total_record_failures: { name: 'record_failures_total', help: 'Records that were given up.', ...always },
  total_retries: { name: 'retries_total', help: 'Batches that were put again.', ...always },
  total_errors_logged: { name: 'errors_logged_total', help: 'Errors of records that are in the log.' },
  retries_retriable_total: {
    name: 'retries_retriable_total',
    help: 'Tries again because the store was away, busy or slow.',
  },
  retries_fenced_total: { name: 'retries_fenced_total', help: 'Tries again because another owner had taken over.' },
  retries_unknown_total: { name: 'retries_unknown_total', help: 'Tries again after errors that no sink has named.' },
  deadletterqueue_produce_requests: {
    name: 'deadletterqueue_produce_requests_total',
    help: 'Records written to the dead-letter topic.',
    ...always,
  },
  deadletterqueue_produce_failures: {
    name: 'deadletterqueue_produce_failures_total',
    help: 'Writes to the dead-letter topic that failed; the record is held until one succeeds.',
    ...always,
  },
  last_error_timestamp: {
    name: 'last_error_timestamp_seconds',
    help: 'Time of the last error since the epoch; 0: none.',
    ...seconds,
  },
  rebalance_total: { name: 'rebalance_total', help: 'Changes of which partitions the task has.' },
  task_restarts_total: { name: 'restarts_total', help: 'Restarts of the task after a failure, by itself.', ...always },
  running_ratio: { name: 'running_ratio', help: 'Part of the time that the task was not paused, 0 to 1.' },
  pause_ratio: { name: 'pause_ratio', help: 'Part of the time that the task was paused, 0 to 1.' },
  breaker_state: { name: 'breaker_state', help: 'Circuit breaker of the store: 0 closed, 1 half-open, 2 open.' },
};

type TaskOf = { readonly status: ConnectorStatus; readonly task: ConnectorStatus['tasks'][number] };

/** Families `millrace_task_…`; numbers that are not declared keep their own name. */
export function taskMetrics(tasks: readonly TaskOf[]): MetricFamily[] {
  const families = new Map<string, { help: string; samples: MetricSample[] }>();
  const add = (name: string, help: string, { status, task }: TaskOf, value: number): void => {
    const family = families.get(name) ?? { help, samples: [] };
    family.samples.push({ labels: { connector: status.name, task: String(task.task) }, value });
    families.set(name, family);
  };
  for (const each of tasks) {
    const numbers = new Map(
      Object.entries(each.task.details).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
    );
    if (each.status.kind === 'sink') {
      for (const [name, definition] of Object.entries(taskMetricDefinitions)) {
        if (definition.always === true && !numbers.has(name)) numbers.set(name, 0);
      }
    }
    for (const [name, value] of numbers) {
      const definition = Object.hasOwn(taskMetricDefinitions, name) ? taskMetricDefinitions[name] : undefined;
      const own = name.replaceAll(/[^a-zA-Z0-9]+/g, '_').toLowerCase();
      add(
        definition?.name ?? own,
        definition?.help ?? 'As reported by the task.',
        each,
        value * (definition?.scale ?? 1),
      );
    }
  }
  return [...families].map(([name, { help, samples }]) => ({
    name: `millrace_task_${name}`,
    help,
    type: name.endsWith('_total') ? 'counter' : 'gauge',
    samples,
  }));
}

/** Counters of the sources, channels and sinks of collectors, by Flume's names: `EventReceivedCount` is `millrace_collector_event_received_total`. */
export function componentMetrics(tasks: readonly TaskOf[]): MetricFamily[] {
  const families = new Map<string, MetricSample[]>();
  for (const { status, task } of tasks) {
    for (const component of componentsIn(task.details['components'])) {
      for (const [counter, value] of Object.entries(component.counters)) {
        if (typeof value !== 'number') continue;
        const name = familyOf(counter);
        const samples = families.get(name) ?? [];
        const { kind, name: component_name, type } = component;
        samples.push({ labels: { connector: status.name, kind, component: component_name, type }, value });
        families.set(name, samples);
      }
    }
  }
  return [...families].map(([name, samples]) => ({
    name,
    help: 'A counter of a component of a flume.conf, by the name that Flume’s monitoring gives it.',
    type: name.endsWith('_total') ? 'counter' : 'gauge',
    samples,
  }));
}

/** Counts that go up and down. */
const levels = new Set(['OpenConnectionCount']);

function familyOf(counter: string): string {
  const words = counter
    .replaceAll(/[A-Z]+(?![a-z])|[A-Z]/g, (letters) => `_${letters.toLowerCase()}`)
    .replace(/^_/, '');
  const name = words.replaceAll(/[^a-z0-9]+/g, '_');
  const isCounter = /(Count|Fail)$/.test(counter) && !levels.has(counter);
  return `millrace_collector_${isCounter ? `${name.replace(/_count$/, '')}_total` : name}`;
}

interface Component {
  readonly kind: string;
  readonly name: string;
  readonly type: string;
  readonly counters: Readonly<Record<string, unknown>>;
}

function componentsIn(reported: unknown): readonly Component[] {
  return Array.isArray(reported) ? reported.filter(isComponent) : [];
}

function isComponent(value: unknown): value is Component {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, name, type, counters } = value as Record<string, unknown>;
  return (
    [kind, name, type].every((text) => typeof text === 'string') && typeof counters === 'object' && counters !== null
  );
}
