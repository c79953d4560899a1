import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../flows/product.js';
import { Child, sleep } from '../../peers/child.js';
import { javaArguments } from '../../peers/flume.js';
import { classPath } from '../../peers/jars.js';

export type Side = 'flume' | 'millrace';

export interface PairOptions {
  readonly directory: string;
  /** Flume's sources listen here and on the following ones, ours 40 higher. */
  readonly firstPort: number;
  /** Properties of sources by their names; PORT stands for the port. */
  readonly sources: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** An event in a form that is the same on both sides: headers sorted by name. */
export interface SeenEvent {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A real Flume agent and ours with the same sources; each source has a channel and a file of its own. */
export class AgentPair {
  private readonly children: Child[] = [];

  constructor(private readonly options: PairOptions) {
    for (const side of ['flume', 'millrace'] as const) {
      for (const name of Object.keys(options.sources)) mkdirSync(this.outOf(side, name), { recursive: true });
      writeFileSync(this.confOf(side), `${this.lines(side).join('\n')}\n`);
    }
  }

  port(side: Side, source: string): number {
    const at = Object.keys(this.options.sources).indexOf(source);
    return this.options.firstPort + at + (side === 'flume' ? 0 : 40);
  }

  async start(): Promise<void> {
    const { directory } = this.options;
    const flume = new Child({
      command: 'java',
      args: [
        ...(await this.javaArguments()),
        'org.apache.flume.node.Application',
        ...['--conf-file', this.confOf('flume'), '--name', 'a1', '--no-reload-conf'],
      ],
      logPath: join(directory, 'flume.out'),
    });
    const ours = new Child({
      command: process.execPath,
      args: [
        ...[join(projectRoot, 'bin/millrace.mjs'), 'collector', 'run', '--conf', this.confOf('millrace')],
        ...['--name', 'a1', '--data', join(directory, 'data')],
      ],
      logPath: join(directory, 'millrace.out'),
    });
    this.children.push(flume, ours);
    await ours.until('our agent', () => ours.output().includes(' runs: '));
    const count = Object.keys(this.options.sources).length;
    await flume.until('Flume', () => flume.output().split('Starting Source').length > 1 || count === 0);
    // Its sources start one after the other.
    await sleep(1500);
  }

  async stop(): Promise<void> {
    await Promise.all(this.children.map((child) => child.kill()));
  }

  /** What a source has written so far. */
  events(side: Side, source: string): SeenEvent[] {
    const folder = this.outOf(side, source);
    const lines = readdirSync(folder).flatMap((name) =>
      readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1),
    );
    return lines.map(parseLine);
  }

  /** How many events both sides have written, of all sources. */
  private get count(): number {
    const names = Object.keys(this.options.sources);
    return names.reduce(
      (sum, name) => sum + this.events('flume', name).length + this.events('millrace', name).length,
      0,
    );
  }

  /** Waits until nothing more comes. Flume's sinks rest for up to five seconds before they look into their channels again. */
  async settled(): Promise<void> {
    const deadline = Date.now() + 30_000;
    for (let count = -1, since = Date.now(); Date.now() < deadline; await sleep(200)) {
      const now = this.count;
      if (now !== count) since = Date.now();
      else if (Date.now() - since > 6500) return;
      count = now;
    }
  }

  /** Flume was built with guava 11; with the later one that other parts need, its multiport source reads no ISO dates. */
  private async javaArguments(): Promise<string[]> {
    const jars = await classPath('guava-11', ['com.google.guava:guava:11.0.2']);
    const args = await javaArguments(this.options.directory);
    const at = args.indexOf('-cp') + 1;
    return args.map((arg, index) => (index === at ? `${jars}:${arg}` : arg));
  }

  /** As it is written in a properties file. */
  private valueOf(side: Side, name: string, value: string): string {
    return value.replaceAll('PORT', String(this.port(side, name))).replaceAll('\\', '\\\\');
  }

  private confOf(side: Side): string {
    return join(this.options.directory, `${side}.conf`);
  }

  private outOf(side: Side, source: string): string {
    return join(this.options.directory, side, source);
  }

  private lines(side: Side): string[] {
    const names = Object.keys(this.options.sources);
    return [
      `a1.sources = ${names.join(' ')}`,
      `a1.channels = ${names.map((name) => `c-${name}`).join(' ')}`,
      `a1.sinks = ${names.map((name) => `k-${name}`).join(' ')}`,
      ...names.flatMap((name) => [
        ...Object.entries(this.options.sources[name] ?? {}).map(
          ([key, value]) => `a1.sources.${name}.${key} = ${this.valueOf(side, name, value)}`,
        ),
        `a1.sources.${name}.channels = c-${name}`,
        `a1.channels.c-${name}.type = memory`,
        `a1.channels.c-${name}.capacity = 10000`,
        `a1.channels.c-${name}.transactionCapacity = 1000`,
        `a1.sinks.k-${name}.type = file_roll`,
        `a1.sinks.k-${name}.channel = c-${name}`,
        `a1.sinks.k-${name}.sink.directory = ${this.outOf(side, name)}`,
        `a1.sinks.k-${name}.sink.rollInterval = 0`,
        `a1.sinks.k-${name}.sink.serializer = header_and_text`,
      ]),
    ];
  }
}

/** `{a=b, c=d} body`. */
export function parseLine(line: string): SeenEvent {
  const match = /^\{(.*?)\} (.*)$/s.exec(line);
  const headers = (match?.[1] ?? '').split(', ').filter((pair) => pair !== '');
  const entries = headers.toSorted().map((pair): [string, string] => {
    const at = pair.indexOf('=');
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
  return { headers: Object.fromEntries(entries), body: match?.[2] ?? line };
}
