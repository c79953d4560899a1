import type { LiveTable } from './live-rows.js';
import type { LiveLook } from './live-hub.js';
import type { LiveLooks } from './live-looks.js';
import { connectorRows } from './tables/connectors-table.js';
import { deadLetterRows, jobRows, workerRows } from './tables/further-tables.js';
import { groupPartitionRows, groupRows } from './tables/groups-table.js';
import { topicRows } from './tables/topics-table.js';
import { topologyRows } from './tables/topology-table.js';

/** How each table is looked at. */
export function liveTables(looks: LiveLooks): Readonly<Record<LiveTable, LiveLook>> {
  return {
    topology: () => (atMs) => topologyRows(looks, atMs),
    topics: () => (atMs) => topicRows(looks, atMs),
    groups: () => (atMs) => groupRows(looks, atMs),
    'group-partitions': (groups) => () => groupPartitionRows(looks, groups),
    sinks: () => (atMs) => connectorRows(looks, 'sink', atMs),
    collectors: () => (atMs) => connectorRows(looks, 'source', atMs),
    jobs: () => (atMs) => jobRows(looks, atMs),
    'dead-letters': () => (atMs) => deadLetterRows(looks, atMs),
    workers: () => (atMs) => workerRows(looks, atMs),
  };
}

export const liveTableNames = [
  'topology',
  'topics',
  'groups',
  'group-partitions',
  'sinks',
  'collectors',
  'jobs',
  'dead-letters',
  'workers',
] as const satisfies readonly LiveTable[];
