import { Link } from 'wouter';
import { useLiveRow, useSeries } from '../../api/live-hooks.js';
import { Facts, Figures, Lag, StateBadge } from '../../ui/basics.js';
import { formatCount, formatRate, formatSeconds } from '../../ui/format.js';
import { EmptyState } from '../../ui/notices.js';
import { TimeChart } from '../../ui/time-chart.js';
import { Time } from '../../ui/time.js';
import { Guarantee } from './guarantee.js';
import { useSinkStatus, type Sink, type SinkTask } from './sink-api.js';
import { SinkFrame } from './sink-frame.js';

/** Health: what is promised, how far it is, what it waits for. */
export default function SinkOverviewPage({ params }: { params: Readonly<Record<string, string>> }) {
  const name = params['name'] ?? '';
  return <SinkFrame name={name}>{({ body }) => <Overview sink={body} />}</SinkFrame>;
}

function Overview({ sink }: { sink: Sink }) {
  const live = useLiveRow('sinks', sink.name);
  const status = useSinkStatus(sink.name).data;
  const rate = useSeries([live?.records_per_second]);
  const lag = useSeries([live?.lag_records, live?.lag_seconds]);
  const delivery = status?.delivery ?? sink.delivery;
  return (
    <div className="stack">
      {live === undefined || live.reason === null ? null : (
        <p className="notice" data-tone={live.state === 'FAILED' ? 'bad' : 'warn'} role="status">
          {live.reason}
        </p>
      )}
      <Figures
        figures={[
          { name: 'Written', value: formatRate(live?.records_per_second) },
          {
            name: 'Lag',
            value: <Lag records={live?.lag_records ?? status?.lag_records} seconds={live?.lag_seconds} />,
          },
          {
            name: 'Last commit',
            value:
              live === undefined || live.commit_age_seconds === null
                ? '–'
                : `${formatSeconds(live.commit_age_seconds)} ago`,
          },
          { name: 'Batch, average', value: formatSeconds(live?.batch_avg_seconds) },
          { name: 'Batch, longest', value: formatSeconds(live?.batch_max_seconds) },
          { name: 'Tries again', value: formatCount(live?.retries) },
          {
            name: 'Dead letters',
            value: <Link to={`/dead-letters/${encodeURIComponent(sink.name)}`}>{formatCount(live?.dead_letters)}</Link>,
          },
        ]}
      />
      <div className="card">
        <Facts
          facts={[
            ['Guarantee', <Guarantee key="guarantee" delivery={delivery} isTold />],
            ['Type', sink.type],
            [
              'Reads',
              sink.topics === undefined
                ? `/${sink.topics_regex ?? ''}/`
                : sink.topics.map((topic) => (
                    <Link key={topic} to={`/topics/${encodeURIComponent(topic)}`} style={{ marginRight: 8 }}>
                      {topic}
                    </Link>
                  )),
            ],
            ['Revision', `${sink.revision}, by ${sink.updated_by}`],
            ['Changed', <Time key="changed" at={sink.updated_at} />],
          ]}
        />
      </div>
      <div className="columns">
        <div className="card">
          <TimeChart
            title="Records written a second"
            at={rate.at}
            lines={[{ name: 'written', values: rate.values[0] ?? [] }]}
            format={formatRate}
          />
        </div>
        <div className="card">
          <TimeChart
            title="Lag in records"
            at={lag.at}
            lines={[{ name: 'lag', values: lag.values[0] ?? [], colour: 'var(--series-2)' }]}
            format={formatCount}
          />
        </div>
      </div>
      <h2>Tasks</h2>
      {status === undefined || status.tasks.length === 0 ? (
        <EmptyState title="No task has been given out" command="npx millrace status">
          A stopped sink has none; else a sink worker takes them within seconds.
        </EmptyState>
      ) : (
        <div className="columns">
          {status.tasks.map((task) => (
            <Task key={task.task} task={task} />
          ))}
        </div>
      )}
    </div>
  );
}

function Task({ task }: { task: SinkTask }) {
  const { metrics, last_error } = task;
  const ms = (name: string): string => formatSeconds(metrics[name] === undefined ? null : metrics[name] / 1_000);
  return (
    <section className="card stack" aria-label={`Task ${task.task}`}>
      <div className="row">
        <h3>Task {task.task}</h3>
        <StateBadge state={task.state} />
        {task.degraded ? <StateBadge state="degraded" /> : null}
      </div>
      <Facts
        facts={[
          ['Worker', task.worker_id ?? 'none'],
          ['Says', task.activity ?? '–'],
          ['Reported', <Time key="reported" at={task.reported_at} />],
          ['Written', formatCount(metrics['sink_record_send_total'])],
          ['Batch', `${ms('put_batch_avg_time_ms')} on average, ${ms('put_batch_max_time_ms')} at most`],
          ['Tries again', formatCount(metrics['total_retries'])],
          ...(task.breaker === null ? [] : [['Circuit breaker', task.breaker] as const]),
        ]}
      />
      {last_error === null ? null : (
        <div className="notice" data-tone="warn">
          <strong>{last_error.message}</strong>
          <p className="quiet">
            <Time at={last_error.at} />, try {last_error.attempts}
          </p>
        </div>
      )}
      {task.trace === null ? null : (
        <details>
          <summary style={{ minHeight: 24, cursor: 'pointer' }}>Why it failed</summary>
          <pre>{task.trace}</pre>
        </details>
      )}
    </section>
  );
}
