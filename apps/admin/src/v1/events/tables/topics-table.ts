import type { GroupLook } from '../looks/groups-look.js';
import type { TopicLook } from '../looks/topics-look.js';
import type { LiveTopic } from '../live-rows.js';
import type { LiveLooks } from '../live-looks.js';
import { rounded, type Rates } from '../rates.js';

/** A topic that hundreds of groups read shows the first ones. */
const groupsMax = 100;

export async function topicRows(looks: LiveLooks, atMs: number): Promise<Map<string, LiveTopic>> {
  const [topics, groups] = await Promise.all([looks.topics.topics(), looks.groups.groups()]);
  const readers = readersOf(groups, topics);
  return new Map(
    [...topics.values()].map((topic) => [topic.name, rowOf(topic, readers.get(topic.name), looks.rates, atMs)]),
  );
}

function rowOf(
  topic: TopicLook,
  readers: ReadonlyMap<string, number> | undefined,
  rates: Rates,
  atMs: number,
): LiveTopic {
  const records = recordsOf(topic);
  const perSecond = rates.of(`topic ${topic.name}`, endOf(topic), atMs) ?? 0;
  const bytesEach = topic.bytes === null || records === 0 ? null : topic.bytes / records;
  return {
    partitions: topic.ends.length,
    internal: topic.internal,
    records,
    size_bytes: topic.bytes,
    in_per_second: rounded(perSecond),
    in_bytes_per_second: bytesEach === null ? null : rounded(perSecond * bytesEach),
    groups: [...(readers?.keys() ?? [])].slice(0, groupsMax),
    lag_records: readers === undefined ? null : Math.max(...readers.values()),
  };
}

/** By topic and group: records behind. */
function readersOf(
  groups: ReadonlyMap<string, GroupLook>,
  topics: ReadonlyMap<string, TopicLook>,
): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const found = new Map<string, Map<string, number>>();
  for (const { id, committed } of groups.values()) {
    for (const { topic, partition, offset } of committed) {
      const end = topics.get(topic)?.ends[partition] ?? -1;
      const readers = found.get(topic) ?? new Map<string, number>();
      found.set(topic, readers);
      readers.set(id, (readers.get(id) ?? 0) + Math.max(0, end - offset));
    }
  }
  return found;
}

export function recordsOf({ starts, ends }: TopicLook): number {
  return ends.reduce((sum, end, partition) => sum + Math.max(0, end - Math.max(0, starts[partition] ?? 0)), 0);
}

/** Rises with each record. */
export function endOf({ ends }: TopicLook): number {
  return ends.reduce((sum, end) => sum + Math.max(0, end), 0);
}
