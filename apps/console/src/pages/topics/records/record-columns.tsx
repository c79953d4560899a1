import { useState } from 'react';
import type { Column } from '../../../ui/data-table.js';
import { formatBytes } from '../../../ui/format.js';
import { Time } from '../../../ui/time.js';
import type { RecordRow } from './record-api.js';

export const columnNames = ['time', 'partition', 'offset', 'key', 'value', 'headers', 'size'] as const;
export type ColumnName = (typeof columnNames)[number];

const storeKey = 'millrace.record-columns';
const usual: readonly ColumnName[] = ['time', 'partition', 'offset', 'key', 'value', 'size'];

/** Which columns this browser shows; kept. */
export function useColumns(): readonly [readonly ColumnName[], (names: readonly ColumnName[]) => void] {
  const [names, setNames] = useState<readonly ColumnName[]>(() => {
    const kept = localStorage.getItem(storeKey)?.split(' ') ?? usual;
    return columnNames.filter((name) => kept.includes(name));
  });
  return [
    names,
    (next) => {
      localStorage.setItem(storeKey, next.join(' '));
      setNames(next);
    },
  ];
}

export const columns: Readonly<Record<ColumnName, Column<RecordRow>>> = {
  time: { id: 'time', title: 'Time', width: '196px', cell: (row) => <Time at={row.timestamp} millis /> },
  partition: { id: 'partition', title: 'Partition', width: '64px', isNumber: true, cell: (row) => row.partition },
  offset: { id: 'offset', title: 'Offset', width: '84px', isNumber: true, cell: (row) => row.offset },
  key: {
    id: 'key',
    title: 'Key',
    width: 'minmax(90px, 1fr)',
    cell: (row) => <Content text={row.key} format={row.key_format} />,
  },
  value: {
    id: 'value',
    title: 'Value',
    width: 'minmax(220px, 4fr)',
    cell: (row) => <Content text={row.value} format={row.value_format} />,
  },
  headers: {
    id: 'headers',
    title: 'Headers',
    width: 'minmax(120px, 1fr)',
    cell: (row) => (
      <span className="mono">{row.headers.map(({ name, value }) => `${name}=${value ?? ''}`).join(' ')}</span>
    ),
  },
  size: {
    id: 'size',
    title: 'Size',
    width: '72px',
    isNumber: true,
    cell: (row) => formatBytes(row.key_bytes + row.value_bytes),
  },
};

const formatWords: Readonly<Record<string, string>> = {
  msgpack: 'MessagePack',
  avro: 'Avro',
  protobuf: 'Protobuf',
  hex: 'hex',
};

function Content({ text, format }: { text: string | null; format: string }) {
  if (text === null) return <span className="quiet">none</span>;
  const word = formatWords[format];
  return (
    <span className="mono">
      {word === undefined ? null : <span className="records-format">{word}</span>}
      {text}
    </span>
  );
}
