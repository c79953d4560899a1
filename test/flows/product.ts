import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { Cluster } from '#topics/cluster';
import { TopicAdmin } from '#topics/topic-admin';
import { Child, sleep } from '../peers/child.js';
import { callRest } from './rest.js';

export const projectRoot = join(import.meta.dirname, '..', '..');

export interface ProductOptions {
  readonly directory: string;
  readonly topicsPort: number;
  readonly httpPort: number;
  /** What goes into millrace.json; null = the demo. */
  readonly config: unknown;
  readonly env?: Readonly<Record<string, string>>;
}

/** The all-in-one, started the way a user starts it. */
export class Product {
  private current: Child | null = null;
  private starts = 0;
  private readonly cluster: Cluster;
  readonly admin: TopicAdmin;

  constructor(readonly options: ProductOptions) {
    mkdirSync(options.directory, { recursive: true });
    this.cluster = new Cluster({
      bootstrap: [this.bootstrap],
      clientId: 'test',
      clock: systemClock,
      logger: silentLogger,
    });
    this.admin = new TopicAdmin(this.cluster);
  }

  get bootstrap(): string {
    return `127.0.0.1:${this.options.topicsPort}`;
  }

  get url(): string {
    return `http://127.0.0.1:${this.options.httpPort}`;
  }

  get child(): Child {
    if (this.current === null) throw new Error('the product is not started');
    return this.current;
  }

  get dataDirectory(): string {
    return join(this.options.directory, 'data');
  }

  /** Resolves when it says that it is ready. */
  async start(): Promise<void> {
    const words = ['up', '--data', this.dataDirectory];
    words.push('--topics-port', String(this.options.topicsPort), '--http-port', String(this.options.httpPort));
    if (this.options.config !== null) {
      const path = join(this.options.directory, 'millrace.json');
      writeFileSync(path, JSON.stringify(this.options.config));
      words.push('--config', path);
    }
    this.starts += 1;
    this.current = new Child({
      command: process.execPath,
      args: ['--initial-heap-size=256', join(projectRoot, 'bin', 'millrace.mjs'), ...words],
      env: { DATABASE_URL: '', ...this.options.env },
      logPath: join(this.options.directory, `product-${this.starts}.out`),
    });
    await this.child.until('the product', () => this.child.output().includes('is ready'), 60_000);
  }

  rest(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    return callRest(this.url, method, path, body);
  }

  /** Records of a topic so far, all partitions. */
  async endOf(topic: string): Promise<number> {
    const ends = await this.admin.offsets(topic, 'latest');
    return ends.reduce((sum, end) => sum + end.offset, 0);
  }

  /** Waits until a group has committed the end of every partition of a topic. */
  async untilCaughtUp(group: string, topic: string, timeoutMs: number): Promise<void> {
    await eventually(`${group} at the end of ${topic}`, timeoutMs, async () => {
      const ends = await this.admin.offsets(topic, 'latest');
      const committed = await this.admin.groupOffsets(group);
      return ends.every((end) => {
        const found = committed.find((place) => place.topic === topic && place.partition === end.partition);
        return end.offset === 0 || found?.offset === end.offset;
      });
    });
  }

  async dispose(): Promise<void> {
    await this.cluster.close();
    if (this.current !== null && this.current.exitCode === undefined) await this.current.stop();
  }
}

/** Polls until `done`; an error of `done` counts as not yet, and is told when time is up. */
export async function eventually(
  what: string,
  timeoutMs: number,
  done: () => Promise<boolean> | boolean,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  let last: unknown = null;
  for (;;) {
    try {
      if (await done()) return;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`not in ${timeoutMs} ms: ${what}`, { cause: last });
    await sleep(100);
  }
}
