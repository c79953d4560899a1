import { partitionsShownMax, topicsMetricFamilies } from './topics-metrics.js';
import type { TopicsMetrics } from './topics-service.js';

const metrics = (partitions: number): TopicsMetrics => ({
  health: { ok: true, reason: null },
  connections: 2,
  connectionsRefused: 1,
  requests: { Produce: 7, Fetch: 9 },
  bytesIn: 100,
  bytesOut: 200,
  recordsAppended: 30,
  batchesAppended: 3,
  bytesAppended: 300,
  partitions: Array.from({ length: partitions }, (_, partition) => ({
    topic: 'orders',
    partition,
    logStartOffset: 5,
    highWatermark: 15,
    sizeBytes: 150,
    segments: 1,
    lostUnread: 2,
  })),
  directories: [
    { path: '/a', error: 'none', reason: null, totalBytes: 1000, usableBytes: 400, isFull: false },
    { path: '/b', error: 'storage_error', reason: 'EIO', totalBytes: 2000, usableBytes: 10, isFull: true },
  ],
});

function samplesOf(value: TopicsMetrics): Map<string, number> {
  return new Map(
    topicsMetricFamilies(value).flatMap((family) =>
      family.samples.map((sample) => [[family.name, ...Object.values(sample.labels)].join(' '), sample.value] as const),
    ),
  );
}

describe('the metrics of the topic service', () => {
  it.each([
    ['millrace_topics_connections', 2],
    ['millrace_topics_connections_refused_total', 1],
    ['millrace_topics_requests_total Produce', 7],
    ['millrace_topics_requests_total Fetch', 9],
    ['millrace_topics_bytes_in_total', 100],
    ['millrace_topics_bytes_out_total', 200],
    ['millrace_topics_records_appended_total', 30],
    ['millrace_topics_batches_appended_total', 3],
    ['millrace_topics_bytes_appended_total', 300],
    ['millrace_topics_partitions', 2],
    ['millrace_topics_size_bytes', 300],
    ['millrace_topics_lost_unread_records_total', 4],
    ['millrace_topics_directory_failed /a', 0],
    ['millrace_topics_directory_failed /b', 1],
    ['millrace_topics_directory_full /b', 1],
    ['millrace_topics_directory_usable_bytes /a', 400],
    ['millrace_topics_directory_total_bytes /b', 2000],
    ['millrace_topics_log_start_offset orders 1', 5],
    ['millrace_topics_log_end_offset orders 1', 15],
    ['millrace_topics_log_size_bytes orders 1', 150],
    ['millrace_topics_log_segments orders 1', 1],
  ])('have %s', (name, value) => {
    expect(samplesOf(metrics(2)).get(name)).toBe(value);
  });

  it('name as counters what only rises', () => {
    for (const family of topicsMetricFamilies(metrics(1))) {
      expect([family.name, family.type]).toEqual([family.name, family.name.endsWith('_total') ? 'counter' : 'gauge']);
    }
  });

  it('leave single partitions out where there are too many, and keep the totals', () => {
    const samples = samplesOf(metrics(partitionsShownMax + 1));
    expect(samples.get('millrace_topics_partitions')).toBe(partitionsShownMax + 1);
    expect([...samples.keys()].some((name) => name.includes('orders'))).toBe(false);
  });
});
