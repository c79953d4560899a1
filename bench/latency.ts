import { Comparison } from './comparison.js';
import { benchOptions, startOurs, startPeer, withFolder } from './harness.js';
import { produce } from './produce.js';

const recordBytes = 1000;
const bytesPerSecond = 5_000_000;

/** How long a record waits for its acknowledgement at a fixed rate far below what the machine takes: 1 KB records, acks=all, 5 MB/s. */
export async function benchLatency(args: readonly string[]): Promise<void> {
  const rate = bytesPerSecond / recordBytes;
  const { records, rounds } = benchOptions(args, { records: rate * 10, rounds: 5 });
  const comparison = new Comparison('latency', `${records} records of ${recordBytes} bytes at 5 MB/s, acks=all`);
  await withFolder(async (folder) => {
    const servers = [await startOurs(folder, 27_092), await startPeer(folder, 27_192)];
    try {
      for (const server of servers)
        await produce(server, 'warm-up', { recordBytes, records: Math.min(records, 100_000) });
      for (let count = 0; count < rounds; count += 1) {
        for (const server of count % 2 === 0 ? servers : servers.toReversed()) {
          const { latency, cpuSeconds } = await produce(server, `bench-${count}`, { recordBytes, records, rate });
          comparison.add(server.name, {
            averageMs: latency.average,
            p50Ms: latency.p50,
            p99Ms: latency.p99,
            cpuSeconds,
          });
        }
      }
    } finally {
      for (const server of servers) await server.child.stop();
    }
  });
  comparison.report();
}
