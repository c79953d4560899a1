/**
 * Which topics the members of a consumer group read: their names, what their patterns matched, and the ids and partitions of those
 * topics when the target was last made. A change of any of it is a new group epoch.
 */
import type { ConsumerMember } from '#broker/groups/consumer-member';
import { TopicPattern } from '#broker/groups/topic-pattern';
import type { TopicView } from '#broker/groups/topic-view';

export interface ReadTopic {
  readonly topicId: string;
  readonly partitions: number;
}

export interface SubscriptionRows {
  readonly topics: readonly (readonly [name: string, topicId: string, partitions: number])[];
  readonly patterns: readonly (readonly [pattern: string, names: readonly string[]])[];
}

interface Match {
  readonly names: readonly string[];
  /** Version of the topics that it was matched against. */
  readonly atVersion: number;
}

export class GroupSubscriptions {
  private topics: ReadonlyMap<string, ReadTopic> = new Map();
  private readonly matches = new Map<string, Match>();
  private atVersion = -1;

  constructor(private readonly view: TopicView) {}

  static fromRows(view: TopicView, rows: SubscriptionRows): GroupSubscriptions {
    const subscriptions = new GroupSubscriptions(view);
    subscriptions.topics = new Map(
      rows.topics.map(([name, topicId, partitions]) => [name, { topicId, partitions }] as const),
    );
    for (const [pattern, names] of rows.patterns) subscriptions.matches.set(pattern, { names, atVersion: -1 });
    return subscriptions;
  }

  toRows(): SubscriptionRows {
    return {
      topics: [...this.topics].map(([name, { topicId, partitions }]) => [name, topicId, partitions] as const),
      patterns: [...this.matches].map(([pattern, { names }]) => [pattern, names] as const),
    };
  }

  /** Matches the member's pattern against the topics that it may know of, where they changed since; true where others match. */
  match(member: ConsumerMember, mayDescribe: (topic: string) => boolean): boolean {
    if (member.pattern === '') return false;
    const version = this.view.version;
    const before = this.matches.get(member.pattern);
    if (before?.atVersion === version) return false;
    const pattern = TopicPattern.parse(member.pattern);
    const names = this.view.source
      .list()
      .map((topic) => topic.name)
      .filter((name) => pattern?.matches(name) === true && mayDescribe(name))
      .sort();
    this.matches.set(member.pattern, { names, atVersion: version });
    return before === undefined || names.join('\n') !== before.names.join('\n');
  }

  /** Looks at the topics again; true where what the members read is not what it was. */
  refresh(members: Iterable<ConsumerMember>, isForced: boolean): boolean {
    const version = this.view.version;
    if (version === this.atVersion && !isForced) return false;
    this.atVersion = version;
    const topics = new Map<string, ReadTopic>();
    const patterns = new Set<string>();
    for (const member of members) {
      patterns.add(member.pattern);
      for (const name of this.namesOf(member)) {
        const topic = topics.has(name) ? null : this.view.source.byName(name);
        if (topic !== null) topics.set(name, { topicId: topic.id, partitions: topic.partitions });
      }
    }
    for (const pattern of this.matches.keys()) if (!patterns.has(pattern)) this.matches.delete(pattern);
    const isOther = !sameTopics(topics, this.topics);
    this.topics = topics;
    return isOther;
  }

  /** Topics that anybody reads and that exist. */
  read(): ReadTopic[] {
    return [...this.topics.values()];
  }

  idsOf(member: ConsumerMember): ReadonlySet<string> {
    const ids = new Set<string>();
    for (const name of this.namesOf(member)) {
      const topic = this.topics.get(name);
      if (topic !== undefined) ids.add(topic.topicId);
    }
    return ids;
  }

  namesOf(member: ConsumerMember): readonly string[] {
    const matched = member.pattern === '' ? undefined : this.matches.get(member.pattern);
    return matched === undefined ? member.topics : [...new Set([...member.topics, ...matched.names])];
  }
}

function sameTopics(left: ReadonlyMap<string, ReadTopic>, right: ReadonlyMap<string, ReadTopic>): boolean {
  if (left.size !== right.size) return false;
  for (const [name, { topicId, partitions }] of left) {
    const other = right.get(name);
    if (other?.topicId !== topicId || other.partitions !== partitions) return false;
  }
  return true;
}
