import { EntitySchema } from 'typeorm';
import type { Topic } from '#log/engine';

/** A topic as a row, by the names of the engine's own `Topic`. */
export const topicEntity = new EntitySchema<Topic>({
  name: 'topic',
  tableName: 'topic',
  schema: 'millrace',
  columns: {
    id: { type: 'text', primary: true },
    name: { type: 'text', unique: true },
    partitions: { type: 'integer' },
    configs: { type: 'jsonb' },
    internal: { type: 'boolean', name: 'is_internal' },
  },
});
