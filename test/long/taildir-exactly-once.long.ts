import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ExactlyOnceTail } from '../flows/exactly-once-tail.js';
import { startTopics } from '../flows/topic-service.js';

const lines = Number(process.env['LINES'] ?? 10_000_000);
const kills = Number(process.env['KILLS'] ?? 100);

test(
  `${lines} tailed lines are in two topics, each once, over ${kills} kills of the collector`,
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-exactly-once-long-'));
    const topics = await startTopics(directory, 31_430);
    const tail = new ExactlyOnceTail(directory, topics.bootstrap, { lines, kills, linesPerRotation: lines / 100 });
    try {
      const outcome = await tail.run();
      process.stderr.write(`exactly-once tail: ${lines} lines, ${JSON.stringify(outcome)}\n`);
      expect(outcome).toMatchObject({ missing: 0, repeated: 0, strange: 0, kills });
    } finally {
      await tail.close();
      await topics.child.stop();
      rmSync(directory, { recursive: true, force: true });
    }
  },
  180 * 60_000,
);
