import { hostname } from 'node:os';
import { join } from 'node:path';
import { securityOfFile } from '#nest/client-properties';
import { runRoleProcess } from '#nest/role-process';
import { roleSettings } from '#nest/role-settings';
import { startTracer } from '#nest/otel-tracer';
import { systemClock } from '#std/clock';
import { CollectorWorker } from './collector-worker.js';

/** A collector worker as a process of its own. */
await runRoleProcess({
  name: 'The collector worker',
  settings: roleSettings,
  stopMsMax: 28_000,
  async start(settings, logger) {
    const tracing = await startTracer('collector');
    const worker = new CollectorWorker({
      databaseUrl: settings.DATABASE_URL,
      bootstrap: settings.TOPICS_BOOTSTRAP,
      security: securityOfFile(settings.TOPICS_CLIENT_PROPERTIES),
      dataDirectory: join(settings.MILLRACE_DATA, 'collector'),
      workerId: settings.MILLRACE_WORKER_ID ?? hostname(),
      labels: settings.MILLRACE_WORKER_LABELS,
      clock: systemClock,
      ...(tracing === null ? {} : { tracer: tracing.tracer }),
      logger,
    });
    await worker.start();
    return {
      ready: `The collector worker is ready, topics at ${settings.TOPICS_BOOTSTRAP}.`,
      stop: async () => {
        await worker.stop();
        await tracing?.stop();
      },
    };
  },
});
