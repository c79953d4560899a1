import { join } from 'node:path';
import { CollectorWorker } from '../../../collector/src/collector-worker.js';
import { runRole } from './role-main.js';
import { systemClock } from '#std/clock';

runRole(async ({ settings, logger }) => {
  const worker = new CollectorWorker({
    databaseUrl: settings.databaseUrl,
    bootstrap: settings.bootstrap,
    dataDirectory: join(settings.dataDirectory, 'collector'),
    workerId: settings.workerId,
    clock: systemClock,
    logger,
  });
  await worker.start();
  return { port: null, stop: () => worker.stop() };
});
