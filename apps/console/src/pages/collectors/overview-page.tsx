import { useLive, useLiveRow } from '../../api/live-hooks.js';
import { Badge, Facts, Figures, StateBadge } from '../../ui/basics.js';
import { formatPlural, formatRate, formatSeconds } from '../../ui/format.js';
import { EmptyState, ErrorNotice, Loading } from '../../ui/notices.js';
import { Time } from '../../ui/time.js';
import { useComponents, useStatus, type Collector, type CollectorStatus, type Components } from './collector-api.js';
import { CollectorFrame } from './collector-frame.js';
import { ComponentTable } from './component-table.js';
import { RateChart } from './rate-chart.js';

export default function OverviewPage({ params }: { params: Readonly<Record<string, string>> }) {
  const name = params['name'] ?? '';
  return (
    <CollectorFrame key={name} name={name}>
      {({ body }) => <Overview collector={body} />}
    </CollectorFrame>
  );
}

function Overview({ collector }: { collector: Collector }) {
  const { name } = collector;
  const components = useComponents(name);
  const status = useStatus(name).data;
  const row = useLiveRow('collectors', name);
  const topology = useLive('topology');
  const said = components.data;
  const newest = said === undefined ? null : newestOf(said);
  return (
    <>
      <Trouble collector={collector} status={status} said={said} />
      <Figures
        figures={[
          { name: 'Records', value: formatRate(row?.records_per_second) },
          { name: 'Last event', value: newest === null ? '–' : <LastEvent at={newest} /> },
          { name: 'In its channels', value: said === undefined ? '–' : heldText(said) },
          { name: 'Failures', value: row?.failures ?? '–' },
        ]}
      />
      <section className="stack" aria-labelledby="components">
        <h2 id="components">Components</h2>
        {components.error === null ? null : (
          <ErrorNotice error={components.error} onRetry={() => void components.refetch()} />
        )}
        {said === undefined ? (
          components.error === null ? (
            <Loading what="components" />
          ) : null
        ) : said.data.length === 0 ? (
          <EmptyState title="Nothing runs">
            Its flume.conf has errors, or names no component: see Configuration.
          </EmptyState>
        ) : (
          <ComponentTable components={said.data} nodes={topology} collector={name} />
        )}
      </section>
      <div className="columns">
        <RateChart name={name} />
        <section className="card stack" aria-labelledby="tasks">
          <h2 id="tasks">Tasks</h2>
          {status === undefined ? <Loading what="tasks" /> : <Tasks status={status} said={said} />}
        </section>
        <section className="card stack" aria-labelledby="facts">
          <h2 id="facts">Collector</h2>
          <Facts
            facts={[
              ['Agent', collector.agent],
              ['Revision', `${collector.revision}`],
              ['Changed', <Time key="at" at={collector.updated_at} />],
              ['By', collector.updated_by === '' ? '–' : collector.updated_by],
              ['Created', <Time key="made" at={collector.created_at} />],
              ['Only on worker', collector.worker_id ?? 'any'],
              ['Labels', labelText(collector.labels)],
            ]}
          />
        </section>
      </div>
    </>
  );
}

/** Why it is not well, in words. */
function Trouble(props: { collector: Collector; status: CollectorStatus | undefined; said: Components | undefined }) {
  const { collector, status, said } = props;
  const lines: string[] = [];
  for (const task of status?.tasks ?? []) {
    if (task.trace !== null) lines.push(`Task ${task.task} failed: ${task.trace.split('\n')[0] ?? ''}`);
    else if (task.last_error !== null) lines.push(task.last_error.message);
    if (task.state === 'UNASSIGNED') {
      const where =
        collector.worker_id === undefined
          ? 'A worker takes it within seconds'
          : `Only the worker ${collector.worker_id} may take it`;
      lines.push(`Task ${task.task} has no worker yet. ${where}; Workers shows who is there.`);
    }
  }
  if (collector.state === 'STOPPED') lines.push('It is stopped: nothing of it runs until somebody resumes it.');
  if (collector.state === 'PAUSED')
    lines.push('It is paused: channels and positions are kept until somebody resumes it.');
  const running = said?.running_revision ?? null;
  if (running !== null && running > 0 && running !== collector.revision) {
    lines.push(`Revision ${collector.revision} is wanted; its worker still runs revision ${running}.`);
  }
  if (lines.length === 0) return null;
  const isBad = status?.tasks.some(({ state }) => state === 'FAILED') === true;
  return (
    <div className="notice stack" data-tone={isBad ? 'bad' : 'warn'} role="status" style={{ gap: 4 }}>
      {lines.map((line) => (
        <p key={line}>{line}</p>
      ))}
    </div>
  );
}

function Tasks({ status, said }: { status: CollectorStatus; said: Components | undefined }) {
  if (status.tasks.length === 0) return <p className="quiet">None: it is stopped.</p>;
  return (
    <ul className="stack">
      {status.tasks.map((task) => (
        <li key={task.task} className="row">
          <span>Task {task.task}</span>
          <StateBadge state={task.state} />
          {said?.agent_state === 'DEGRADED' ? <Badge tone="warn">a component is not well</Badge> : null}
          <span className="quiet">
            {task.worker_id === null ? 'no worker' : <>on {task.worker_id}</>} · said <Time at={task.reported_at} />
          </span>
        </li>
      ))}
    </ul>
  );
}

function newestOf({ data }: Components): string | null {
  return data
    .map(({ last_event_at: at }) => at)
    .reduce((newest, at) => (at !== null && (newest === null || at > newest) ? at : newest), null);
}

function LastEvent({ at }: { at: string }) {
  const age = Math.max(0, Math.round((Date.now() - Date.parse(at)) / 1_000));
  return <span title={at}>{age < 2 ? 'just now' : `${formatSeconds(age)} ago`}</span>;
}

function heldText({ data }: Components): string {
  const sizes = data.flatMap(({ size }) => (size === null ? [] : [size]));
  return sizes.length === 0
    ? '–'
    : formatPlural(
        sizes.reduce((sum, size) => sum + size, 0),
        'event',
      );
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  return pairs.length === 0 ? 'none' : pairs.join(', ');
}
