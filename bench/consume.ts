import { kafkaTool } from '../test/peers/kafka.js';
import {
  benchOptions,
  measure,
  report,
  startOurs,
  startPeer,
  withFolder,
  type Sample,
  type Server,
} from './harness.js';
import { produce } from './produce.js';

const recordBytes = 1000;

/** Kafka's own consumer-performance tool reads a topic from its beginning, from both brokers in turn. */
export async function benchConsume(args: readonly string[]): Promise<void> {
  const { records, rounds } = benchOptions(args, { records: 1_000_000, rounds: 3 });
  await withFolder(async (folder) => {
    const servers = [await startOurs(folder, 27_092), await startPeer(folder, 27_192)];
    try {
      const samples = new Map<string, Sample[]>(servers.map((server) => [server.name, []]));
      for (const server of servers) {
        await produce(server, 'bench', records);
        await consume(server, records, 'warm-up');
      }
      for (let round = 0; round < rounds; round += 1) {
        for (const server of round % 2 === 0 ? servers : servers.toReversed()) {
          samples.get(server.name)?.push(await consume(server, records, `round-${round}`));
        }
      }
      report(
        'consume',
        `${records} records of ${recordBytes} bytes, from the beginning, Kafka's consumer-performance tool`,
        { name: 'gigabytes', count: (records * recordBytes) / 1e9 },
        { name: 'millrace', samples: samples.get('millrace') ?? [] },
        { name: 'kafka', samples: samples.get('kafka') ?? [] },
      );
    } finally {
      for (const server of servers) await server.child.stop();
    }
  });
}

async function consume(server: Server, records: number, group: string): Promise<Sample> {
  let wallSeconds = 0;
  const sample = await measure(server, async () => {
    const printed = await kafkaTool(
      'org.apache.kafka.tools.ConsumerPerformance',
      [
        ...['--bootstrap-server', server.bootstrap, '--topic', 'bench', '--num-records', String(records)],
        ...['--group', group, '--timeout', '60000', '--hide-header'],
      ],
      { timeoutMs: 600_000 },
    );
    const cells =
      printed
        .trim()
        .split('\n')
        .at(-1)
        ?.split(',')
        .map((cell) => cell.trim()) ?? [];
    // start, end, MB, MB/s, records, records/s, rebalance ms, fetch ms, MB/s while fetching, records/s while fetching
    if (Number(cells[4]) < records) throw new Error(`the tool did not read all records:\n${printed}`);
    wallSeconds = Number(cells[7]) / 1000;
  });
  process.stderr.write(
    `${server.name}: ${((records * recordBytes) / 1e6 / wallSeconds).toFixed(0)} MB/s, ${sample.cpuSeconds.toFixed(1)} CPU-s\n`,
  );
  return { ...sample, wallSeconds };
}
