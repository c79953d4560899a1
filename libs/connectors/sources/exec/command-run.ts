import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { OptionValues } from '#config/options';
import type { SourceContext } from '#pipeline/collector';
import { ChannelError } from '#pipeline/errors';
import type { Timer } from '#std/clock';
import { messageOf, systemCode } from '#std/errors';
import { deliverUntilTaken } from '../deliver-until-taken.js';
import { EventBacklog } from '../event-backlog.js';
import { LineAssembler } from '../line-assembler.js';
import type { execOptions } from './exec-options.js';

const channelRetryMsMin = 250;
const channelRetryMsMax = 5000;
/** The pipe is read no further while more than this waits for the channels. */
const backlogBytesMax = 1024 * 1024;
/** How long a command told to stop has, before it is killed. */
const killAfterMs = 2000;
const stderrLineBytesMax = 4096;

/** One run of the command, from its start until all that it wrote is delivered. */
export class CommandRun {
  private readonly lines: LineAssembler;
  private readonly backlog = new EventBacklog();
  private delivering: Promise<void> | null = null;
  private timer: Timer | null = null;
  /** All that waits is due, whether a batch is full or not. */
  private isDue = false;

  constructor(
    private readonly context: SourceContext,
    private readonly options: OptionValues<typeof execOptions>,
    private readonly stopping: AbortSignal,
  ) {
    this.lines = new LineAssembler(options.maxLineBytes, true);
  }

  /** Resolves with how the command ended: null where all was well, else a sentence. */
  async run(): Promise<string | null> {
    const [program = '', ...args] = this.words();
    // A group of its own, so that a stop reaches all that the command started.
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const stop = (): void => this.kill(child);
    this.stopping.addEventListener('abort', stop, { once: true });
    if (this.stopping.aborted) stop();
    child.stdout.on('data', (chunk: Buffer) => this.take(chunk, child.stdout));
    this.readErrors(child.stderr);
    const ended = await endOf(child, program);
    this.stopping.removeEventListener('abort', stop);
    this.backlog.push(this.lines.finish());
    while (this.backlog.count > 0) {
      this.isDue = true;
      this.deliver(null);
      await this.delivering;
    }
    this.timer?.cancel();
    return ended;
  }

  private words(): string[] {
    const { command, shell } = this.options;
    if (shell === null) return command.trim().split(/\s+/);
    return [...shell.trim().split(/\s+/), command];
  }

  private take(chunk: Buffer, stdout: Readable): void {
    this.backlog.push(this.lines.push(chunk));
    if (this.backlog.bytes >= backlogBytesMax || this.backlog.count >= 2 * this.options.batchSize) stdout.pause();
    if (this.backlog.count >= this.options.batchSize) this.deliver(stdout);
    else if (this.backlog.count > 0) this.arm(stdout);
  }

  private arm(stdout: Readable | null): void {
    this.timer ??= this.context.clock.after(this.options.batchTimeout, () => {
      this.timer = null;
      this.isDue = true;
      this.deliver(stdout);
    });
  }

  private deliver(stdout: Readable | null): void {
    this.delivering ??= this.deliverAll(stdout).finally(() => {
      this.delivering = null;
    });
  }

  private async deliverAll(stdout: Readable | null): Promise<void> {
    while (this.backlog.count >= this.options.batchSize || (this.isDue && this.backlog.count > 0)) {
      const batch = this.backlog.take(this.options.batchSize);
      if (batch === null) break;
      try {
        await deliverUntilTaken(this.context, batch, {
          signal: this.stopping,
          retryMsMin: channelRetryMsMin,
          retryMsMax: channelRetryMsMax,
          report: (error) => this.context.reportError(error),
        });
      } catch (error) {
        this.drop(batch.count, error);
      }
      if (this.backlog.count < this.options.batchSize) stdout?.resume();
    }
    this.isDue = stdout === null;
    this.timer?.cancel();
    this.timer = null;
    if (this.backlog.count > 0) this.arm(stdout);
  }

  /** A stop while the channels refuse, or an interceptor that failed: the command cannot be asked again. */
  private drop(count: number, error: unknown): void {
    this.context.count('EventDroppedCount', count);
    if (!this.stopping.aborted && !(error instanceof ChannelError)) this.context.reportError(error);
    this.context.logger.error('Lines of the command are lost.', { lines: count, reason: messageOf(error) });
  }

  private readErrors(stderr: Readable): void {
    if (!this.options.logStdErr) {
      stderr.resume();
      return;
    }
    const lines = new LineAssembler(stderrLineBytesMax, true);
    const log = (batch: ReturnType<LineAssembler['push']>): void => {
      for (let index = 0; index < batch.count; index += 1) {
        this.context.logger.info('The command wrote to its standard error.', { line: batch.body(index).toString() });
      }
    };
    stderr.on('data', (chunk: Buffer) => log(lines.push(chunk)));
    stderr.on('end', () => log(lines.finish()));
  }

  /** Ends the command and all in its group; what it wrote so far is still read. */
  private kill(child: ChildProcess): void {
    signalGroup(child, 'SIGTERM');
    const timer = this.context.clock.after(killAfterMs, () => {
      signalGroup(child, 'SIGKILL');
      // Somebody who left the group may hold the pipes open for ever.
      child.stdout?.destroy();
      child.stderr?.destroy();
    });
    child.once('close', () => timer.cancel());
    child.stdout?.resume();
  }
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if (systemCode(error) !== 'ESRCH') throw error;
  }
}

function endOf(child: ChildProcess, program: string): Promise<string | null> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      if (child.pid === undefined) resolve(`The command ${program} did not start: ${error.message}.`);
    });
    child.once('close', (code, signal) => {
      if (code === 0) resolve(null);
      else resolve(`The command ${program} ended with ${signal === null ? `exit code ${code}` : `signal ${signal}`}.`);
    });
  });
}
