import { useMemo } from 'react';
import { Link, useLocation, useSearchParams } from 'wouter';
import type { LiveConnector } from '../../../../admin/src/v1/events/live-rows.js';
import { useLive } from '../../api/live-hooks.js';
import { usePages } from '../../api/queries.js';
import { useMay } from '../../shell/session.js';
import { LinkButton, Page, StateBadge } from '../../ui/basics.js';
import { DataTable, type Column } from '../../ui/data-table.js';
import { TextField } from '../../ui/fields.js';
import { formatRate } from '../../ui/format.js';
import { EmptyState, ErrorNotice, Loading } from '../../ui/notices.js';
import { Spark } from '../../ui/spark.js';
import { Time } from '../../ui/time.js';
import { CollectorActions } from './collector-actions.js';
import './collectors.css';
import { collectorsPath, pageOf, type Collector } from './collector-api.js';

interface Row {
  readonly name: string;
  readonly agent: string;
  readonly state: string;
  readonly target: string;
  readonly tasks: Readonly<Record<string, number>>;
  readonly revision: number;
  readonly updatedAt: string;
  readonly live: LiveConnector | undefined;
}

export default function CollectorsPage() {
  const [search, setSearch] = useSearchParams();
  const filter = search.get('filter') ?? '';
  const { data, error, refetch, hasNextPage, fetchNextPage } = usePages<Collector>(collectorsPath, { limit: 500 });
  const live = useLive('collectors');
  const [, navigate] = useLocation();
  const mayEdit = useMay('collectors', 'edit');
  const all = useMemo(
    () => (data?.pages ?? []).flatMap(({ data: page }) => page).map((one) => rowOf(one, live.get(one.name))),
    [data, live],
  );
  const rows = useMemo(() => all.filter((row) => isFound(row, filter)), [all, filter]);
  return (
    <Page
      title="Collectors"
      actions={
        mayEdit ? (
          <LinkButton to="/collectors/new" tone="primary">
            New collector
          </LinkButton>
        ) : null
      }
    >
      {error === null ? null : <ErrorNotice error={error} onRetry={() => void refetch()} />}
      {data === undefined ? (
        error === null ? (
          <Loading what="collectors" />
        ) : null
      ) : all.length === 0 ? (
        <EmptyState
          title="No collectors yet"
          command="npx millrace collector create -f flume.conf"
          {...(mayEdit ? { action: <LinkButton to="/collectors/new">Paste a flume.conf</LinkButton> } : {})}
        >
          A collector runs an agent of a flume.conf: sources, interceptors, channels and sinks.
        </EmptyState>
      ) : (
        <>
          <div data-shortcut="search" className="collectors-filter">
            <TextField
              label="Filter"
              type="search"
              value={filter}
              placeholder="part of a name, an agent or a state"
              onChange={(text) => setSearch(text === '' ? {} : { filter: text }, { replace: true })}
            />
          </div>
          <DataTable
            label="Collectors"
            columns={columns}
            rows={rows}
            keyOf={({ name }) => name}
            sortedBy={{ column: 'name' }}
            rowHeight={44}
            onOpen={({ name }) => navigate(pageOf(name))}
            empty={
              <p className="quiet">
                None of {all.length} matches “{filter}”.
              </p>
            }
            {...(hasNextPage ? { onEnd: () => void fetchNextPage() } : {})}
          />
        </>
      )}
    </Page>
  );
}

const columns: readonly Column<Row>[] = [
  {
    id: 'name',
    title: 'Name',
    width: 'minmax(120px, 2fr)',
    sortBy: ({ name }) => name,
    cell: ({ name }) => <Link to={pageOf(name)}>{name}</Link>,
  },
  {
    id: 'state',
    title: 'State',
    width: 'minmax(100px, 1fr)',
    sortBy: ({ state }) => state,
    cell: ({ state, live }) => (
      <StateBadge state={state} {...(live === undefined || live.reason === null ? {} : { title: live.reason })} />
    ),
  },
  { id: 'agent', title: 'Agent', width: 'minmax(80px, 1fr)', sortBy: ({ agent }) => agent, cell: ({ agent }) => agent },
  { id: 'tasks', title: 'Tasks', width: 'minmax(90px, 1fr)', cell: ({ tasks }) => taskText(tasks) },
  {
    id: 'rate',
    title: 'Records',
    width: 'minmax(160px, 1.4fr)',
    isNumber: true,
    sortBy: ({ live }) => live?.records_per_second ?? null,
    cell: ({ name, live }) => (
      <span className="collectors-rate">
        <Spark table="collectors" row={name} field="records_per_second" />
        {formatRate(live?.records_per_second)}
      </span>
    ),
  },
  {
    id: 'errors',
    title: 'Errors',
    width: 'minmax(60px, 0.6fr)',
    isNumber: true,
    sortBy: ({ live }) => live?.failures ?? null,
    cell: ({ live }) => live?.failures ?? '–',
  },
  {
    id: 'changed',
    title: 'Changed',
    width: 'minmax(205px, 1.2fr)',
    sortBy: ({ updatedAt }) => updatedAt,
    cell: ({ updatedAt, revision }) => (
      <>
        <Time at={updatedAt} /> <span className="quiet">r{revision}</span>
      </>
    ),
  },
  {
    id: 'actions',
    title: 'Actions',
    width: '64px',
    cell: ({ name, target, tasks }) => (
      <CollectorActions collector={{ name, target, failedTasks: tasks['FAILED'] ?? 0 }} />
    ),
  },
];

function rowOf(one: Collector, live: LiveConnector | undefined): Row {
  return {
    name: one.name,
    agent: one.agent,
    state: live?.state ?? one.status?.state ?? one.state,
    target: live?.target ?? one.state,
    tasks: live?.tasks ?? one.status?.tasks ?? {},
    revision: one.revision,
    updatedAt: one.updated_at,
    live,
  };
}

function isFound({ name, agent, state }: Row, filter: string): boolean {
  return `${name} ${agent} ${state}`.toLowerCase().includes(filter.trim().toLowerCase());
}

/** `1 running`. */
function taskText(tasks: Readonly<Record<string, number>>): string {
  const words = Object.entries(tasks)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state.toLowerCase()}`);
  return words.length === 0 ? 'none' : words.join(', ');
}
