/**
 * The topic service as a process of its own, set by its environment: DATABASE_URL, DATA_DIRECTORY, HOST, PORT,
 * MILLRACE_INSECURE. Arguments are settings by Kafka's names: `num.partitions=3 log.cache.bytes=134217728`.
 */
import { PostgresTopicCatalog } from '#catalog/postgres-topic-catalog';
import { controlErrors } from '#control/errors';
import { stopOnSignal } from '#nest/stop-signal';
import { Backoff } from '#std/backoff';
import { systemClock } from '#std/clock';
import { messageOf, MillraceError } from '#std/errors';
import { createLogger } from '#std/log';
import { systemRandom } from '#std/random';
import { TopicsService } from './topics-service.js';

const stopMsMax = 15_000;

const logger = createLogger({
  write: (line) => process.stderr.write(`${line}\n`),
  now: () => new Date().toISOString(),
});

try {
  const { DATABASE_URL, DATA_DIRECTORY, HOST, PORT, MILLRACE_INSECURE } = process.env;
  if (DATABASE_URL === undefined)
    throw new Error('Set DATABASE_URL to a PostgreSQL: postgres://user:password@host/database');
  if (DATA_DIRECTORY === undefined) throw new Error('Set DATA_DIRECTORY to the folder that keeps the topics.');
  const catalog = new PostgresTopicCatalog({ databaseUrl: DATABASE_URL, logger });
  await whenDatabaseAnswers(catalog);
  const host = HOST ?? '127.0.0.1';
  const service = new TopicsService({
    dataDirectory: DATA_DIRECTORY,
    catalog,
    host,
    port: Number(PORT ?? 9092),
    config: { insecure: String(MILLRACE_INSECURE === 'true'), ...settings(process.argv.slice(2)) },
    clock: systemClock,
    logger,
    onFatal: () => process.exit(1),
  });
  await service.start();
  process.stdout.write(`Topics on ${host}:${service.port}\n`);
  const stop = async (): Promise<void> => {
    await service.stop();
    await catalog.stop();
  };
  stopOnSignal({ stop, logger, stopMsMax });
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exit(1);
}

function settings(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new Error(`"${pair}" is not a setting: write name=value.`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

/** A database that is not there yet is waited for: processes of one machine start in any order. */
async function whenDatabaseAnswers(catalog: PostgresTopicCatalog): Promise<void> {
  const backoff = new Backoff({ initialMs: 200, maxMs: 5_000 }, systemRandom);
  for (;;) {
    try {
      await catalog.start();
      return;
    } catch (error) {
      if (!(error instanceof MillraceError) || error.code !== controlErrors.databaseAway.code) throw error;
      if (backoff.attempt === 0) logger.warn(`Waiting for the database: ${messageOf(error)}`);
      await systemClock.sleep(backoff.nextMs());
    }
  }
}
