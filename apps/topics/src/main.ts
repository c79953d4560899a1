import { connect } from 'node:net';
import { join } from 'node:path';
import { PostgresTopicCatalog } from '#catalog/postgres-topic-catalog';
import { EmbeddedPostgres } from '#control/embedded-postgres';
import { MetricsRegistry, processMetrics } from '#nest/metrics';
import { RoleHealth } from '#nest/role-health';
import { runRoleProcess } from '#nest/role-process';
import { roleSettings } from '#nest/role-settings';
import { readSettingsFile } from '#nest/settings-file';
import { systemClock } from '#std/clock';
import { topicsMetricFamilies } from './topics-metrics.js';
import { topicsRunner, type TopicsRunner } from './topics-runner.js';

/** As sysexits' EX_SOFTWARE: a sync to disk has failed, and nothing more may be acknowledged. */
const storageFailedCode = 70;
const connectMsMax = 1000;

/** The topic service as a process of its own. */
await runRoleProcess({
  name: 'The topic service',
  settings: {
    ...roleSettings,
    DATABASE_URL: {
      type: 'string',
      doc: 'The PostgreSQL that all roles share. Default: one of its own in its data folder.',
    },
    PORT: { type: 'int', default: 9092, min: 0, max: 65_535, doc: 'Port to listen on.' },
    TOPICS_PROPERTIES: {
      type: 'string',
      doc: 'File of settings in the syntax of Kafka’s `server.properties`, for those that hold blanks and secrets: listeners, logins, certificates.',
    },
    TOPICS_SETTINGS: {
      type: 'list',
      default: [],
      doc: 'Settings by Kafka’s names: `num.partitions=3 log.retention.ms=…`.',
    },
  } as const,
  stopMsMax: 15_000,
  async start(settings, logger) {
    const database =
      settings.DATABASE_URL === null
        ? new EmbeddedPostgres({ directory: join(settings.MILLRACE_DATA, 'postgres') })
        : null;
    await database?.start();
    const catalog = new PostgresTopicCatalog({
      databaseUrl: settings.DATABASE_URL ?? database?.databaseUrl ?? '',
      logger,
    });
    await catalog.start();
    const service = await topicsRunner({
      dataDirectory: join(settings.MILLRACE_DATA, 'topics'),
      catalog,
      host: settings.HOST,
      port: settings.PORT,
      config: {
        insecure: String(settings.MILLRACE_INSECURE),
        ...(settings.TOPICS_PROPERTIES === null
          ? {}
          : readSettingsFile('TOPICS_PROPERTIES', settings.TOPICS_PROPERTIES)),
        ...settingsOf(settings.TOPICS_SETTINGS),
      },
      clock: systemClock,
      logger,
      onFatal: () => process.exit(storageFailedCode),
      onLine: (line) => process.stderr.write(`${line}\n`),
    });
    await service.start();
    const health =
      settings.HEALTH_PORT === null
        ? null
        : healthOf(service, { host: settings.HOST, port: settings.HEALTH_PORT, insecure: settings.MILLRACE_INSECURE });
    await health?.start();
    return {
      ready: `The topic service is on ${placesOf(service, settings.HOST)}.`,
      async stop() {
        await health?.stop();
        await service.stop();
        await catalog.stop();
        await database?.stop();
      },
    };
  },
});

/** A piece without a name goes on with the list before it: `log.dirs=/a,/b`. */
function settingsOf(pairs: readonly string[]): Record<string, string> {
  const settings: Record<string, string> = {};
  let last: string | null = null;
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at > 0) {
      last = pair.slice(0, at);
      settings[last] = pair.slice(at + 1);
    } else if (last === null || at === 0) {
      throw new Error(`"${pair}" in TOPICS_SETTINGS is no setting: write name=value`);
    } else {
      settings[last] = `${settings[last]},${pair}`;
    }
  }
  return settings;
}

/** Ready while its first listener takes connections: the database is needed for changes alone, and a failed disk ends the process. */
function healthOf(
  service: TopicsRunner,
  place: { readonly host: string; readonly port: number; readonly insecure: boolean },
): RoleHealth {
  const metrics = new MetricsRegistry();
  metrics.add('process', processMetrics);
  metrics.add('topics', async () => topicsMetricFamilies(await service.metrics()));
  const host = place.host === '0.0.0.0' || place.host === '::' ? '127.0.0.1' : place.host;
  const check = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host, port: service.port });
      socket.setTimeout(connectMsMax, () => socket.destroy(new Error(`no answer in ${connectMsMax} ms`)));
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.destroy();
        resolve(`port ${service.port}`);
      });
    });
  return new RoleHealth({ ...place, checks: [{ name: 'listener', check }], metrics });
}

/** The listeners with their ports; the only one of old by host and port alone. */
function placesOf(service: TopicsRunner, host: string): string {
  const places = [...service.ports].map(([name, port]) => `${name} ${port}`);
  return places.length === 1 ? `${host}:${service.port}` : places.join(', ');
}
