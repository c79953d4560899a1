import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedPostgres } from '#control/embedded-postgres';
import { sleep } from '../peers/child.js';
import { Hdfs } from '../peers/hdfs.js';
import { usageOf } from '../peers/usage.js';
import { Flow } from './file-to-stores.js';

/** Defines the test: HDFS is down for a while in the middle of the flow. */
export function stalledStore(figures: { lines: number; linesPerSecond: number; downSeconds: number }): void {
  const minutes = 60_000;

  test(
    `HDFS stopped for ${figures.downSeconds} s: the topic and PostgreSQL keep up, memory stays flat, HDFS catches up`,
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'millrace-stall-'));
      chmodSync(folder, 0o755);
      const hdfs = await Hdfs.start({ port: 28_300, directory: join(folder, 'hdfs') });
      const database = new EmbeddedPostgres({ directory: join(folder, 'store') });
      await database.start();
      const flow = new Flow({
        folder,
        hdfs,
        databaseUrl: database.databaseUrl,
        lines: figures.lines,
        linesPerSecond: figures.linesPerSecond,
        topicsPort: 28_092,
        httpPort: 28_080,
      });
      try {
        await flow.start();
        await sleep(8000);
        await hdfs.stop();
        const stalledFrom = flow.writer.written;
        const memory = await watchMemory(flow.product.child.pid, figures.downSeconds);
        const written = flow.writer.written;
        // What was written up to now is in the topic and in PostgreSQL, though HDFS is away.
        await flow.untilStored(written, 20_000);
        await hdfs.run();
        await flow.drain(3 * minutes);
        const [inTopic, inHdfs] = [await flow.readTopic(), await flow.readHdfs()];
        process.stderr.write(
          `stalled store: ${written - stalledFrom} lines while HDFS was down; memory in MiB, each tenth of that time: ${memory.join(' ')}\n`,
        );
        expect(inTopic.missing()).toBe(0);
        expect(inTopic.repeated()).toBe(0);
        expect(inHdfs.differences(inTopic)).toBe(0);
        // Caches and spools have filled up by then and grow no more.
        expect((memory.at(-1) ?? 0) - (memory[5] ?? 0)).toBeLessThan(64);
      } finally {
        await flow.writer.stop();
        await flow.product.dispose();
        await database.stop();
        await hdfs.stop();
        rmSync(folder, { recursive: true, force: true });
      }
    },
    30 * minutes,
  );
}

/** Resident memory of all processes of the product, MiB, at the end of each tenth of the time. */
async function watchMemory(pid: number, seconds: number): Promise<number[]> {
  const samples: number[] = [];
  for (let tenth = 0; tenth < 10; tenth += 1) {
    await sleep(seconds * 100);
    samples.push(Math.round(usageOf(pid).residentMiB));
  }
  return samples;
}
