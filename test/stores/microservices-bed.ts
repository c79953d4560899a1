import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { EmbeddedPostgres } from '#control/embedded-postgres';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { Cluster } from '#topics/cluster';
import { TopicAdmin } from '#topics/topic-admin';
import { TopicReader } from '#topics/topic-reader';
import { Ledger, LineWriter, numberIn } from '../flows/line-writer.js';
import { eventually } from '../flows/product.js';
import { callRest } from '../flows/rest.js';
import { Roles, type RoleName } from '../flows/roles.js';
import { readTable } from '../flows/table-ledger.js';
import type { Child } from '../peers/child.js';
import { startKafka } from '../peers/kafka.js';
import { startRedis } from '../peers/redis.js';

export interface MicroservicesOptions {
  readonly topics: 'ours' | 'kafka';
  /** The first of ten ports in a row: topics (two), administration, Redis, health of the workers. */
  readonly port: number;
  /** Over both files. */
  readonly lines: number;
  readonly linesPerSecond: number;
}

export interface TaskOwner {
  readonly connector: string;
  readonly task: number;
  readonly state: string;
  readonly worker: string | null;
}

const topic = 'lines';
const partitions = 4;

/**
 * Every role as processes of their own, two of each worker, beside a PostgreSQL for the control plane, another one for rows, and a Redis: two
 * files are tailed into one topic, which goes into a table and into files.
 */
export class MicroservicesBed {
  readonly folder = mkdtempSync(join(tmpdir(), 'millrace-microservices-'));
  readonly control = new EmbeddedPostgres({ directory: join(this.folder, 'control'), durable: false });
  private readonly store = new EmbeddedPostgres({ directory: join(this.folder, 'store'), durable: false });
  private readonly children = new Map<string, Child>();
  private readonly writers: readonly LineWriter[];
  private roles: Roles | null = null;
  private kafka: Child | null = null;
  private redis: Child | null = null;

  constructor(readonly options: MicroservicesOptions) {
    // PostgreSQL does not run as root: its own user has to pass through here.
    chmodSync(this.folder, 0o755);
    const lines = options.lines / 2;
    this.writers = [0, 1].map((index) => {
      mkdirSync(this.logs(index), { recursive: true });
      const path = join(this.logs(index), 'app.log');
      return new LineWriter({ path, lines, linesPerSecond: options.linesPerSecond / 2, first: index * lines });
    });
  }

  async start(): Promise<void> {
    const { topics, port } = this.options;
    await Promise.all([this.control.start(), this.store.start(), this.startRedis()]);
    const { databaseUrl } = this.control;
    this.roles = new Roles({
      directory: this.folder,
      databaseUrl,
      bootstrap: this.bootstrap,
      env: { STORE: this.store.databaseUrl },
    });
    if (topics === 'kafka') {
      const { child } = await startKafka({
        port,
        directory: join(this.folder, 'kafka'),
        properties: ['auto.create.topics.enable=false', 'group.initial.rebalance.delay.ms=0'],
      });
      this.kafka = child;
    } else await this.startRole('topics');
    for (const name of ['admin', 'collector-1', 'collector-2', 'sink-1', 'sink-2']) await this.startRole(name);
    await this.addConnectors();
    for (const writer of this.writers) writer.start();
  }

  /** `sink-1` is a sink worker of that id; what an earlier process of the name has printed is put aside. */
  async startRole(name: string, env: Readonly<Record<string, string>> = {}): Promise<void> {
    const { port } = this.options;
    const role: RoleName = roleOf(name);
    if (this.roles === null) throw new Error('the bed is not started');
    const log = join(this.folder, `${name}.out`);
    if (existsSync(log)) renameSync(log, join(this.folder, `${name}-until-${Date.now()}.out`));
    const listens = { topics: port, admin: port + 2 }[name];
    const child = await this.roles.start(role, { id: name, env, ...(listens === undefined ? {} : { port: listens }) });
    this.children.set(name, child);
  }

  child(name: string): Child {
    const child = this.children.get(name);
    if (child === undefined) throw new Error(`${name} does not run`);
    return child;
  }

