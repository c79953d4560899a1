import { messageOf } from '#std/errors';
import type { Logger } from '#std/log';

/**
 * Stops once at the first SIGINT or SIGTERM and ends the process: with 0 after a clean stop, with 1 after an error or when it
 * takes longer than `stopMsMax`. A second signal ends it at once.
 */
export function stopOnSignal(options: { stop: () => Promise<void>; logger: Logger; stopMsMax: number }): void {
  const { stop, logger, stopMsMax } = options;
  let isStopping = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (isStopping) process.exit(1);
    isStopping = true;
    const timer = setTimeout(() => {
      logger.error(`The stop after ${signal} took longer than ${stopMsMax} ms; giving up.`);
      process.exit(1);
    }, stopMsMax);
    stop().then(
      () => {
        clearTimeout(timer);
        process.exit(0);
      },
      (error: unknown) => {
        logger.error(`The stop after ${signal} failed: ${messageOf(error)}`);
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
}
