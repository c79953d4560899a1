import { useEffect, useRef, useState } from 'react';
import { formatCount, formatRate, formatSeconds } from '../../ui/format.js';
import { totalsOf, totalsSentence, type FlowRows } from './flow-rows.js';

/** Said aloud at most this often. */
const sayMs = 5_000;

/** What goes in, what comes out, what stands still, who is furthest behind. */
export function FlowSummary({ rows }: { rows: FlowRows }) {
  const totals = totalsOf(rows);
  const { notRunning, connectors, largestLag } = totals;
  const still = notRunning.length;
  return (
    <>
      <dl className="topology-summary">
        <Figure name="In" value={formatRate(totals.in)} detail="into topics" />
        <Figure name="Out" value={formatRate(totals.out)} detail="into stores" />
        <Figure
          name="Connectors"
          value={still === 0 ? `all ${formatCount(connectors)} run` : `${still} of ${connectors} not running`}
          detail={
            still === 0 ? 'collectors and sinks' : `▲ ${notRunning.slice(0, 3).join(', ')}${still > 3 ? ' …' : ''}`
          }
          tone={still === 0 ? 'good' : 'warn'}
        />
        <Figure
          name="Largest lag"
          value={largestLag === null ? '–' : formatCount(largestLag.records)}
          detail={
            largestLag === null || largestLag.records === 0
              ? 'records'
              : `records${largestLag.seconds === null ? '' : ` · ${formatSeconds(largestLag.seconds)}`} · ${largestLag.who}`
          }
        />
      </dl>
      <Said text={totalsSentence(totals)} />
    </>
  );
}

function Figure(props: { name: string; value: string; detail: string; tone?: 'good' | 'warn' }) {
  return (
    <div className="topology-figure" data-tone={props.tone}>
      <dt>{props.name}</dt>
      <dd>
        <span className="topology-figure-value">{props.value}</span>
        <span className="quiet topology-figure-detail">{props.detail}</span>
      </dd>
    </div>
  );
}

/** For screen readers: one sentence now and then, never each tick. */
function Said({ text }: { text: string }) {
  const [said, setSaid] = useState(text);
  const newest = useRef(text);
  newest.current = text;
  useEffect(() => {
    const timer = setInterval(() => setSaid(newest.current), sayMs);
    return () => clearInterval(timer);
  }, []);
  return (
    <p className="unseen" role="status">
      {said}
    </p>
  );
}
