import type { Topic, TopicCatalog } from './engine.js';

/** Topics in memory: for tests, and wherever they need not outlive the process. */
export class MemoryCatalog implements TopicCatalog {
  private readonly topics = new Map<string, Topic>();

  constructor(private readonly cluster = 'memory-catalog-cluster') {}

  clusterId(): Promise<string> {
    return Promise.resolve(this.cluster);
  }

  load(): Promise<Topic[]> {
    return Promise.resolve([...this.topics.values()]);
  }

  insert(topic: Topic): Promise<void> {
    this.topics.set(topic.id, topic);
    return Promise.resolve();
  }

  update(topic: Topic): Promise<void> {
    this.topics.set(topic.id, topic);
    return Promise.resolve();
  }

  remove(topicId: string): Promise<void> {
    this.topics.delete(topicId);
    return Promise.resolve();
  }
}
