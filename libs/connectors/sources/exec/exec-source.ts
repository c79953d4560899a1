/**
 * Flume's exec: the lines that a command writes to its standard output. A command cannot be asked again, so a crash loses what it wrote
 * and what was not yet committed; for files use taildir.
 *
 * Where it differs from Flume: while channels refuse, the batch is given again and the pipe is read no further, so that the command
 * waits (Flume kills the command and loses the batch). At a stop the command's whole process group is ended, also what a shell
 * started, and lines already written are delivered once more; those that channels then refuse are counted as lost
 * (EventDroppedCount). Bytes go on as they are. A line ends with `\n` or `\r\n`; for Flume also with `\r` alone.
 */
import { requireOptions, type OptionValues } from '#config/options';
import type { ComponentType, Source, SourceContext } from '#pipeline/collector';
import { CommandRun } from './command-run.js';
import { execOptions } from './exec-options.js';

export const execSource: ComponentType<Source> = {
  name: 'exec',
  classNames: ['org.apache.flume.source.ExecSource'],
  doc: 'Runs a command and takes the lines that it writes.',
  options: execOptions,
  batchSizeOption: 'batchSize',
  create: (input) => new ExecSource(requireOptions(`source ${input.name}`, execOptions, input.options)),
};

class ExecSource implements Source {
  private stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly options: OptionValues<typeof execOptions>) {}

  start(context: SourceContext): Promise<void> {
    this.stopping = new AbortController();
    this.running = this.run(context, this.stopping.signal);
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.stopping.abort(new Error('the source stops'));
    await this.running;
  }

  private async run(context: SourceContext, signal: AbortSignal): Promise<void> {
    const { restart, restartThrottle } = this.options;
    do {
      const problem = await new CommandRun(context, this.options, signal).run();
      if (signal.aborted) return;
      const next = restart ? `It is run again in ${restartThrottle} ms.` : 'It is not run again: restart is false.';
      if (problem === null) context.logger.info(`The command has ended. ${next}`);
      else context.logger.warn(`${problem} ${next}`);
      context.reportError(problem === null ? null : new Error(`${problem} ${next}`));
      if (restart) await context.clock.sleep(restartThrottle, signal).catch(() => undefined);
    } while (restart && !signal.aborted);
  }
}