  async startRedis(): Promise<void> {
    this.redis = await startRedis({ directory: join(this.folder, 'redis'), port: this.redisPort });
  }

  async killRedis(): Promise<void> {
    await this.redis?.kill();
  }

  /** Kafka as an operator would restart it. */
  async restartKafka(): Promise<void> {
    await this.kafka?.stop();
    this.kafka = (await startKafka({ port: this.options.port, directory: join(this.folder, 'kafka') })).child;
  }

  get redisPort(): number {
    return this.options.port + 3;
  }

  rest(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    return callRest(`http://127.0.0.1:${this.options.port + 2}`, method, path, body);
  }

  async putConnector(name: string, config: Readonly<Record<string, string>>): Promise<void> {
    const { status, body } = await this.rest('PUT', `/connectors/${name}/config`, config);
    if (status !== 201 && status !== 200) throw new Error(`${name}: ${status} ${JSON.stringify(body)}`);
  }

  tableConfig(tasks: number): Record<string, string> {
    return {
      'connector.class': 'postgres',
      topics: topic,
      'tasks.max': String(tasks),
      'connection.url': '${env:STORE}',
      'table.name.format': 'lines',
      'auto.create': 'true',
      'value.converter': 'json',
      'errors.retry.delay.max.ms': '1000',
    };
  }

  /** Of all connectors, as the control store has it. */
  async tasks(): Promise<TaskOwner[]> {
    const client = new pg.Client({ connectionString: this.control.databaseUrl });
    await client.connect();
    try {
      const { rows } = await client.query<TaskOwner>(
        'SELECT connector, task, state, worker_id AS worker FROM millrace.task WHERE is_wanted AND lease_until > now() ORDER BY 1, 2',
      );
      return rows;
    } finally {
      await client.end();
    }
  }

  /** How long it took until the tasks were as wanted and all RUNNING, s. */
  async secondsUntil(what: string, isWanted: (tasks: readonly TaskOwner[]) => boolean): Promise<number> {
    const startedAt = performance.now();
    await eventually(what, 60_000, async () => {
      const tasks = await this.tasks();
      return isWanted(tasks) && tasks.every(({ state }) => state === 'RUNNING');
    });
    return Math.round((performance.now() - startedAt) / 100) / 10;
  }

  get written(): number {
    return this.writers.reduce((sum, writer) => sum + writer.written, 0);
  }

  async writersDone(): Promise<void> {
    await Promise.all(this.writers.map((writer) => writer.done()));
  }

  async rows(): Promise<number> {
    const client = new pg.Client({ connectionString: this.store.databaseUrl });
    await client.connect();
    try {
      const { rows } = await client.query<{ count: string }>('SELECT count(*) FROM lines');
      return Number(rows[0]?.count);
    } finally {
      await client.end();
    }
  }

  readTable(): Promise<Ledger> {
    return readTable(this.store.databaseUrl, this.options.lines);
  }

