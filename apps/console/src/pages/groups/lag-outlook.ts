import type { Series } from '../../api/live-hooks.js';

/** Over so many of the last points it is judged. */
const points = 30;

/** Seconds until nothing waits, at the pace of the last half minute; null: it does not shrink, or nothing waits. */
export function secondsToZero({ at, values }: Series): number | null {
  const lags = values[0] ?? [];
  const from = Math.max(0, at.length - points);
  const [first, last] = [lags[from] ?? null, lags.at(-1) ?? null];
  const elapsed = (at.at(-1) ?? 0) - (at[from] ?? 0);
  if (first === null || last === null || last === 0 || elapsed < 5) return null;
  const perSecond = (first - last) / elapsed;
  return perSecond <= 0 ? null : last / perSecond;
}
