import { kafkaTool } from '../test/peers/kafka.js';
import { Comparison } from './comparison.js';
import { benchOptions, measure, startOurs, startPeer, withFolder, type Sample, type Server } from './harness.js';
import { produce } from './produce.js';

const recordBytes = 1000;

/** Kafka's own consumer-performance tool reads a topic from its beginning, from both brokers in turn. */
export async function benchConsume(args: readonly string[]): Promise<void> {
  const { records, rounds } = benchOptions(args, { records: 1_000_000, rounds: 5 });
  const gigabytes = (records * recordBytes) / 1e9;
  const comparison = new Comparison(
    'consume',
    `${records} records of ${recordBytes} bytes, from the beginning, Kafka's consumer-performance tool`,
  );
  await withFolder(async (folder) => {
    const servers = [await startOurs(folder, 27_092), await startPeer(folder, 27_192)];
    try {
      for (const server of servers) {
        await produce(server, 'bench', { recordBytes, records });
        await consume(server, 'bench', records, 'warm-up');
      }
      for (let count = 0; count < rounds; count += 1) {
        for (const server of count % 2 === 0 ? servers : servers.toReversed()) {
          const sample = await consume(server, 'bench', records, `round-${count}`);
          comparison.add(server.name, {
            megabytesPerSecond: (gigabytes * 1000) / sample.wallSeconds,
            cpuSecondsPerGigabyte: sample.cpuSeconds / gigabytes,
            peakMiB: sample.peakMiB,
          });
        }
      }
    } finally {
      for (const server of servers) await server.child.stop();
    }
  });
  comparison.report();
}

/** Wall time is the tool's own time of fetching: the start of its JVM and the joining of the group do not count. */
export async function consume(server: Server, topic: string, records: number, group: string): Promise<Sample> {
  let wallSeconds = 0;
  const sample = await measure(server, async () => {
    const printed = await kafkaTool(
      'org.apache.kafka.tools.ConsumerPerformance',
      [
        ...['--bootstrap-server', server.bootstrap, '--topic', topic, '--num-records', String(records)],
        ...['--group', group, '--timeout', '60000', '--hide-header'],
      ],
      { timeoutMs: 600_000 },
    );
    const last = printed.trim().split('\n').at(-1) ?? '';
    // start, end, MB, MB/s, records, records/s, rebalance ms, fetch ms, MB/s while fetching, records/s while fetching
    const cells = last.split(',').map((cell) => cell.trim());
    if (Number(cells[4]) < records) throw new Error(`the tool did not read all records:\n${printed}`);
    wallSeconds = Number(cells[7]) / 1000;
  });
  return { ...sample, wallSeconds };
}
