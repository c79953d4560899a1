import { hostname } from 'node:os';
import { join } from 'node:path';
import { securityOfFile } from '#nest/client-properties';
import { runRoleProcess } from '#nest/role-process';
import { roleSettings } from '#nest/role-settings';
import { startTracer } from '#nest/otel-tracer';
import { rpcAddressOf, startWorkerEdge } from '#nest/worker-edge';
import { systemClock } from '#std/clock';
import { SinkWorker } from './sink-worker.js';

/** A sink worker as a process of its own. */
await runRoleProcess({
  name: 'The sink worker',
  settings: roleSettings,
  stopMsMax: 28_000,
  async start(settings, logger) {
    const tracing = await startTracer('sink-worker');
    const security = securityOfFile(settings.TOPICS_CLIENT_PROPERTIES);
    const worker = new SinkWorker({
      databaseUrl: settings.DATABASE_URL,
      bootstrap: settings.TOPICS_BOOTSTRAP,
      security,
      dataDirectory: join(settings.MILLRACE_DATA, 'sink-worker'),
      workerId: settings.MILLRACE_WORKER_ID ?? hostname(),
      labels: settings.MILLRACE_WORKER_LABELS,
      address: rpcAddressOf(settings),
      clock: systemClock,
      ...(tracing === null ? {} : { tracer: tracing.tracer }),
      logger,
    });
    const edge = await startWorkerEdge(worker, { settings, security, logger });
    try {
      await worker.start();
    } catch (error) {
      // It is started again, on the same ports.
      await edge.stop();
      throw error;
    }
    return {
      ready: `The sink worker is ready, topics at ${settings.TOPICS_BOOTSTRAP}.`,
      stop: async () => {
        await worker.stop();
        await edge.stop();
        await tracing?.stop();
      },
    };
  },
});
