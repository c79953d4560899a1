import { Link } from 'wouter';
import { LinkButton } from '../../ui/basics.js';
import { DataTable, type Column } from '../../ui/data-table.js';
import { formatBytes, formatCount } from '../../ui/format.js';
import { EmptyState } from '../../ui/notices.js';
import { Time } from '../../ui/time.js';
import { useSinkStatus, type SinkStatus } from './sink-api.js';
import { SinkFrame } from './sink-frame.js';

type Place = SinkStatus['partitions'][number];

/** How far it is in each partition. */
export default function SinkOffsetsPage({ params }: { params: Readonly<Record<string, string>> }) {
  const name = params['name'] ?? '';
  return <SinkFrame name={name}>{({ body }) => <Offsets name={name} group={groupOf(name, body.config)} />}</SinkFrame>;
}

/** As Kafka Connect names the group of a sink. */
function groupOf(name: string, config: Readonly<Record<string, unknown>>): string {
  const own = config['consumer.override.group.id'] ?? config['group.id'];
  return typeof own === 'string' ? own : `connect-${name}`;
}

function Offsets({ name, group }: { name: string; group: string }) {
  const status = useSinkStatus(name).data;
  return (
    <div className="stack">
      <div className="row">
        <LinkButton to={`/groups/${encodeURIComponent(group)}/offsets`}>Move its position …</LinkButton>
        <span className="quiet">
          By offset or time, with a preview, as the group <code>{group}</code>.
        </span>
      </div>
      <DataTable
        label={`Partitions of ${name}`}
        columns={columns}
        rows={status?.partitions ?? []}
        keyOf={({ topic, partition }) => `${topic} ${partition}`}
        sortedBy={{ column: 'lag', descending: true }}
        empty={
          <EmptyState title="No partition is being read" command={`npx millrace sink describe ${name}`}>
            A running task reports the 40 partitions that are furthest behind.
          </EmptyState>
        }
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
  { id: 'task', title: 'Task', isNumber: true, sortBy: ({ task }) => task, cell: ({ task }) => task },
  {
    id: 'committed',
    title: 'Committed',
    isNumber: true,
    sortBy: ({ committed }) => committed,
    cell: ({ committed }) => formatCount(committed),
  },
  {
    id: 'position',
    title: 'Next',
    isNumber: true,
    sortBy: ({ position }) => position,
    cell: ({ position }) => formatCount(position),
  },
  { id: 'lag', title: 'Lag', isNumber: true, sortBy: ({ lag }) => lag, cell: ({ lag }) => formatCount(lag) },
  {
    id: 'buffered',
    title: 'Held',
    isNumber: true,
    sortBy: ({ buffered_bytes }) => buffered_bytes,
    cell: ({ buffered_bytes }) => formatBytes(buffered_bytes),
  },
  {
    id: 'last',
    title: 'Last taken',
    width: 'minmax(170px, 1fr)',
    sortBy: ({ last_ok_at }) => last_ok_at,
    cell: ({ last_ok_at }) => <Time at={last_ok_at} />,
  },
  { id: 'paused', title: 'Waits for', cell: ({ paused_by }) => paused_by ?? '–' },
];
