import { parentPort } from 'node:worker_threads';
import type { TopicsMetrics } from '../../../topics/src/topics-service.js';
import type { FromThread, ThreadSettings, ToThread } from '../role-thread.js';
import { messageOf } from '#std/errors';
import { logFormat } from '#nest/log-format';
import { createLogger, type Logger } from '#std/log';

/** What a role on a thread is given. */
export interface RoleContext {
  readonly settings: ThreadSettings;
  readonly logger: Logger;
  /** Asks the main thread, once for all who ask meanwhile. Null while the topic service does not run. */
  readonly topicsMetrics: () => Promise<TopicsMetrics | null>;
}

interface Running {
  readonly port: number | null;
  stop(): Promise<void>;
}

/** The main loop of a role's thread: waits for its settings, starts, and stops when told. */
export function runRole(start: (context: RoleContext) => Promise<Running>): void {
  const port = parentPort;
  if (port === null) throw new Error('this module runs on a worker thread');
  const say = (message: FromThread): void => port.postMessage(message);
  const logger = createLogger({
    write: (line) => say({ kind: 'line', line }),
    now: () => new Date().toISOString(),
    format: logFormat(),
  });
  let running: Promise<Running> | null = null;
  let asked: PromiseWithResolvers<TopicsMetrics | null> | null = null;
  const topicsMetrics = (): Promise<TopicsMetrics | null> => {
    if (asked === null) {
      asked = Promise.withResolvers();
      say({ kind: 'topics-metrics-wanted' });
    }
    return asked.promise;
  };
  port.on('message', (message: ToThread) => {
    if (message.kind === 'topics-metrics') {
      asked?.resolve(message.metrics);
      asked = null;
      return;
    }
    if (message.kind === 'start') {
      // Set after this thread was made: where the database is, which references in connector configs may name.
      Object.assign(process.env, message.environment);
      running = start({ settings: message.settings, logger, topicsMetrics });
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
