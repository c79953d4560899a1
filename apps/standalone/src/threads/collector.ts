import { join } from 'node:path';
import { CollectorWorker } from '../../../collector/src/collector-worker.js';
import { runRole } from './role-main.js';
import { startTracer } from '#nest/otel-tracer';
import { systemClock } from '#std/clock';

runRole(async ({ settings, logger }) => {
  const tracing = await startTracer('collector');
  const worker = new CollectorWorker({
    databaseUrl: settings.databaseUrl,
    bootstrap: settings.bootstrap,
    dataDirectory: join(settings.dataDirectory, 'collector'),
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
