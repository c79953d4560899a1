import { useMemo } from 'react';
import type { TopologyEdge, TopologyNode } from '../../../../admin/src/v1/events/live-rows.js';
import { Badge, Lag } from '../../ui/basics.js';
import { DataTable, type Column } from '../../ui/data-table.js';
import { formatByteRate, formatCount, formatRate } from '../../ui/format.js';
import { useDropping } from './flow-hooks.js';
import { edgeLook, edgeTones, edgeWord, nodeOf, stageNames, stages, stateTones, type FlowRows } from './flow-rows.js';
import { percent } from './node-card.js';

interface Part {
  readonly key: string;
  readonly node: TopologyNode;
}
interface Line {
  readonly key: string;
  readonly edge: TopologyEdge;
  readonly from: string;
  readonly to: string;
}

/** The same as the picture, in words and numbers; nothing is left out for want of room. */
export function FlowTable(props: {
  rows: FlowRows;
  filter: string;
  chosen: string | null;
  onOpen: (key: string) => void;
}) {
  const { rows, onOpen } = props;
  const filter = props.filter.toLowerCase();
  const { parts, lines } = useMemo(() => listed(rows, filter), [rows, filter]);
  return (
    <>
      <section className="stack" aria-labelledby="topology-parts">
        <h2 id="topology-parts">Parts</h2>
        <DataTable
          label="Parts"
          columns={partColumns(onOpen)}
          rows={parts}
          keyOf={({ key }) => key}
          current={props.chosen}
          onOpen={({ key }) => onOpen(key)}
          empty={<p className="quiet">Nothing is called so.</p>}
        />
      </section>
      <section className="stack" aria-labelledby="topology-lines">
        <h2 id="topology-lines">Flows</h2>
        <DataTable
          label="Flows"
          columns={lineColumns(onOpen)}
          rows={lines}
          keyOf={({ key }) => key}
          current={props.chosen}
          onOpen={({ key }) => onOpen(key)}
          empty={<p className="quiet">Nothing flows there.</p>}
        />
      </section>
    </>
  );
}

function listed(rows: FlowRows, filter: string): { parts: readonly Part[]; lines: readonly Line[] } {
  const parts: Part[] = [];
  const lines: Line[] = [];
  for (const [key, row] of rows) {
    if (row.kind === 'node') {
      if (`${row.name} ${row.connector ?? ''} ${row.type}`.toLowerCase().includes(filter))
        parts.push({ key, node: row });
      continue;
    }
    const from = nodeOf(rows, row.from)?.name ?? row.from;
    const to = nodeOf(rows, row.to)?.name ?? row.to;
    if (`${from} ${to}`.toLowerCase().includes(filter)) lines.push({ key, edge: row, from, to });
  }
  parts.sort((left, right) => stages.indexOf(left.node.stage) - stages.indexOf(right.node.stage));
  lines.sort((left, right) => stageOf(rows, left.edge.from) - stageOf(rows, right.edge.from));
  return { parts, lines };
}

function stageOf(rows: FlowRows, key: string): number {
  const stage = nodeOf(rows, key)?.stage;
  return stage === undefined ? stages.length : stages.indexOf(stage);
}

function partColumns(onOpen: (key: string) => void): readonly Column<Part>[] {
  return [
    {
      id: 'name',
      title: 'Name',
      width: 'minmax(140px, 2fr)',
      sortBy: ({ node }) => node.name,
      cell: ({ key, node }) => <Opening name={node.name} onOpen={() => onOpen(key)} />,
    },
    {
      id: 'stage',
      title: 'Stage',
      width: '88px',
      sortBy: ({ node }) => stages.indexOf(node.stage),
      cell: ({ node }) => stageNames[node.stage].one,
    },
    { id: 'type', title: 'Type', width: '84px', sortBy: ({ node }) => node.type, cell: ({ node }) => node.type },
    {
      id: 'connector',
      title: 'Part of',
      width: '96px',
      sortBy: ({ node }) => node.connector ?? '',
      cell: ({ node }) => node.connector ?? '–',
    },
    {
      id: 'state',
      title: 'State',
      width: '96px',
      sortBy: ({ node }) => node.state,
      cell: ({ node }) => <Badge tone={stateTones[node.state]}>{node.state}</Badge>,
    },
    number('in', 'In', ({ node }) => node.in_per_second, formatRate),
    number('out', 'Out', ({ node }) => node.out_per_second, formatRate),
    number(
      'fill',
      'Buffer',
      ({ node }) => node.fill,
      (fill) => (fill === null ? '–' : percent(fill)),
    ),
    number('errors', 'Errors, 5 min', ({ node }) => node.errors, formatCount, '92px'),
    { id: 'reason', title: 'Why', width: 'minmax(80px, 2fr)', cell: ({ node }) => node.reason ?? '' },
  ];
}

function lineColumns(onOpen: (key: string) => void): readonly Column<Line>[] {
  return [
    {
      id: 'name',
      title: 'From and to',
      width: 'minmax(220px, 2fr)',
      sortBy: ({ from, to }) => `${from} ${to}`,
      cell: ({ key, from, to }) => <Opening name={`${from} to ${to}`} onOpen={() => onOpen(key)} />,
    },
    { id: 'state', title: 'State', width: '130px', cell: ({ edge }) => <Look edge={edge} /> },
    number('records', 'Records', ({ edge }) => edge.records_per_second, formatRate),
    number('bytes', 'Bytes', ({ edge }) => edge.bytes_per_second, formatByteRate, '100px'),
    {
      id: 'lag',
      title: 'Lag',
      width: '130px',
      isNumber: true,
      sortBy: ({ edge }) => edge.lag_records,
      cell: ({ edge }) => <Lag records={edge.lag_records} seconds={edge.lag_seconds} />,
    },
    number('lost', 'Lost', ({ edge }) => edge.dropped_lost, formatCount),
    number('left-out', 'Left out', ({ edge }) => edge.dropped_intended, formatCount),
  ];
}

function number<Row>(
  id: string,
  title: string,
  valueOf: (row: Row) => number | null,
  format: (value: number | null) => string,
  width = '64px',
): Column<Row> {
  return { id, title, width, isNumber: true, sortBy: valueOf, cell: (row) => format(valueOf(row)) };
}

function Opening({ name, onOpen }: { name: string; onOpen: () => void }) {
  return (
    <button type="button" className="topology-open" aria-haspopup="dialog" onClick={onOpen}>
      {name}
    </button>
  );
}

function Look({ edge }: { edge: TopologyEdge }) {
  const look = edgeLook(edge, useDropping(edge.dropped_lost));
  return <Badge tone={edgeTones[look]}>{edgeWord(edge, look)}</Badge>;
}
