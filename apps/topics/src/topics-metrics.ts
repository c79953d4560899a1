import type { DirectoryDescription } from '#log/engine';
import type { MetricFamily, MetricSample } from '#nest/metrics';
import type { PartitionMetrics, TopicsMetrics } from './topics-service.js';

/** More partitions than this and only their totals are given, so that a scrape stays small. */
export const partitionsShownMax = 1_000;

/** What the topic service counts, under Prometheus' names. */
export function topicsMetricFamilies(metrics: TopicsMetrics): MetricFamily[] {
  const { partitions } = metrics;
  const sizeBytes = partitions.reduce((sum, partition) => sum + partition.sizeBytes, 0);
  return [
    gauge('millrace_topics_connections', 'Connections open now.', one(metrics.connections)),
    counter('millrace_topics_connections_refused_total', 'Connections refused.', one(metrics.connectionsRefused)),
    counter(
      'millrace_topics_requests_total',
      'Requests by API of the Kafka protocol.',
      Object.entries(metrics.requests).map(([api, value]) => ({ labels: { api }, value })),
    ),
    counter('millrace_topics_bytes_in_total', 'Bytes of requests.', one(metrics.bytesIn)),
    counter('millrace_topics_bytes_out_total', 'Bytes of answers.', one(metrics.bytesOut)),
    counter('millrace_topics_records_appended_total', 'Records appended to logs.', one(metrics.recordsAppended)),
    counter('millrace_topics_batches_appended_total', 'Record batches appended to logs.', one(metrics.batchesAppended)),
    counter('millrace_topics_bytes_appended_total', 'Bytes of record batches appended.', one(metrics.bytesAppended)),
    gauge('millrace_topics_partitions', 'Partitions that the service has.', one(partitions.length)),
    gauge('millrace_topics_size_bytes', 'Bytes of all segments on disk.', one(sizeBytes)),
    counter(
      'millrace_topics_lost_unread_records_total',
      'Records that retention removed before a group had read them; the log has the groups and offsets.',
      one(partitions.reduce((sum, partition) => sum + partition.lostUnread, 0)),
    ),
    ...directoryFamilies(metrics.directories),
    ...(partitions.length > partitionsShownMax ? [] : partitionFamilies(partitions)),
  ];
}

function directoryFamilies(directories: readonly DirectoryDescription[]): MetricFamily[] {
  const each = (value: (directory: DirectoryDescription) => number): MetricSample[] =>
    directories.map((directory) => ({ labels: { directory: directory.path }, value: value(directory) }));
  return [
    gauge(
      'millrace_topics_directory_failed',
      '1 where a sync has failed in a data directory, which takes no writes until a restart.',
      each(({ error }) => (error === 'none' ? 0 : 1)),
    ),
    gauge(
      'millrace_topics_directory_full',
      '1 while records are refused because a disk has no room.',
      each(({ isFull }) => (isFull ? 1 : 0)),
    ),
    gauge(
      'millrace_topics_directory_usable_bytes',
      'Room on the disk of a data directory.',
      each(({ usableBytes }) => usableBytes),
    ),
    gauge(
      'millrace_topics_directory_total_bytes',
      'Size of the disk of a data directory.',
      each(({ totalBytes }) => totalBytes),
    ),
  ];
}

function partitionFamilies(partitions: readonly PartitionMetrics[]): MetricFamily[] {
  const each = (value: (partition: PartitionMetrics) => number): MetricSample[] =>
    partitions.map((partition) => ({
      labels: { topic: partition.topic, partition: String(partition.partition) },
      value: value(partition),
    }));
  return [
    gauge(
      'millrace_topics_log_start_offset',
      'First offset that is kept.',
      each(({ logStartOffset }) => logStartOffset),
    ),
    gauge(
      'millrace_topics_log_end_offset',
      'Offset after the last durable record.',
      each(({ highWatermark }) => highWatermark),
    ),
    gauge(
      'millrace_topics_log_size_bytes',
      'Bytes of the segments of a partition.',
      each(({ sizeBytes }) => sizeBytes),
    ),
    gauge(
      'millrace_topics_log_segments',
      'Segments of a partition.',
      each(({ segments }) => segments),
    ),
  ];
}

function one(value: number): MetricSample[] {
  return [{ labels: {}, value }];
}

function gauge(name: string, help: string, samples: readonly MetricSample[]): MetricFamily {
  return { name, help, type: 'gauge', samples };
}

function counter(name: string, help: string, samples: readonly MetricSample[]): MetricFamily {
  return { name, help, type: 'counter', samples };
}
