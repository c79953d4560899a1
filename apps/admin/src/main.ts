/** The administration as a process of its own, set by its environment. */
import { controlErrors } from '#control/errors';
import { stopOnSignal } from '#nest/stop-signal';
import { Backoff } from '#std/backoff';
import { systemClock } from '#std/clock';
import { messageOf, MillraceError } from '#std/errors';
import { createLogger } from '#std/log';
import { systemRandom } from '#std/random';
import { startAdmin, type AdminOptions, type RunningAdmin } from './admin-app.js';

const stopMsMax = 15_000;

const logger = createLogger({
  write: (line) => process.stderr.write(`${line}\n`),
  now: () => new Date().toISOString(),
});

try {
  const { DATABASE_URL, TOPICS_BOOTSTRAP, HOST, PORT, ACCESS_LOG, MILLRACE_INSECURE } = process.env;
  if (DATABASE_URL === undefined)
    throw new Error('Set DATABASE_URL to a PostgreSQL: postgres://user:password@host/database');
  const host = HOST ?? '127.0.0.1';
  const admin = await whenDatabaseAnswers({
    databaseUrl: DATABASE_URL,
    bootstrap: TOPICS_BOOTSTRAP ?? '127.0.0.1:9092',
    host,
    port: Number(PORT ?? 8080),
    insecure: MILLRACE_INSECURE === 'true',
    accessLogPath: ACCESS_LOG,
    logger,
  });
  process.stdout.write(`Administration on http://${host}:${admin.port}\n`);
  stopOnSignal({ stop: () => admin.close(), logger, stopMsMax });
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
}

/** A database that is not there yet is waited for: processes of one machine start in any order. */
async function whenDatabaseAnswers(options: AdminOptions): Promise<RunningAdmin> {
  const backoff = new Backoff({ initialMs: 200, maxMs: 5_000 }, systemRandom);
  for (;;) {
    try {
      return await startAdmin(options);
    } catch (error) {
      if (!(error instanceof MillraceError) || error.code !== controlErrors.databaseAway.code) throw error;
      if (backoff.attempt === 0) logger.warn(`Waiting for the database: ${messageOf(error)}`);
      await systemClock.sleep(backoff.nextMs());
    }
  }
}
