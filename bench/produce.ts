import { kafkaTool } from '../test/peers/kafka.js';
import { Comparison } from './comparison.js';
import {
  benchOptions,
  measure,
  startOurs,
  startPeer,
  withAdmin,
  withFolder,
  type Sample,
  type Server,
} from './harness.js';

const partitions = 6;

export interface Load {
  readonly recordBytes: number;
  readonly records: number;
  /** Records a second; -1 as fast as it goes. */
  readonly rate?: number;
  /** Of the producer, `key=value`, beside acks=all. */
  readonly properties?: readonly string[];
  readonly partitions?: number;
}

export interface Produced extends Sample {
  /** As the tool saw them, ms. */
  readonly latency: { readonly average: number; readonly p50: number; readonly p99: number };
}

const loads: Readonly<Record<string, Load & { readonly synced?: boolean }>> = {
  produce: { recordBytes: 1000, records: 500_000 },
  'produce-large-batches': { recordBytes: 1000, records: 500_000, properties: ['batch.size=65536', 'linger.ms=10'] },
  'produce-small': { recordBytes: 100, records: 3_000_000 },
  'produce-synced': { recordBytes: 1000, records: 50_000, synced: true },
};

/**
 * Kafka's own producer-performance tool, acks=all, against our topic service and a real Kafka on the same machine, in turn:
 * Kafka with its defaults, which acknowledges before anything is on the disk, or (`produce-synced`) one told to sync each batch, as ours
 * always does. CPU and memory are the brokers', without the client and without our database.
 */
export function benchProduce(bench: keyof typeof loads): (args: readonly string[]) => Promise<void> {
  const { synced = false, ...load } = loads[bench] ?? { recordBytes: 1000, records: 500_000 };
  return async (args) => {
    const { records, rounds } = benchOptions(args, { records: load.records, rounds: 5 });
    const gigabytes = (records * load.recordBytes) / 1e9;
    const settings = load.properties?.join(', ') ?? 'default batches';
    const comparison = new Comparison(
      bench,
      `${records} records of ${load.recordBytes} bytes, acks=all, ${settings}, ${partitions} partitions, Kafka's producer-performance tool`,
    );
    await withFolder(async (folder) => {
      const peer = synced ? { name: 'kafka-synced', properties: ['log.flush.interval.messages=1'] } : {};
      const servers = [await startOurs(folder, 27_092), await startPeer(folder, 27_192, peer)];
      try {
        for (const server of servers) {
          await produce(server, 'warm-up', { ...load, records: Math.min(records, 200_000) });
        }
        for (let count = 0; count < rounds; count += 1) {
          for (const server of count % 2 === 0 ? servers : servers.toReversed()) {
            const { wallSeconds, cpuSeconds, peakMiB, latency } = await produce(server, `bench-${count}`, {
              ...load,
              records,
            });
            comparison.add(server.name, {
              megabytesPerSecond: (gigabytes * 1000) / wallSeconds,
              cpuSecondsPerGigabyte: cpuSeconds / gigabytes,
              peakMiB,
              averageMs: latency.average,
            });
          }
        }
      } finally {
        for (const server of servers) await server.child.stop();
      }
    });
    comparison.report();
  };
}

/** Makes the topic, where it is not there yet, and fills it. Wall time is the tool's own, so that the start of its JVM does not count. */
export async function produce(server: Server, topic: string, load: Load): Promise<Produced> {
  const { records, recordBytes, rate = -1, properties = [] } = load;
  await makeTopic(server, topic, load.partitions ?? partitions);
  let wallSeconds = 0;
  let latency = { average: 0, p50: 0, p99: 0 };
  const sample = await measure(server, async () => {
    const printed = await kafkaTool(
      'org.apache.kafka.tools.ProducerPerformance',
      [
        ...['--topic', topic, '--num-records', String(records), '--record-size', String(recordBytes)],
        ...['--throughput', String(rate)],
        ...['--producer-props', `bootstrap.servers=${server.bootstrap}`, 'acks=all', ...properties],
      ],
      { timeoutMs: 600_000 },
    );
    const last = printed.trim().split('\n').at(-1) ?? '';
    const found =
      /^(\d+) records sent, ([\d.]+) records\/sec .* ([\d.]+) ms avg latency.* (\d+) ms 50th.* (\d+) ms 99th/.exec(
        last,
      );
    if (found === null || Number(found[1]) !== records)
      throw new Error(`the tool did not send all records:\n${printed}`);
    wallSeconds = records / Number(found[2]);
    latency = { average: Number(found[3]), p50: Number(found[4]), p99: Number(found[5]) };
  });
  return { ...sample, wallSeconds, latency };
}

export async function makeTopic(server: Server, topic: string, count: number): Promise<void> {
  await withAdmin(server.bootstrap, async (admin) => {
    if ((await admin.describeTopic(topic)) !== null) return;
    await admin.createTopic({ name: topic, partitions: count, replicationFactor: 1 });
  });
}
