import { jest } from '@jest/globals';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { EmbeddedPostgres } from '#control/embedded-postgres';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { Cluster } from '#topics/cluster';
import { TopicAdmin } from '#topics/topic-admin';
import { TopicReader } from '#topics/topic-reader';
import { eventually, projectRoot } from '../flows/product.js';
import { callRest } from '../flows/rest.js';
import { Roles } from '../flows/roles.js';
import { startTopics } from '../flows/topic-service.js';
import { Child, sleep } from '../peers/child.js';
import { SteadyProducer } from './steady-producer.js';
import { poisonEvery, outcomeOf, type EachRecord, type LastRecord } from './trial-records.js';

/** A real store, and a connector into it. */
export interface TrialStore {
  /** All but `name` and `topics`; `value.converter` is `json` where nothing else is said. */
  readonly config: Readonly<Record<string, string>>;
  /** The server goes down: by a kill, or as its operator would stop it. What it has stays. */
  pause(): Promise<void>;
  /** The server is there again. */
  resume(): Promise<void>;
  /** Everything that the store has of the topic `records`. Its field `id` is the number of the record, `key` its key. */
  read(): Promise<EachRecord | LastRecord>;
  /** At the end. */
  stop(): Promise<void>;
}

export interface TrialOptions {
  /** For the title and the printed line: `MariaDB, upsert`. */
  readonly name: string;
  /** The first of three ports in a row: topics, administration, and one that is free for the store. */
  readonly port: number;
  readonly guarantee: 'exactly-once' | 'effectively-once' | 'at-least-once';
  /** Starts the store; `folder` is empty and its own, `port` the first port that it may use. */
  open(folder: string, port: number): Promise<TrialStore>;
  /** Default 200,000. */
  readonly records?: number;
  /** Default 10,000. */
  readonly recordsPerSecond?: number;
  /** Kills of the worker; default 6. */
  readonly kills?: number;
  /** How long the store is down, ms; default 4000. */
  readonly downMs?: number;
  /**
   * How late offsets are committed, ms. With the default 60000 every kill falls between the store's commit and the offset's. A sink whose
   * store keeps no positions reads all again after each kill then: take 2000 for it.
   */
  readonly commitIntervalMs?: number;
}

const minute = 60_000;
const topic = 'records';
const connector = 'trial';
const deadLetterTopic = 'records-dead';

/**
 * Defines the test of a destination: records are produced at a steady pace, one in a thousand of them poison, while the sink worker is killed
 * (-9) again and again and the store goes away and comes back. Afterwards the store has every good record as its guarantee says, and the dead
 * letters every bad one.
 */
export function trial(options: TrialOptions): void {
  const { name, guarantee, records = 200_000, kills = 6 } = options;
  const promise = guarantee === 'at-least-once' ? 'none lost' : 'none lost, none repeated';
  jest.setTimeout(10 * minute);

  test(`${records} records into ${name}, ${kills} kills, store away once: ${promise}, bad ones in the dead letters`, async () => {
    const bed = new TrialBed(options);
    try {
      await bed.start();
      await Promise.all([bed.produce(), bed.disturb()]);
      await bed.drain();
      const found = await bed.store.read();
      const outcome = outcomeOf(found, records);
      const letters = await bed.deadLetters();
      process.stderr.write(
        `${name} (${guarantee}): ${records} records, ${kills} kills of the worker, ${bed.deliveredBeforeKills.join(' ')} put before each; ` +
          `lost ${outcome.lost}, repeated ${outcome.repeated}, wrong ${outcome.wrong}; ` +
          `${letters} of ${records / poisonEvery} bad records in the dead letters; ${Math.round(bed.seconds)} s\n`,
      );
      expect(outcome.lost).toBe(0);
      expect(outcome.wrong).toBe(0);
      if (guarantee !== 'at-least-once') expect(outcome.repeated).toBe(0);
      expect(letters).toBe(records / poisonEvery);
      expect(bed.guaranteeShown).toBe(guarantee);
    } finally {
      await bed.dispose();
    }
  });
}

