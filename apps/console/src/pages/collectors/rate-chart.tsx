import { useLiveRow, useSeries } from '../../api/live-hooks.js';
import { formatRate } from '../../ui/format.js';
import { TimeChart } from '../../ui/time-chart.js';

/** Of its own, because it draws again each second. */
export function RateChart({ name }: { name: string }) {
  const row = useLiveRow('collectors', name);
  const { at, values } = useSeries([row?.records_per_second]);
  return (
    <section className="card" aria-label="Records over time">
      <TimeChart
        title="Records per second, since this view was opened"
        at={at}
        lines={[{ name: 'records', values: values[0] ?? [] }]}
        format={formatRate}
      />
    </section>
  );
}
