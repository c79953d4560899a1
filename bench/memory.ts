import { rmSync } from 'node:fs';
import { Comparison } from './comparison.js';
import { consume } from './consume.js';
import { benchOptions, serverUsage, startOurs, startPeer, withFolder } from './harness.js';
import { produce } from './produce.js';

const recordBytes = 1000;

/** Resident memory of a fresh server: idle, and its peak after a produce load at full speed and a reader of all of it. */
export async function benchMemory(args: readonly string[]): Promise<void> {
  const { records, rounds } = benchOptions(args, { records: 200_000, rounds: 5 });
  const comparison = new Comparison('memory', `fresh server, ${records} records of ${recordBytes} bytes in and out`);
  for (let count = 0; count < rounds; count += 1) {
    for (const start of [startOurs, startPeer]) {
      await withFolder(async (folder) => {
        const server = await start(folder, start === startOurs ? 27_092 : 27_192);
        try {
          const idleMiB = serverUsage(server).residentMiB;
          await produce(server, 'bench', { recordBytes, records });
          const producePeakMiB = serverUsage(server).peakMiB;
          await consume(server, 'bench', records, 'all');
          comparison.add(server.name, { idleMiB, producePeakMiB, peakMiB: serverUsage(server).peakMiB });
        } finally {
          await server.child.stop();
          rmSync(folder, { recursive: true, force: true });
        }
      });
    }
  }
  comparison.report();
}
