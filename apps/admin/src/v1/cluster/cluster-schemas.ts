import { z } from 'zod';

export const NodeView = z
  .object({
    kind: z.literal('Node'),
    id: z.int(),
    host: z.string(),
    port: z.int(),
    rack: z.string().nullable(),
    is_controller: z.boolean(),
    state: z.enum(['ready', 'silent']).describe('silent: the cluster names it, and it does not answer now.'),
    reason: z.string().nullable().describe('Why it does not answer; null while it does.'),
    partitions: z.int().nullable().describe('Copies of partitions that it holds; null: not known.'),
    size_bytes: z.int().nullable().describe('Of these copies.'),
    directories: z
      .array(
        z.object({
          path: z.string(),
          state: z.enum(['ready', 'failed']),
          total_bytes: z.int().nullable().describe('Room of its file system; null: not said.'),
          usable_bytes: z.int().nullable(),
        }),
      )
      .describe('Empty where the node does not say.'),
  })
  .meta({ id: 'Node' });

export const ClusterView = z
  .object({
    kind: z.literal('Cluster'),
    id: z.string(),
    controller: z.int().nullable().describe('Id of the node; null: none now.'),
    bootstrap: z.string().describe('Where this administration reaches the topics.'),
    nodes: z.int(),
    topics: z.int(),
    partitions: z.int(),
    product_version: z.string(),
    connect_version: z.string().describe('The level of Kafka Connect’s REST that is spoken here.'),
  })
  .meta({ id: 'Cluster' });
