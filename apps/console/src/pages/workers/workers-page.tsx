import { useEffect, useMemo, useRef } from 'react';
import type { z } from 'zod';
import type { WorkerView } from '../../../../admin/src/v1/workers/worker-schemas.js';
import { useLive, useLiveKnown } from '../../api/live-hooks.js';
import { useGet, type Page as ListPage } from '../../api/queries.js';
import { LinkButton, Page } from '../../ui/basics.js';
import { DataTable, type Column } from '../../ui/data-table.js';
import { formatCount } from '../../ui/format.js';
import { EmptyState, ErrorNotice, Loading } from '../../ui/notices.js';
import { Time } from '../../ui/time.js';
import { useParam } from '../../ui/use-param.js';
import { HealthSection } from './health-section.js';
import { NodesSection } from './nodes-section.js';
import { WorkerDrawer } from './worker-drawer.js';
import { WorkerState } from './worker-state.js';
import './workers.css';

export type Worker = z.infer<typeof WorkerView>;

export interface WorkerRow extends Worker {
  readonly key: string;
  /** `running`, `drained`, `silent`. */
  readonly state: string;
}

const workersShownMax = 1_000;

export default function WorkersPage() {
  const [opened, setOpened] = useParam('worker');
  const { rows, isLoading, error, retry } = useWorkerRows();
  const current = rows.find(({ key }) => key === opened);
  return (
    <Page title="Workers">
      <HealthSection />
      <section className="stack" aria-labelledby="workers-heading">
        <h2 id="workers-heading">Workers</h2>
        {error === null ? null : <ErrorNotice error={error} onRetry={retry} />}
        {isLoading ? (
          <Loading what="workers" />
        ) : (
          <DataTable
            label="Workers"
            columns={columnsOf(setOpened)}
            rows={rows}
            keyOf={({ key }) => key}
            current={opened}
            sortedBy={{ column: 'id' }}
            onOpen={({ key }) => setOpened(key)}
            empty={
              <EmptyState title="No worker is alive" command="npx millrace role sink-worker">
                Sinks and collectors wait until a worker takes their tasks.
              </EmptyState>
            }
          />
        )}
        {opened !== '' && current === undefined && !isLoading ? (
          <EmptyState
            title={`The worker ${opened} is not alive`}
            action={<LinkButton to="/workers">Show those that are</LinkButton>}
          />
        ) : null}
      </section>
      <NodesSection />
      {current === undefined ? null : <WorkerDrawer worker={current} onClose={() => setOpened('')} />}
    </Page>
  );
}

/** What REST says, with live states and counts; another set of workers is asked for again. */
function useWorkerRows(): { rows: readonly WorkerRow[]; isLoading: boolean; error: unknown; retry: () => void } {
  const live = useLive('workers');
  const isLive = useLiveKnown('workers');
  const { data, error, isLoading, refetch } = useGet<ListPage<Worker>>('/api/v1/workers', {
    page_size: workersShownMax,
  });
  const liveKeys = [...live.keys()].sort().join(' ');
  const listedKeys = data?.data
    .map(({ kind, id }) => `${kind}/${id}`)
    .sort()
    .join(' ');
  const askedFor = useRef<string | null>(null);
  useEffect(() => {
    if (!isLive || listedKeys === undefined || listedKeys === liveKeys || askedFor.current === liveKeys) return;
    askedFor.current = liveKeys;
    void refetch();
  }, [isLive, liveKeys, listedKeys, refetch]);
  const rows = useMemo(
    () =>
      (data?.data ?? []).map((worker): WorkerRow => {
        const key = `${worker.kind}/${worker.id}`;
        const now = live.get(key);
        const state = now?.state ?? (worker.is_drained ? 'drained' : 'running');
        return { ...worker, key, state, tasks: now?.tasks ?? worker.tasks };
      }),
    [data, live],
  );
  return { rows, isLoading, error, retry: () => void refetch() };
}

function columnsOf(open: (key: string) => void): readonly Column<WorkerRow>[] {
  return [
    {
      id: 'id',
      title: 'Worker',
      width: 'minmax(180px, 1fr)',
      sortBy: ({ key }) => key,
      cell: ({ id, kind, key }) => (
        <button type="button" className="workers-link" aria-label={`${kind} worker ${id}`} onClick={() => open(key)}>
          {id}
        </button>
      ),
    },
    { id: 'kind', title: 'Runs', width: '110px', sortBy: ({ kind }) => kind, cell: ({ kind }) => `${kind}s` },
    {
      id: 'state',
      title: 'State',
      width: '130px',
      sortBy: ({ state }) => state,
      cell: ({ state }) => <WorkerState state={state} />,
    },
    {
      id: 'tasks',
      title: 'Tasks',
      width: '70px',
      isNumber: true,
      sortBy: ({ tasks }) => tasks,
      cell: ({ tasks }) => formatCount(tasks),
    },
    {
      id: 'labels',
      title: 'Labels',
      width: 'minmax(120px, 1fr)',
      sortBy: ({ labels }) => labels.join(' '),
      cell: ({ labels }) => (labels.length === 0 ? <span className="quiet">none</span> : labels.join(', ')),
    },
    {
      id: 'started',
      title: 'Since',
      width: '180px',
      sortBy: ({ started_at: at }) => at,
      cell: ({ started_at: at }) => <Time at={at} />,
    },
  ];
}
