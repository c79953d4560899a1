import { parentPort } from 'node:worker_threads';
import type { FromThread, ThreadSettings } from '../role-thread.js';
import { messageOf } from '#std/errors';
import { createLogger, type Logger } from '#std/log';

interface Running {
  readonly port: number | null;
  stop(): Promise<void>;
}

type ToThread =
  | {
      readonly kind: 'start';
      readonly settings: ThreadSettings;
      readonly environment: Readonly<Record<string, string | undefined>>;
    }
  | { readonly kind: 'stop' };

/** The main loop of a role's thread: waits for its settings, starts, and stops when told. */
export function runRole(start: (settings: ThreadSettings, logger: Logger) => Promise<Running>): void {
  const port = parentPort;
  if (port === null) throw new Error('this module runs on a worker thread');
  const say = (message: FromThread): void => port.postMessage(message);
  const logger = createLogger({ write: (line) => say({ kind: 'line', line }), now: () => new Date().toISOString() });
  let running: Promise<Running> | null = null;
  port.on('message', (message: ToThread) => {
    if (message.kind === 'start') {
      // Set after this thread was made: where the database is, which references in connector configs may name.
      Object.assign(process.env, message.environment);
      running = start(message.settings, logger);
      running.then(
        (role) => say({ kind: 'ready', port: role.port }),
        (error: unknown) => say({ kind: 'failed', message: messageOf(error) }),
      );
      return;
    }
    stop(running)
      .catch((error: unknown) => logger.error('could not stop cleanly', { reason: messageOf(error) }))
      .finally(() => say({ kind: 'stopped' }));
  });
}

async function stop(running: Promise<Running> | null): Promise<void> {
  const role = await running;
  await role?.stop();
}
