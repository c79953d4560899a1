import { useMemo } from 'react';
import { Link, useLocation } from 'wouter';
import type { LiveGroup } from '../../../../admin/src/v1/events/live-rows.js';
import { useLive } from '../../api/live-hooks.js';
import { usePages } from '../../api/queries.js';
import { Lag, Page, StateBadge } from '../../ui/basics.js';
import { DataTable, type Column } from '../../ui/data-table.js';
import { TextField } from '../../ui/fields.js';
import { formatCount, formatRate } from '../../ui/format.js';
import { EmptyState, ErrorNotice, Loading } from '../../ui/notices.js';
import { Spark } from '../../ui/spark.js';
import { useParam } from '../../ui/use-param.js';
import { groupsPath, pageOf } from './group-api.js';
import './groups.css';

interface Row {
  readonly name: string;
  readonly state: string;
  readonly live: LiveGroup | undefined;
}

export default function GroupsPage() {
  const [filter, setFilter] = useParam('filter');
  const { data, error, refetch, hasNextPage, fetchNextPage } = usePages<{ name: string; state: string }>(groupsPath, {
    page_size: 1_000,
  });
  const live = useLive('groups');
  const [, navigate] = useLocation();
  const rows = useMemo(() => {
    const states = new Map((data?.pages ?? []).flatMap((page) => page.data).map(({ name, state }) => [name, state]));
    for (const [name, { state }] of live) states.set(name, state);
    return [...states]
      .map(([name, state]): Row => ({ name, state, live: live.get(name) }))
      .filter((row) => isFound(row, filter));
  }, [data, live, filter]);
  return (
    <Page title="Groups">
      {error === null ? null : <ErrorNotice error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null ? <Loading what="groups" /> : null}
      {data === undefined ? null : (
        <>
          <div data-shortcut="search" className="groups-filter">
            <TextField
              label="Filter"
              type="search"
              value={filter}
              placeholder="part of a name, a topic or a state"
              onChange={setFilter}
            />
          </div>
          <DataTable
            label="Groups"
            columns={columns}
            rows={rows}
            keyOf={({ name }) => name}
            sortedBy={{ column: 'name' }}
            rowHeight={44}
            onOpen={({ name }) => navigate(pageOf(name))}
            empty={
              filter === '' ? (
                <EmptyState
                  title="Nobody reads in a group"
                  command="npx millrace topic consume access-log --group me --from-beginning --max 5"
                >
                  A group’s consumers share the partitions of topics and keep their place.
                </EmptyState>
              ) : (
                <p className="quiet">None matches “{filter}”.</p>
              )
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
    title: 'Group',
    width: 'minmax(180px, 2fr)',
    sortBy: ({ name }) => name,
    cell: ({ name }) => <Link to={pageOf(name)}>{name}</Link>,
  },
  {
    id: 'state',
    title: 'State',
    width: 'minmax(120px, 1fr)',
    sortBy: ({ state }) => state,
    cell: ({ state }) => <StateBadge state={state} />,
  },
  {
    id: 'lag',
    title: 'Lag',
    width: 'minmax(210px, 1.6fr)',
    isNumber: true,
    sortBy: ({ live }) => live?.lag_records ?? null,
    cell: ({ name, live }) => (
      <span className="groups-rate">
        <Spark table="groups" row={name} field="lag_records" colour="var(--series-2)" />
        <Lag records={live?.lag_records} seconds={live?.lag_seconds} />
      </span>
    ),
  },
  {
    id: 'rate',
    title: 'Read',
    width: 'minmax(80px, 0.7fr)',
    isNumber: true,
    sortBy: ({ live }) => live?.out_per_second ?? null,
    cell: ({ live }) => formatRate(live?.out_per_second),
  },
  {
    id: 'members',
    title: 'Members',
    width: 'minmax(80px, 0.6fr)',
    isNumber: true,
    sortBy: ({ live }) => live?.members ?? null,
    cell: ({ live }) => formatCount(live?.members),
  },
  {
    id: 'topics',
    title: 'Topics',
    width: 'minmax(140px, 1.4fr)',
    sortBy: ({ live }) => live?.topics.join(', ') ?? null,
    cell: ({ live }) => live?.topics.join(', ') ?? '–',
  },
  {
    id: 'sink',
    title: 'Sink',
    sortBy: ({ live }) => live?.sink ?? null,
    cell: ({ live }) =>
      live === undefined || live.sink === null ? (
        '–'
      ) : (
        <Link to={`/sinks/${encodeURIComponent(live.sink)}`}>{live.sink}</Link>
      ),
  },
];

function isFound({ name, state, live }: Row, filter: string): boolean {
  return `${name} ${state} ${live?.topics.join(' ') ?? ''}`.toLowerCase().includes(filter.trim().toLowerCase());
}
