import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';

export interface ChildOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Standard output and error go here. */
  readonly logPath: string;
}

/** A process that a test or benchmark started, and stops again. */
export class Child {
  private readonly process: ChildProcess;
  private ended: Promise<number | null>;
  exitCode: number | null | undefined = undefined;
  /** By `performance.now()`. */
  readonly startedAt = performance.now();

  constructor(private readonly options: ChildOptions) {
    mkdirSync(dirname(options.logPath), { recursive: true });
    // Not through a pipe: a child would stop where we do not read, as while a suite of tests runs synchronously.
    const log = openSync(options.logPath, 'a');
    this.process = spawn(options.command, options.args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.ended = new Promise((resolve) => {
      this.process.on('error', () => resolve(null));
      this.process.on('exit', (code) => {
        this.exitCode = code;
        resolve(code);
      });
    });
  }

  get pid(): number {
    const pid = this.process.pid;
    if (pid === undefined) throw new Error(`${this.options.command} could not be started`);
    return pid;
  }

  /** What it has printed so far. */
  output(): string {
    try {
      return readFileSync(this.options.logPath, 'utf8');
    } catch {
      return '';
    }
  }

  /** Waits until `ready` is true; fails with the end of the output when the process ends first or time is up. */
  async until(what: string, ready: () => boolean | Promise<boolean>, timeoutMs = 120_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!(await ready())) {
      if (this.exitCode !== undefined || Date.now() > deadline) {
        const state = this.exitCode === undefined ? 'did not come in time' : `ended with ${this.exitCode}`;
        throw new Error(`${what}: ${this.options.command} ${state}:\n${this.output().slice(-3000)}`);
      }
      await sleep(20);
    }
  }

  exit(): Promise<number | null> {
    return this.ended;
  }

  signal(name: NodeJS.Signals): void {
    this.process.kill(name);
  }

  /** SIGTERM, and SIGKILL when that does not help within `graceMs`. */
  async stop(graceMs = 20_000): Promise<number | null> {
    if (this.exitCode !== undefined) return this.exitCode;
    this.process.kill('SIGTERM');
    const late = setTimeout(() => this.process.kill('SIGKILL'), graceMs);
    const code = await this.ended;
    clearTimeout(late);
    return code;
  }

  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.ended;
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** Whether something accepts connections there. */
export function answers(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
