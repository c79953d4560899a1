import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { EmbeddedPostgres } from '#control/embedded-postgres';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { Cluster } from '#topics/cluster';
import { TopicWriter } from '#topics/topic-writer';
import { callRest } from '../test/flows/rest.js';
import { Child, sleep } from '../test/peers/child.js';
import { usageOf } from '../test/peers/usage.js';
import {
  benchOptions,
  nodeFlags,
  projectRoot,
  report,
  startPeer,
  withAdmin,
  withFolder,
  type Sample,
} from './harness.js';

/** One run of one contender: everything in the topic, into a place of the store that is empty before. */
export interface SinkRun {
  /** Of a real Kafka, the same for all. */
  readonly bootstrap: string;
  readonly topic: string;
  readonly records: number;
  /** Another name each run: for a table, a folder, a group. Small letters, digits and `_`. */
  readonly place: string;
  /** For files of the run. */
  readonly directory: string;
}

export interface SinkContender {
  readonly name: string;
  /** Starts the process that is measured; its start counts. */
  start(run: SinkRun): Promise<Child>;
  /** How many of the records are in the store by now. */
  stored(run: SinkRun): Promise<number>;
  /** What is not part of the measured process. Optional. */
  end?(run: SinkRun): Promise<void>;
}

export interface SinkBench {
  /** Name of the benchmark and of its result. */
  readonly name: string;
  readonly what: string;
  readonly records: number;
  /** Default 3. */
  readonly rounds?: number;
  /** Default 4. */
  readonly partitions?: number;
  /** Ports from here are free: Kafka takes the first two, our administration the next. */
  readonly port: number;
  key?(n: number): Buffer;
  value(n: number): Buffer;
  /** The store, and who writes into it, ours first. `sinkWorker` makes ours. */
  open(bed: SinkBed): Promise<{ contenders: readonly [SinkContender, SinkContender]; close(): Promise<void> }>;
}

export interface SinkBed {
  readonly folder: string;
  /** Ports from here are free for stores. */
  readonly port: number;
  /** Our sink worker as a process of its own, with this connector. */
  readonly sinkWorker: (
    config: (run: SinkRun) => Readonly<Record<string, string>>,
    stored: SinkContender['stored'],
  ) => SinkContender;
}

/** Runs ours and the peer in turn over the same topic of a real Kafka; CPU and memory are the sink process's, its start included. */
export function benchSink(bench: SinkBench): (args: readonly string[]) => Promise<void> {
  return async (args) => {
    const { records, rounds } = benchOptions(args, { records: bench.records, rounds: bench.rounds ?? 3 });
    await withFolder(async (folder) => {
      // PostgreSQL does not run as root: its own user has to pass through here.
      chmodSync(folder, 0o755);
      const kafka = await startPeer(folder, bench.port);
      const administration = await Administration.start(folder, bench.port + 2, kafka.bootstrap);
      const store = await bench.open({
        folder,
        port: bench.port + 3,
        sinkWorker: (config, stored) => administration.worker(config, stored),
      });
      try {
        const topic = 'records';
        await fill(kafka.bootstrap, topic, records, bench);
        const samples = new Map<SinkContender, Sample[]>(store.contenders.map((contender) => [contender, []]));
        for (let round = 0; round < rounds; round += 1) {
          const order = round % 2 === 0 ? store.contenders : store.contenders.toReversed();
          for (const contender of order) {
            const place = `${contender.name.replaceAll('-', '_')}_${round}`;
            const directory = join(folder, place);
            mkdirSync(directory, { recursive: true });
            const sample = await deliver(contender, { bootstrap: kafka.bootstrap, topic, records, place, directory });
            process.stderr.write(
              `${contender.name}: ${Math.round(records / sample.wallSeconds)} records/s, ${sample.cpuSeconds.toFixed(2)} CPU-s, ${sample.peakMiB.toFixed(0)} MiB\n`,
            );
            samples.get(contender)?.push(sample);
          }
        }
        const [ours, peer] = store.contenders;
        report(
          bench.name,
          `${records} records out of the same Kafka; ${bench.what}`,
          { name: 'millionRecords', count: records / 1e6 },
          { name: ours.name, samples: samples.get(ours) ?? [] },
          { name: peer.name, samples: samples.get(peer) ?? [] },
        );
      } finally {
        await store.close();
        await administration.stop();
        await kafka.child.stop();
      }
    });
  };
}

