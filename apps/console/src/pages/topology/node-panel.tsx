import { Badge, Facts, LinkButton } from '../../ui/basics.js';
import { formatCount, formatRate } from '../../ui/format.js';
import { TimeChart } from '../../ui/time-chart.js';
import { ConnectorActions } from './connector-actions.js';
import { eventsOf } from './event-origin.js';
import { useFlowSeries, type FlowHistory } from './flow-history.js';
import {
  edgeLook,
  edgeTones,
  edgeWord,
  lagText,
  nodeOf,
  shortName,
  stageNames,
  stateTones,
  type FlowRows,
} from './flow-rows.js';
import { LastEvents } from './last-events.js';
import { linksOfNode } from './node-links.js';
import { percent } from './node-card.js';

interface NodePanelProps {
  readonly rows: FlowRows;
  readonly row: string;
  readonly onOpen: (key: string) => void;
}

export function NodePanel({ rows, row, history, onOpen }: NodePanelProps & { readonly history: FlowHistory }) {
  const node = nodeOf(rows, row);
  const { at, values } = useFlowSeries(history, row);
  if (node === undefined) return null;
  const origin = eventsOf(rows, row);
  const lines = [
    { name: 'in', values: values[0] ?? [], isKnown: node.in_per_second !== null },
    { name: 'out', values: values[1] ?? [], isKnown: node.out_per_second !== null },
  ].filter(({ isKnown }) => isKnown);
  return (
    <>
      <div className="row">
        <Badge tone={stateTones[node.state]}>{node.state}</Badge>
        <span className="quiet">
          {node.type} {stageNames[node.stage].one}
          {node.connector === null || node.connector === node.name ? '' : ` of ${node.connector}`}
        </span>
      </div>
      {node.reason === null ? null : (
        <p className="notice" data-tone={node.state === 'failed' ? 'bad' : 'warn'}>
          {node.reason}
        </p>
      )}
      <div className="row">
        {linksOfNode(row, node).map(({ label, to }) => (
          <LinkButton key={to} to={to}>
            {label}
          </LinkButton>
        ))}
        <ConnectorActions row={row} node={node} />
      </div>
      <Facts
        facts={[
          ...(node.in_per_second === null ? [] : [['In', formatRate(node.in_per_second)] as const]),
          ...(node.out_per_second === null ? [] : [['Out', formatRate(node.out_per_second)] as const]),
          ...(node.fill === null ? [] : [['Buffer', `${percent(node.fill)} full`] as const]),
          ['Errors in 5 minutes', formatCount(node.errors)],
        ]}
      />
      {lines.length === 0 ? null : (
        <TimeChart title="Records a second" at={at} lines={lines} format={formatRate} height={150} />
      )}
      <Neighbours rows={rows} row={row} onOpen={onOpen} />
      {origin === null ? null : <LastEvents origin={origin} />}
    </>
  );
}

/** What flows in and out, each with its state: the way along the flow without the picture. */
function Neighbours({ rows, row, onOpen }: NodePanelProps) {
  const beside = [...rows].flatMap(([key, edge]) => {
    if (edge.kind !== 'edge' || (edge.from !== row && edge.to !== row)) return [];
    const isIn = edge.to === row;
    const other = nodeOf(rows, isIn ? edge.from : edge.to);
    return other === undefined
      ? []
      : [{ key, edge, isIn, name: shortName(other.name), stage: stageNames[other.stage].one }];
  });
  const shown = beside.sort((left, right) => Number(right.isIn) - Number(left.isIn)).slice(0, neighboursMax);
  if (shown.length === 0) return null;
  return (
    <section className="stack" style={{ gap: 4 }}>
      <h3>Flows</h3>
      <ul className="topology-neighbours">
        {shown.map(({ key, edge, isIn, name, stage }) => {
          const look = edgeLook(edge, false);
          const lag = lagText(edge.lag_records, edge.lag_seconds);
          return (
            <li key={key}>
              <button type="button" className="topology-open" onClick={() => onOpen(key)}>
                {isIn ? 'from' : 'to'} {name}
              </button>{' '}
              <span className="quiet">
                {stage} · {formatRate(edge.records_per_second)}
                {lag === null ? '' : ` · ${lag}`}
              </span>{' '}
              <Badge tone={edgeTones[look]}>{edgeWord(edge, look)}</Badge>
            </li>
          );
        })}
      </ul>
      {beside.length > shown.length ? (
        <p className="quiet">and {formatCount(beside.length - shown.length)} more: see the table</p>
      ) : null}
    </section>
  );
}

const neighboursMax = 20;
