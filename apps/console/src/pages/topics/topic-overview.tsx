import { useLiveRow, useSeries } from '../../api/live-hooks.js';
import { useBootstrap } from '../../api/nodes.js';
import { useGet } from '../../api/queries.js';
import { Command, Figures } from '../../ui/basics.js';
import { formatByteRate, formatBytes, formatCount, formatRate, formatShort } from '../../ui/format.js';
import { Spark } from '../../ui/spark.js';
import { Time } from '../../ui/time.js';
import { TimeChart } from '../../ui/time-chart.js';
import { pathOf, type Topic, type TopicConfigs } from './topic-api.js';
import { commandsOf } from './topic-commands.js';
import { TopicFrame } from './topic-frame.js';
import { partitionWords, recordsOf, retentionOf, sizeOf } from './topic-words.js';

export default function TopicOverview({ params }: { params: Readonly<Record<string, string>> }) {
  const { topic = '' } = params;
  return <TopicFrame topic={topic}>{(found) => <Overview topic={found} />}</TopicFrame>;
}

function Overview({ topic }: { topic: Topic }) {
  const { name, partition_details: partitions } = topic;
  const live = useLiveRow('topics', name);
  const bootstrap = useBootstrap();
  return (
    <>
      <Figures
        figures={[
          {
            name: 'Records/s in',
            value: (
              <span className="topics-figure">
                {formatRate(live?.in_per_second)} <Spark table="topics" row={name} field="in_per_second" />
              </span>
            ),
          },
          { name: 'Bytes/s in', value: formatByteRate(live?.in_bytes_per_second) },
          { name: 'Records kept', value: formatShort(live?.records ?? recordsOf(partitions)) },
          { name: 'Size', value: formatBytes(live?.size_bytes ?? sizeOf(partitions)) },
          {
            name: 'Largest lag, records',
            value: (
              <span className="topics-figure">
                {formatShort(live?.lag_records)}{' '}
                <Spark table="topics" row={name} field="lag_records" colour="var(--series-2)" />
              </span>
            ),
          },
        ]}
      />
      <Charts name={name} />
      <div className="columns">
        <Storage topic={topic} />
        <section className="card stack">
          <h2>In a terminal</h2>
          {commandsOf(name, bootstrap).map(({ name: what, text }) => (
            <div key={what} className="stack" style={{ gap: 4 }}>
              <span className="quiet">{what}</span>
              <Command text={text} />
            </div>
          ))}
        </section>
      </div>
    </>
  );
}

function Charts({ name }: { name: string }) {
  const live = useLiveRow('topics', name);
  const { at, values } = useSeries([live?.in_per_second, live?.lag_records]);
  return (
    <div className="columns">
      <div className="card">
        <TimeChart title="Records/s in" at={at} lines={[{ name: 'in', values: values[0] ?? [] }]} format={formatRate} />
      </div>
      <div className="card">
        <TimeChart
          title="Largest lag, records"
          at={at}
          lines={[{ name: 'lag', values: values[1] ?? [], colour: 'var(--series-2)' }]}
          format={formatShort}
        />
      </div>
    </div>
  );
}

interface Oldest {
  readonly data: readonly { readonly timestamp: string | null }[];
}

function Storage({ topic }: { topic: Topic }) {
  const { name, partition_details: partitions, replication } = topic;
  const configs = useGet<TopicConfigs>(`${pathOf(name)}/configs`).data?.configs;
  const oldest = useGet<Oldest>(`${pathOf(name)}/records`, { offset: 0, limit: 1 }).data?.data[0]?.timestamp;
  const oldestAt = oldest === undefined || oldest === null ? null : Date.parse(oldest);
  const retention = configs === undefined ? null : retentionOf(configs, { partitions, oldestAt });
  return (
    <section className="card stack">
      <h2>Storage</h2>
      <p className="quiet">{partitionWords(partitions.length, replication)}</p>
      <PartitionBars partitions={partitions} />
      {retention === null ? null : (
        <>
          <h3>What goes</h3>
          <ul className="topics-rules">
            {retention.rules.map((rule) => (
              <li key={rule}>{rule}</li>
            ))}
            {oldestAt === null ? null : (
              <li>
                The oldest record is of <Time at={oldestAt} />
                {retention.dueAt === null ? '.' : dueWords(retention.dueAt)}
              </li>
            )}
          </ul>
        </>
      )}
    </section>
  );
}

function dueWords(at: number) {
  return (
    <>
      ; it is due <Time at={at} />, with the rest of its segment.
    </>
  );
}

const barsMax = 24;

/** The largest first. */
function PartitionBars({ partitions }: { partitions: Topic['partition_details'] }) {
  const largest = partitions.toSorted((left, right) => (right.size_bytes ?? 0) - (left.size_bytes ?? 0));
  const max = Math.max(1, largest[0]?.size_bytes ?? 0);
  const shown = largest.slice(0, barsMax).toSorted((left, right) => left.partition - right.partition);
  return (
    <div className="topics-bars-frame" role="region" aria-label="Partitions by size" tabIndex={0}>
      <table className="plain-table topics-bars">
        <caption className="unseen">Size and offsets by partition</caption>
        <thead>
          <tr>
            <th scope="col">Partition</th>
            <th scope="col">Size</th>
            <th scope="col" className="number">
              Offsets
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map(({ partition, size_bytes: size, earliest_offset: from, latest_offset: to }) => (
            <tr key={partition}>
              <th scope="row">{partition}</th>
              <td>
                <span className="topics-bar">
                  <span className="meter" aria-hidden="true">
                    <span style={{ width: `${((size ?? 0) / max) * 100}%` }} />
                  </span>
                  <span className="number">{formatBytes(size)}</span>
                </span>
              </td>
              <td className="number">
                {formatCount(from)} – {formatCount(to)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {largest.length > barsMax ? (
        <p className="quiet">
          The {barsMax} largest of {formatCount(largest.length)}.
        </p>
      ) : null}
    </div>
  );
}
