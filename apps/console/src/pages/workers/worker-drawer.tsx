import { useState } from 'react';
import { Link } from 'wouter';
import type { z } from 'zod';
import type { WorkerHealth, WorkerTasks } from '../../../../admin/src/v1/workers/worker-schemas.js';
import { useChange, useGet } from '../../api/queries.js';
import { ApiError, request } from '../../api/request.js';
import { useMay } from '../../shell/session.js';
import { Badge, Button, Facts, StateBadge } from '../../ui/basics.js';
import { Confirm, Drawer } from '../../ui/dialogs.js';
import { formatPlural } from '../../ui/format.js';
import { ErrorNotice, Loading, toast } from '../../ui/notices.js';
import { Time } from '../../ui/time.js';
import { WorkerState } from './worker-state.js';
import type { WorkerRow } from './workers-page.js';

type Tasks = z.infer<typeof WorkerTasks>;
type Health = z.infer<typeof WorkerHealth>;

/** A worker, its tasks as it says them, and taking it out of service. */
export function WorkerDrawer({ worker, onClose }: { worker: WorkerRow; onClose: () => void }) {
  const [asked, setAsked] = useState<'drain' | 'resume' | null>(null);
  const mayOperate = useMay('cluster', 'operate');
  const isDrained = worker.state === 'drained';
  return (
    <Drawer title={`${worker.kind} worker ${worker.id}`} isOpen onClose={onClose}>
      <Facts
        facts={[
          ['State', <WorkerState key="state" state={worker.state} />],
          ['Labels', worker.labels.length === 0 ? 'none' : worker.labels.join(', ')],
          ['Address', worker.address ?? 'takes no calls'],
          ['Since', <Time key="since" at={worker.started_at} />],
        ]}
      />
      {mayOperate ? (
        <div className="row">
          {isDrained ? (
            <Button tone="primary" onPress={() => setAsked('resume')}>
              Resume
            </Button>
          ) : (
            <Button onPress={() => setAsked('drain')}>Drain …</Button>
          )}
        </div>
      ) : (
        <p className="quiet">To drain it you need the role of an operator.</p>
      )}
      <TaskList worker={worker} />
      {worker.address === null ? null : <OwnHealth worker={worker} />}
      <StateChange worker={worker} verb={asked} onClose={() => setAsked(null)} />
    </Drawer>
  );
}

function pathOf({ kind, id }: WorkerRow): string {
  return `/api/v1/workers/${kind}/${encodeURIComponent(id)}`;
}

function StateChange(props: { worker: WorkerRow; verb: 'drain' | 'resume' | null; onClose: () => void }) {
  const { worker, verb, onClose } = props;
  const change = useChange(
    (word: 'drain' | 'resume') => request('POST', `${pathOf(worker)}:${word}`),
    '/api/v1/workers',
  );
  const isDrain = verb !== 'resume';
  return (
    <Confirm
      title={`${isDrain ? 'Drain' : 'Resume'} ${worker.kind} worker ${worker.id}`}
      isOpen={verb !== null}
      onClose={onClose}
      verb={isDrain ? 'Drain' : 'Resume'}
      tone={isDrain ? 'danger' : 'primary'}
      run={async () => {
        if (verb === null) return;
        await change.mutateAsync(verb);
        toast(isDrain ? `${worker.id} gives its tasks away.` : `${worker.id} takes its part again.`);
      }}
    >
      {isDrain ? (
        <div className="stack">
          <p>
            It gives {formatPlural(worker.tasks, 'task')} to other {worker.kind} workers with the same labels and takes
            none. It holds until you resume it, or until it starts again.
          </p>
          <p>
            <strong>Where there is no other worker, its tasks stand still</strong> and their lag grows; nothing is lost.
          </p>
        </div>
      ) : (
        <p>It takes its share of the tasks again, within seconds.</p>
      )}
    </Confirm>
  );
}

function TaskList({ worker }: { worker: WorkerRow }) {
  // The number of tasks is part of the key: another one is asked for again.
  const { data, error, refetch } = useGet<Tasks>(`${pathOf(worker)}/tasks`, { count: worker.tasks });
  const place = worker.kind === 'sink' ? 'sinks' : 'collectors';
  return (
    <section className="stack" aria-labelledby="tasks-heading">
      <h3 id="tasks-heading">Tasks</h3>
      {error === null ? null : <ErrorNotice error={error} onRetry={() => void refetch()} />}
      {data === undefined ? error === null ? <Loading what="tasks" /> : null : null}
      {data?.data.length === 0 ? <p className="quiet">It has none now.</p> : null}
      {data === undefined || data.data.length === 0 ? null : (
        <div className="workers-scroll" role="region" aria-label="Table of tasks" tabIndex={0}>
          <table className="plain-table">
            <caption className="unseen">Tasks of {worker.id}</caption>
            <thead>
              <tr>
                <th scope="col">{worker.kind}</th>
                <th scope="col" className="number">
                  Task
                </th>
                <th scope="col">State</th>
              </tr>
            </thead>
            <tbody>
              {data.data.map(({ connector, task, state, trace }) => (
                <tr key={`${connector} ${task}`}>
                  <th scope="row">
                    <Link to={`/${place}/${encodeURIComponent(connector)}`}>{connector}</Link>
                  </th>
                  <td className="number">{task}</td>
                  <td>
                    <StateBadge state={state} />
                    {trace === null || trace === '' ? null : <p className="workers-trace">{trace.split('\n')[0]}</p>}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

/** The worker itself is asked whether it reaches database and topics. */
function OwnHealth({ worker }: { worker: WorkerRow }) {
  const { data, error, refetch } = useGet<Health>(`${pathOf(worker)}/health`);
  return (
    <section className="stack" aria-labelledby="own-health-heading">
      <h3 id="own-health-heading">What it reaches</h3>
      {error instanceof ApiError ? <ErrorNotice error={error} onRetry={() => void refetch()} /> : null}
      <ul className="stack" style={{ gap: 6 }}>
        {data?.checks.map(({ name, ok, ms, message }) => (
          <li key={name} className="row">
            <Badge tone={ok ? 'good' : 'bad'}>{name}</Badge>
            <span className="grow">{message ?? ''}</span>
            <span className="quiet">{ms} ms</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
