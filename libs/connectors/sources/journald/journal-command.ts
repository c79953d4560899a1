import { spawn, type ChildProcess } from 'node:child_process';
import type { SourceContext } from '#pipeline/collector';
import { messageOf } from '#std/errors';
import { CursorKeeper } from './cursor-keeper.js';
import { deliverJournal, type JournalStreamOptions } from './journal-stream.js';

export interface JournalCommandOptions {
  readonly command: string;
  readonly start: 'beginning' | 'end';
  /** ms. */
  readonly restartThrottle: number;
  readonly stream: Omit<JournalStreamOptions, 'context' | 'signal' | 'cursors'>;
}

/** What a command gets to end after SIGTERM, ms. */
const killMs = 2000;
/** Of what a command says on standard error, for the log. */
const saidCharsMax = 2000;

/** Follows the journal of this machine through `journalctl`, which is started again, behind the last delivered entry, when it ends. */
export class JournalCommand {
  private readonly stopping = new AbortController();
  private readonly cursors: CursorKeeper;
  private child: ChildProcess | null = null;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly context: SourceContext,
    private readonly options: JournalCommandOptions,
  ) {
    this.cursors = new CursorKeeper(context);
  }

  async start(): Promise<void> {
    const cursor = await this.cursors.load();
    this.running = this.run(cursor).catch((error: unknown) => {
      if (this.stopping.signal.aborted) return;
      this.context.reportError(error);
      this.context.logger.error(`The journal is read no further: ${messageOf(error)}`);
    });
  }

  async stop(): Promise<void> {
    this.stopping.abort(new Error('the source has stopped'));
    this.end();
    await this.running;
  }

  private async run(first: string | null): Promise<void> {
    const { signal } = this.stopping;
    for (let cursor = first; !signal.aborted; cursor = await this.cursors.load()) {
      await this.follow(cursor);
      await this.context.clock.sleep(this.options.restartThrottle, signal);
    }
  }

  /** Resolves when the command has ended, for whatever reason. */
  private async follow(cursor: string | null): Promise<void> {
    const { context, cursors, options, stopping } = this;
    const [program = '', ...given] = options.command.split(/\s+/);
    const place =
      cursor === null ? (options.start === 'end' ? ['-n', '0'] : ['--no-tail']) : [`--after-cursor=${cursor}`];
    const child = spawn(program, [...given, '-o', 'export', '-f', ...place], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.child = child;
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said = `${said}${text}`.slice(-saidCharsMax)));
    const ended = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(messageOf(error)));
      child.once('close', (code, name) => resolve(`${program} ended with ${code ?? name ?? 'no code'}`));
    });
    try {
      await deliverJournal(child.stdout, { ...options.stream, context, signal: stopping.signal, cursors });
    } catch (error) {
      if (stopping.signal.aborted) throw error;
      context.count('EventReadFail', 1);
      said = `${said}${messageOf(error)}`;
      this.end();
    }
    const reason = await ended;
    this.child = null;
    if (stopping.signal.aborted) return;
    const message = `${reason}${said === '' ? '' : `: ${said.trim()}`}`;
    context.reportError(new Error(message));
    context.logger.warn(`The journal is not followed; another try comes in ${options.restartThrottle} ms: ${message}`);
  }

  private end(): void {
    const { child } = this;
    if (child === null || child.exitCode !== null) return;
    child.kill('SIGTERM');
    const late = this.context.clock.after(killMs, () => child.kill('SIGKILL'));
    child.once('close', () => late.cancel());
    // What is not read any more would keep it from ending.
    child.stdout?.destroy();
  }
}
