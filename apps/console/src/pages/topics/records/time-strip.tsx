import { useGet } from '../../../api/queries.js';
import { formatCount, formatSeconds } from '../../../ui/format.js';
import { Time } from '../../../ui/time.js';
import { recordsPath } from './record-api.js';
import type { RecordQuery } from './record-query.js';

interface Histogram {
  readonly from: string | null;
  readonly step_ms: number;
  readonly counts: readonly number[];
}

const steps = 60;

/** Records by time, from the first to now; a bar begins the list at its time. */
export function TimeStrip(props: { topic: string; query: RecordQuery; onPick: (time: string) => void }) {
  const histogram = useGet<Histogram>(`${recordsPath(props.topic)}:histogram`, { steps }).data;
  if (histogram === undefined || histogram.from === null) return null;
  const { counts, step_ms: stepMs } = histogram;
  const from = Date.parse(histogram.from);
  const max = Math.max(1, ...counts);
  const chosen = props.query.start === 'time' ? Date.parse(props.query.time) : Number.NaN;
  return (
    <section className="records-strip" aria-label="Records over time">
      <ol>
        {counts.map((count, step) => {
          const at = from + step * stepMs;
          const rate = count / (stepMs / 1_000);
          const words = `${new Date(at).toLocaleString()}: ${formatCount(count)} records, ${formatCount(rate)}/s`;
          const isChosen = chosen >= at && chosen < at + stepMs;
          return (
            <li key={at}>
              <button
                type="button"
                title={words}
                aria-label={`Begin at ${words}`}
                aria-current={isChosen ? 'true' : undefined}
                tabIndex={isTabStop(step, counts, isChosen) ? 0 : -1}
                onClick={() => props.onPick(new Date(at).toISOString())}
                onKeyDown={(event) => moveFocus(event)}
              >
                <span style={{ height: count === 0 ? '1px' : `${Math.max(6, (count / max) * 100)}%` }} />
              </button>
            </li>
          );
        })}
      </ol>
      <p className="row quiet">
        <Time at={from} />
        <span className="grow">
          a bar is {formatSeconds(stepMs / 1_000)}; the highest {formatCount(max)} records
        </span>
        <span>now</span>
      </p>
    </section>
  );
}

/** One stop for the Tab key; arrows go from bar to bar. */
function isTabStop(step: number, counts: readonly number[], isChosen: boolean): boolean {
  return isChosen || step === counts.length - 1;
}

function moveFocus(event: React.KeyboardEvent<HTMLButtonElement>): void {
  const item = event.currentTarget.parentElement;
  const next =
    event.key === 'ArrowLeft'
      ? item?.previousElementSibling
      : event.key === 'ArrowRight'
        ? item?.nextElementSibling
        : null;
  const button = next?.querySelector('button');
  if (button === null || button === undefined) return;
  event.preventDefault();
  button.focus();
}
