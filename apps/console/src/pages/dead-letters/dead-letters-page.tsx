import { Link, useLocation } from 'wouter';
import { useMemo } from 'react';
import type { LiveDeadLetters } from '../../../../admin/src/v1/events/live-rows.js';
import { useLive } from '../../api/live-hooks.js';
import { useGet, usePages } from '../../api/queries.js';
import { Page } from '../../ui/basics.js';
import { DataTable, type Column } from '../../ui/data-table.js';
import { formatCount, formatRate } from '../../ui/format.js';
import { EmptyState, ErrorNotice, Loading } from '../../ui/notices.js';
import { Spark } from '../../ui/spark.js';
import { dlqPath, sinkLink, type Summary } from './letter-types.js';

interface Row {
  readonly sink: string;
  readonly topic: string;
  readonly live: LiveDeadLetters | undefined;
}

/** How far the count of open letters looks back; it is a link to all that there are. */
const countedMax = 10_000;

const columns: readonly Column<Row>[] = [
  {
    id: 'sink',
    title: 'Sink',
    width: 'minmax(140px, 1.5fr)',
    sortBy: ({ sink }) => sink,
    cell: ({ sink }) => <Link to={sinkLink(sink)}>{sink}</Link>,
  },
  { id: 'open', title: 'Open', isNumber: true, cell: ({ sink }) => <OpenCount sink={sink} /> },
  {
    id: 'records',
    title: 'In the topic',
    isNumber: true,
    sortBy: ({ live }) => live?.records ?? null,
    cell: ({ live }) => formatCount(live?.records),
  },
  {
    id: 'rate',
    title: 'Rate',
    isNumber: true,
    sortBy: ({ live }) => live?.in_per_second ?? null,
    cell: ({ live }) => formatRate(live?.in_per_second),
  },
  {
    id: 'spark',
    title: 'Last minute',
    width: '96px',
    cell: ({ sink }) => <Spark table="dead-letters" row={sink} field="in_per_second" colour="var(--bad)" />,
  },
  {
    id: 'topic',
    title: 'Dead-letter topic',
    width: 'minmax(180px, 2fr)',
    sortBy: ({ topic }) => topic,
    cell: ({ topic }) => <Link to={`/topics/${encodeURIComponent(topic)}`}>{topic}</Link>,
  },
];

export default function DeadLettersPage() {
  const [, navigate] = useLocation();
  const live = useLive('dead-letters');
  const { data, error, refetch, hasNextPage, fetchNextPage } = usePages<{ name: string; dlq?: { topic?: string } }>(
    '/api/v1/sinks',
    { page_size: 1000 },
  );
  const rows = useMemo(() => {
    const bySink = new Map<string, string>();
    for (const { name, dlq } of data?.pages.flatMap((page) => page.data) ?? []) {
      if (dlq?.topic !== undefined) bySink.set(name, dlq.topic);
    }
    for (const [sink, { topic }] of live) bySink.set(sink, topic);
    return [...bySink].map(([sink, topic]): Row => ({ sink, topic, live: live.get(sink) }));
  }, [data, live]);
  return (
    <Page title="Dead letters">
      <p className="quiet">Records that a sink could not take. The sink went on behind them; nothing is lost.</p>
      {error === null ? null : <ErrorNotice error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null ? <Loading what="sinks" /> : null}
      {data === undefined ? null : (
        <DataTable
          label="Sinks with dead letters"
          columns={columns}
          rows={rows}
          keyOf={({ sink }) => sink}
          sortedBy={{ column: 'records', descending: true }}
          onOpen={({ sink }) => navigate(sinkLink(sink))}
          onEnd={() => {
            if (hasNextPage) void fetchNextPage();
          }}
          empty={
            <EmptyState title="No sink keeps its dead letters" command="npx millrace help sink create">
              A sink with <code>errors.deadletterqueue.topic.name</code> puts what it cannot take into that topic.
            </EmptyState>
          }
        />
      )}
    </Page>
  );
}

/** Asked for the rows in view only. */
function OpenCount({ sink }: { sink: string }) {
  const { data } = useGet<Summary>(dlqPath(sink), { scan_max: countedMax });
  if (data === undefined) return <span className="quiet">–</span>;
  return (
    <>
      {formatCount(data.counts.open)}
      {data.complete ? '' : '+'}
    </>
  );
}
