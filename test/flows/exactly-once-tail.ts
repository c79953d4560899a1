import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { Cluster } from '#topics/cluster';
import { TopicAdmin } from '#topics/topic-admin';
import { TopicReader } from '#topics/topic-reader';
import { Child, sleep } from '../peers/child.js';
import { Ledger } from './line-writer.js';
import { projectRoot } from './product.js';
import { lineNumber, RotatingWriter, type Rotation } from './rotating-writer.js';

export interface TailFigures {
  readonly lines: number;
  /** Times that the collector is killed (-9), at random. */
  readonly kills: number;
  readonly linesPerRotation: number;
}

export interface TailOutcome {
  readonly missing: number;
  readonly repeated: number;
  /** Records that are none of the lines. */
  readonly strange: number;
  readonly repeats: readonly string[];
  readonly kills: number;
  readonly rotated: Readonly<Record<Rotation, number>>;
}

const topics = ['tailed-a', 'tailed-b'] as const;
const repeatsKept = 20;

/**
 * A collector tails rotating files into two topics and is killed on the way; a reader of committed records counts each line in both.
 */
export class ExactlyOnceTail {
  private readonly cluster: Cluster;
  private readonly ledgers: Map<string, Ledger>;
  private readonly reader: TopicReader;
  private readonly logs: string;
  private collector: Child | null = null;
  private strange = 0;
  /** The first lines that came twice, for whoever looks for the reason. */
  private readonly repeats: string[] = [];
  private starts = 0;
  private isDone = false;

  constructor(
    private readonly directory: string,
    private readonly bootstrap: string,
    private readonly figures: TailFigures,
  ) {
    this.cluster = new Cluster({
      bootstrap: [bootstrap],
      clientId: 'counter',
      clock: systemClock,
      logger: silentLogger,
    });
    this.logs = join(directory, 'logs');
    this.ledgers = new Map(topics.map((topic) => [topic, new Ledger(figures.lines)]));
    this.reader = new TopicReader(this.cluster, { topics, isolation: 'read_committed' });
  }

  async run(): Promise<TailOutcome> {
    mkdirSync(this.logs, { recursive: true });
    const admin = new TopicAdmin(this.cluster);
    for (const name of topics) await admin.createTopic({ name, partitions: 2, replicationFactor: 1 });
    await this.reader.start();
    const counting = this.count();
    const { lines, linesPerRotation } = this.figures;
    const writer = new RotatingWriter({
      directory: this.logs,
      lines,
      linesPerRotation,
      arrived: () => this.arrived,
      lagMax: 100_000,
    });
    this.startCollector();
    const writing = writer.run();
    const kills = await this.killOnTheWay(writer);
    await writing;
    await this.settle();
    this.isDone = true;
    await counting;
    const all = [...this.ledgers.values()];
    return {
      missing: all.reduce((sum, ledger) => sum + ledger.missing(), 0),
      repeated: all.reduce((sum, ledger) => sum + ledger.repeated(), 0),
      strange: this.strange,
      repeats: this.repeats,
      kills,
      rotated: writer.rotated,
    };
  }

  async close(): Promise<void> {
    this.isDone = true;
    await this.collector?.stop();
    await this.reader.stop();
    await this.cluster.close();
  }

  /** Lines that are in every topic. */
  private get arrived(): number {
    return Math.min(...[...this.ledgers.values()].map((ledger) => ledger.distinct));
  }

  private async count(): Promise<void> {
    while (!this.isDone) {
      for (const { topic, partition, records } of await this.reader.poll(100)) {
        for (let index = 0; index < records.count; index += 1) {
          const n = lineNumber(records.value(index));
          if (n < 0) this.strange += 1;
          else this.tally(topic, n, `${topic}-${partition} ${records.offset(index)}`);
        }
      }
    }
  }

  private tally(topic: string, n: number, place: string): void {
    const ledger = this.ledgers.get(topic);
    const before = ledger?.timesSeen(n) ?? 0;
    if (before > 0 && this.repeats.length < repeatsKept) this.repeats.push(`line ${n} again at ${place}`);
    ledger?.add(n);
  }

  /** Spread over the lines, each a little after a random moment. */
  private async killOnTheWay(writer: RotatingWriter): Promise<number> {
    const { lines, kills } = this.figures;
    let done = 0;
    for (; done < kills && writer.written < lines; done += 1) {
      const at = ((done + 0.3 + 0.6 * Math.random()) * lines) / (kills + 0.5);
      while (this.arrived < at && writer.written < lines) await sleep(2);
      await this.collector?.kill();
      this.startCollector();
    }
    return done;
  }

  /** Everything has arrived, and nothing comes behind it. */
  private async settle(): Promise<void> {
    const { lines } = this.figures;
    let [seen, quietSince] = [-1, Date.now()];
    while (this.arrived < lines || Date.now() - quietSince < 1500) {
      if (this.arrived !== seen) [seen, quietSince] = [this.arrived, Date.now()];
      if (Date.now() - quietSince > 60_000) break;
      await sleep(50);
    }
  }

  private startCollector(): void {
    const confPath = join(this.directory, 'flume.conf');
    writeFileSync(
      confPath,
      [
        'a1.sources = r',
        'a1.channels = a b',
        'a1.sources.r.type = TAILDIR',
        'a1.sources.r.channels = a b',
        'a1.sources.r.filegroups = f',
        `a1.sources.r.filegroups.f = ${this.logs}/app-\\\\d+\\\\.log.*`,
        'a1.sources.r.exactly.once.support = required',
        ...topics.flatMap((topic, index) => [
          `a1.channels.${'ab'.charAt(index)}.type = org.apache.flume.channel.kafka.KafkaChannel`,
          `a1.channels.${'ab'.charAt(index)}.kafka.topic = ${topic}`,
          `a1.channels.${'ab'.charAt(index)}.kafka.bootstrap.servers = ${this.bootstrap}`,
          `a1.channels.${'ab'.charAt(index)}.parseAsFlumeEvent = false`,
        ]),
      ].join('\n'),
    );
    this.starts += 1;
    this.collector = new Child({
      command: process.execPath,
      args: [
        join(projectRoot, 'bin', 'millrace.mjs'),
        ...['collector', 'run', '--conf', confPath, '--name', 'a1', '--bootstrap', this.bootstrap],
        ...['--data', join(this.directory, 'state')],
      ],
      logPath: join(this.directory, 'collector.out'),
    });
  }
}
