import { useEffect, useRef } from 'react';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { useTheme } from '../shell/theme.js';
import type { TimeChartProps } from './time-chart.js';

/** uPlot, in the colours of the theme, as wide as its place. */
export default function TimeChartCanvas({ at, lines, format, height = 180, marks = [] }: TimeChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | null>(null);
  const theme = useTheme();
  const names = lines.map(({ name }) => name).join('\n');
  const newestMarks = useRef(marks);
  newestMarks.current = marks;
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const axis = { stroke: colourOf('--text-quiet'), grid: { stroke: colourOf('--line'), width: 1 } };
    const made = new UPlot(
      {
        width: element.clientWidth,
        height,
        cursor: { points: { size: 6 } },
        scales: { y: { range: (_plot, _min, max) => [0, Math.max(1, max * 1.1)] } },
        axes: [axis, { ...axis, size: 64, values: (_plot, values) => values.map((value) => format(value)) }],
        series: [
          {},
          ...lines.map(({ name, colour }, index) => ({
            label: name,
            stroke: resolved(colour ?? `var(--series-${(index % 6) + 1})`),
            width: 1.5,
            spanGaps: false,
            value: (_plot: UPlot, value: number | null) => format(value),
          })),
        ],
        hooks: { draw: [(drawn) => drawMarks(drawn, newestMarks.current)] },
      },
      [[...at], ...lines.map(({ values }) => [...values])],
      element,
    );
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
    // Values go in below: only another shape needs another plot.
  }, [names, height, theme]);
  useEffect(() => {
    plot.current?.setData([[...at], ...lines.map(({ values }) => [...values])]);
  }, [at, lines]);
  return <div ref={place} style={{ minHeight: height }} />;
}

function drawMarks(plot: UPlot, marks: readonly { readonly at: number; readonly label: string }[]): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = colourOf('--line-strong');
  ctx.fillStyle = colourOf('--text-quiet');
  for (const { at, label } of marks) {
    const x = Math.round(plot.valToPos(at, 'x', true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.fillText(label, x + 4, bbox.top + 12);
  }
  ctx.restore();
}

function colourOf(token: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(token).trim();
}

/** A canvas does not know `var(--x)`. */
function resolved(colour: string): string {
  const [, token] = /^var\((--[\w-]+)\)$/.exec(colour) ?? [];
  return token === undefined ? colour : colourOf(token);
}
