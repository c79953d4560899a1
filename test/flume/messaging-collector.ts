import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, projectRoot } from '../flows/product.js';
import { Child } from '../peers/child.js';

export interface CollectorOptions {
  readonly directory: string;
  /** Properties of the sources by their names, without their prefix. */
  readonly sources: Readonly<Record<string, SourceProperties>>;
  readonly bootstrap?: string;
  /** A topic as the channel, and no sink; default: a file channel. */
  readonly topic?: string;
}

export type SourceProperties = Readonly<Record<string, string | number | boolean>>;

export interface Taken {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sources, a file channel and a file_roll sink, as a process; what the source took can be read from the sink's files. */
export class MessagingCollector {
  private child: Child | null = null;
  private starts = 0;
  private readonly out: string;

  constructor(private readonly options: CollectorOptions) {
    this.out = join(options.directory, 'out');
  }

  async start(): Promise<void> {
    const { directory, sources, bootstrap, topic } = this.options;
    mkdirSync(this.out, { recursive: true });
    const conf = join(directory, 'flume.conf');
    const lines = [
      `a1.sources = ${Object.keys(sources).join(' ')}`,
      'a1.channels = c1',
      ...Object.entries(sources).flatMap(([source, properties]) =>
        Object.entries({ ...properties, channels: 'c1' }).map(
          ([name, value]) => `a1.sources.${source}.${name} = ${value}`,
        ),
      ),
      ...(topic === undefined
        ? this.fileChannel()
        : ['a1.channels.c1.type = topic', `a1.channels.c1.topic = ${topic}`]),
    ];
    writeFileSync(conf, `${lines.join('\n')}\n`);
    this.starts += 1;
    const words = ['collector', 'run', '-f', conf, '-n', 'a1', '-d', join(directory, 'data')];
    if (bootstrap !== undefined) words.push('--bootstrap', bootstrap);
    this.child = new Child({
      command: process.execPath,
      args: [join(projectRoot, 'bin', 'millrace.mjs'), ...words],
      logPath: join(directory, `collector-${this.starts}.out`),
    });
    await this.child.until('the collector', () => this.child?.output().includes('a1') === true, 30_000);
  }

  private fileChannel(): string[] {
    const { directory } = this.options;
    return [
      'a1.channels.c1.type = file',
      `a1.channels.c1.dataDirs = ${join(directory, 'channel')}`,
      `a1.channels.c1.checkpointDir = ${join(directory, 'checkpoint')}`,
      'a1.channels.c1.minimumRequiredSpace = 1048576',
      'a1.sinks = k1',
      'a1.sinks.k1.type = file_roll',
      'a1.sinks.k1.channel = c1',
      `a1.sinks.k1.sink.directory = ${this.out}`,
      'a1.sinks.k1.sink.rollInterval = 0',
      'a1.sinks.k1.sink.serializer = HEADER_AND_TEXT',
    ];
  }

  /** What the collector has said since its last start. */
  get log(): string {
    return this.child?.output() ?? '';
  }

  async stop(): Promise<void> {
    await this.child?.stop();
  }

  async kill(): Promise<void> {
    await this.child?.kill();
  }

  /** Events so far, in the order of their files. */
  taken(): Taken[] {
    if (!existsSync(this.out)) return [];
    return readdirSync(this.out)
      .sort()
      .flatMap((name) => readFileSync(join(this.out, name), 'utf8').split('\n'))
      .flatMap((line) => {
        const found = /^\{(.*?)\} (.*)$/.exec(line);
        if (found === null) return [];
        const pairs = (found[1] ?? '').split(', ').map((pair) => /^([^=]*)=(.*)$/.exec(pair));
        const headers = Object.fromEntries(
          pairs.flatMap((pair) => (pair === null ? [] : [[pair[1] ?? '', pair[2] ?? '']])),
        );
        return [{ headers, body: found[2] ?? '' }];
      });
  }

  bodies(): string[] {
    return this.taken().map(({ body }) => body);
  }

  /** Waits until every one of `bodies` was taken. */
  async untilTaken(bodies: readonly string[], timeoutMs = 60_000): Promise<void> {
    let missing: string[] = [];
    const state = (): string => `${missing.length} missing, the first ${missing[0]}`;
    try {
      await eventually('all messages taken', timeoutMs, () => {
        const taken = new Set(this.bodies());
        missing = bodies.filter((body) => !taken.has(body));
        return missing.length === 0;
      });
    } catch {
      throw new Error(`not in ${timeoutMs} ms: ${state()}\n${this.log.slice(-3000)}`);
    }
  }
}

export function numbered(prefix: string, from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => `${prefix}-${from + index}`);
}
