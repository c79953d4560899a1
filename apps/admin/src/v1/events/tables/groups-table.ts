import { resolveReferences } from '#config/references';
import type { Connector } from '#control/connector';
import { placeKey, type GroupLook } from '../looks/groups-look.js';
import type { ConnectorLook } from '../looks/connectors-look.js';
import type { TopicLook } from '../looks/topics-look.js';
import type { LiveGroup, LiveGroupPartition } from '../live-rows.js';
import type { LiveLooks } from '../live-looks.js';
import { numberOf } from '../said.js';
import { rounded } from '../rates.js';

type Topics = ReadonlyMap<string, TopicLook>;

export async function groupRows(looks: LiveLooks, atMs: number): Promise<Map<string, LiveGroup>> {
  const [topics, groups, connectors] = await Promise.all([
    looks.topics.topics(),
    looks.groups.groups(),
    looks.connectors.connectors(),
  ]);
  const sinks = sinksByGroup(connectors, looks.environment);
  return new Map(
    [...groups.values()].map((group) => {
      const sink = sinks.get(group.id) ?? null;
      const furthest = furthestBehind(group, topics);
      const perSecond = looks.rates.of(
        `group ${group.id}`,
        group.committed.reduce((sum, { offset }) => sum + offset, 0),
        atMs,
      );
      const row: LiveGroup = {
        state: group.state,
        type: group.type,
        members: group.members,
        topics: [...new Set(group.committed.map(({ topic }) => topic))],
        lag_records: lagOf(group, topics),
        lag_seconds: secondsOf(looks, group, sink, furthest),
        out_per_second: rounded(perSecond ?? 0),
        sink: sink?.connector.name ?? null,
      };
      return [group.id, row] as const;
    }),
  );
}

export async function groupPartitionRows(
  looks: LiveLooks,
  wanted: readonly string[],
): Promise<Map<string, LiveGroupPartition>> {
  const [topics, groups] = await Promise.all([looks.topics.topics(), looks.groups.groups()]);
  const rows = new Map<string, LiveGroupPartition>();
  for (const id of wanted) {
    const group = groups.get(id);
    if (group === undefined) continue;
    const committed = new Map(group.committed.map((place) => [placeKey(place), place]));
    for (const key of new Set([...committed.keys(), ...group.readers.keys()])) {
      const topic = key.slice(0, key.lastIndexOf(' '));
      const partition = Number(key.slice(key.lastIndexOf(' ') + 1));
      const latest = topics.get(topic)?.ends[partition] ?? -1;
      if (latest < 0) continue;
      const offset = committed.get(key)?.offset ?? null;
      const lag = offset === null ? null : Math.max(0, latest - offset);
      const isBehind = offset !== null && lag !== null && lag > 0;
      rows.set(`${id}\n${topic}\n${partition}`, {
        group: id,
        topic,
        partition,
        committed_offset: offset,
        latest_offset: latest,
        lag_records: lag,
        lag_seconds: isBehind ? looks.ages.secondsBehind(`${id} ${key}`, { topic, partition, offset }) : lag,
        member: group.readers.get(key) ?? null,
      });
    }
  }
  return rows;
}

export function lagOf({ committed }: GroupLook, topics: Topics): number {
  return committed.reduce((sum, place) => sum + behind(place, topics), 0);
}

function furthestBehind({ committed }: GroupLook, topics: Topics): GroupLook['committed'][number] | null {
  let furthest: GroupLook['committed'][number] | null = null;
  let most = 0;
  for (const place of committed) {
    const lag = behind(place, topics);
    if (lag > most) [furthest, most] = [place, lag];
  }
  return furthest;
}

function behind({ topic, partition, offset }: GroupLook['committed'][number], topics: Topics): number {
  return Math.max(0, (topics.get(topic)?.ends[partition] ?? 0) - offset);
}

/** A running sink says it itself; of others the partition furthest behind is asked. */
function secondsOf(
  looks: LiveLooks,
  group: GroupLook,
  sink: ConnectorLook | null,
  furthest: GroupLook['committed'][number] | null,
): number | null {
  if (furthest === null) return 0;
  if (sink !== null && sink.tasks.some(({ state }) => state === 'RUNNING')) {
    return Math.round(Math.max(0, ...sink.tasks.map(({ details }) => numberOf(details['lag_ms']) ?? 0)) / 1000);
  }
  return looks.ages.secondsBehind(`${group.id} ${placeKey(furthest)}`, furthest);
}

/** Group ids of sinks: `connect-<name>`, or what they say themselves. Sinks of other clusters have none here. */
export function sinksByGroup(
  connectors: ReadonlyMap<string, ConnectorLook>,
  environment: LiveLooks['environment'],
): ReadonlyMap<string, ConnectorLook> {
  const found = new Map<string, ConnectorLook>();
  for (const look of connectors.values()) {
    const group = look.connector.kind === 'sink' ? groupOf(look.connector, environment) : null;
    if (group !== null) found.set(group, look);
  }
  return found;
}

export function groupOf({ name, config }: Connector, environment: LiveLooks['environment']): string | null {
  if ((config['consumer.override.bootstrap.servers'] ?? '').trim() !== '') return null;
  const own = config['consumer.override.group.id'];
  if (own === undefined) return `connect-${name}`;
  try {
    return resolveReferences({ own }, environment)['own'] ?? null;
  } catch {
    return null;
  }
}
