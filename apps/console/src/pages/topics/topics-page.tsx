import { useMemo, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { useMay } from '../../shell/session.js';
import { Badge, Button, Page } from '../../ui/basics.js';
import { DataTable, type Column } from '../../ui/data-table.js';
import { ActionMenu } from '../../ui/dialogs.js';
import { CheckField, TextField } from '../../ui/fields.js';
import { formatByteRate, formatBytes, formatCount, formatPlural, formatRate, formatShort } from '../../ui/format.js';
import { EmptyState, ErrorNotice, Loading } from '../../ui/notices.js';
import { Spark } from '../../ui/spark.js';
import { useParam } from '../../ui/use-param.js';
import { CreateTopicDialog } from './create-topic.js';
import { TopicDialogs, useTopicActions, type TopicDialog } from './topic-actions.js';
import { filtered, useTopicRows, type TopicRow } from './topic-rows.js';
import './topics.css';

/** Where the sort order stands in the query string: `-in` is `in`, largest first. */
function sortOf(text: string): { column: string; descending: boolean } {
  return text.startsWith('-') ? { column: text.slice(1), descending: true } : { column: text, descending: false };
}

export default function TopicsPage() {
  const [, navigate] = useLocation();
  const [text, setText] = useParam('filter');
  const [internal, setInternal] = useParam('internal');
  const [sort, setSort] = useParam('sort');
  const [creating, setCreating] = useParam('create');
  const [dialog, setDialog] = useState<TopicDialog | null>(null);
  const mayCreate = useMay('topics', 'edit');
  const { rows, isLoading, error, retry } = useTopicRows();
  const withInternal = internal === 'true';
  const shown = useMemo(() => filtered(rows, { text, withInternal }), [rows, text, withInternal]);
  const columns = useMemo(() => columnsOf(setDialog), []);
  const hidden = rows.length - filtered(rows, { text: '', withInternal }).length;
  return (
    <Page
      title="Topics"
      actions={
        mayCreate ? (
          <Button tone="primary" onPress={() => setCreating('yes')}>
            Create topic
          </Button>
        ) : null
      }
    >
      <div className="row topics-filters">
        <div className="grow topics-filter" data-shortcut="search">
          <TextField
            label="Filter by name"
            type="search"
            value={text}
            onChange={setText}
            placeholder="Press / to type"
          />
        </div>
        <CheckField
          label={`Internal topics${hidden > 0 ? ` (${formatCount(hidden)} hidden)` : ''}`}
          value={withInternal}
          onChange={(value) => setInternal(value ? 'true' : '')}
        />
        <span className="quiet" role="status">
          {shown.length === rows.length
            ? formatPlural(rows.length, 'topic')
            : `${formatCount(shown.length)} of ${formatPlural(rows.length, 'topic')}`}
        </span>
      </div>
      {error === null ? null : <ErrorNotice error={error} onRetry={retry} />}
      {isLoading && rows.length === 0 ? (
        <Loading what="topics" />
      ) : (
        <DataTable
          label="Topics"
          columns={columns}
          rows={shown}
          keyOf={({ name }) => name}
          sortedBy={sortOf(sort === '' ? 'name' : sort)}
          onSort={({ column, descending }) => setSort(`${descending === true ? '-' : ''}${column}`)}
          onOpen={({ name }) => navigate(`/topics/${name}`)}
          empty={
            rows.length === hidden && text === '' ? (
              <EmptyState title="No topics yet" command="npx millrace topic create orders -p 3">
                Records of collectors and producers are kept in topics until sinks and groups have read them.
              </EmptyState>
            ) : (
              <EmptyState
                title="No topic is called so"
                action={<Button onPress={() => setText('')}>Show all topics</Button>}
              />
            )
          }
        />
      )}
      <TopicDialogs dialog={dialog} onClose={() => setDialog(null)} />
      <CreateTopicDialog isOpen={creating !== ''} onClose={() => setCreating('')} />
    </Page>
  );
}

function columnsOf(open: (dialog: TopicDialog) => void): readonly Column<TopicRow>[] {
  const number = { isNumber: true };
  return [
    {
      id: 'name',
      title: 'Name',
      width: 'minmax(172px, 2fr)',
      sortBy: ({ name }) => name,
      cell: ({ name, internal }) => (
        <span className="topics-name">
          <Link to={`/topics/${name}`}>{name}</Link> {internal ? <Badge>internal</Badge> : null}
        </span>
      ),
    },
    {
      ...number,
      id: 'in',
      title: 'Records/s',
      width: '138px',
      sortBy: ({ live }) => live?.in_per_second ?? null,
      cell: ({ name, live }) => (
        <span className="topics-sparked">
          <Spark table="topics" row={name} field="in_per_second" />
          {formatRate(live?.in_per_second)}
        </span>
      ),
    },
    {
      ...number,
      id: 'bytes',
      title: 'Bytes/s',
      width: '92px',
      sortBy: ({ live }) => live?.in_bytes_per_second ?? null,
      cell: ({ live }) => formatByteRate(live?.in_bytes_per_second),
    },
    {
      ...number,
      id: 'records',
      title: 'Records',
      width: '76px',
      sortBy: ({ live }) => live?.records ?? null,
      cell: ({ live }) => <span title={formatCount(live?.records)}>{formatShort(live?.records)}</span>,
    },
    {
      ...number,
      id: 'size',
      title: 'Size',
      width: '76px',
      sortBy: ({ live }) => live?.size_bytes ?? null,
      cell: ({ live }) => formatBytes(live?.size_bytes),
    },
    {
      ...number,
      id: 'partitions',
      title: 'Partitions',
      width: '74px',
      sortBy: ({ partitions }) => partitions,
      cell: ({ partitions }) => formatCount(partitions),
    },
    {
      ...number,
      id: 'groups',
      title: 'Groups',
      width: '58px',
      sortBy: ({ live }) => live?.groups.length ?? null,
      cell: ({ live, name }) =>
        live === null ? (
          '–'
        ) : (
          <Link
            to={`/topics/${name}/groups`}
            aria-label={`${live.groups.length} groups of ${name}`}
            title={live.groups.join(', ')}
          >
            {formatCount(live.groups.length)}
          </Link>
        ),
    },
    {
      ...number,
      id: 'lag',
      title: 'Largest lag',
      width: '138px',
      sortBy: ({ live }) => live?.lag_records ?? null,
      cell: ({ name, live }) => (
        <span className="topics-sparked">
          <Spark table="topics" row={name} field="lag_records" colour="var(--series-2)" />
          {formatShort(live?.lag_records)}
        </span>
      ),
    },
    {
      id: 'actions',
      title: 'Actions',
      width: '64px',
      cell: ({ name, internal }) => <RowActions topic={name} isInternal={internal} open={open} />,
    },
  ];
}

function RowActions({
  topic,
  isInternal,
  open,
}: {
  topic: string;
  isInternal: boolean;
  open: (dialog: TopicDialog) => void;
}) {
  const actions = useTopicActions(topic, { isInternal, open });
  return <ActionMenu label={`Actions of ${topic}`} actions={actions} />;
}
