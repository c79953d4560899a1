import { Link } from 'wouter';
import { useLive, useLiveRow, useSeries } from '../../api/live-hooks.js';
import { Figures, Lag } from '../../ui/basics.js';
import { DataTable, type Column } from '../../ui/data-table.js';
import { formatCount, formatRate, formatSeconds } from '../../ui/format.js';
import { TimeChart } from '../../ui/time-chart.js';
import { Time } from '../../ui/time.js';
import { useGroupLag, type GroupLag } from './group-api.js';
import { GroupFrame } from './group-frame.js';
import { secondsToZero } from './lag-outlook.js';

type Place = GroupLag['partitions'][number];

/** How far it is behind, and for how long still. */
export default function GroupOverviewPage({ params }: { params: Readonly<Record<string, string>> }) {
  const name = params['group'] ?? '';
  return <GroupFrame name={name}>{() => <Overview name={name} />}</GroupFrame>;
}

function Overview({ name }: { name: string }) {
  const live = useLiveRow('groups', name);
  const lag = useGroupLag(name).data;
  const rows = useLive('group-partitions', `group=${encodeURIComponent(name)}`);
  const total = live?.lag_records ?? lag?.total;
  const series = useSeries([total]);
  const rate = useSeries([live?.out_per_second]);
  const left = secondsToZero(series);
  const partitions = (lag?.partitions ?? []).map((place): Place => {
    const row = rows.get(`${name}\n${place.topic}\n${place.partition}`);
    if (row === undefined) return place;
    return { ...place, committed: row.committed_offset, latest: row.latest_offset, lag: row.lag_records };
  });
  const atRisk = partitions.filter(({ committed, earliest }) => committed !== null && committed < earliest);
  return (
    <div className="stack">
      <Figures
        figures={[
          { name: 'Lag', value: <Lag records={total} seconds={live?.lag_seconds ?? lag?.lag_seconds} /> },
          { name: 'Read', value: formatRate(live?.out_per_second) },
          {
            name: 'Caught up',
            value:
              total === 0 ? (
                'now'
              ) : left === null ? (
                '–'
              ) : (
                <>
                  in {formatSeconds(left)}{' '}
                  <span className="quiet">
                    (<Time at={Date.now() + left * 1_000} />)
                  </span>
                </>
              ),
          },
          { name: 'Members', value: formatCount(live?.members) },
        ]}
      />
      {atRisk.length === 0 ? null : (
        <p className="notice" data-tone="bad" role="status">
          In {atRisk.map(({ topic, partition }) => `${topic} ${partition}`).join(', ')} records that it has not read are
          gone by retention. `retention.hold.groups` of the topic keeps them for a group.
        </p>
      )}
      <div className="columns">
        <div className="card">
          <TimeChart
            title="Lag in records"
            at={series.at}
            lines={[{ name: 'lag', values: series.values[0] ?? [], colour: 'var(--series-2)' }]}
            format={formatCount}
          />
        </div>
        <div className="card">
          <TimeChart
            title="Records read a second"
            at={rate.at}
            lines={[{ name: 'read', values: rate.values[0] ?? [] }]}
            format={formatRate}
          />
        </div>
      </div>
      <h2>Partitions</h2>
      <DataTable
        label={`Partitions of ${name}`}
        columns={columns}
        rows={partitions}
        keyOf={({ topic, partition }) => `${topic} ${partition}`}
        sortedBy={{ column: 'lag', descending: true }}
        empty={<p className="quiet">It has committed nothing and reads nothing now.</p>}
      />
    </div>
  );
}

const columns: readonly Column<Place>[] = [
  {
    id: 'topic',
    title: 'Topic',
    width: 'minmax(140px, 2fr)',
    sortBy: ({ topic }) => topic,
    cell: ({ topic }) => <Link to={`/topics/${encodeURIComponent(topic)}`}>{topic}</Link>,
  },
  {
    id: 'partition',
    title: 'Partition',
    isNumber: true,
    sortBy: ({ partition }) => partition,
    cell: ({ partition }) => partition,
  },
  {
    id: 'committed',
    title: 'Committed',
    isNumber: true,
    sortBy: ({ committed }) => committed,
    cell: ({ committed }) => formatCount(committed),
  },
  {
    id: 'latest',
    title: 'End',
    isNumber: true,
    sortBy: ({ latest }) => latest,
    cell: ({ latest }) => formatCount(latest),
  },
  {
    id: 'lag',
    title: 'Lag',
    isNumber: true,
    width: 'minmax(120px, 1fr)',
    sortBy: ({ lag }) => lag,
    cell: ({ lag, lag_seconds }) => <Lag records={lag} seconds={lag_seconds} />,
  },
  {
    id: 'member',
    title: 'Read by',
    width: 'minmax(140px, 1.5fr)',
    sortBy: ({ client_id }) => client_id,
    cell: ({ client_id, client_host }) => (client_id === null ? 'nobody' : `${client_id} ${client_host ?? ''}`),
  },
];
