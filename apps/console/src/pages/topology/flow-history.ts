/** What numbers of the picture were in the last minutes, while somebody has the page open. */
import { useMemo, useRef } from 'react';
import type { Series } from '../../api/live-hooks.js';
import { live } from '../../api/live.js';
import type { FlowRow, FlowRows } from './flow-rows.js';

/** A point each second. */
const pointsMax = 300;
/** With more rows than this, only the one that is looked at is remembered. */
const rowsMax = 400;

interface Past {
  readonly at: number[];
  /** Of a node: in, out; of an edge: records, lag in records, lag in seconds. */
  readonly values: readonly (number | null)[][];
}

class FlowHistory {
  private readonly past = new Map<string, Past>();
  private newest = 0;

  /** Takes each look of the server once. */
  take(rows: FlowRows, at: number, chosen: string | null): void {
    if (at <= this.newest) return;
    this.newest = at;
    const isSmall = rows.size <= rowsMax;
    for (const key of this.past.keys()) if (!rows.has(key) || (!isSmall && key !== chosen)) this.past.delete(key);
    if (isSmall) for (const [key, row] of rows) this.add(key, row, at);
    else if (chosen !== null) this.add(chosen, rows.get(chosen), at);
  }

  of(key: string): Series {
    const past = this.past.get(key);
    return { at: [...(past?.at ?? [])], values: past?.values.map((values) => [...values]) ?? [] };
  }

  private add(key: string, row: FlowRow | undefined, at: number): void {
    if (row === undefined) return;
    const numbers = numbersOf(row);
    const past = this.past.get(key) ?? { at: [], values: numbers.map(() => []) };
    this.past.set(key, past);
    past.at.push(at / 1_000);
    numbers.forEach((value, index) => past.values[index]?.push(value));
    if (past.at.length <= pointsMax) return;
    past.at.shift();
    for (const values of past.values) values.shift();
  }
}

function numbersOf(row: FlowRow): readonly (number | null)[] {
  return row.kind === 'node'
    ? [row.in_per_second, row.out_per_second]
    : [row.records_per_second, row.lag_records, row.lag_seconds];
}

/** For the whole page; it remembers at each look. */
export function useFlowHistory(rows: FlowRows, chosen: string | null): FlowHistory {
  const history = useRef<FlowHistory | null>(null);
  history.current ??= new FlowHistory();
  history.current.take(rows, live.at('topology'), chosen);
  return history.current;
}

/** Of one row; anew at each look. */
export function useFlowSeries(history: FlowHistory, key: string): Series {
  const at = live.at('topology');
  return useMemo(() => history.of(key), [history, key, at]);
}

export type { FlowHistory };
