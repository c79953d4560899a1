import type { ConnectorStatus } from '#control/task';
import { SinkMetrics } from '#pipeline/sink-metrics';
import { systemClock } from '#std/clock';
import { componentMetrics, taskMetricDefinitions, taskMetrics } from './task-metrics.js';

function reported(kind: 'sink' | 'source', details: Record<string, unknown>) {
  const task = { task: 0, state: 'RUNNING', workerId: 'w', trace: null, details, reportedAt: null } as const;
  const status: ConnectorStatus = { name: 'orders', kind, state: 'RUNNING', workerId: 'w', tasks: [task] };
  return [{ status, task }];
}

describe('metrics of tasks', () => {
  it('declare every number that a sink task counts', () => {
    const counted = Object.keys(new SinkMetrics(systemClock).snapshot()).map((name) => name.replaceAll('-', '_'));
    expect(counted.filter((name) => !Object.hasOwn(taskMetricDefinitions, name))).toEqual([]);
  });

  it('say what each means, count in base units, and end counters with _total', () => {
    for (const { name, help } of Object.values(taskMetricDefinitions)) {
      expect(name).toMatch(/^[a-z]+(_[a-z]+)*$/);
      expect(name).not.toMatch(/_(ms|time|percentage|rate)(_|$)/);
      expect(help).toMatch(/^[A-Z].*\.$/);
    }
    const [family] = taskMetrics(reported('sink', { put_batch_max_time_ms: 250 })).filter(({ name }) =>
      name.includes('put_batch_max'),
    );
    expect(family).toMatchObject({
      name: 'millrace_task_put_batch_max_seconds',
      type: 'gauge',
      samples: [{ value: 0.25 }],
    });
  });

  it('have what was dropped, lost and buried from the first moment on, as 0', () => {
    const families = taskMetrics(reported('sink', {}));
    const value = (name: string) => families.find((family) => family.name === `millrace_task_${name}`);
    for (const name of [
      'records_dropped_intended_total',
      'records_lost_total',
      'deadletterqueue_produce_requests_total',
    ]) {
      expect(value(name)).toMatchObject({
        type: 'counter',
        samples: [{ labels: { connector: 'orders', task: '0' }, value: 0 }],
      });
    }
    expect(taskMetrics(reported('source', {}))).toEqual([]);
  });

  it('keep the names that Flume’s monitoring gives to components', () => {
    const counters = { EventReceivedCount: 7, ChannelSize: 3, OpenConnectionCount: 1, EventReadFail: 0 };
    const components = [{ kind: 'source', name: 'r1', type: 'avro', counters }, { broken: true }];
    const families = componentMetrics(reported('source', { components }));
    expect(families.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'millrace_collector_event_received_total counter',
      'millrace_collector_channel_size gauge',
      'millrace_collector_open_connection_count gauge',
      'millrace_collector_event_read_fail_total counter',
    ]);
    expect(families[0]?.samples).toEqual([
      { labels: { connector: 'orders', kind: 'source', component: 'r1', type: 'avro' }, value: 7 },
    ]);
  });
});
