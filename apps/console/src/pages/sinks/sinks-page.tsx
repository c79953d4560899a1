import { useMemo } from 'react';
import { Link, useLocation } from 'wouter';
import type { LiveConnector } from '../../../../admin/src/v1/events/live-rows.js';
import { useLive } from '../../api/live-hooks.js';
import { usePages } from '../../api/queries.js';
import { useMay } from '../../shell/session.js';
import { Lag, LinkButton, Page, StateBadge } from '../../ui/basics.js';
import { DataTable, type Column } from '../../ui/data-table.js';
import { TextField } from '../../ui/fields.js';
import { formatCount, formatRate, formatSeconds } from '../../ui/format.js';
import { EmptyState, ErrorNotice, Loading } from '../../ui/notices.js';
import { Spark } from '../../ui/spark.js';
import { useParam } from '../../ui/use-param.js';
import { Guarantee } from './guarantee.js';
import { pageOf, sinksPath, type Sink } from './sink-api.js';
import { SinkActions } from './sink-actions.js';
import './sinks.css';

interface Row {
  readonly sink: Sink;
  readonly state: string;
  readonly live: LiveConnector | undefined;
}

export default function SinksPage() {
  const [filter, setFilter] = useParam('filter');
  const { data, error, refetch, hasNextPage, fetchNextPage } = usePages<Sink>(sinksPath, { page_size: 1_000 });
  const live = useLive('sinks');
  const [, navigate] = useLocation();
  const mayEdit = useMay('sinks', 'edit');
  const rows = useMemo(
    () =>
      (data?.pages ?? [])
        .flatMap(({ data: page }) => page)
        .map((sink) => rowOf(sink, live.get(sink.name)))
        .filter((row) => isFound(row, filter)),
    [data, live, filter],
  );
  const isEmpty = data?.pages[0]?.data.length === 0;
  return (
    <Page
      title="Sinks"
      actions={
        mayEdit ? (
          <LinkButton to="/sinks/new" tone="primary">
            New sink
          </LinkButton>
        ) : null
      }
    >
      {error === null ? null : <ErrorNotice error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null ? <Loading what="sinks" /> : null}
      {isEmpty ? (
        <EmptyState
          title="No sinks yet"
          command="npx millrace sink create -f sink.json"
          {...(mayEdit ? { action: <LinkButton to="/sinks/new">Choose a destination</LinkButton> } : {})}
        >
          A sink pulls records from topics into a store, at its own pace.
        </EmptyState>
      ) : null}
      {data === undefined || isEmpty ? null : (
        <>
          <div data-shortcut="search" className="sinks-filter">
            <TextField
              label="Filter"
              type="search"
              value={filter}
              placeholder="part of a name, a type, a topic or a state"
              onChange={setFilter}
            />
          </div>
          <DataTable
            label="Sinks"
            columns={columns}
            rows={rows}
            keyOf={({ sink }) => sink.name}
            sortedBy={{ column: 'name' }}
            rowHeight={44}
            onOpen={({ sink }) => navigate(pageOf(sink.name))}
            empty={<p className="quiet">None matches “{filter}”.</p>}
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
    width: 'minmax(130px, 1.6fr)',
    sortBy: ({ sink }) => sink.name,
    cell: ({ sink }) => <Link to={pageOf(sink.name)}>{sink.name}</Link>,
  },
  {
    id: 'state',
    title: 'State',
    width: 'minmax(105px, 0.9fr)',
    sortBy: ({ state }) => state,
    cell: ({ state, live }) => (
      <StateBadge state={state} {...(live === undefined || live.reason === null ? {} : { title: live.reason })} />
    ),
  },
  {
    id: 'type',
    title: 'Type',
    width: 'minmax(76px, 0.7fr)',
    sortBy: ({ sink }) => sink.type,
    cell: ({ sink }) => sink.type,
  },
  {
    id: 'topics',
    title: 'Topics',
    width: 'minmax(96px, 1fr)',
    sortBy: ({ sink }) => topicsOf(sink),
    cell: ({ sink }) => topicsOf(sink),
  },
  {
    id: 'delivery',
    title: 'Guarantee',
    width: 'minmax(132px, 1fr)',
    sortBy: ({ sink }) => sink.delivery,
    cell: ({ sink }) => <Guarantee delivery={sink.delivery} />,
  },
  {
    id: 'rate',
    title: 'Records',
    width: 'minmax(136px, 1fr)',
    isNumber: true,
    sortBy: ({ live }) => live?.records_per_second ?? null,
    cell: ({ sink, live }) => (
      <span className="sinks-rate">
        <Spark table="sinks" row={sink.name} field="records_per_second" />
        {formatRate(live?.records_per_second)}
      </span>
    ),
  },
  {
    id: 'lag',
    title: 'Lag',
    width: 'minmax(96px, 1fr)',
    isNumber: true,
    sortBy: ({ live }) => live?.lag_records ?? null,
    cell: ({ live }) => <Lag records={live?.lag_records} seconds={live?.lag_seconds} />,
  },
  {
    id: 'commit',
    title: 'Last commit',
    width: 'minmax(84px, 0.7fr)',
    isNumber: true,
    sortBy: ({ live }) => live?.commit_age_seconds ?? null,
    cell: ({ live }) =>
      live === undefined || live.commit_age_seconds === null ? '–' : `${formatSeconds(live.commit_age_seconds)} ago`,
  },
  {
    id: 'dead',
    title: 'Dead letters',
    width: 'minmax(84px, 0.6fr)',
    isNumber: true,
    sortBy: ({ live }) => live?.dead_letters ?? null,
    cell: ({ sink, live }) =>
      live === undefined || live.dead_letters === 0 ? (
        formatCount(live?.dead_letters)
      ) : (
        <Link to={`/dead-letters/${encodeURIComponent(sink.name)}`}>{formatCount(live.dead_letters)}</Link>
      ),
  },
  {
    id: 'actions',
    title: 'Actions',
    width: '64px',
    cell: ({ sink, live }) => (
      <SinkActions
        sink={{
          name: sink.name,
          target: live?.target ?? sink.state,
          failedTasks: (live?.tasks ?? sink.status?.tasks ?? {})['FAILED'] ?? 0,
        }}
      />
    ),
  },
];

function rowOf(sink: Sink, live: LiveConnector | undefined): Row {
  return { sink, state: live?.state ?? sink.status?.state ?? sink.state, live };
}

function topicsOf({ topics, topics_regex }: Sink): string {
  return topics?.join(', ') ?? (topics_regex === undefined ? '–' : `/${topics_regex}/`);
}

function isFound({ sink, state }: Row, filter: string): boolean {
  return `${sink.name} ${sink.type} ${topicsOf(sink)} ${state}`.toLowerCase().includes(filter.trim().toLowerCase());
}
