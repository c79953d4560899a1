import type { TopicsMetrics } from './topics-service.js';

/** What several nodes count, as if they were one: sums, and the first that is not well. */
export function addMetrics(all: readonly TopicsMetrics[]): TopicsMetrics {
  const sum = (value: (metrics: TopicsMetrics) => number): number =>
    all.reduce((total, metrics) => total + value(metrics), 0);
  const requests: Record<string, number> = {};
  for (const metrics of all) {
    for (const [api, count] of Object.entries(metrics.requests)) requests[api] = (requests[api] ?? 0) + count;
  }
  const healths = all.map(({ health }) => health);
  const health = healths.find(({ ok }) => !ok) ??
    healths.find(({ warning }) => warning !== undefined) ?? { ok: true, reason: null };
  return {
    connections: sum(({ connections }) => connections),
    connectionsRefused: sum(({ connectionsRefused }) => connectionsRefused),
    requests,
    bytesIn: sum(({ bytesIn }) => bytesIn),
    bytesOut: sum(({ bytesOut }) => bytesOut),
    recordsAppended: sum(({ recordsAppended }) => recordsAppended),
    batchesAppended: sum(({ batchesAppended }) => batchesAppended),
    bytesAppended: sum(({ bytesAppended }) => bytesAppended),
    health,
    partitions: all.flatMap(({ partitions }) => partitions),
    directories: all.flatMap(({ directories }) => directories),
  };
}
