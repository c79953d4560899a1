import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../flows/product.js';
import { Child } from '../peers/child.js';

export interface SinkCollectorOptions {
  readonly directory: string;
  /** Properties of sinks by their names, without their prefix. Each has a channel of its own. */
  readonly sinks: Readonly<Record<string, Readonly<Record<string, string | number | boolean>>>>;
  /** Properties of every channel. */
  readonly channel?: Readonly<Record<string, string | number>>;
  readonly interceptors?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly bootstrap?: string;
}

/** Lines of one file into many sinks at once, as a process: taildir, a channel for each sink, the sinks. */
export class SinkCollector {
  readonly input: string;
  readonly confPath: string;
  private child: Child | null = null;
  private starts = 0;

  constructor(private readonly options: SinkCollectorOptions) {
    const { directory } = options;
    this.input = join(directory, 'input.log');
    this.confPath = join(directory, 'flume.conf');
    mkdirSync(directory, { recursive: true });
    writeFileSync(this.confPath, `${this.conf().join('\n')}\n`);
  }

  async start(): Promise<void> {
    const { directory, bootstrap } = this.options;
    this.starts += 1;
    const words = ['collector', 'run', '-f', this.confPath, '-n', 'a1', '-d', join(directory, 'data')];
    if (bootstrap !== undefined) words.push('--bootstrap', bootstrap);
    this.child = new Child({
      command: process.execPath,
      args: [join(projectRoot, 'bin', 'millrace.mjs'), ...words],
      logPath: join(directory, `collector-${this.starts}.out`),
    });
    await this.child.until('the collector', () => this.child?.output().includes('a1') === true, 30_000);
  }

  /** What it has said since its last start. */
  get log(): string {
    return this.child?.output() ?? '';
  }

  async stop(): Promise<void> {
    await this.child?.stop();
  }

  async kill(): Promise<void> {
    await this.child?.kill();
  }

  private conf(): string[] {
    const {
      directory,
      sinks,
      channel = { type: 'memory', capacity: 10_000, transactionCapacity: 1000 },
    } = this.options;
    const { interceptors = {} } = this.options;
    const names = Object.keys(sinks);
    const channels = names.map((name) => `c-${name}`).join(' ');
    const place = (name: string): string[] =>
      channel['type'] === 'file'
        ? [
            `a1.channels.c-${name}.checkpointDir = ${join(directory, `checkpoint-${name}`)}`,
            `a1.channels.c-${name}.dataDirs = ${join(directory, `channel-${name}`)}`,
          ]
        : [];
    return [
      'a1.sources = r1',
      `a1.channels = ${channels}`,
      `a1.sinks = ${names.join(' ')}`,
      'a1.sources.r1.type = taildir',
      'a1.sources.r1.filegroups = f1',
      `a1.sources.r1.filegroups.f1 = ${this.input}`,
      `a1.sources.r1.positionFile = ${join(directory, 'positions.json')}`,
      `a1.sources.r1.channels = ${channels}`,
      `a1.sources.r1.interceptors = ${Object.keys(interceptors).join(' ')}`,
      ...Object.entries(interceptors).flatMap(([name, properties]) =>
        Object.entries(properties).map(([key, value]) => `a1.sources.r1.interceptors.${name}.${key} = ${value}`),
      ),
      ...names.flatMap((name) => [
        ...Object.entries(channel).map(([key, value]) => `a1.channels.c-${name}.${key} = ${value}`),
        ...place(name),
        `a1.sinks.${name}.channel = c-${name}`,
        ...Object.entries(sinks[name] ?? {}).map(([key, value]) => `a1.sinks.${name}.${key} = ${value}`),
      ]),
    ].filter((line) => !line.endsWith('interceptors = '));
  }
}
