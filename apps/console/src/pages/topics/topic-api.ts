/** What these views ask of `/api/v1/topics`. */
import type { z } from 'zod';
import type {
  PartitionView,
  TopicConfigsView,
  TopicGroupsView,
  TopicPlanView,
  TopicView,
  TruncatePlanView,
} from '../../../../admin/src/v1/topics/topic-schemas.js';
import { request } from '../../api/request.js';

export type Topic = z.infer<typeof TopicView>;
export type TopicPartition = z.infer<typeof PartitionView>;
export type TopicConfigs = z.infer<typeof TopicConfigsView>;
export type TopicConfig = TopicConfigs['configs'][number];
export type TopicGroups = z.infer<typeof TopicGroupsView>;
export type TopicPlan = z.infer<typeof TopicPlanView>;
export type TruncationPlan = z.infer<typeof TruncatePlanView>;

export interface NewTopic {
  readonly name: string;
  readonly partitions?: number;
  readonly replication?: number;
  readonly configs: Readonly<Record<string, string>>;
}

export interface TopicChange {
  readonly partitions?: number;
  /** null: back to the default. */
  readonly configs?: Readonly<Record<string, string | null>>;
}

export type Truncation =
  | { readonly before_ts: string }
  | { readonly partitions: readonly { readonly partition: number; readonly before_offset: number }[] };

const dryRun = { validate_only: true };

export function pathOf(topic: string): string {
  return `/api/v1/topics/${encodeURIComponent(topic)}`;
}

export function planTopic(topic: NewTopic, signal?: AbortSignal): Promise<TopicPlan> {
  return request('POST', '/api/v1/topics', { body: topic, query: dryRun, ...(signal === undefined ? {} : { signal }) });
}

export function createTopic(topic: NewTopic): Promise<Topic> {
  return request('POST', '/api/v1/topics', { body: topic });
}

export function checkChange(topic: string, change: TopicChange, signal?: AbortSignal): Promise<Topic> {
  return request('PATCH', pathOf(topic), {
    body: change,
    query: dryRun,
    ...(signal === undefined ? {} : { signal }),
  });
}

export function changeTopic(topic: string, change: TopicChange): Promise<Topic> {
  return request('PATCH', pathOf(topic), { body: change });
}

export function deleteTopic(topic: string): Promise<null> {
  return request('DELETE', pathOf(topic));
}

export async function readPartitions(topic: string): Promise<readonly TopicPartition[]> {
  const { partitions } = await request<{ partitions: readonly TopicPartition[] }>('GET', `${pathOf(topic)}/partitions`);
  return partitions;
}

export function planTruncation(topic: string, truncation: Truncation): Promise<TruncationPlan> {
  return request('POST', `${pathOf(topic)}:truncate`, { body: truncation, query: dryRun });
}

/** Cuts where the plan says, whatever came since. */
export function truncateAsPlanned({ topic, partitions }: TruncationPlan): Promise<TruncationPlan> {
  const cuts = partitions
    .filter((each) => each.new_earliest_offset > each.old_earliest_offset)
    .map(({ partition, new_earliest_offset: offset }) => ({ partition, before_offset: offset }));
  return request('POST', `${pathOf(topic)}:truncate`, { body: { partitions: cuts } });
}