interface TaskDetails {
  readonly guarantee?: string;
  readonly sink_record_send_total?: number;
  readonly sink_record_active_count?: number;
  readonly partitions?: readonly { readonly partition: number; readonly position: number | null }[];
}

/** As the worker reports it. */
interface ReportedTask {
  readonly state: string;
  readonly trace: string | null;
  readonly details: TaskDetails;
}

/** Topics, administration and a sink worker as processes of their own, beside the store. */
class TrialBed {
  readonly deliveredBeforeKills: number[] = [];
  guaranteeShown = '';
  private readonly folder = mkdtempSync(join(tmpdir(), 'millrace-trial-'));
  private readonly database = new EmbeddedPostgres({ directory: join(this.folder, 'database'), durable: false });
  private readonly startedAt = performance.now();
  private opened: TrialStore | null = null;
  private topics: Child | null = null;
  private roles: Roles | null = null;
  private worker: Child | null = null;
  private workerStarts = 0;
  private lastReport = '';
  private isDisturbed = false;
  private readonly cluster: Cluster;

  constructor(private readonly options: TrialOptions) {
    // PostgreSQL does not run as root: its own user has to pass through here.
    chmodSync(this.folder, 0o755);
    this.cluster = new Cluster({
      bootstrap: [this.bootstrap],
      clientId: 'trial',
      clock: systemClock,
      logger: silentLogger,
    });
  }

  get store(): TrialStore {
    if (this.opened === null) throw new Error('the store is not open');
    return this.opened;
  }

  get seconds(): number {
    return (performance.now() - this.startedAt) / 1000;
  }

  async start(): Promise<void> {
    const { port } = this.options;
    const starting = startTopics(this.folder, port).then(({ child }) => (this.topics = child));
    // What has started is stopped also where the rest has not.
    const results = await Promise.allSettled([
      starting,
      this.options.open(join(this.folder, 'store'), port + 2).then((store) => (this.opened = store)),
      this.database.start(),
    ]);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    const { databaseUrl } = this.database;
    this.roles = new Roles({ directory: this.folder, databaseUrl, bootstrap: this.bootstrap });
    await Promise.all([
      this.roles.start('admin', { port: port + 1 }),
      this.startWorker(),
      new TopicAdmin(this.cluster).createTopic({ name: topic, partitions: 4, replicationFactor: 1 }),
    ]);
    const config = {
      'value.converter': 'json',
      'consumer.override.group.instance.id': 'trial',
      'commit.interval.ms': String(this.options.commitIntervalMs ?? minute),
      'errors.deadletterqueue.topic.name': deadLetterTopic,
      'errors.retry.delay.max.ms': '1000',
      ...this.store.config,
      topics: topic,
    };
    const { status, body } = await callRest(this.url, 'POST', '/connectors', { name: connector, config });
    if (status !== 201) throw new Error(`the connector was not created: ${JSON.stringify(body)}`);
  }

  /** All records, at a steady pace, and not the last of them before the last disturbance. */
  produce(): Promise<void> {
    const { records = 200_000, recordsPerSecond = 10_000 } = this.options;
    return new SteadyProducer(this.cluster, topic).run(records, recordsPerSecond, () => this.isDisturbed);
  }

  /** Kills the worker while it works, and takes the store away in the middle. */
  async disturb(): Promise<void> {
    const { kills = 6, downMs = 4000 } = this.options;
    for (let kill = 0; kill < kills; kill += 1) {
      if (kill === kills >> 1) {
        await this.store.pause();
        await sleep(downMs);
        await this.store.resume();
      }
      await eventually('the worker delivers', minute, async () => ((await this.delivered()) ?? 0) > 0);
      await sleep(Math.random() * 800);
      this.deliveredBeforeKills.push((await this.delivered()) ?? 0);
      await this.worker?.kill();
      this.lastReport = JSON.stringify((await this.task())?.details);
      await this.startWorker();
    }
    this.isDisturbed = true;
  }

