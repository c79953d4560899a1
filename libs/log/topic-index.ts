import type { Topic } from './engine.js';

/** Topics in memory, by id and by name. */
export class TopicIndex {
  private readonly ids = new Map<string, Topic>();
  private readonly names = new Map<string, Topic>();

  byName(name: string): Topic | null {
    return this.names.get(name) ?? null;
  }

  byId(id: string): Topic | null {
    return this.ids.get(id) ?? null;
  }

  list(): Topic[] {
    return [...this.names.values()];
  }

  keep(topic: Topic): void {
    this.ids.set(topic.id, topic);
    this.names.set(topic.name, topic);
  }

  forget(topic: Topic): void {
    this.ids.delete(topic.id);
    if (this.names.get(topic.name)?.id === topic.id) this.names.delete(topic.name);
  }
}

/** Index of the node that leads a partition; 0 where there is one node. */
export function leaderIndexOf(topic: Topic, partition: number): number {
  return topic.leaders?.[partition] ?? 0;
}
