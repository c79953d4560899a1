import { hostname } from 'node:os';
import { join } from 'node:path';
import { securityOfFile } from '#nest/client-properties';
import { runRoleProcess } from '#nest/role-process';
import { roleSettings } from '#nest/role-settings';
import { startTracer } from '#nest/otel-tracer';
import { systemClock } from '#std/clock';
import { SinkWorker } from './sink-worker.js';

/** A sink worker as a process of its own. */
await runRoleProcess({
  name: 'The sink worker',
  settings: roleSettings,
  stopMsMax: 28_000,
  async start(settings, logger) {
    const tracing = await startTracer('sink-worker');
    const worker = new SinkWorker({
      databaseUrl: settings.DATABASE_URL,
      bootstrap: settings.TOPICS_BOOTSTRAP,
      security: securityOfFile(settings.TOPICS_CLIENT_PROPERTIES),
      dataDirectory: join(settings.MILLRACE_DATA, 'sink-worker'),
      workerId: settings.MILLRACE_WORKER_ID ?? hostname(),
      labels: settings.MILLRACE_WORKER_LABELS,
      clock: systemClock,
      ...(tracing === null ? {} : { tracer: tracing.tracer }),
      logger,
    });
    await worker.start();
    return {
      ready: `The sink worker is ready, topics at ${settings.TOPICS_BOOTSTRAP}.`,
      stop: async () => {
        await worker.stop();
        await tracing?.stop();
      },
    };
  },
});
