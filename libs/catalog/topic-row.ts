import { EntitySchema } from 'typeorm';
import type { Topic } from '#log/engine';

/** A topic as a row, by the names of the engine's own `Topic`. */
export interface TopicRow extends Omit<Topic, 'leaders'> {
  /** Null where the first node leads all partitions. */
  readonly leaders: readonly number[] | null;
}

export const topicEntity = new EntitySchema<TopicRow>({
  name: 'topic',
  tableName: 'topic',
  schema: 'millrace',
  columns: {
    id: { type: 'text', primary: true },
    name: { type: 'text', unique: true },
    partitions: { type: 'integer' },
    configs: { type: 'jsonb' },
    internal: { type: 'boolean', name: 'is_internal' },
    leaders: { type: 'jsonb', nullable: true },
  },
});

export function rowOf(topic: Topic): TopicRow {
  return { ...topic, leaders: topic.leaders ?? null };
}

export function topicOf({ leaders, ...topic }: TopicRow): Topic {
  return leaders === null ? topic : { ...topic, leaders };
}
