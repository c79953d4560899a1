import { useMemo } from 'react';
import { DataTable } from '../../../ui/data-table.js';
import { EmptyState, Loading } from '../../../ui/notices.js';
import type { Topic } from '../topic-api.js';
import { keyOfRow, type RecordRow } from './record-api.js';
import { columns as all, type ColumnName } from './record-columns.js';
import { filterOf, type RecordPlace, type RecordQuery } from './record-query.js';

interface Props {
  readonly topic: Topic;
  readonly query: RecordQuery;
  readonly rows: readonly RecordRow[];
  readonly columns: readonly ColumnName[];
  readonly current: string | null;
  readonly isBusy: boolean;
  readonly isLive?: boolean;
  readonly onOpen: (place: RecordPlace) => void;
  readonly onEnd?: (() => void) | undefined;
}

export function RecordList({ topic, query, rows, columns, current, isBusy, isLive, onOpen, onEnd }: Props) {
  const shown = useMemo(() => columns.map((name) => all[name]), [columns]);
  return (
    <DataTable
      label={`Records of ${topic.name}`}
      columns={shown}
      rows={rows}
      keyOf={keyOfRow}
      current={current}
      onOpen={onOpen}
      rowHeight={30}
      height="min(62vh, 640px)"
      {...(onEnd === undefined ? {} : { onEnd })}
      empty={
        isBusy ? <Loading what="records" /> : <Nothing topic={topic.name} query={query} isLive={isLive === true} />
      }
    />
  );
}

function Nothing({ topic, query, isLive }: { topic: string; query: RecordQuery; isLive: boolean }) {
  if (isLive) {
    return <EmptyState title="Nothing came yet" command={`echo hello | npx millrace topic produce ${topic}`} />;
  }
  if (filterOf(query) !== '') {
    return <EmptyState title="No record matches">Look from the oldest record on, or in other partitions.</EmptyState>;
  }
  if (query.start !== 'newest' && query.start !== 'oldest') {
    return <EmptyState title="There are no records from there on">Begin earlier, or in other partitions.</EmptyState>;
  }
  return <EmptyState title="There are no records" command={`echo hello | npx millrace topic produce ${topic}`} />;
}
