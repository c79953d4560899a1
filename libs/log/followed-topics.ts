import { CatalogTopics, type TopicChanges } from './catalog-topics.js';
import type { EngineShare, EngineTopics, Topic, TopicCatalog, TopicChange } from './engine.js';

/** Topics of one node of several: changes are the director's to make, and are followed here as it tells them. */
export class FollowedTopics extends CatalogTopics implements EngineTopics {
  private following = Promise.resolve();

  constructor(
    catalog: TopicCatalog,
    private readonly share: EngineShare,
    changes: TopicChanges,
  ) {
    super(catalog, changes);
  }

  create(spec: Parameters<EngineTopics['create']>[0]): Promise<Topic> {
    return this.share.director.create(spec);
  }

  delete(name: string): Promise<void> {
    return this.share.director.delete(name);
  }

  addPartitions(name: string, total: number, leaders: readonly number[] | null = null): Promise<Topic> {
    return this.share.director.addPartitions(name, total, leaders);
  }

  alterConfigs(name: string, configs: Readonly<Record<string, string>>): Promise<Topic> {
    return this.share.director.alterConfigs(name, configs);
  }

  /** Resolves when the change is in force here. A change that is told twice is followed once. */
  follow({ kind, topic }: TopicChange): Promise<void> {
    if (kind === 'removed') {
      if (this.index.byId(topic.id) === null) return this.following;
      this.index.forget(topic);
      const removed = this.changes.removed(topic);
      this.following = Promise.allSettled([this.following, removed]).then(() => undefined);
      return removed;
    }
    const isNew = this.index.byId(topic.id) === null;
    this.index.keep(topic);
    if (isNew) this.changes.added(topic);
    else this.changes.changed(topic);
    return Promise.resolve();
  }

  /** Resolves when no change is under way. */
  idle(): Promise<void> {
    return this.following;
  }
}
