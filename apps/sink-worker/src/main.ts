import { hostname } from 'node:os';
import { join } from 'node:path';
import { defineOptions, requireOptions } from '#config/options';
import { stopOnSignal } from '#nest/stop-signal';
import { systemClock } from '#std/clock';
import { messageOf } from '#std/errors';
import { createLogger } from '#std/log';
import { SinkWorker } from './sink-worker.js';

/** A sink worker as a process of its own. Its settings are environment variables, as containers have them. */
const settings = defineOptions({
  DATABASE_URL: { type: 'string', required: true, doc: 'PostgreSQL of the installation: `postgresql://…`.' },
  TOPICS_BOOTSTRAP: {
    type: 'string',
    default: '127.0.0.1:9092',
    doc: 'Addresses of topics: ours, or any Kafka cluster.',
  },
  MILLRACE_DATA: { type: 'string', default: 'millrace-data', doc: 'Folder for spools.' },
  MILLRACE_WORKER_ID: { type: 'string', doc: 'Unique among sink workers. Default: the name of the host.' },
});

const stopMsMax = 28_000;

const logger = createLogger({
  write: (line) => process.stderr.write(`${line}\n`),
  now: () => new Date().toISOString(),
});

async function main(): Promise<void> {
  const values = requireOptions('The sink worker', settings, process.env);
  const worker = new SinkWorker({
    databaseUrl: values.DATABASE_URL,
    bootstrap: values.TOPICS_BOOTSTRAP,
    dataDirectory: join(values.MILLRACE_DATA, 'sink-worker'),
    workerId: values.MILLRACE_WORKER_ID ?? hostname(),
    clock: systemClock,
    logger,
  });
  stopOnSignal({ stop: () => worker.stop(), logger, stopMsMax });
  await worker.start();
  logger.info('The sink worker is ready', { topics: values.TOPICS_BOOTSTRAP });
}

main().catch((error: unknown) => {
  logger.error(`The sink worker could not start: ${messageOf(error)}`);
  process.exitCode = 1;
});
