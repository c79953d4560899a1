import { useMemo } from 'react';
import { Link, useLocation } from 'wouter';
import { useLive } from '../../api/live-hooks.js';
import { usePages } from '../../api/queries.js';
import { LinkButton, Page, StateBadge } from '../../ui/basics.js';
import { DataTable, type Column } from '../../ui/data-table.js';
import { EmptyState, ErrorNotice, Loading } from '../../ui/notices.js';
import type { Sink } from '../sinks/sink-api.js';
import { fileTypes } from './file-api.js';

interface Row {
  readonly sink: Sink;
  readonly state: string;
}

/** Sinks whose stores hold files. */
export default function FilesPage() {
  const { data, error, refetch } = usePages<Sink>('/api/v1/sinks', { page_size: 1_000 });
  const live = useLive('sinks');
  const [, navigate] = useLocation();
  const rows = useMemo(
    () =>
      (data?.pages ?? [])
        .flatMap(({ data: page }) => page)
        .filter(({ type }) => fileTypes.has(type))
        .map((sink): Row => ({ sink, state: live.get(sink.name)?.state ?? sink.status?.state ?? sink.state })),
    [data, live],
  );
  return (
    <Page title="Files">
      {error === null ? null : <ErrorNotice error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null ? <Loading what="sinks" /> : null}
      {data === undefined ? null : (
        <DataTable
          label="Sinks that write files"
          columns={columns}
          rows={rows}
          keyOf={({ sink }) => sink.name}
          sortedBy={{ column: 'name' }}
          onOpen={({ sink }) => navigate(`/files/${encodeURIComponent(sink.name)}`)}
          empty={
            <EmptyState
              title="No sink writes files"
              command="npx millrace sink types"
              action={<LinkButton to="/sinks/new">New sink</LinkButton>}
            >
              What sinks of type file, hdfs and s3 have written can be looked into here.
            </EmptyState>
          }
        />
      )}
    </Page>
  );
}

const columns: readonly Column<Row>[] = [
  {
    id: 'name',
    title: 'Sink',
    width: 'minmax(130px, 1fr)',
    sortBy: ({ sink }) => sink.name,
    cell: ({ sink }) => <Link to={`/files/${encodeURIComponent(sink.name)}`}>{sink.name}</Link>,
  },
  { id: 'type', title: 'Type', sortBy: ({ sink }) => sink.type, cell: ({ sink }) => sink.type },
  { id: 'state', title: 'State', sortBy: ({ state }) => state, cell: ({ state }) => <StateBadge state={state} /> },
  {
    id: 'topics',
    title: 'Topics',
    width: 'minmax(120px, 2fr)',
    cell: ({ sink }) => sink.topics?.join(', ') ?? sink.topics_regex ?? '–',
  },
];
