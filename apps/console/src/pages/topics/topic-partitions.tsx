import { useState } from 'react';
import { useChange } from '../../api/queries.js';
import { useMay } from '../../shell/session.js';
import { Badge, Button } from '../../ui/basics.js';
import { DataTable, type Column } from '../../ui/data-table.js';
import { Confirm } from '../../ui/dialogs.js';
import { TextField } from '../../ui/fields.js';
import { formatBytes, formatCount, formatPlural } from '../../ui/format.js';
import { toast } from '../../ui/notices.js';
import { changeTopic, checkChange, pathOf, type Topic, type TopicPartition } from './topic-api.js';
import { TopicFrame } from './topic-frame.js';

export default function TopicPartitions({ params }: { params: Readonly<Record<string, string>> }) {
  const { topic = '' } = params;
  return <TopicFrame topic={topic}>{(found) => <Partitions topic={found} />}</TopicFrame>;
}

function Partitions({ topic }: { topic: Topic }) {
  const [isAdding, setIsAdding] = useState(false);
  const mayEdit = useMay('topics', 'edit', topic.name);
  return (
    <>
      <div className="row">
        <p className="grow quiet">{formatPlural(topic.partitions, 'partition')}, each with an order of its own.</p>
        {mayEdit && !topic.internal ? <Button onPress={() => setIsAdding(true)}>Add partitions</Button> : null}
      </div>
      <DataTable
        label={`Partitions of ${topic.name}`}
        columns={columns}
        rows={topic.partition_details}
        keyOf={({ partition }) => String(partition)}
        sortedBy={{ column: 'partition' }}
      />
      {isAdding ? <AddPartitions topic={topic} onClose={() => setIsAdding(false)} /> : null}
    </>
  );
}

const number = { isNumber: true, width: '120px' };

const columns: readonly Column<TopicPartition>[] = [
  {
    id: 'partition',
    title: 'Partition',
    width: '80px',
    sortBy: ({ partition }) => partition,
    cell: ({ partition }) => partition,
  },
  {
    id: 'leader',
    title: 'Leader',
    width: '110px',
    sortBy: ({ leader }) => leader,
    cell: ({ leader }) => (leader === null ? <Badge tone="bad">no leader</Badge> : `node ${leader}`),
  },
  {
    id: 'replicas',
    title: 'Copies on nodes',
    width: 'minmax(190px, 1fr)',
    cell: ({ replicas, in_sync_replicas: inSync }) => (
      <span className="topics-value">
        {replicas.join(', ')}
        {inSync.length < replicas.length ? (
          <Badge tone="warn">{`${inSync.length} of ${replicas.length} in sync`}</Badge>
        ) : (
          <Badge tone="good">in sync</Badge>
        )}
      </span>
    ),
  },
  {
    ...number,
    id: 'earliest',
    title: 'First offset',
    sortBy: ({ earliest_offset: offset }) => offset,
    cell: ({ earliest_offset: offset }) => formatCount(offset),
  },
  {
    ...number,
    id: 'latest',
    title: 'Next offset',
    sortBy: ({ latest_offset: offset }) => offset,
    cell: ({ latest_offset: offset }) => formatCount(offset),
  },
  {
    ...number,
    id: 'records',
    title: 'Records',
    sortBy: ({ earliest_offset: from, latest_offset: to }) => to - from,
    cell: ({ earliest_offset: from, latest_offset: to }) => formatCount(to - from),
  },
  {
    ...number,
    id: 'size',
    title: 'Size',
    sortBy: ({ size_bytes: size }) => size,
    cell: ({ size_bytes: size }) => formatBytes(size),
  },
];

function AddPartitions({ topic, onClose }: { topic: Topic; onClose: () => void }) {
  const { name, partitions: now } = topic;
  const [count, setCount] = useState(String(now + 1));
  const wanted = Number(count);
  const isMore = Number.isInteger(wanted) && wanted > now;
  const add = useChange(async (partitions: number) => {
    await checkChange(name, { partitions });
    return changeTopic(name, { partitions });
  }, pathOf(name));
  return (
    <Confirm
      title={`Add partitions to ${name}`}
      isOpen
      onClose={onClose}
      tone="primary"
      verb={isMore ? `Add ${formatPlural(wanted - now, 'partition')}` : 'Add partitions'}
      run={async () => {
        await add.mutateAsync(wanted);
        toast(`${name} has ${formatPlural(wanted, 'partition')} now.`);
      }}
    >
      <div className="stack">
        <TextField
          label="Partitions afterwards"
          type="number"
          value={count}
          onChange={setCount}
          hint={`There are ${formatCount(now)}; their number can only grow.`}
          problem={isMore ? null : `Give a whole number above ${formatCount(now)}.`}
        />
        <p>
          From then on a key may go to another partition than before, so records of one key are in order only from here
          on. What is there stays where it is.
        </p>
      </div>
    </Confirm>
  );
}
