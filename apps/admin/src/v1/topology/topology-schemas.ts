import { z } from 'zod';

const state = z.enum(['running', 'paused', 'stopped', 'failed', 'waiting']);
const perSecond = z
  .number()
  .nullable()
  .describe('null: not known. What takes two looks is known at the second within 20 s.');

export const TopologyNodeView = z
  .object({
    key: z
      .string()
      .describe('`node:topic/orders`, `node:sink/lake`, `node:sink/lake/store`, `node:collector/web/channel/disk`.'),
    kind: z.literal('node'),
    stage: z.enum(['source', 'interceptor', 'channel', 'topic', 'sink', 'store', 'client']),
    name: z.string(),
    type: z.string(),
    connector: z.string().nullable().describe('Collector or sink that it belongs to.'),
    state,
    reason: z.string().nullable().describe('null while all is well.'),
    in_per_second: perSecond,
    out_per_second: perSecond,
    fill: z.number().nullable().describe('How full its buffer is, 0 to 1; null: it has none.'),
    errors: z.number().describe('In the last five minutes, as far as somebody looked.'),
  })
  .meta({ id: 'TopologyNode' });

export const TopologyEdgeView = z
  .object({
    key: z.string(),
    kind: z.literal('edge'),
    from: z.string().describe('Key of a node.'),
    to: z.string().describe('Key of a node.'),
    state,
    records_per_second: perSecond,
    bytes_per_second: perSecond,
    lag_records: z.number().nullable(),
    lag_seconds: z.number().nullable(),
    back_pressure: z.boolean().describe('Whoever takes is slower than whoever gives, and what waits is growing.'),
    dropped_intended: z.number().describe('Records left out as it was told, since the process began.'),
    dropped_lost: z.number().describe('Records that are nowhere, since the process began.'),
  })
  .meta({ id: 'TopologyEdge' });

export const TopologyRowView = z.union([TopologyNodeView, TopologyEdgeView]);
