import { MillraceError } from '#std/errors';
import { catalogErrors } from './catalog-errors.js';
import type { ClusterChange, ClusterRecord, Topic, TopicCatalog } from './engine.js';

/** Topics in memory: for tests, and wherever they need not outlive the process. */
export class MemoryCatalog implements TopicCatalog {
  private readonly topics = new Map<string, Topic>();
  private readonly records = new Map<string, ClusterRecord>();

  constructor(private readonly cluster = 'memory-catalog-cluster') {}

  clusterId(): Promise<string> {
    return Promise.resolve(this.cluster);
  }

  load(): Promise<Topic[]> {
    return Promise.resolve([...this.topics.values()].sort((a, b) => (a.name < b.name ? -1 : 1)));
  }

  async insert(topic: Topic): Promise<void> {
    const isTaken = [...this.topics.values()].some((other) => other.name === topic.name || other.id === topic.id);
    if (isTaken) {
      throw new MillraceError(catalogErrors.topicExists, `Topic ${topic.name} (id ${topic.id}) exists already.`);
    }
    this.topics.set(topic.id, topic);
  }

  async update(topic: Topic): Promise<void> {
    if (!this.topics.has(topic.id)) {
      throw new MillraceError(catalogErrors.topicUnknown, `There is no topic with the id ${topic.id} (${topic.name}).`);
    }
    this.topics.set(topic.id, topic);
  }

  async remove(topicId: string): Promise<void> {
    this.topics.delete(topicId);
  }

  loadRecords(): Promise<ClusterRecord[]> {
    return Promise.resolve([...this.records.values()]);
  }

  async putRecords(changes: readonly ClusterChange[]): Promise<void> {
    for (const { kind, key, value } of changes) {
      const id = JSON.stringify([kind, key]);
      if (value === null) this.records.delete(id);
      else this.records.set(id, { kind, key, value });
    }
  }
}
