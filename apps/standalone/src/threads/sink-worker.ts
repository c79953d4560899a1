import { join } from 'node:path';
import { SinkWorker } from '../../../sink-worker/src/sink-worker.js';
import { runRole } from './role-main.js';
import { startTracer } from '#nest/otel-tracer';
import { systemClock } from '#std/clock';

runRole(async ({ settings, logger }) => {
  const tracing = await startTracer('sink-worker');
  const worker = new SinkWorker({
    databaseUrl: settings.databaseUrl,
    bootstrap: settings.bootstrap,
    dataDirectory: join(settings.dataDirectory, 'sink-worker'),
    workerId: settings.workerId,
    clock: systemClock,
    ...(tracing === null ? {} : { tracer: tracing.tracer }),
    logger,
  });
  await worker.start();
  return {
    port: null,
    stop: async () => {
      await worker.stop();
      await tracing?.stop();
    },
  };
});
