import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Child, sleep } from '../peers/child.js';
import { projectRoot } from '../flows/product.js';

export interface TopicProcessOptions {
  /** Data go to `topics/` in it. */
  readonly directory: string;
  /** Where what it prints is kept. */
  readonly logDirectory: string;
  readonly databaseUrl: string;
  readonly port: number;
  /** Settings of the topic service, `name=value`. */
  readonly settings?: readonly string[];
}

/** A fault at system calls of the process, as strace takes it: `pwritev,pwrite64` and `error=ENOSPC:when=5`. */
export interface Injection {
  readonly calls: string;
  readonly fault: string;
}

const startMsMax = 30_000;

/** Whether the process under test can be traced here. */
export function canInject(): boolean {
  return spawnSync('strace', ['-qq', '-o', '/dev/null', 'true']).status === 0;
}

/** The topic service in a process of its own, to be killed and started again on the same data. */
export class TopicProcess {
  private current: Child | null = null;
  private starts = 0;
  /** Of the last start, until requests are answered, ms. */
  startedMs = 0;

  constructor(readonly options: TopicProcessOptions) {}

  get address(): string {
    return `127.0.0.1:${this.options.port}`;
  }

  get child(): Child {
    if (this.current === null) throw new Error('the topic service was not started');
    return this.current;
  }

  /** Resolves when it answers; false where an injected fault ended it before. */
  async start(injection: Injection | null = null): Promise<boolean> {
    const { directory, logDirectory, databaseUrl, port, settings } = this.options;
    const node = [process.execPath, join(projectRoot, 'dist', 'apps', 'cli', 'src', 'main.js'), 'role', 'topics'];
    // The tracer is a grandchild, so that the process we know is the topic service itself.
    const tracer =
      injection === null
        ? []
        : ['strace', '-D', '-f', '--seccomp-bpf', '-qqq', '-o', '/dev/null'].concat([
            '-e',
            `trace=${injection.calls}`,
            '-e',
            `inject=${injection.calls}:${injection.fault}`,
          ]);
    const [command = '', ...args] = [...tracer, ...node];
    this.starts += 1;
    const began = performance.now();
    const child = new Child({
      command,
      args,
      env: {
        DATABASE_URL: databaseUrl,
        MILLRACE_DATA: directory,
        PORT: String(port),
        TOPICS_SETTINGS: (settings ?? []).join(' '),
        UV_THREADPOOL_SIZE: '12',
        UV_USE_IO_URING: '0',
      },
      logPath: join(logDirectory, `topics-${this.starts}.out`),
    });
    this.current = child;
    while (!child.output().includes('The topic service is on')) {
      if (child.exitCode !== undefined) {
        if (injection !== null) return false;
        throw new Error(`the topic service ended with ${child.exitCode}:\n${child.output().slice(-2000)}`);
      }
      if (performance.now() - began > startMsMax) {
        await child.kill();
        throw new Error(`the topic service does not start:\n${child.output().slice(-2000)}`);
      }
      await sleep(10);
    }
    this.startedMs = performance.now() - began;
    return true;
  }

  async kill(): Promise<void> {
    if (this.child.exitCode === undefined) await this.child.kill();
  }
}