  /** Until the sink is through, and has committed all of it. */
  async drain(): Promise<void> {
    const admin = new TopicAdmin(this.cluster);
    const ends = await admin.offsets(topic, 'latest');
    await eventually('the sink is at the end of the topic', 5 * minute, async () => {
      const task = await this.task();
      if (task?.state === 'FAILED') throw new Error(task.trace ?? 'the task failed');
      const partitions = task?.details.partitions ?? [];
      this.guaranteeShown = task?.details.guarantee ?? '';
      // A position is what was read; the sink may still have it before it.
      if ((task?.details.sink_record_active_count ?? 0) > 0) return false;
      return ends.every(
        ({ partition, offset }) =>
          (partitions.find((found) => found.partition === partition)?.position ?? 0) === offset,
      );
    });
    // A position that only the store knows is told to the group when it has stood for two seconds.
    await sleep(2500);
    await this.worker?.stop();
    const lag = await admin.groupLag(`connect-${connector}`);
    expect(lag.reduce((sum, at) => sum + (at.lag ?? 1), 0)).toBe(0);
  }

  /** How many of the bad records are in the dead-letter topic, each counted once. */
  async deadLetters(): Promise<number> {
    const ends = await new TopicAdmin(this.cluster).offsets(deadLetterTopic, 'latest');
    const reader = new TopicReader(this.cluster, {
      partitions: ends.map(({ partition }) => ({ topic: deadLetterTopic, partition, offset: 0 })),
    });
    await reader.start();
    const values = new Set<string>();
    let left = ends.reduce((sum, { offset }) => sum + offset, 0);
    while (left > 0) {
      for (const { records } of await reader.poll(500)) {
        for (let index = 0; index < records.count; index += 1) values.add(records.value(index)?.toString() ?? '');
        left -= records.count;
      }
    }
    await reader.stop();
    return values.size;
  }

  async dispose(): Promise<void> {
    await this.cluster.close();
    await this.roles?.dispose();
    await this.worker?.kill();
    await this.topics?.kill();
    await this.opened?.stop();
    await this.database.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private get bootstrap(): string {
    return `127.0.0.1:${this.options.port}`;
  }

  private get url(): string {
    return `http://127.0.0.1:${this.options.port + 1}`;
  }

  private async startWorker(): Promise<void> {
    this.workerStarts += 1;
    const child = new Child({
      command: process.execPath,
      args: [join(projectRoot, 'bin', 'millrace.mjs'), 'role', 'sink-worker'],
      env: {
        DATABASE_URL: this.database.databaseUrl,
        TOPICS_BOOTSTRAP: this.bootstrap,
        MILLRACE_DATA: join(this.folder, 'worker'),
        MILLRACE_WORKER_ID: 'worker',
      },
      logPath: join(this.folder, `worker-${this.workerStarts}.out`),
    });
    this.worker = child;
    await child.until('the sink worker', () => child.output().includes(' is ready'), minute);
  }

  private async task(): Promise<ReportedTask | undefined> {
    const client = new pg.Client({ connectionString: this.database.databaseUrl });
    await client.connect();
    try {
      const { rows } = await client.query<ReportedTask>('SELECT state, trace, details FROM millrace.task');
      return rows[0];
    } finally {
      await client.end();
    }
  }

  /** Records that the present worker has put; null before it has said so. */
  private async delivered(): Promise<number | null> {
    const task = await this.task();
    if (task?.state === 'FAILED') throw new Error(task.trace ?? 'the task failed');
    return this.reportsSeen(task) ? (task?.details.sink_record_send_total ?? null) : null;
  }

  /** What the killed worker reported last does not count for the next one. */
  private reportsSeen(task: ReportedTask | undefined): boolean {
    const reported = JSON.stringify(task?.details);
    return task?.state === 'RUNNING' && reported !== this.lastReport;
  }
}
