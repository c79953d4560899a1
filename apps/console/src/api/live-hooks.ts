import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import type { LiveTable, LiveTables } from '../../../admin/src/v1/events/live-rows.js';
import { live, type LiveState, type Rows, type SparkField } from './live.js';

/** Rows by key; they change about once a second. `narrowed` as in `live.watch`. Empty until the first frame (`useLiveKnown`). */
export function useLive<T extends LiveTable>(table: T, narrowed = ''): Rows<T> {
  useEffect(() => live.watch(table, narrowed), [table, narrowed]);
  return useSyncExternalStore(live.subscribe, () => live.rows(table, narrowed)) as Rows<T>;
}

/** One row; redraws only when it changes. */
export function useLiveRow<T extends LiveTable>(table: T, key: string): LiveTables[T] | undefined {
  useEffect(() => live.watch(table), [table]);
  return useSyncExternalStore(live.subscribe, () => live.rows(table).get(key)) as LiveTables[T] | undefined;
}

/** Whether a table that is watched has come: false means empty because nothing was told yet. */
export function useLiveKnown(table: LiveTable, narrowed = ''): boolean {
  return useSyncExternalStore(live.subscribe, () => live.isKnown(table, narrowed));
}

export function useLiveState(): { state: LiveState; paused: boolean } {
  const state = useSyncExternalStore(live.subscribe, () => live.state);
  const paused = useSyncExternalStore(live.subscribe, () => live.paused);
  return { state, paused };
}

export interface Series {
  /** Seconds since 1970. */
  readonly at: readonly number[];
  /** One list of values for each name; null: not known then. */
  readonly values: readonly (readonly (number | null)[])[];
}

/** What live numbers were since this view was opened: a point each second, the last `pointsMax` (default 600) of them. */
export function useSeries(values: readonly (number | null | undefined)[], pointsMax = 600): Series {
  const [series, setSeries] = useState<Series>(() => ({ at: [], values: values.map(() => []) }));
  const newest = useRef(values);
  newest.current = values;
  const count = values.length;
  useEffect(() => {
    setSeries({ at: [], values: Array.from({ length: count }, () => []) });
    const timer = setInterval(() => {
      if (live.paused) return;
      setSeries((old) => withPoint(old, newest.current, pointsMax));
    }, 1_000);
    return () => clearInterval(timer);
  }, [count, pointsMax]);
  return series;
}

function withPoint(old: Series, values: readonly (number | null | undefined)[], pointsMax: number): Series {
  const excess = Math.max(0, old.at.length + 1 - pointsMax);
  return {
    at: [...old.at.slice(excess), Date.now() / 1_000],
    values: values.map((value, index) => [...(old.values[index] ?? []).slice(excess), value ?? null]),
  };
}

/** The last 60 values of a live number, a second each, oldest first, NaN before the first one; kept over views while somebody watches. */
export function useSpark<T extends LiveTable>(table: T, key: string, field: SparkField<T>): readonly number[] {
  const at = useSyncExternalStore(live.subscribe, () => live.at(table));
  return useMemo(() => live.spark(table, key, field), [at, table, key, field]);
}