  /** Of finished files. */
  readFiles(): Ledger {
    const ledger = new Ledger(this.options.lines);
    const path = join(this.folder, 'files');
    if (!existsSync(path)) return ledger;
    for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || entry.parentPath.includes('+')) continue;
      const lines = readFileSync(join(entry.parentPath, entry.name), 'latin1').split('\n');
      for (const line of lines) if (line !== '') ledger.add(numberIn(line));
    }
    return ledger;
  }

  async readRedis(): Promise<Ledger> {
    const ledger = new Ledger(this.options.lines);
    const client = new Redis(this.redisPort);
    for (let partition = 0; partition < partitions; partition += 1) {
      let from = '-';
      while (from !== '') {
        const entries = await client.xrange(`${topic}:${partition}`, from, '+', 'COUNT', 5000);
        for (const [, fields] of entries) ledger.add(Number(fields[fields.indexOf('n') + 1]));
        from = entries.length < 5000 ? '' : `(${entries.at(-1)?.[0]}`;
      }
    }
    client.disconnect();
    return ledger;
  }

  /** Lines that are in the topic more than once, with their places and times, and what the collectors said: the first few. */
  async repeatsInTopic(): Promise<string> {
    const cluster = new Cluster({
      bootstrap: [this.bootstrap],
      clientId: 'test',
      clock: systemClock,
      logger: silentLogger,
    });
    const ends = await new TopicAdmin(cluster).offsets(topic, 'latest');
    const reader = new TopicReader(cluster, {
      partitions: ends.map(({ partition }) => ({ topic, partition, offset: 0 })),
      isolation: 'read_committed',
    });
    await reader.start();
    const places = new Map<number, string[]>();
    while (ends.some((end) => (reader.position({ topic, partition: end.partition }) ?? 0) < end.offset)) {
      for (const { partition, records } of await reader.poll(500)) {
        for (let index = 0; index < records.count; index += 1) {
          const n = numberIn(records.value(index)?.toString() ?? '');
          const at = `${partition}:${records.offset(index)} ${new Date(records.timestamp(index)).toISOString()}`;
          places.set(n, [...(places.get(n) ?? []), at]);
        }
      }
    }
    await reader.stop();
    await cluster.close();
    const repeats = [...places].filter(([, found]) => found.length > 1).toSorted(([a], [b]) => a - b);
    const shown = [...repeats.slice(0, 3), ...repeats.slice(-3)];
    const logs = readdirSync(this.folder).filter((name) => name.startsWith('collector') && name.endsWith('.out'));
    const said = logs.map((name) => `${name}:\n${readFileSync(join(this.folder, name), 'utf8').slice(-2000)}`);
    return [...shown.map(([n, found]) => `line ${n}: ${found.join(', ')}`), ...said].join('\n');
  }

  async dispose(): Promise<void> {
    await Promise.all(this.writers.map((writer) => writer.stop()));
    await this.roles?.dispose();
    await Promise.all([this.kafka?.kill(), this.redis?.kill(), this.control.stop(), this.store.stop()]);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private get bootstrap(): string {
    return `127.0.0.1:${this.options.port}`;
  }

  private logs(index: number): string {
    return join(this.folder, `logs-${index + 1}`);
  }

  private async addConnectors(): Promise<void> {
    const { body } = await this.rest('GET', '/v3/clusters');
    const [cluster] = (body as { data: { cluster_id: string }[] }).data;
    const wanted = { topic_name: topic, partitions_count: partitions };
    const { status } = await this.rest('POST', `/v3/clusters/${cluster?.cluster_id}/topics`, wanted);
    if (status !== 201) throw new Error(`the topic was not created: ${status}`);
    await this.putConnector('table', this.tableConfig(1));
    await this.putConnector('files', {
      'connector.class': 'file',
      topics: topic,
      'file.path': join(this.folder, 'files', '%Y-%m-%d'),
      'file.rollInterval': '1',
    });
    for (const index of [0, 1]) {
      await this.putConnector(`tail-${index + 1}`, {
        'connector.class': 'collector',
        agent: 'a1',
        'flume.conf': flumeConf(this.logs(index), this.bootstrap),
      });
    }
  }
}

function roleOf(name: string): RoleName {
  if (name.startsWith('collector')) return 'collector';
  if (name.startsWith('sink')) return 'sink-worker';
  return name === 'topics' ? 'topics' : 'admin';
}

/** Positions are in the transactions of the topic, so that whichever worker has it goes on where the last one stood. */
function flumeConf(logs: string, bootstrap: string): string {
  return `a1.sources = r
a1.channels = c
a1.sources.r.type = TAILDIR
a1.sources.r.channels = c
a1.sources.r.filegroups = f
a1.sources.r.filegroups.f = ${logs}/.*\\\\.log
a1.sources.r.exactly.once.support = required
a1.channels.c.type = org.apache.flume.channel.kafka.KafkaChannel
a1.channels.c.kafka.topic = ${topic}
a1.channels.c.kafka.bootstrap.servers = ${bootstrap}
a1.channels.c.parseAsFlumeEvent = false
`;
}
