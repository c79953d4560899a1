import { MillraceError } from '#std/errors';
import type { Random } from '#std/random';
import type { EngineTopics, Topic, TopicCatalog } from './engine.js';
import { logErrors } from './errors.js';
import { Turns } from './turns.js';

/** What the engine does when topics change. `removed` runs before the deletion is answered. */
export interface TopicChanges {
  added(topic: Topic): void;
  changed(topic: Topic): void;
  removed(topic: Topic): Promise<void>;
}

/** Topics in memory, as the catalog has them; changes one after another, in the catalog first. */
export class LocalTopics implements EngineTopics {
  private readonly ids = new Map<string, Topic>();
  private readonly names = new Map<string, Topic>();
  private readonly turns = new Turns();
  private cluster = '';

  constructor(
    private readonly catalog: TopicCatalog,
    private readonly random: Random,
    private readonly changes: TopicChanges,
  ) {}

  async open(): Promise<void> {
    this.cluster = await this.catalog.clusterId();
    for (const topic of await this.catalog.load()) {
      this.keep(topic);
      this.changes.added(topic);
    }
  }

  get clusterId(): string {
    return this.cluster;
  }

  byName(name: string): Topic | null {
    return this.names.get(name) ?? null;
  }

  byId(id: string): Topic | null {
    return this.ids.get(id) ?? null;
  }

  list(): Topic[] {
    return [...this.names.values()];
  }

  create(spec: {
    name: string;
    partitions: number;
    configs: Readonly<Record<string, string>>;
    internal?: boolean;
  }): Promise<Topic> {
    return this.turns.run(async () => {
      if (this.names.has(spec.name)) {
        throw new MillraceError(logErrors.topicExists, `Topic '${spec.name}' already exists.`);
      }
      const topic = {
        id: newTopicId(this.random),
        name: spec.name,
        partitions: spec.partitions,
        configs: { ...spec.configs },
        internal: spec.internal ?? false,
      };
      await this.catalog.insert(topic);
      this.keep(topic);
      this.changes.added(topic);
      return topic;
    });
  }

  delete(name: string): Promise<void> {
    return this.turns.run(async () => {
      const topic = this.require(name);
      await this.catalog.remove(topic.id);
      this.names.delete(name);
      this.ids.delete(topic.id);
      await this.changes.removed(topic);
    });
  }

  addPartitions(name: string, total: number): Promise<Topic> {
    return this.turns.run(async () => {
      const topic = this.require(name);
      if (total <= topic.partitions) {
        throw new MillraceError(
          logErrors.partitionsInvalid,
          `Topic '${name}' has ${topic.partitions} partitions; ${total} is not more.`,
        );
      }
      return this.replace({ ...topic, partitions: total });
    });
  }

  alterConfigs(name: string, configs: Readonly<Record<string, string>>): Promise<Topic> {
    return this.turns.run(() => this.replace({ ...this.require(name), configs: { ...configs } }));
  }

  /** Resolves when no change is under way. */
  idle(): Promise<void> {
    return this.turns.idle();
  }

  private async replace(topic: Topic): Promise<Topic> {
    await this.catalog.update(topic);
    this.keep(topic);
    this.changes.changed(topic);
    return topic;
  }

  private require(name: string): Topic {
    const topic = this.names.get(name);
    if (topic === undefined) throw new MillraceError(logErrors.topicUnknown, `Topic '${name}' does not exist.`);
    return topic;
  }

  private keep(topic: Topic): void {
    this.ids.set(topic.id, topic);
    this.names.set(topic.name, topic);
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
