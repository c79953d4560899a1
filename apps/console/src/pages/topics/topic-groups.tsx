import { useMemo } from 'react';
import { Link, useLocation } from 'wouter';
import type { LiveGroup, LiveGroupPartition } from '../../../../admin/src/v1/events/live-rows.js';
import { useLive } from '../../api/live-hooks.js';
import { useBootstrap } from '../../api/nodes.js';
import { useGet } from '../../api/queries.js';
import { Lag, StateBadge } from '../../ui/basics.js';
import { DataTable, type Column } from '../../ui/data-table.js';
import { formatCount, formatRate } from '../../ui/format.js';
import { EmptyState, ErrorNotice, Loading } from '../../ui/notices.js';
import { pathOf, type TopicGroups } from './topic-api.js';
import { kcatGroupCommand } from './topic-commands.js';
import { TopicFrame } from './topic-frame.js';

interface GroupRow {
  readonly name: string;
  readonly state: string;
  readonly members: number;
  /** Of this topic alone. */
  readonly lagRecords: number | null;
  readonly lagSeconds: number | null;
  readonly partitions: number;
  readonly live: LiveGroup | undefined;
}

/** One stream names so many groups at most. */
const liveGroupsMax = 50;

export default function TopicGroupsPage({ params }: { params: Readonly<Record<string, string>> }) {
  const { topic = '' } = params;
  return <TopicFrame topic={topic}>{({ name }) => <Groups topic={name} />}</TopicFrame>;
}

function Groups({ topic }: { topic: string }) {
  const { data, error, refetch } = useGet<TopicGroups>(`${pathOf(topic)}/groups`);
  const bootstrap = useBootstrap();
  if (error !== null) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Loading what="groups" />;
  if (data.groups.length === 0) {
    return (
      <EmptyState title="No group reads this topic" command={kcatGroupCommand(topic, bootstrap)}>
        A sink of this topic, or a consumer with a group, stands here with how far it is behind.
      </EmptyState>
    );
  }
  return <GroupTable topic={topic} groups={data} />;
}

function GroupTable({ topic, groups: { groups, is_complete: isComplete } }: { topic: string; groups: TopicGroups }) {
  const [, navigate] = useLocation();
  const live = useLive('groups');
  const watched = groups.slice(0, liveGroupsMax).map(({ name }) => `group=${encodeURIComponent(name)}`);
  const places = useLive('group-partitions', watched.join('&'));
  const rows = useMemo(
    () => groups.map((group): GroupRow => rowOf(group, { live: live.get(group.name), places, topic })),
    [groups, live, places, topic],
  );
  return (
    <>
      <DataTable
        label={`Groups that read ${topic}`}
        columns={columns}
        rows={rows}
        keyOf={({ name }) => name}
        sortedBy={{ column: 'lag', descending: true }}
        onOpen={({ name }) => navigate(`/groups/${encodeURIComponent(name)}`)}
      />
      {isComplete ? null : <p className="quiet">There are more groups than are looked through here.</p>}
    </>
  );
}

function rowOf(
  group: TopicGroups['groups'][number],
  given: { live: LiveGroup | undefined; places: ReadonlyMap<string, LiveGroupPartition>; topic: string },
): GroupRow {
  const { live, places, topic } = given;
  const now = [...places.values()].filter((place) => place.group === group.name && place.topic === topic);
  const lags = now.flatMap(({ lag_records: lag }) => (lag === null ? [] : [lag]));
  const ages = now.flatMap(({ lag_seconds: lag }) => (lag === null ? [] : [lag]));
  return {
    name: group.name,
    state: live?.state ?? group.state,
    members: live?.members ?? group.members,
    lagRecords: lags.length === 0 ? group.lag : lags.reduce((sum, lag) => sum + lag, 0),
    lagSeconds: ages.length === 0 ? null : Math.max(...ages),
    partitions: group.partitions.length,
    live,
  };
}

const columns: readonly Column<GroupRow>[] = [
  {
    id: 'name',
    title: 'Group',
    width: 'minmax(220px, 2fr)',
    sortBy: ({ name }) => name,
    cell: ({ name }) => <Link to={`/groups/${encodeURIComponent(name)}`}>{name}</Link>,
  },
  {
    id: 'state',
    title: 'State',
    width: '150px',
    sortBy: ({ state }) => state,
    cell: ({ state }) => <StateBadge state={state} />,
  },
  {
    id: 'sink',
    title: 'Sink',
    width: 'minmax(120px, 1fr)',
    sortBy: ({ live }) => live?.sink ?? null,
    cell: ({ live }) =>
      live === undefined || live.sink === null ? (
        '–'
      ) : (
        <Link to={`/sinks/${encodeURIComponent(live.sink)}`}>{live.sink}</Link>
      ),
  },
  {
    id: 'members',
    title: 'Members',
    width: '90px',
    isNumber: true,
    sortBy: ({ members }) => members,
    cell: ({ members }) => formatCount(members),
  },
  {
    id: 'partitions',
    title: 'Partitions',
    width: '90px',
    isNumber: true,
    sortBy: ({ partitions }) => partitions,
    cell: ({ partitions }) => formatCount(partitions),
  },
  {
    id: 'rate',
    title: 'Reads',
    width: '100px',
    isNumber: true,
    sortBy: ({ live }) => live?.out_per_second ?? null,
    cell: ({ live }) => formatRate(live?.out_per_second),
  },
  {
    id: 'lag',
    title: 'Lag here',
    width: '150px',
    isNumber: true,
    sortBy: ({ lagRecords }) => lagRecords,
    cell: ({ lagRecords, lagSeconds }) => <Lag records={lagRecords} seconds={lagSeconds} />,
  },
];
