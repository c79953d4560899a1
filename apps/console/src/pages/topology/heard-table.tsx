import { useEffect, useRef, useState } from 'react';
import { formatRate } from '../../ui/format.js';
import { edgeLook, edgeWord, lagText, nodeOf, stageNames, type FlowRows } from './flow-rows.js';

/** Changes at most this often, so that nobody who reads it loses the place. */
const renewMs = 5_000;
/** The table that everybody sees has them all. */
const rowsMax = 200;

/** The picture for those who do not see it: before it, in the order of the flow. */
export function HeardTable({ rows }: { rows: FlowRows }) {
  const newest = useRef(rows);
  newest.current = rows;
  const [shown, setShown] = useState(rows);
  useEffect(() => {
    const timer = setInterval(() => setShown(newest.current), renewMs);
    return () => clearInterval(timer);
  }, []);
  const edges = [...shown.values()].filter((row) => row.kind === 'edge').slice(0, rowsMax);
  return (
    <div className="unseen">
      <table>
        <caption>The picture in words; “Show as a table” has more.</caption>
        <thead>
          <tr>
            <th scope="col">From</th>
            <th scope="col">To</th>
            <th scope="col">Flow</th>
            <th scope="col">Lag</th>
          </tr>
        </thead>
        <tbody>
          {edges.map((edge) => (
            <tr key={`${edge.from} ${edge.to}`}>
              <td>{partText(shown, edge.from)}</td>
              <td>{partText(shown, edge.to)}</td>
              <td>
                {edgeWord(edge, edgeLook(edge, false))}, {formatRate(edge.records_per_second)}
              </td>
              <td>{lagText(edge.lag_records, edge.lag_seconds) ?? ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function partText(rows: FlowRows, key: string): string {
  const node = nodeOf(rows, key);
  return node === undefined ? key : `${stageNames[node.stage].one} ${node.name}, ${node.state}`;
}
