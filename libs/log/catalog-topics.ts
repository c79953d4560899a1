import type { Topic, TopicCatalog } from './engine.js';
import { TopicIndex } from './topic-index.js';

/** What the engine does when topics change. `removed` runs before the deletion is answered. */
export interface TopicChanges {
  added(topic: Topic): void;
  changed(topic: Topic): void;
  removed(topic: Topic): Promise<void>;
}

/** Topics in memory, as the catalog had them at the start; who makes the changes after it is the subclass's. */
export abstract class CatalogTopics {
  protected readonly index = new TopicIndex();
  private cluster = '';

  constructor(
    protected readonly catalog: TopicCatalog,
    protected readonly changes: TopicChanges,
  ) {}

  async open(): Promise<void> {
    this.cluster = await this.catalog.clusterId();
    // Nothing waits between the list and its use: a change that is told after the list must not be overwritten by it.
    for (const topic of await this.catalog.load()) {
      this.index.keep(topic);
      this.changes.added(topic);
    }
  }

  get clusterId(): string {
    return this.cluster;
  }

  byName(name: string): Topic | null {
    return this.index.byName(name);
  }

  byId(id: string): Topic | null {
    return this.index.byId(id);
  }

  list(): Topic[] {
    return this.index.list();
  }
}
