import { join } from 'node:path';
import { SinkWorker } from '../../../sink-worker/src/sink-worker.js';
import { runRole } from './role-main.js';
import { systemClock } from '#std/clock';

runRole(async ({ settings, logger }) => {
  const worker = new SinkWorker({
    databaseUrl: settings.databaseUrl,
    bootstrap: settings.bootstrap,
    dataDirectory: join(settings.dataDirectory, 'sink-worker'),
    workerId: settings.workerId,
    clock: systemClock,
    logger,
  });
  await worker.start();
  return { port: null, stop: () => worker.stop() };
});
