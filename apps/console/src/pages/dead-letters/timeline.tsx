/** Deaths over time as bars, stacked by class of the error. A bar narrows the list to its time; the fields of the filter do the same. */
import { useId } from 'react';
import { formatPlural } from '../../ui/format.js';
import { Time } from '../../ui/time.js';
import type { Summary } from './letter-types.js';

const width = 600;
const height = 90;

export function Timeline(props: { timeline: Summary['timeline']; onChoose: (since: string, until: string) => void }) {
  const { timeline, onChoose } = props;
  const id = useId();
  const [first, second] = timeline;
  const last = timeline.at(-1);
  if (first === undefined || last === undefined) return null;
  const stepMs = second === undefined ? 1_000 : Date.parse(second.at) - Date.parse(first.at);
  const classes = [...new Set(timeline.flatMap((step) => Object.keys(step.classes)))].sort();
  const most = timeline.reduce((max, { count }) => Math.max(max, count), 1);
  const total = timeline.reduce((sum, { count }) => sum + count, 0);
  const slot = width / timeline.length;
  return (
    <figure className="stack card" style={{ gap: 6 }} aria-labelledby={id}>
      <figcaption id={id} className="row">
        <strong>Died over time</strong>
        {classes.map((name, index) => (
          <span key={name} className="dead-letters-key">
            <svg width="12" height="12" aria-hidden="true">
              <rect width="12" height="12" rx="2" fill={colourOf(index)} />
            </svg>
            {name === '' ? 'not known' : name}
          </span>
        ))}
      </figcaption>
      <svg
        className="dead-letters-bars"
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${formatPlural(total, 'letter')}, at most ${most} in ${stepMs / 1_000} seconds`}
      >
        {timeline.map((step, index) => (
          <g
            key={step.at}
            onClick={() => onChoose(step.at, new Date(Date.parse(step.at) + stepMs).toISOString())}
            style={{ cursor: step.count === 0 ? 'default' : 'pointer' }}
          >
            <title>{`${new Date(step.at).toLocaleString()}: ${formatPlural(step.count, 'letter')}`}</title>
            <rect x={index * slot} y={0} width={slot} height={height} fill="transparent" />
            {stacked(step.classes, classes).map(({ name, from, to }) => (
              <rect
                key={name}
                x={index * slot + Math.min(1, slot * 0.1)}
                width={Math.max(1, slot - Math.min(2, slot * 0.2))}
                y={height - (to / most) * height}
                height={((to - from) / most) * height}
                fill={colourOf(classes.indexOf(name))}
              />
            ))}
          </g>
        ))}
      </svg>
      <div className="row quiet" style={{ justifyContent: 'space-between' }}>
        <Time at={first.at} />
        <Time at={Date.parse(last.at) + stepMs} />
      </div>
    </figure>
  );
}

function stacked(counts: Readonly<Record<string, number>>, classes: readonly string[]) {
  let sum = 0;
  return classes.flatMap((name) => {
    const count = counts[name] ?? 0;
    if (count === 0) return [];
    sum += count;
    return [{ name, from: sum - count, to: sum }];
  });
}

function colourOf(index: number): string {
  return `var(--series-${((index + 1) % 6) + 1})`;
}
