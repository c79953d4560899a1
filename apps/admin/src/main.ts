/** The administration as a process of its own, set by its environment. */
import { stopOnSignal } from '#nest/stop-signal';
import { messageOf } from '#std/errors';
import { createLogger } from '#std/log';
import { startAdmin } from './admin-app.js';

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
  const admin = await startAdmin({
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
