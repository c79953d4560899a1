/** What a worker's process shows to others: its health over HTTP, and calls of the administration. */
import { hostname } from 'node:os';
import type { OptionValues } from '#config/options';
import type { LeaseWorker } from '#control/lease-worker';
import { systemClock } from '#std/clock';
import { MillraceError, type ErrorKind } from '#std/errors';
import type { Logger } from '#std/log';
import type { ClientSecurity } from '#topics/client-security';
import { Cluster, parseBootstrap } from '#topics/cluster';
import { TopicAdmin } from '#topics/topic-admin';
import { checkHealth, type HealthCheck } from './health.js';
import { MetricsRegistry, processMetrics, type MetricFamily } from './metrics.js';
import { RoleHealth } from './role-health.js';
import type { roleSettings } from './role-settings.js';
import { rpcCertificateOf } from './rpc-settings.js';
import { RpcServer } from './rpc.js';

type Settings = OptionValues<typeof roleSettings>;

export const workerEdgeErrors = {
  storeSilent: { code: 'nest.worker.store_silent', retriable: true },
} satisfies Record<string, ErrorKind>;

/** A worker that has not heard of the control store for so long is not ready, ms. */
const silentMsMax = 10_000;

/** Where the administration reaches this worker, for its registration; null where it takes no calls. */
export function rpcAddressOf(settings: Settings): string | null {
  if (settings.MILLRACE_RPC_PORT === null) return null;
  return settings.MILLRACE_RPC_ADDRESS ?? `${rpcHostOf(settings)}:${settings.MILLRACE_RPC_PORT}`;
}

/** Starts what the settings ask for. */
export async function startWorkerEdge(
  worker: LeaseWorker,
  given: { readonly settings: Settings; readonly security: ClientSecurity; readonly logger: Logger },
): Promise<{ stop(): Promise<void> }> {
  const { settings, security, logger } = given;
  if (settings.HEALTH_PORT === null && settings.MILLRACE_RPC_PORT === null) return { stop: () => Promise.resolve() };
  const cluster = new Cluster({
    bootstrap: parseBootstrap(settings.TOPICS_BOOTSTRAP),
    clientId: 'millrace-health',
    security,
    clock: systemClock,
    logger,
  });
  const checks = checksOf(worker, new TopicAdmin(cluster));
  const stops: (() => Promise<void> | void)[] = [() => cluster.close()];
  if (settings.HEALTH_PORT !== null) {
    const metrics = new MetricsRegistry();
    metrics.add('process', processMetrics);
    metrics.add('worker', () => metricsOf(worker));
    const health = new RoleHealth({
      host: settings.HOST,
      port: settings.HEALTH_PORT,
      checks,
      metrics,
      insecure: settings.MILLRACE_INSECURE,
    });
    await health.start();
    stops.push(() => health.stop());
  }
  if (settings.MILLRACE_RPC_PORT !== null) {
    const server = new RpcServer({
      host: settings.HOST,
      port: settings.MILLRACE_RPC_PORT,
      certificate: rpcCertificateOf(settings),
      calls: {
        health: () => checkHealth(checks),
        tasks: () => Promise.resolve(tasksOf(worker)),
      },
      logger,
    });
    await server.start();
    stops.push(() => server.stop());
  }
  return {
    stop: async () => {
      for (const stop of stops.toReversed()) await stop();
    },
  };
}

function checksOf(worker: LeaseWorker, topics: TopicAdmin): HealthCheck[] {
  return [
    {
      name: 'control store',
      check: () => {
        const { silentMs } = worker;
        if (silentMs !== null && silentMs < silentMsMax) {
          return Promise.resolve(`answered ${Math.round(silentMs)} ms ago`);
        }
        const since = silentMs === null ? 'has not answered yet' : `is silent for ${Math.round(silentMs / 1000)} s`;
        return Promise.reject(
          new MillraceError(workerEdgeErrors.storeSilent, `The database ${since}; what runs goes on, changes wait.`),
        );
      },
    },
    {
      name: 'topics',
      check: async () => {
        const { brokers, clusterId } = await topics.describeCluster();
        return `${brokers.length} broker(s) of cluster ${clusterId}`;
      },
    },
  ];
}

interface RunningTask {
  readonly connector: string;
  readonly task: number;
  readonly epoch: number;
  readonly state: string;
  readonly trace: string | null;
  readonly details: unknown;
}

/** As it is now, not as it was reported last. */
function tasksOf(worker: LeaseWorker): RunningTask[] {
  return [...worker.works].map((work) => {
    const { state, trace = null, details = {} } = work.report();
    const { connector, task, epoch } = work.lease;
    return { connector, task, epoch, state: work.isStopping ? 'STOPPING' : state, trace, details };
  });
}

function metricsOf(worker: LeaseWorker): MetricFamily[] {
  const states = Map.groupBy(tasksOf(worker), ({ state }) => state);
  const counted = ['RUNNING', 'PAUSED', 'FAILED', 'RESTARTING', 'STOPPING'];
  return [
    {
      name: 'millrace_worker_tasks',
      help: 'Tasks that this worker has, by state.',
      type: 'gauge',
      samples: counted.map((state) => ({ labels: { state }, value: states.get(state)?.length ?? 0 })),
    },
    {
      name: 'millrace_worker_store_silent_seconds',
      help: 'Time since the control store answered last; what runs goes on meanwhile.',
      type: 'gauge',
      samples: worker.silentMs === null ? [] : [{ labels: {}, value: worker.silentMs / 1000 }],
    },
  ];
}

/** A name that others can resolve where it listens on all addresses. */
function rpcHostOf({ HOST }: Settings): string {
  return HOST === '0.0.0.0' || HOST === '::' ? hostname() : HOST;
}
