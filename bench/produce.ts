import { kafkaTool } from '../test/peers/kafka.js';
import {
  benchOptions,
  measure,
  report,
  startOurs,
  startPeer,
  withAdmin,
  withFolder,
  type Sample,
  type Server,
} from './harness.js';

const recordBytes = 1000;
const partitions = 6;

/**
 * Kafka's own producer-performance tool, 1 KB records, acks=all, against our topic service and a real Kafka on the same
 * machine, in turn. CPU and memory are the brokers', without the client.
 */
export async function benchProduce(args: readonly string[]): Promise<void> {
  const { records, rounds } = benchOptions(args, { records: 1_000_000, rounds: 3 });
  await withFolder(async (folder) => {
    const servers = [await startOurs(folder, 27_092), await startPeer(folder, 27_192)];
    try {
      const samples = new Map<string, Sample[]>(servers.map((server) => [server.name, []]));
      for (const server of servers) await produce(server, 'warm-up', Math.min(records, 200_000));
      for (let round = 0; round < rounds; round += 1) {
        for (const server of round % 2 === 0 ? servers : servers.toReversed()) {
          const sample = await produce(server, `bench-${round}`, records);
          samples.get(server.name)?.push(sample);
        }
      }
      report(
        'produce',
        `${records} records of ${recordBytes} bytes, acks=all, ${partitions} partitions, Kafka's producer-performance tool`,
        { name: 'gigabytes', count: (records * recordBytes) / 1e9 },
        { name: 'millrace', samples: samples.get('millrace') ?? [] },
        { name: 'kafka', samples: samples.get('kafka') ?? [] },
      );
    } finally {
      for (const server of servers) await server.child.stop();
    }
  });
}

/** Wall time is the tool's own, so that the start of its JVM does not count. */
export async function produce(server: Server, topic: string, records: number): Promise<Sample> {
  await withAdmin(server.bootstrap, (admin) => admin.createTopic({ name: topic, partitions, replicationFactor: 1 }));
  let wallSeconds = 0;
  const sample = await measure(server, async () => {
    const printed = await kafkaTool(
      'org.apache.kafka.tools.ProducerPerformance',
      [
        ...['--topic', topic, '--num-records', String(records), '--record-size', String(recordBytes)],
        ...['--throughput', '-1', '--producer-props', `bootstrap.servers=${server.bootstrap}`, 'acks=all'],
      ],
      { timeoutMs: 600_000 },
    );
    const rate = /(\d+) records sent, ([\d.]+) records\/sec/.exec(printed.trim().split('\n').at(-1) ?? '');
    if (rate === null || Number(rate[1]) !== records) throw new Error(`the tool did not send all records:\n${printed}`);
    wallSeconds = records / Number(rate[2]);
  });
  process.stderr.write(
    `${server.name}: ${((records * recordBytes) / 1e6 / wallSeconds).toFixed(0)} MB/s, ${sample.cpuSeconds.toFixed(1)} CPU-s\n`,
  );
  return { ...sample, wallSeconds };
}
