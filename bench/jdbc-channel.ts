import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { jdbcChannel } from '#connectors/channels/jdbc/jdbc-channel';
import { EmbeddedPostgres } from '#control/embedded-postgres';
import type { Channel } from '#pipeline/collector';
import { EventBatch } from '#pipeline/event-batch';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { benchOptions, keepResult, median, occasion, round, withFolder } from './harness.js';

const bodyBytes = 500;
/** Deliveries of the source under way at once. */
const putsInFlight = 4;
const takeEvents = 1000;
const batchSizes = [1, 20, 100, 1000];

interface JdbcRun {
  readonly eventsPerSecond: number;
  /** Of the table after the run, dead rows included. */
  readonly tableMiB: number;
  readonly cpuSecondsPerMillion: number;
}

/**
 * Events through the jdbc channel on the embedded PostgreSQL with its durable settings, put and taken in one process at the same time:
 * every put is committed and synced before it is answered, and so is every take. CPU is this process's, without the database's.
 */
export async function benchJdbcChannel(args: readonly string[]): Promise<void> {
  const { records, rounds } = benchOptions(args, { records: 500_000, rounds: 3 });
  const runs = new Map<number, JdbcRun[]>();
  await withFolder(async (folder) => {
    for (let count = 0; count < rounds; count += 1) {
      for (const batchSize of batchSizes) {
        const run = await runOnce(join(folder, `${count}-${batchSize}`), batchSize, records);
        process.stderr.write(`batches of ${batchSize}: ${Math.round(run.eventsPerSecond)} events/s\n`);
        runs.set(batchSize, [...(runs.get(batchSize) ?? []), run]);
      }
    }
  });
  const rows = [...runs].map(([batchSize, samples]) => [
    `batchesOf${batchSize}`,
    {
      eventsPerSecond: round(median(samples.map((sample) => sample.eventsPerSecond)), 0),
      cpuSecondsPerMillion: round(median(samples.map((sample) => sample.cpuSecondsPerMillion))),
      tableMiB: round(median(samples.map((sample) => sample.tableMiB)), 0),
    },
  ]);
  keepResult('jdbc-channel', {
    bench: 'jdbc-channel',
    what: `${records} events of ${bodyBytes} bytes put (${putsInFlight} at once) and taken by ${takeEvents}, embedded PostgreSQL with fsync`,
    ...occasion(),
    rounds,
    millrace: Object.fromEntries(rows),
  });
}

async function runOnce(folder: string, batchSize: number, wanted: number): Promise<JdbcRun> {
  const records = Math.min(wanted, batchSize * 2000);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const database = new EmbeddedPostgres({ directory: join(folder, 'postgres') });
  await database.start();
  const channel = jdbcChannel.create({
    agent: 'bench',
    name: 'c1',
    options: { 'maximum.capacity': '100000', 'keep-alive': '60' },
    services: { bootstrap: '', clock: systemClock, logger: silentLogger, databaseUrl: database.databaseUrl },
  });
  try {
    await channel.start({
      name: 'c1',
      clock: systemClock,
      logger: silentLogger,
      stateDirectory: folder,
      count() {},
      reportError() {},
    });
    const began = performance.now();
    const cpuBefore = process.cpuUsage();
    await Promise.all([putAll(channel, batchSize, records), takeAll(channel, records)]);
    const seconds = (performance.now() - began) / 1000;
    const cpu = process.cpuUsage(cpuBefore);
    return {
      eventsPerSecond: records / seconds,
      cpuSecondsPerMillion: (cpu.user + cpu.system) / records,
      tableMiB: await tableMiB(database.databaseUrl),
    };
  } finally {
    await channel.stop();
    await database.stop();
  }
}

async function tableMiB(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ size: string }>(
    "SELECT pg_total_relation_size('millrace_channel_batches') AS size",
  );
  await client.end();
  return Number(rows[0]?.size ?? 0) / 2 ** 20;
}

async function putAll(channel: Channel, batchSize: number, records: number): Promise<void> {
  const body = Buffer.alloc(bodyBytes, 'x');
  const batch = EventBatch.of(Array.from({ length: batchSize }, () => ({ body }))).withHeader('host', 'web1');
  let left = Math.ceil(records / batchSize);
  const puts = Array.from({ length: putsInFlight }, async () => {
    while (left > 0) {
      left -= 1;
      await channel.put(batch);
    }
  });
  await Promise.all(puts);
}

async function takeAll(channel: Channel, records: number): Promise<void> {
  for (let taken = 0; taken < records;) {
    const take = await channel.take(takeEvents, 1000);
    if (take === null) continue;
    taken += take.batch.count;
    await take.commit();
  }
}
