/** Connectors, tasks, workers and topics as metrics: from status rows and from descriptions, nothing of it kept here. */
import type { ControlStore } from '#control/control-store';
import type { MetricFamily, MetricSample } from '#nest/metrics';
import type { TopicAdmin } from '#topics/topic-admin';
import { componentMetrics, taskMetrics } from './task-metrics.js';

/** More topics than this and only their number is given, so that a scrape stays quick. */
const topicsDescribedMax = 200;

export async function controlMetrics(store: ControlStore): Promise<MetricFamily[]> {
  const [statuses, workers] = await Promise.all([store.statuses(), store.listWorkers()]);
  const tasks = statuses.flatMap((status) => status.tasks.map((task) => ({ status, task })));
  return [
    gauge(
      'millrace_connectors',
      'Connectors by kind and state.',
      countBy(statuses, ({ kind, state }) => ({ kind, state: state.toLowerCase() })),
    ),
    gauge(
      'millrace_connector_tasks',
      'Tasks by connector and state.',
      countBy(tasks, ({ status, task }) => ({
        connector: status.name,
        kind: status.kind,
        state: task.state.toLowerCase(),
      })),
    ),
    gauge(
      'millrace_workers',
      'Living workers by kind.',
      (['sink', 'source'] as const).map((kind) => ({
        labels: { kind },
        value: workers.filter((worker) => worker.kind === kind).length,
      })),
    ),
    ...taskMetrics(tasks),
    ...componentMetrics(tasks),
  ];
}

export async function topicMetrics(topics: TopicAdmin): Promise<MetricFamily[]> {
  const listings = await topics.listTopics();
  const described = listings.length > topicsDescribedMax ? [] : listings;
  const ends = await Promise.all(described.map((topic) => topics.offsets(topic.name, 'latest')));
  const starts = await Promise.all(described.map((topic) => topics.offsets(topic.name, 'earliest')));
  const samples = (offsets: typeof ends): MetricSample[] =>
    described.flatMap((topic, at) =>
      (offsets[at] ?? []).map(({ partition, offset }) => ({
        labels: { topic: topic.name, partition: String(partition) },
        value: offset,
      })),
    );
  return [
    gauge('millrace_topics', 'Topics of the cluster.', [{ labels: {}, value: listings.length }]),
    gauge('millrace_partition_end_offset', 'Next offset of a partition.', samples(ends)),
    gauge('millrace_partition_start_offset', 'First offset that a partition still has.', samples(starts)),
  ];
}

const groupsDescribedMax = 100;

/** How far each consumer group is behind, by topic. Groups of sinks are `connect-<name>`. */
export async function groupMetrics(topics: TopicAdmin): Promise<MetricFamily[]> {
  const groups = await topics.listGroups();
  const described = groups.length > groupsDescribedMax ? [] : groups;
  const samples: MetricSample[] = [];
  for (const { groupId } of described) {
    const byTopic = Map.groupBy(await topics.groupLag(groupId), ({ topic }) => topic);
    for (const [topic, lags] of byTopic) {
      const value = lags.reduce((sum, { lag }) => sum + Math.max(0, lag ?? 0), 0);
      samples.push({ labels: { group: groupId, topic }, value });
    }
  }
  return [
    gauge('millrace_groups', 'Consumer groups of the cluster.', [{ labels: {}, value: groups.length }]),
    gauge('millrace_group_lag_records', 'Records that a group has not committed, by topic.', samples),
  ];
}

function gauge(name: string, help: string, samples: readonly MetricSample[]): MetricFamily {
  return { name, help, type: 'gauge', samples };
}

function countBy<T>(items: readonly T[], labelsOf: (item: T) => Record<string, string>): MetricSample[] {
  const counts = new Map<string, { labels: Record<string, string>; value: number }>();
  for (const item of items) {
    const labels = labelsOf(item);
    const key = JSON.stringify(labels);
    const sample = counts.get(key) ?? { labels, value: 0 };
    sample.value += 1;
    counts.set(key, sample);
  }
  return [...counts.values()];
}
