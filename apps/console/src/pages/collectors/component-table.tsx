import { Link } from 'wouter';
import type { TopologyEdge, TopologyNode } from '../../../../admin/src/v1/events/live-rows.js';
import { Badge, StateBadge } from '../../ui/basics.js';
import { formatCount, formatRate } from '../../ui/format.js';
import { Time } from '../../ui/time.js';
import { pageOf, type Component } from './collector-api.js';

type Nodes = ReadonlyMap<string, TopologyNode | TopologyEdge>;

/** Every component of a collector in the order in which events meet them; the counters of each by Flume's names below it. */
export function ComponentTable(props: { collector: string; components: readonly Component[]; nodes: Nodes }) {
  const rates = ratesOf(props.nodes, props.collector);
  return (
    <div className="collectors-scroll" tabIndex={0} role="region" aria-label="Components of the collector">
      <table className="plain-table">
        <thead>
          <tr>
            <th scope="col">Component</th>
            <th scope="col">State</th>
            <th scope="col" className="number">
              In
            </th>
            <th scope="col" className="number">
              Out
            </th>
            <th scope="col" className="number">
              Dropped
            </th>
            <th scope="col" className="number">
              Failures
            </th>
            <th scope="col">Filled</th>
            <th scope="col">Last event</th>
          </tr>
        </thead>
        <tbody>
          {props.components.map((component) => (
            <Row
              key={`${component.kind} ${component.source ?? ''} ${component.name}`}
              component={component}
              collector={props.collector}
              rate={rates.get(`${component.kind} ${component.name}`) ?? null}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ component, collector, rate }: { component: Component; collector: string; rate: number | null }) {
  const { kind, name, type, counters } = component;
  const names = Object.keys(counters).sort();
  return (
    <tr>
      <th scope="row" className="collectors-component" data-kind={kind}>
        <Link to={`${pageOf(collector, 'tap')}?edge=${encodeURIComponent(edgeOf(component))}`}>{name}</Link>{' '}
        <span className="quiet">
          {kind} {type}
          {component.takes_from.length === 0 ? '' : ` ← ${component.takes_from.join(', ')}`}
          {component.puts_into.length === 0 ? '' : ` → ${component.puts_into.join(', ')}`}
        </span>
        {names.length === 0 ? null : (
          <details>
            <summary>Counters</summary>
            <dl className="facts">
              {names.map((counter) => (
                <div key={counter} style={{ display: 'contents' }}>
                  <dt>{counter}</dt>
                  <dd>{formatCount(counters[counter])}</dd>
                </div>
              ))}
            </dl>
          </details>
        )}
      </th>
      <td>
        <StateBadge state={component.state} />
        {component.reason === null ? null : <p className="collectors-reason">{component.reason}</p>}
      </td>
      <td className="number">
        {formatCount(component.received)}
        {rate === null ? null : <div className="quiet">{formatRate(rate)}</div>}
      </td>
      <td className="number">{formatCount(component.passed)}</td>
      <td className="number">{formatCount(component.dropped)}</td>
      <td className="number">{formatCount(component.failures)}</td>
      <td>
        <Fill component={component} />
      </td>
      <td>
        <Time at={component.last_event_at} />
      </td>
    </tr>
  );
}

function Fill({ component: { name, fill, size, capacity } }: { component: Component }) {
  if (size === null) return <>–</>;
  if (fill === null || capacity === null) return <span className="number">{formatCount(size)} events</span>;
  const percent = Math.round(fill * 100);
  return (
    <div className="stack" style={{ gap: 2, minWidth: 110 }}>
      <div
        className="meter"
        role="meter"
        aria-label={`Fill of ${name}`}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
      >
        <span style={{ width: `${percent}%` }} />
      </div>
      <span className="quiet">
        {formatCount(size)} of {formatCount(capacity)}
        {fill >= 0.9 ? <Badge tone="warn">nearly full</Badge> : null}
      </span>
    </div>
  );
}

/** Events of an interceptor are seen behind the whole chain of its source. */
export function edgeOf({ kind, name, source }: Component): string {
  return kind === 'interceptor' ? `interceptors.${source ?? ''}` : `${kind}.${name}`;
}

/** Events a second into each component, where the picture of the whole knows them and the name is no one else's. */
function ratesOf(nodes: Nodes, collector: string): Map<string, number | null> {
  const rates = new Map<string, number | null>();
  for (const node of nodes.values()) {
    if (node.kind !== 'node' || node.connector !== collector) continue;
    const key = `${node.stage} ${node.name}`;
    rates.set(key, rates.has(key) ? null : node.in_per_second);
  }
  return rates;
}
