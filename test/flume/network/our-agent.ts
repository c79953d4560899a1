import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../flows/product.js';
import { Child, sleep } from '../../peers/child.js';
import { parseLine, type SeenEvent } from './pair.js';

export interface OurAgentOptions {
  readonly directory: string;
  /** Properties of sources by their names. */
  readonly sources: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Our collector with some sources; each has a channel and a file of its own. */
export class OurAgent {
  private child: Child | null = null;

  constructor(private readonly options: OurAgentOptions) {}

  async start(): Promise<void> {
    const { directory, sources } = this.options;
    const names = Object.keys(sources);
    for (const name of names) mkdirSync(this.outOf(name), { recursive: true });
    const lines = [
      `a1.sources = ${names.join(' ')}`,
      `a1.channels = ${names.map((name) => `c-${name}`).join(' ')}`,
      `a1.sinks = ${names.map((name) => `k-${name}`).join(' ')}`,
      ...Object.entries(sources).flatMap(([name, options]) => [
        ...Object.entries(options).map(([key, value]) => `a1.sources.${name}.${key} = ${value}`),
        `a1.sources.${name}.channels = c-${name}`,
        `a1.channels.c-${name}.type = memory`,
        `a1.channels.c-${name}.capacity = 100000`,
        `a1.sinks.k-${name}.type = file_roll`,
        `a1.sinks.k-${name}.channel = c-${name}`,
        `a1.sinks.k-${name}.sink.directory = ${this.outOf(name)}`,
        `a1.sinks.k-${name}.sink.rollInterval = 0`,
        `a1.sinks.k-${name}.sink.serializer = header_and_text`,
      ]),
    ];
    const confPath = join(directory, 'flume.conf');
    writeFileSync(confPath, `${lines.join('\n')}\n`);
    const child = new Child({
      command: process.execPath,
      args: [
        ...[join(projectRoot, 'bin/millrace.mjs'), 'collector', 'run', '--conf', confPath, '--name', 'a1'],
        ...['--data', join(directory, 'data')],
      ],
      logPath: join(directory, 'collector.out'),
    });
    this.child = child;
    await child.until('the collector', () => child.output().includes(' runs: '), 60_000);
  }

  async stop(): Promise<void> {
    await this.child?.kill();
  }

  /** What a source has written so far. */
  events(source: string): SeenEvent[] {
    const folder = this.outOf(source);
    const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
    return texts.flatMap((text) => text.split('\n').slice(0, -1)).map(parseLine);
  }

  /** Waits for so many events, and a moment for any that are too many. */
  async until(source: string, count: number): Promise<void> {
    const deadline = Date.now() + 15_000;
    while (this.events(source).length < count && Date.now() < deadline) await sleep(50);
    await sleep(200);
  }

  private outOf(source: string): string {
    return join(this.options.directory, 'out', source);
  }
}
