import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { Cluster } from '#topics/cluster';
import { TopicReader } from '#topics/topic-reader';
import { sleep } from '../peers/child.js';
import type { Hdfs } from '../peers/hdfs.js';
import { Ledger, LineWriter, numberIn } from './line-writer.js';
import { eventually, Product } from './product.js';
import { readTable } from './table-ledger.js';

export interface FlowOptions {
  readonly folder: string;
  readonly hdfs: Hdfs;
  /** A PostgreSQL outside the product. */
  readonly databaseUrl: string;
  readonly lines: number;
  readonly linesPerSecond: number;
  readonly topicsPort: number;
  readonly httpPort: number;
}

const topic = 'lines';

/** A file tailed into a topic, and from there into HDFS and PostgreSQL; shared by the tests of what survives. */
export class Flow {
  readonly product: Product;
  readonly writer: LineWriter;

  constructor(private readonly options: FlowOptions) {
    const logs = join(options.folder, 'logs');
    this.writer = new LineWriter({
      path: join(logs, 'app.log'),
      lines: options.lines,
      linesPerSecond: options.linesPerSecond,
    });
    mkdirSync(logs, { recursive: true });
    writeFileSync(join(options.folder, 'flume.conf'), flumeConf(logs, join(options.folder, 'positions.json')));
    this.product = new Product({
      directory: options.folder,
      topicsPort: options.topicsPort,
      httpPort: options.httpPort,
      env: { STORE_URL: options.databaseUrl },
      config: {
        name: 'file to stores',
        topics: [{ name: topic, partitions: 3 }],
        collectors: [{ name: 'a1', conf: 'flume.conf' }],
        sinks: [hdfsSink(options.hdfs), postgresSink],
      },
    });
  }

  async start(): Promise<void> {
    this.writer.start();
    await this.product.start();
  }

  /** Kills the whole product at `kills` moments spread over the writing, and starts it again each time. */
  async killAndRestart(kills: number): Promise<void> {
    const { lines } = this.options;
    for (let kill = 1; kill <= kills; kill += 1) {
      await eventually(`${kill}. kill`, 600_000, () => this.writer.written >= (lines * kill) / (kills + 1));
      // Not always at the same place of a batch.
      await sleep(Math.random() * 300);
      await this.product.child.kill();
      await this.product.start();
    }
  }

  /** Waits until everything written has reached the topic and both stores. */
  async drain(timeoutMs: number): Promise<void> {
    await this.writer.done();
    await eventually('all lines in the topic', timeoutMs, async () => {
      return (await this.product.endOf(topic)) >= this.options.lines && (await this.isQuiet());
    });
    await this.product.untilCaughtUp('connect-table', topic, timeoutMs);
    await this.product.untilCaughtUp('connect-lake', topic, timeoutMs);
  }

  /** Waits until the topic and PostgreSQL hold at least `lines` records. */
  async untilStored(lines: number, timeoutMs: number): Promise<void> {
    await eventually(`${lines} lines in the topic`, timeoutMs, async () => (await this.product.endOf(topic)) >= lines);
    await eventually(`${lines} lines in PostgreSQL`, timeoutMs, async () => (await this.readDatabase()).total >= lines);
  }

  async readTopic(): Promise<Ledger> {
    const ledger = new Ledger(this.options.lines);
    const ends = await this.product.admin.offsets(topic, 'latest');
    const total = ends.reduce((sum, end) => sum + end.offset, 0);
    const cluster = new Cluster({
      bootstrap: [this.product.bootstrap],
      clientId: 'audit',
      clock: systemClock,
      logger: silentLogger,
    });
    const reader = new TopicReader(cluster, {
      partitions: ends.map((end) => ({ topic, partition: end.partition, offset: 0 })),
    });
    await reader.start();
    try {
      while (ledger.total < total) {
        for (const { records } of await reader.poll(1000)) {
          for (let index = 0; index < records.count; index += 1) {
            ledger.add(numberIn(records.value(index)?.toString('latin1') ?? ''));
          }
        }
      }
    } finally {
      await reader.stop();
      await cluster.close();
    }
    return ledger;
  }

  async readHdfs(): Promise<Ledger> {
    const ledger = new Ledger(this.options.lines);
    // SequenceFile: Hadoop's shell prints key, tab, value.
    await this.options.hdfs.fsLines(
      (line) => ledger.add(numberIn(line.slice(line.indexOf('\t') + 1))),
      '-text',
      '/lake/*/*.seq',
    );
    return ledger;
  }

  readDatabase(): Promise<Ledger> {
    return readTable(this.options.databaseUrl, this.options.lines);
  }

  /** No record has come for a second: nothing is in flight any more. */
  private async isQuiet(): Promise<boolean> {
    const before = await this.product.endOf(topic);
    await sleep(1000);
    return (await this.product.endOf(topic)) === before;
  }
}

function flumeConf(logs: string, positions: string): string {
  return `a1.sources = r
a1.channels = c
a1.sinks = k
a1.sources.r.type = TAILDIR
a1.sources.r.channels = c
a1.sources.r.filegroups = f
a1.sources.r.filegroups.f = ${logs}/.*\\\\.log
a1.sources.r.positionFile = ${positions}
a1.sources.r.interceptors = i
a1.sources.r.interceptors.i.type = timestamp
a1.channels.c.type = file
a1.channels.c.checkpointDir = ${logs}/../channel/checkpoint
a1.channels.c.dataDirs = ${logs}/../channel/data
a1.sinks.k.type = topic
a1.sinks.k.channel = c
a1.sinks.k.kafka.topic = ${topic}
`;
}

function hdfsSink(hdfs: Hdfs): unknown {
  return {
    name: 'lake',
    config: {
      'connector.class': 'hdfs',
      topics: topic,
      'webhdfs.url': hdfs.webUrl,
      'hdfs.user': hdfs.user,
      'hdfs.path': '/lake/%Y-%m-%d',
      'hdfs.fileType': 'SequenceFile',
      'hdfs.writeFormat': 'Text',
      'hdfs.fileSuffix': '.seq',
      'hdfs.rollInterval': '3',
      'hdfs.rollCount': '0',
      'hdfs.rollSize': String(8 * 1024 * 1024),
    },
  };
}

const postgresSink = {
  name: 'table',
  config: {
    'connector.class': 'postgres',
    topics: topic,
    'connection.url': '${env:STORE_URL}',
    'table.name.format': 'lines',
    'insert.mode': 'insert',
    'auto.create': 'true',
    'value.converter': 'json',
  },
};
