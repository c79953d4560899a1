/** A chart of numbers over time; loaded when it is first shown. */
import { lazy, Suspense, useId } from 'react';

export interface ChartLine {
  readonly name: string;
  /** Beside `at`; null is a gap. */
  readonly values: readonly (number | null)[];
  /** `var(--series-1)` … `6`; default: by its place. */
  readonly colour?: string;
}

export interface TimeChartProps {
  readonly title: string;
  /** Seconds since 1970, ascending. */
  readonly at: readonly number[];
  readonly lines: readonly ChartLine[];
  /** Of the values, for the axis and the legend. */
  readonly format: (value: number | null) => string;
  readonly height?: number;
  /** Vertical marks: a rebalance, a pause. */
  readonly marks?: readonly { readonly at: number; readonly label: string }[];
}

const Canvas = lazy(async () => import('./time-chart-canvas.js'));

export function TimeChart(props: TimeChartProps) {
  const id = useId();
  const newest = props.lines.map(({ name, values }) => `${name} ${props.format(values.at(-1) ?? null)}`).join(', ');
  return (
    <figure className="stack" style={{ gap: 4 }} aria-labelledby={id}>
      <figcaption id={id} style={{ fontWeight: 600 }}>
        {props.title} <span className="unseen">now: {newest}</span>
      </figcaption>
      <Suspense fallback={<div style={{ height: props.height ?? 180 }} />}>
        <Canvas {...props} />
      </Suspense>
    </figure>
  );
}
