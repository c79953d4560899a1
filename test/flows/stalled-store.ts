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
      const hdfs = await Hdfs.start({ port: 48_300, directory: join(folder, 'hdfs') });
      const database = new EmbeddedPostgres({ directory: join(folder, 'store') });
      await database.start();
      const flow = new Flow({
        folder,
        hdfs,
        databaseUrl: database.databaseUrl,
        lines: figures.lines,
        linesPerSecond: figures.linesPerSecond,
        topicsPort: 48_092,
        httpPort: 48_080,
      });
      try {
        await flow.start();
        await sleep(8000);
        const before = usageOf(flow.product.child.pid).residentMiB;
        await hdfs.stop();
        const stalledFrom = flow.writer.written;
        await sleep(figures.downSeconds * 1000);
        const written = flow.writer.written;
        // What was written up to now is in the topic and in PostgreSQL, though HDFS is away.
        await flow.untilStored(written, 20_000);
        const after = usageOf(flow.product.child.pid).residentMiB;
        await hdfs.run();
        await flow.drain(3 * minutes);
        const [inTopic, inHdfs] = [await flow.readTopic(), await flow.readHdfs()];
        process.stderr.write(
          `stalled store: ${written - stalledFrom} lines while HDFS was down, ${before.toFixed(0)} MiB before, ${after.toFixed(0)} MiB after\n`,
        );
        expect(inTopic.missing()).toBe(0);
        expect(inTopic.repeated()).toBe(0);
        expect(inHdfs.differences(inTopic)).toBe(0);
        // Spools and buffers are bounded: well below what was written meanwhile.
        expect(after - before).toBeLessThan(200);
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
