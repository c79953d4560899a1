import type { TopologyEdge } from '../../../../admin/src/v1/events/live-rows.js';
import { Badge, Button, Facts, Lag, LinkButton } from '../../ui/basics.js';
import { formatByteRate, formatCount, formatPlural, formatRate, formatSeconds } from '../../ui/format.js';
import { TimeChart } from '../../ui/time-chart.js';
import { ConnectorActions } from './connector-actions.js';
import { eventsOf } from './event-origin.js';
import { useFlowSeries, type FlowHistory } from './flow-history.js';
import { useDropping } from './flow-hooks.js';
import { edgeLook, edgeOf, edgeTones, edgeWord, nodeOf, type EdgeLook, type FlowRows } from './flow-rows.js';
import { LastEvents } from './last-events.js';
import { linksOfNode } from './node-links.js';

export function EdgePanel(props: { rows: FlowRows; row: string; history: FlowHistory; onOpen: (key: string) => void }) {
  const { rows, row, history, onOpen } = props;
  const edge = edgeOf(rows, row);
  const isDropping = useDropping(edge?.dropped_lost);
  const { at, values } = useFlowSeries(history, row);
  if (edge === undefined) return null;
  const look = edgeLook(edge, isDropping);
  const from = nodeOf(rows, edge.from);
  const to = nodeOf(rows, edge.to);
  const [workedKey, worked] = to?.connector === null ? [edge.from, from] : [edge.to, to];
  const origin = eventsOf(rows, edge.from) ?? eventsOf(rows, edge.to);
  const reason = reasonOf(edge, look, { from: from?.name ?? edge.from, to: to?.name ?? edge.to });
  return (
    <>
      <div className="row">
        <Badge tone={edgeTones[look]}>{edgeWord(edge, look)}</Badge>
        <Button onPress={() => onOpen(edge.from)}>← {from?.name ?? 'sender'}</Button>
        <Button onPress={() => onOpen(edge.to)}>{to?.name ?? 'receiver'} →</Button>
      </div>
      {reason === null ? null : (
        <p className="notice" data-tone={edgeTones[look] === 'bad' ? 'bad' : 'warn'}>
          {reason} {to?.reason ?? from?.reason ?? ''}
        </p>
      )}
      <div className="row">
        {worked === undefined ? null : (
          <>
            {linksOfNode(workedKey, worked).map(({ label, to: path }) => (
              <LinkButton key={path} to={path}>
                {label}
              </LinkButton>
            ))}
            <ConnectorActions row={workedKey} node={worked} />
          </>
        )}
      </div>
      <Facts
        facts={[
          ['Records', formatRate(edge.records_per_second)],
          ['Bytes', formatByteRate(edge.bytes_per_second)],
          ...(edge.lag_records === null
            ? []
            : [['Lag', <Lag key="lag" records={edge.lag_records} seconds={edge.lag_seconds} />] as const]),
          ['Lost since the start', formatCount(edge.dropped_lost)],
          ['Left out on purpose', formatCount(edge.dropped_intended)],
        ]}
      />
      <TimeChart
        title="Records a second"
        at={at}
        lines={[{ name: 'records', values: values[0] ?? [] }]}
        format={formatRate}
        height={140}
      />
      {edge.lag_records === null ? null : (
        <>
          <TimeChart
            title="Lag in records"
            at={at}
            lines={[{ name: 'records', values: values[1] ?? [], colour: 'var(--series-2)' }]}
            format={formatCount}
            height={140}
          />
          {edge.lag_seconds === null ? null : (
            <TimeChart
              title="Lag in time"
              at={at}
              lines={[{ name: 'time', values: values[2] ?? [], colour: 'var(--series-4)' }]}
              format={formatSeconds}
              height={140}
            />
          )}
        </>
      )}
      {origin === null ? null : <LastEvents origin={origin} />}
    </>
  );
}

/** What the state means, and what to do about it. */
function reasonOf(edge: TopologyEdge, look: EdgeLook, { from, to }: { from: string; to: string }): string | null {
  switch (look) {
    case 'dropping':
      return `${formatPlural(edge.dropped_lost, 'record')} from ${from} were lost since it started, some just now: ${to} did not take them.`;
    case 'failed':
      return `${to} has failed: what comes from ${from} waits. Restart it when the cause is gone.`;
    case 'pressure':
      return edge.back_pressure
        ? `${to} takes less than ${from} gives, and the buffer between them fills. Nothing is lost while it has room.`
        : `${to} waits.`;
    case 'stopped':
      return `It is ${edge.state}: what comes from ${from} waits until it is resumed.`;
    default:
      return null;
  }
}
