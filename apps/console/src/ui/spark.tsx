import type { LiveTable } from '../../../admin/src/v1/events/live-rows.js';
import { useSpark } from '../api/live-hooks.js';
import type { SparkField } from '../api/live.js';

const width = 84;
const height = 22;

/** The last minute of a live number, drawn from zero. Says nothing to a screen reader: the number stands beside it. */
export function Spark<T extends LiveTable>(props: { table: T; row: string; field: SparkField<T>; colour?: string }) {
  const points = useSpark(props.table, props.row, props.field);
  const max = Math.max(1e-9, ...points.filter((point) => !Number.isNaN(point)));
  const step = width / (points.length - 1);
  const path = points
    .map((point, index) => ({ x: index * step, y: height - 2 - (point / max) * (height - 4) }))
    .filter(({ y }) => !Number.isNaN(y))
    .map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`)
    .join('');
  return (
    <svg className="spark" width={width} height={height} aria-hidden="true">
      <path d={path} fill="none" stroke={props.colour ?? 'var(--series-1)'} strokeWidth="1.5" />
    </svg>
  );
}
