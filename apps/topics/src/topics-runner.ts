import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { nodesWithData, requireNodes } from '#broker/cluster/controller';
import { nodeCountOf } from './node-settings.js';
import { TopicsCluster } from './topics-cluster.js';
import { TopicsService, type TopicsMetrics, type TopicsServiceOptions } from './topics-service.js';

/** The topic service, as one node in this process or as several in their own. */
export interface TopicsRunner {
  /** The first listener's, of the first node; 0 before `start`. */
  readonly port: number;
  /** Of all listeners of the first node, by their names. */
  readonly ports: ReadonlyMap<string, number>;
  /** Names of listeners that other machines reach although they do not guard themselves (`insecure`). */
  readonly exposedListeners: readonly string[];
  start(): Promise<void>;
  /** Gives what there was at the end. */
  stop(): Promise<TopicsMetrics>;
  /** Of all nodes together. */
  metrics(): TopicsMetrics | Promise<TopicsMetrics>;
}

export interface TopicsRunnerOptions extends TopicsServiceOptions {
  /** Takes the lines of nodes in processes of their own, as they are. */
  readonly onLine: (line: string) => void;
}

/** The catalog must be open. Throws as `TopicsService`, and `broker.nodes.too_few` where there are data of more nodes than are to run. */
export async function topicsRunner(options: TopicsRunnerOptions): Promise<TopicsRunner> {
  const withData = await nodesWithData(options.catalog);
  const count = nodeCountOf(options.config ?? {}, withData);
  requireNodes(count, withData);
  if (count === 1) return new TopicsService(options);
  const { dataDirectory } = options;
  const isFresh = !existsSync(join(dataDirectory, 'groups.journal')) && !existsSync(join(dataDirectory, 'tables'));
  return new TopicsCluster({ ...options, count, isFresh });
}
