/** The administration process: REST over the control store and the topics' address. */
import 'reflect-metadata';
import { join } from 'node:path';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { loadAllComponents } from '#connectors/registry-collector';
import { loadSinkPlugins, pluginFolders } from '#connectors/plugins/sink-plugins';
import { sinkTypes } from '#connectors/registry-sinks';
import { AccessStore } from '#control/access/access-store';
import { ControlStore } from '#control/control-store';
import { JobService } from '#jobs/job-service';
import { AccessLog } from '#nest/access-log';
import { MetricsRegistry, processMetrics, type MetricSource } from '#nest/metrics';
import { FurtherChecks, type HealthCheck } from '#nest/health';
import { isLoopback } from '#nest/request-guard';
import { systemClock, type Clock } from '#std/clock';
import type { Logger } from '#std/log';
import { LogThreshold, withThreshold } from '#std/log-threshold';
import { noSecurity, type ClientSecurity } from '#topics/client-security';
import { Cluster, parseBootstrap } from '#topics/cluster';
import { TopicAdmin } from '#topics/topic-admin';
import { AccessControl } from './access/access-control.js';
import { AuditTrail } from './access/audit-trail.js';
import type { AdminParts } from './admin-parts.js';
import { createAdminServer } from './admin-server.js';
import { collectorClass } from './connect/collector-class.js';
import { ConnectorClasses, type ConnectorClass } from './connect/connector-class.js';
import { sinkClass } from './connect/sink-class.js';
import { CollectorTaps } from './connect/tap-controller.js';
import { controlMetrics, groupMetrics, topicMetrics } from './operations/control-metrics.js';
import { OpenApi } from './operations/open-api.js';
import { productVersion } from './product-version.js';
import { resources } from './v1/resources.js';

export interface AdminOptions {
  readonly databaseUrl: string;
  /** Where topics are: `127.0.0.1:9092, …`. They need not be there yet. */
  readonly bootstrap: string;
  /** How topics are reached there. Default: without TLS and login. */
  readonly security?: ClientSecurity;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port: number;
  /**
   * Says that everybody who reaches `host` may do everything until the first role is given, as on loopback; else an address that is not
   * loopback needs a login from the start. Default false.
   */
  readonly insecure?: boolean;
  /** File to which an access log of JSON lines is appended; default none. */
  readonly accessLogPath?: string;
  /** Further metrics, such as the topic service's own. */
  readonly metrics?: MetricSource;
  /** Further checks of `/readyz`, such as the health of a log in the same process. */
  readonly checks?: readonly HealthCheck[];
  /** For files that jobs write and read. Default `millrace-data/admin`. */
  readonly dataDirectory?: string;
  /** What `${env:NAME}` refers to. Default: the environment of the process. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly logger: Logger;
  readonly clock?: Clock;
}

export interface RunningAdmin {
  readonly port: number;
  /** Answers what is under way, at most a few seconds, then closes. */
  close(): Promise<void>;
}

const drainMsMax = 3_000;

/** Throws `control.database.away` where the database does not answer, and refuses an address where nobody could log in. */
export async function startAdmin(options: AdminOptions): Promise<RunningAdmin> {
  const host = options.host ?? '127.0.0.1';
  const { security = noSecurity, clock = systemClock } = options;
  const logThreshold = new LogThreshold();
  const logger = withThreshold(options.logger, logThreshold);
  const store = new ControlStore({ databaseUrl: options.databaseUrl, clock, logger, connectionsMax: 4 });
  const cluster = new Cluster({
    bootstrap: parseBootstrap(options.bootstrap),
    clientId: 'millrace-admin',
    security,
    clock,
    logger,
  });
  const accessLog = new AccessLog(options.accessLogPath ?? null, (error) =>
    logger.warn(`The access log cannot be written: ${error.message}`),
  );
  const environment = options.environment ?? process.env;
  const accessStore = new AccessStore({ databaseUrl: options.databaseUrl, logger });
  const isOpenAtFirst = isLoopback(host) || options.insecure === true;
  const dataDirectory = options.dataDirectory ?? join('millrace-data', 'admin');
  const parts: AdminParts = {
    store,
    accessStore,
    access: new AccessControl({
      source: accessStore,
      sessions: accessStore,
      environment,
      isOpenAtFirst,
      clock,
      logger,
    }),
    audit: new AuditTrail(accessStore, clock, logger),
    cluster,
    topics: new TopicAdmin(cluster),
    classes: new ConnectorClasses(
      [...sinkTypes.map(sinkClass), collectorClass(await loadAllComponents(), productVersion)],
      () => packagedSinks(logger),
    ),
    taps: new CollectorTaps(options.databaseUrl, clock),
    metrics: new MetricsRegistry(),
    openApi: new OpenApi(),
    furtherChecks: new FurtherChecks(options.checks ?? []),
    jobs: new JobService({
      cluster,
      store,
      databaseUrl: options.databaseUrl,
      redisUrl: environment['REDIS_URL'] || null,
      dataDirectory,
      environment,
      clock,
      logger,
    }),
    databaseUrl: options.databaseUrl,
    bootstrap: options.bootstrap,
    security,
    dataDirectory,
    environment,
    clock,
    logger,
    logThreshold,
  };
  addMetrics(parts, accessLog, options);
  const closeParts = async (): Promise<void> => {
    await Promise.all([accessLog.close(), cluster.close(), parts.audit.stop()]);
    await Promise.all([store.stop(), accessStore.stop()]);
  };
  try {
    const [app] = await Promise.all([
      createAdminServer(parts, { accessLog, logger, host }),
      store.start(),
      accessStore.start(),
    ]);
    await parts.access.start();
    const started = await Promise.all(resources.flatMap((resource) => resource.start?.(parts) ?? []));
    await app.listen(options.port, host);
    const port = portOf(app);
    return {
      port,
      async close() {
        await Promise.all(started.map((part) => part.stop()));
        await drain(app);
        await closeParts();
      },
    };
  } catch (error) {
    await closeParts();
    throw error;
  }
}

function addMetrics(parts: AdminParts, accessLog: AccessLog, options: AdminOptions): void {
  parts.metrics.add('process', processMetrics);
  parts.metrics.add('http', accessLog.metrics);
  parts.metrics.add('control', () => controlMetrics(parts.store));
  parts.metrics.add('topics', () => topicMetrics(parts.topics));
  parts.metrics.add('groups', () => groupMetrics(parts.topics));
  if (options.metrics !== undefined) parts.metrics.add('service', options.metrics);
}

function portOf(app: NestExpressApplication): number {
  const address = app.getHttpServer().address();
  return address !== null && typeof address === 'object' ? address.port : 0;
}

/** Takes nothing new, lets answers finish, then cuts. */
async function drain(app: NestExpressApplication): Promise<void> {
  const server = app.getHttpServer();
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), drainMsMax);
  await app.close();
  clearTimeout(timer);
}

async function packagedSinks(logger: Logger): Promise<readonly ConnectorClass[]> {
  const { types, failures } = await loadSinkPlugins(pluginFolders(process.env, process.cwd()));
  for (const failure of failures) logger.warn(failure);
  return types.map(sinkClass);
}
