import { z } from 'zod';
import type { ConfigEntry, PartitionDetail, TopicDescription, TopicListing } from '#topics/topic-admin';
import { pageQuery } from '../page.js';

export const TopicsQuery = pageQuery.extend({
  filter: z.string().max(200).optional().describe('Part of the name, in any case.'),
  internal: z.enum(['true', 'false']).default('false').describe('Internal topics too: offsets of groups and the like.'),
});

const partitionCount = z.int().min(1).max(100_000);

export const NewTopicBody = z
  .strictObject({
    name: z
      .string()
      .regex(/^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/, 'a name of a topic has 1 to 249 letters, digits and . _ -'),
    partitions: partitionCount.optional().describe('Default: the cluster’s.'),
    replication: z.int().min(1).max(32_767).optional().describe('Default: the cluster’s.'),
    configs: z.record(z.string().min(1).max(200), z.string().max(10_000)).default({}),
  })
  .meta({ id: 'NewTopicSpec' });
export type NewTopicBody = z.output<typeof NewTopicBody>;

export const TopicPatch = z
  .strictObject({
    partitions: partitionCount.optional().describe('Afterwards; it can only grow.'),
    configs: z
      .record(z.string().min(1).max(200), z.string().max(10_000).nullable())
      .optional()
      .describe('null: back to the default. What is not named stays.'),
  })
  .meta({ id: 'TopicPatch' });

export const TruncateBody = z
  .union([
    z.strictObject({
      partitions: z
        .array(
          z.strictObject({
            partition: z.int().min(0),
            before_offset: z.int().min(0).describe('The first offset that stays.'),
          }),
        )
        .min(1)
        .max(10_000),
    }),
    z.strictObject({
      before_ts: z.iso
        .datetime({ offset: true })
        .describe('Each partition stays from its first record at or after this on.'),
    }),
  ])
  .meta({ id: 'TopicTruncation' });
export type TruncateBody = z.output<typeof TruncateBody>;

export const TopicSummaryView = z
  .object({ kind: z.literal('Topic'), name: z.string(), id: z.string(), partitions: z.int(), internal: z.boolean() })
  .meta({ id: 'TopicSummary' });

export const PartitionView = z
  .object({
    partition: z.int(),
    leader: z.int().nullable().describe('Id of the node; null: none now.'),
    leader_epoch: z.int(),
    replicas: z.array(z.int()),
    in_sync_replicas: z.array(z.int()),
    earliest_offset: z.int(),
    latest_offset: z.int(),
    size_bytes: z.int().nullable().describe('On the disk of its leader; null: the nodes do not say.'),
  })
  .meta({ id: 'TopicPartition' });

export const TopicView = TopicSummaryView.extend({
  replication: z.int(),
  partition_details: z.array(PartitionView),
  configs: z.array(
    z.object({
      name: z.string(),
      value: z.string().nullable().describe('null: secret, or not set.'),
      source: z.enum(['topic', 'broker', 'default']),
      read_only: z.boolean(),
    }),
  ),
}).meta({ id: 'Topic' });

export const TruncatePlanView = z
  .object({
    kind: z.literal('TopicTruncationPlan'),
    topic: z.string(),
    applied: z.boolean(),
    partitions: z.array(
      z.object({
        partition: z.int(),
        old_earliest_offset: z.int(),
        new_earliest_offset: z.int(),
      }),
    ),
    records: z.int().describe('How many offsets go; of a compacted topic, or one with transactions, fewer records.'),
  })
  .meta({ id: 'TopicTruncationPlan' });

export const TopicConfigsView = z
  .object({
    kind: z.literal('TopicConfigs'),
    topic: z.string(),
    configs: z.array(
      z.object({
        name: z.string(),
        value: z.string().nullable().describe('null: secret, or not set.'),
        source: z.enum(['topic', 'broker', 'default']),
        default_value: z.string().nullable().describe('What is in force after a reset; null: nothing, or a secret.'),
        type: z.enum(['BOOLEAN', 'STRING', 'INT', 'SHORT', 'LONG', 'DOUBLE', 'LIST', 'CLASS', 'PASSWORD']),
        documentation: z.string().nullable(),
        read_only: z.boolean(),
        sensitive: z.boolean(),
      }),
    ),
  })
  .meta({ id: 'TopicConfigs' });

export const TopicPlanView = z
  .object({
    kind: z.literal('TopicPlan'),
    name: z.string(),
    partitions: z.int().nullable().describe('With the cluster’s default; null: the cluster does not say.'),
    replication: z.int().nullable(),
    configs: z
      .array(z.object({ name: z.string(), value: z.string().nullable(), source: z.enum(['topic', 'default']) }))
      .describe('All settings as they would be.'),
  })
  .meta({ id: 'TopicPlan' });

export const TopicGroupsView = z
  .object({
    kind: z.literal('TopicGroups'),
    topic: z.string(),
    groups: z.array(
      z.object({
        name: z.string(),
        state: z.string(),
        members: z.int().describe('That read this topic now.'),
        lag: z.int().nullable().describe('Records behind; null: nothing was committed.'),
        partitions: z.array(z.object({ partition: z.int(), committed: z.int().nullable(), lag: z.int().nullable() })),
      }),
    ),
    is_complete: z.boolean().describe('false: there are more groups than are looked through.'),
  })
  .meta({ id: 'TopicGroups' });

export interface Ends {
  readonly earliest: ReadonlyMap<number, number>;
  readonly latest: ReadonlyMap<number, number>;
  /** Bytes; of those that are known. */
  readonly sizes: ReadonlyMap<number, number>;
}

export function topicSummary({ name, id, partitions, internal }: TopicListing): z.input<typeof TopicSummaryView> {
  return { kind: 'Topic', name, id, partitions, internal };
}

export function partitionView(detail: PartitionDetail, ends: Ends): z.input<typeof PartitionView> {
  return {
    partition: detail.partition,
    leader: detail.leader < 0 ? null : detail.leader,
    leader_epoch: detail.leaderEpoch,
    replicas: [...detail.replicas],
    in_sync_replicas: [...detail.inSyncReplicas],
    earliest_offset: ends.earliest.get(detail.partition) ?? 0,
    latest_offset: ends.latest.get(detail.partition) ?? 0,
    size_bytes: ends.sizes.get(detail.partition) ?? null,
  };
}

export function topicView(
  topic: TopicDescription,
  ends: Ends,
  configs: readonly ConfigEntry[],
): z.input<typeof TopicView> {
  return {
    ...topicSummary(topic),
    replication: topic.replicationFactor,
    partition_details: topic.partitionDetails.map((detail) => partitionView(detail, ends)),
    configs: configs.map(({ name, value, source, readOnly, sensitive }) => {
      return { name, value: sensitive ? null : value, source, read_only: readOnly };
    }),
  };
}
