import { MillraceError } from '#std/errors';
import type { Random } from '#std/random';
import { CatalogTopics, type TopicChanges } from './catalog-topics.js';
import type { EngineTopics, Topic, TopicCatalog } from './engine.js';
import { logErrors } from './errors.js';
import { leaderIndexOf } from './topic-index.js';
import { Turns } from './turns.js';

/** Leaders for partitions that are added to `topics`, where there are several nodes. */
export type AssignLeaders = (topics: readonly Topic[], count: number) => readonly number[];

/** Topics in memory, as the catalog has them; changes one after another, in the catalog first. */
export class LocalTopics extends CatalogTopics implements EngineTopics {
  private readonly turns = new Turns();

  constructor(
    catalog: TopicCatalog,
    private readonly random: Random,
    changes: TopicChanges,
    private readonly assign: AssignLeaders | null = null,
  ) {
    super(catalog, changes);
  }

  create(spec: Parameters<EngineTopics['create']>[0]): Promise<Topic> {
    return this.turns.run(async () => {
      if (this.index.byName(spec.name) !== null) {
        throw new MillraceError(logErrors.topicExists, `Topic '${spec.name}' already exists.`);
      }
      const topic = {
        id: newTopicId(this.random),
        name: spec.name,
        partitions: spec.partitions,
        configs: { ...spec.configs },
        internal: spec.internal ?? false,
        ...this.leaders([], spec.partitions, spec.leaders ?? null),
      };
      await this.catalog.insert(topic);
      this.index.keep(topic);
      this.changes.added(topic);
      return topic;
    });
  }

  delete(name: string): Promise<void> {
    return this.turns.run(async () => {
      const topic = this.require(name);
      await this.catalog.remove(topic.id);
      this.index.forget(topic);
      await this.changes.removed(topic);
    });
  }

  addPartitions(name: string, total: number, leaders: readonly number[] | null = null): Promise<Topic> {
    return this.turns.run(async () => {
      const topic = this.require(name);
      if (total <= topic.partitions) {
        throw new MillraceError(
          logErrors.partitionsInvalid,
          `Topic '${name}' has ${topic.partitions} partitions; ${total} is not more.`,
        );
      }
      const first = Array.from({ length: topic.partitions }, (_, index) => leaderIndexOf(topic, index));
      const added = this.leaders(first, total - topic.partitions, leaders);
      return this.replace({ ...topic, partitions: total, ...added });
    });
  }

  alterConfigs(name: string, configs: Readonly<Record<string, string>>): Promise<Topic> {
    return this.turns.run(() => this.replace({ ...this.require(name), configs: { ...configs } }));
  }

  /** `work` runs between two changes. */
  between<T>(work: () => Promise<T>): Promise<T> {
    return this.turns.run(work);
  }

  /** Resolves when no change is under way. */
  idle(): Promise<void> {
    return this.turns.idle();
  }

  private async replace(topic: Topic): Promise<Topic> {
    await this.catalog.update(topic);
    this.index.keep(topic);
    this.changes.changed(topic);
    return topic;
  }

  private require(name: string): Topic {
    const topic = this.index.byName(name);
    if (topic === null) throw new MillraceError(logErrors.topicUnknown, `Topic '${name}' does not exist.`);
    return topic;
  }

  /** Not kept where there is one node: what is missing is the first one's. */
  private leaders(first: readonly number[], added: number, wanted: readonly number[] | null): Pick<Topic, 'leaders'> {
    return this.assign === null ? {} : { leaders: [...first, ...(wanted ?? this.assign(this.list(), added))] };
  }
}

/** 16 random bytes as 22 characters; never with a leading dash, which command lines would take for an option. */
function newTopicId(random: Random): string {
  const bytes = Buffer.alloc(16);
  for (;;) {
    for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32BE(Math.floor(random.next() * 2 ** 32), at);
    const id = bytes.toString('base64url');
    if (!id.startsWith('-')) return id;
  }
}
