/**
 * Everything that records flow through, as one picture: collectors with their components, topics, sinks with their stores, and consumer
 * groups that belong to neither.
 */
import type { GroupLook } from '../looks/groups-look.js';
import type { TopicLook } from '../looks/topics-look.js';
import type { LiveLooks } from '../live-looks.js';
import type { TopologyEdge, TopologyNode } from '../live-rows.js';
import { CollectorPart } from '../topology/collector-part.js';
import { Drawing, nodeKey } from '../topology/drawing.js';
import { drawSink } from '../topology/sink-part.js';
import { sinksByGroup } from './groups-table.js';
import { endOf } from './topics-table.js';

const clientsMax = 500;
/** Topics that nothing here writes or reads are shown as far as there is room. */
const looseTopicsMax = 200;

export async function topologyRows(
  looks: LiveLooks,
  atMs: number,
): Promise<ReadonlyMap<string, TopologyNode | TopologyEdge>> {
  const [topics, groups, connectors] = await Promise.all([
    looks.topics.topics(),
    looks.groups.groups(),
    looks.connectors.connectors(),
  ]);
  const drawing = new Drawing();
  const sinkOf = sinksByGroup(connectors, looks.environment);
  const groupOf = new Map([...sinkOf].map(([id, { mark }]) => [mark.name, groups.get(id) ?? null]));
  const ownGroups = new Set(sinkOf.keys());
  for (const look of connectors.values()) {
    if (look.mark.kind === 'sink') {
      drawSink(drawing, look, { looks, topics, group: groupOf.get(look.mark.name) ?? null, atMs });
    } else {
      for (const group of new CollectorPart(drawing, looks, look, atMs).draw()) ownGroups.add(group);
    }
  }
  const clients = [...groups.values()].filter(({ id, committed }) => !ownGroups.has(id) && committed.length > 0);
  for (const group of clients.slice(0, clientsMax)) drawClient(drawing, group, { looks, topics, atMs });
  drawTopics(drawing, { looks, topics, atMs });
  return drawing.rows;
}

interface Surroundings {
  readonly looks: LiveLooks;
  readonly topics: ReadonlyMap<string, TopicLook>;
  readonly atMs: number;
}

function drawClient(drawing: Drawing, group: GroupLook, { looks, topics, atMs }: Surroundings): void {
  const key = nodeKey('client', group.id);
  const hasMembers = group.members > 0;
  const state = hasMembers ? 'running' : 'stopped';
  let total = 0;
  for (const [topic, places] of Map.groupBy(group.committed, (place) => place.topic)) {
    const ends = topics.get(topic)?.ends;
    if (ends === undefined) continue;
    const read = places.reduce((sum, { offset }) => sum + offset, 0);
    const perSecond = looks.rates.of(`client ${group.id} ${topic}`, read, atMs);
    total += perSecond ?? 0;
    const lags = places.map(({ partition, offset }) => Math.max(0, (ends[partition] ?? 0) - offset));
    const lag = lags.reduce((sum, each) => sum + each, 0);
    const furthest = places[lags.indexOf(Math.max(...lags))];
    const id = `${group.id} ${topic} ${furthest?.partition ?? 0}`;
    drawing.edge({
      from: nodeKey('topic', topic),
      to: key,
      state,
      records_per_second: perSecond,
      lag_records: lag,
      lag_seconds: lag === 0 || furthest === undefined ? 0 : looks.ages.secondsBehind(id, furthest),
    });
  }
  drawing.node(key, {
    stage: 'client',
    name: group.id,
    type: 'consumer group',
    connector: null,
    state,
    reason: hasMembers ? null : 'Nobody of the group is connected.',
    in_per_second: total,
  });
}

/** After all else: those that an edge goes to or comes from, and some others. */
function drawTopics(drawing: Drawing, { looks, topics, atMs }: Surroundings): void {
  const prefix = nodeKey('topic', '');
  const ends = new Set<string>();
  const outgoing = new Map<string, number>();
  for (const row of drawing.rows.values()) {
    if (row.kind !== 'edge') continue;
    for (const end of [row.from, row.to]) if (end.startsWith(prefix)) ends.add(end);
    outgoing.set(row.from, (outgoing.get(row.from) ?? 0) + (row.records_per_second ?? 0));
  }
  let loose = 0;
  for (const topic of topics.values()) {
    const key = nodeKey('topic', topic.name);
    const isLinked = ends.delete(key);
    if (!isLinked && (topic.internal || loose >= looseTopicsMax)) continue;
    if (!isLinked) loose += 1;
    drawing.node(key, {
      stage: 'topic',
      name: topic.name,
      type: 'topic',
      connector: null,
      state: 'running',
      in_per_second: looks.rates.of(`topic ${topic.name}`, endOf(topic), atMs),
      out_per_second: outgoing.get(key) ?? null,
    });
  }
  // Written down in a config, and not there: nothing has been written to it yet.
  for (const key of ends) {
    drawing.node(key, {
      stage: 'topic',
      name: decodeURIComponent(key.slice(prefix.length)),
      type: 'topic',
      connector: null,
      state: 'waiting',
      reason: 'There is no such topic yet.',
    });
  }
}
