import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedPostgres } from '#control/embedded-postgres';
import { Hdfs } from '../peers/hdfs.js';
import { Flow } from './file-to-stores.js';

/** Defines the test: a file tailed while it is written, the whole product killed (-9) on the way. */
export function killLoop(figures: { lines: number; linesPerSecond: number; kills: number }): void {
  const { lines, kills } = figures;
  const minutes = 60_000;

  test(
    `${lines} lines reach HDFS and PostgreSQL exactly as the topic has them, none lost, over ${kills} kills of the whole product`,
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'millrace-kill-'));
      // PostgreSQL does not run as root: its own user has to pass through here.
      chmodSync(folder, 0o755);
      const [hdfs, database] = [
        await Hdfs.start({ port: 28_300, directory: join(folder, 'hdfs') }),
        new EmbeddedPostgres({ directory: join(folder, 'store') }),
      ];
      await database.start();
      const flow = new Flow({
        folder,
        hdfs,
        databaseUrl: database.databaseUrl,
        ...figures,
        topicsPort: 28_092,
        httpPort: 28_080,
      });
      try {
        await flow.start();
        await flow.killAndRestart(kills);
        await flow.drain(5 * minutes);
        const inTopic = await flow.readTopic();
        const [inHdfs, inDatabase] = [await flow.readHdfs(), await flow.readDatabase()];
        process.stderr.write(
          `kill loop: ${lines} lines, ${kills} kills, ${inTopic.total} records in the topic (${inTopic.repeated()} twice), ` +
            `${inHdfs.total} in HDFS, ${inDatabase.total} in PostgreSQL\n`,
        );
        expect(inTopic.missing()).toBe(0);
        expect(inHdfs.differences(inTopic)).toBe(0);
        expect(inDatabase.differences(inTopic)).toBe(0);
      } finally {
        await flow.writer.stop();
        await flow.product.dispose();
        await database.stop();
        await hdfs.stop();
        rmSync(folder, { recursive: true, force: true });
      }
    },
    40 * minutes,
  );
}
