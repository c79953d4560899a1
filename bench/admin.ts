import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { EmbeddedPostgres } from '#control/embedded-postgres';
import { answers, Child, sleep } from '../test/peers/child.js';
import { Comparison } from './comparison.js';
import { benchOptions, median, nodeFlags, projectRoot, round, withFolder, type Server } from './harness.js';
import { produce } from './produce.js';

const topicsPort = 27_410;
const httpPort = 27_411;
const url = `http://127.0.0.1:${httpPort}`;
const readsPerSecond = 500;
const connectors = 10_000;
/** What a console and a scraper ask for all the time; the long lists are timed apart. */
const readPaths = ['/connectors/c-17/status', '/connectors/c-4242', '/v3/clusters', '/readyz', '/connector-plugins'];

/**
 * The administration under load. First how long the lists of 10,000 connectors take; then Kafka's producer-performance tool against our
 * topics, in turn with 500 reads a second of the administration beside it and without.
 */
export async function benchAdmin(args: readonly string[]): Promise<void> {
  const { records, rounds } = benchOptions(args, { records: 1_000_000, rounds: 5 });
  await withFolder(async (folder) => {
    const database = new EmbeddedPostgres({ directory: join(folder, 'database'), durable: true });
    await database.start();
    const role = (name: string, port: number): Child =>
      new Child({
        command: process.execPath,
        args: [...nodeFlags, join(projectRoot, 'bin', 'millrace.mjs'), 'role', name],
        env: {
          DATABASE_URL: database.databaseUrl,
          MILLRACE_DATA: join(folder, name),
          TOPICS_BOOTSTRAP: `127.0.0.1:${topicsPort}`,
          PORT: String(port),
        },
        logPath: join(folder, `${name}.out`),
      });
    mkdirSync(join(folder, 'topics'));
    const topics = role('topics', topicsPort);
    const admin = role('admin', httpPort);
    try {
      await topics.until('topics', () => answers(topicsPort));
      await admin.until('the administration', () => answers(httpPort));
      await makeConnectors(folder);
      await timeLists();
      await compare({ name: 'millrace', bootstrap: `127.0.0.1:${topicsPort}`, child: topics }, { records, rounds });
    } finally {
      await Promise.all([topics.stop(), admin.stop()]);
      await database.stop();
    }
  });
}

async function makeConnectors(folder: string): Promise<void> {
  const config = { 'connector.class': 'file', topics: 'none', 'file.path': join(folder, 'never') };
  for (let from = 0; from < connectors; from += 20) {
    await Promise.all(
      Array.from({ length: 20 }, async (_, at) => {
        const response = await fetch(`${url}/connectors`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ name: `c-${from + at}`, config }),
        });
        if (response.status !== 201) throw new Error(`${response.status}: ${await response.text()}`);
      }),
    );
  }
}

async function timeLists(): Promise<void> {
  const comparison = new Comparison('admin-lists', `Lists of ${connectors} connectors, ms (median of 20 calls)`);
  const figures: Record<string, number> = {};
  for (const [name, path] of [
    ['names', '/connectors'],
    ['expandStatus', '/connectors?expand=status'],
    ['expandStatusAndInfo', '/connectors?expand=status&expand=info'],
    ['page', '/api/v1/sinks?page_size=1000'],
  ] as const) {
    const times: number[] = [];
    for (let call = 0; call < 20; call += 1) {
      const began = performance.now();
      const response = await fetch(url + path);
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`${path} answered ${response.status}`);
      times.push(performance.now() - began);
    }
    figures[name] = round(median(times), 1);
  }
  comparison.add('millrace', figures);
  comparison.report();
}

async function compare(server: Server, { records, rounds }: { records: number; rounds: number }): Promise<void> {
  const comparison = new Comparison(
    'admin-reads',
    `${records} records of 1000 bytes by Kafka's producer-performance tool, beside ${readsPerSecond} reads a second of the administration or none`,
  );
  await produce(server, 'warm-up', { recordBytes: 1000, records: 200_000 });
  for (let count = 0; count < rounds; count += 1) {
    for (const withReads of count % 2 === 0 ? [true, false] : [false, true]) {
      const reader = withReads ? new Reader() : null;
      const { wallSeconds, latency } = await produce(server, `bench-${count}`, { recordBytes: 1000, records });
      const answered = await reader?.stop();
      comparison.add(withReads ? 'with reads' : 'without reads', {
        megabytesPerSecond: records / 1000 / wallSeconds,
        averageMs: latency.average,
        ...(answered === undefined ? {} : { readsPerSecond: answered / wallSeconds }),
      });
    }
  }
  comparison.report();
}

/** Asks at a steady pace; what is not answered in time is not asked twice. */
class Reader {
  private answered = 0;
  private isOpen = true;
  private readonly loop: Promise<void>;

  constructor() {
    this.loop = this.run();
  }

  private async run(): Promise<void> {
    const began = performance.now();
    const pending = new Set<Promise<void>>();
    for (let asked = 0; this.isOpen; asked += 1) {
      const dueMs = began + (asked * 1000) / readsPerSecond - performance.now();
      if (dueMs > 1) await sleep(dueMs);
      if (pending.size >= readsPerSecond) await Promise.race(pending);
      const read = this.read(readPaths[asked % readPaths.length] ?? '/');
      pending.add(read);
      void read.finally(() => pending.delete(read));
    }
    await Promise.all(pending);
  }

  private async read(path: string): Promise<void> {
    const response = await fetch(url + path);
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`${path} answered ${response.status}`);
    this.answered += 1;
  }

  async stop(): Promise<number> {
    this.isOpen = false;
    await this.loop;
    return this.answered;
  }
}