async function fill(bootstrap: string, topic: string, records: number, bench: SinkBench): Promise<void> {
  await withAdmin(bootstrap, (admin) =>
    admin.createTopic({ name: topic, partitions: bench.partitions ?? 4, replicationFactor: 1 }),
  );
  const cluster = new Cluster({ bootstrap: [bootstrap], clientId: 'bench', clock: systemClock, logger: silentLogger });
  const writer = new TopicWriter(cluster);
  const chunk = 1000;
  for (let from = 0; from < records; from += chunk) {
    const numbers = Array.from({ length: Math.min(chunk, records - from) }, (_, index) => from + index);
    const values = numbers.map((n) => bench.value(n));
    const ends = new Int32Array(values.length);
    values.reduce((end, value, index) => (ends[index] = end + value.length), 0);
    await writer.write(topic, {
      bytes: Buffer.concat(values),
      starts: ends.map((end, index) => end - (values[index]?.length ?? 0)),
      ends,
      headers: new Map(),
      keys: numbers.map((n) => bench.key?.(n) ?? null),
    });
  }
  await writer.close();
  await cluster.close();
}

async function deliver(contender: SinkContender, run: SinkRun): Promise<Sample> {
  const began = performance.now();
  const child = await contender.start(run);
  try {
    while ((await contender.stored(run)) < run.records) {
      if (child.exitCode !== undefined) throw new Error(`${contender.name} ended:\n${child.output().slice(-3000)}`);
      await sleep(100);
    }
    const wallSeconds = (performance.now() - began) / 1000;
    const usage = usageOf(child.pid);
    return { wallSeconds, cpuSeconds: usage.cpuSeconds, peakMiB: usage.peakMiB };
  } finally {
    await child.kill();
    await contender.end?.(run);
  }
}

/** How far a consumer group has committed: for stores that are slow to count. */
export function committedBy(run: SinkRun, group: string): Promise<number> {
  return withAdmin(run.bootstrap, async (admin) => {
    const offsets = await admin.groupOffsets(group).catch(() => []);
    return offsets.filter(({ topic }) => topic === run.topic).reduce((sum, { offset }) => sum + offset, 0);
  });
}

/** Our control database and REST, outside of what is measured. */
class Administration {
  private constructor(
    private readonly database: EmbeddedPostgres,
    private readonly child: Child,
    private readonly url: string,
  ) {}

  static async start(folder: string, port: number, bootstrap: string): Promise<Administration> {
    const database = new EmbeddedPostgres({ directory: join(folder, 'control'), durable: false });
    await database.start();
    const child = new Child({
      command: process.execPath,
      args: [...nodeFlags, join(projectRoot, 'bin', 'millrace.mjs'), 'role', 'admin'],
      env: { DATABASE_URL: database.databaseUrl, TOPICS_BOOTSTRAP: bootstrap, PORT: String(port) },
      logPath: join(folder, 'admin.out'),
    });
    await child.until('administration', () => / is (?:ready,|on) /.test(child.output()));
    return new Administration(database, child, `http://127.0.0.1:${port}`);
  }

  worker(config: (run: SinkRun) => Readonly<Record<string, string>>, stored: SinkContender['stored']): SinkContender {
    return {
      name: 'millrace',
      stored,
      start: async (run) => {
        const body = { name: run.place, config: { topics: run.topic, ...config(run) } };
        const answer = await callRest(this.url, 'POST', '/connectors', body);
        if (answer.status !== 201) throw new Error(`the connector was refused: ${JSON.stringify(answer.body)}`);
        return new Child({
          command: process.execPath,
          // As `npx millrace role sink-worker` has it: the large first heap is for topics.
          args: [join(projectRoot, 'bin', 'millrace.mjs'), 'role', 'sink-worker'],
          env: {
            DATABASE_URL: this.database.databaseUrl,
            TOPICS_BOOTSTRAP: run.bootstrap,
            MILLRACE_DATA: join(run.directory, 'worker'),
            MILLRACE_WORKER_ID: run.place,
          },
          logPath: join(run.directory, 'worker.out'),
        });
      },
      end: async (run) => {
        await callRest(this.url, 'DELETE', `/connectors/${run.place}`);
      },
    };
  }

  async stop(): Promise<void> {
    await this.child.stop();
    await this.database.stop();
  }
}
