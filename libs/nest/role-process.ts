import { requireOptions, type OptionSpecs, type OptionValues } from '#config/options';
import { controlErrors } from '#control/errors';
import { stopOnSignal } from '#nest/stop-signal';
import { Backoff } from '#std/backoff';
import { systemClock } from '#std/clock';
import { messageOf, MillraceError } from '#std/errors';
import { logFormat } from '#nest/log-format';
import { createLogger, type Logger } from '#std/log';
import { systemRandom } from '#std/random';

export interface RoleProcess<T extends OptionSpecs> {
  /** `The sink worker` */
  readonly name: string;
  /** Environment variables. */
  readonly settings: T;
  /** How long a stop may take, ms. */
  readonly stopMsMax: number;
  start(values: OptionValues<T>, logger: Logger): Promise<RunningRole>;
}

export interface RunningRole {
  /** What it does now, for one line on standard output. */
  readonly ready: string;
  stop(): Promise<void>;
}

/**
 * Runs one role as a process of its own: settings from the environment (an empty variable counts as not set), the log on standard
 * error, a clean stop at the first SIGINT or SIGTERM. A database that is not there yet is waited for, because processes of one
 * machine start in any order.
 */
export async function runRoleProcess<T extends OptionSpecs>(role: RoleProcess<T>): Promise<void> {
  const logger = createLogger({
    write: (line) => process.stderr.write(`${line}\n`),
    now: () => new Date().toISOString(),
    format: logFormat(),
  });
  let running: RunningRole | null = null;
  stopOnSignal({ stop: async () => running?.stop(), logger, stopMsMax: role.stopMsMax });
  try {
    const environment = Object.entries(process.env).filter(([, value]) => value !== '');
    const values = requireOptions(role.name, role.settings, Object.fromEntries(environment));
    running = await whenDatabaseAnswers(() => role.start(values, logger), logger);
    process.stdout.write(`${running.ready}\n`);
  } catch (error) {
    process.stderr.write(`${role.name} could not start: ${messageOf(error)}\n`);
    process.exit(1);
  }
}

async function whenDatabaseAnswers(start: () => Promise<RunningRole>, logger: Logger): Promise<RunningRole> {
  const backoff = new Backoff({ initialMs: 200, maxMs: 5_000 }, systemRandom);
  for (;;) {
    try {
      return await start();
    } catch (error) {
      if (!(error instanceof MillraceError) || error.code !== controlErrors.databaseAway.code) throw error;
      if (backoff.attempt === 0) logger.warn(`Waiting for the database: ${messageOf(error)}`);
      await systemClock.sleep(backoff.nextMs());
    }
  }
}
