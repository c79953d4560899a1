import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ExactlyOnceTail, type TailFigures } from '../flows/exactly-once-tail.js';
import { startTopics, type RunningTopics } from '../flows/topic-service.js';
import { startKafka } from '../peers/kafka.js';

const lines = Number(process.env['LINES'] ?? 300_000);
const kills = Number(process.env['KILLS'] ?? 10);
const minutes = 60_000;

const targets: readonly { what: string; figures: TailFigures; start: (directory: string) => Promise<RunningTopics> }[] =
  [
    {
      what: 'our topic service',
      figures: { lines, kills, linesPerRotation: Math.max(5000, lines / 60) },
      start: (directory) => startTopics(directory, 31_410),
    },
    {
      what: 'a real Kafka',
      figures: { lines: Math.min(lines, 100_000), kills: Math.min(kills, 4), linesPerRotation: 5000 },
      start: (directory) => startKafka({ port: 31_420, directory: join(directory, 'kafka') }),
    },
  ];

describe('tailed files that are rotated in every way, and a collector that is killed', () => {
  for (const { what, figures, start } of targets) {
    test(
      `${figures.lines} lines are in two topics of ${what}, each once, over ${figures.kills} kills`,
      async () => {
        const directory = mkdtempSync(join(tmpdir(), 'millrace-exactly-once-'));
        const topics = await start(directory);
        const tail = new ExactlyOnceTail(directory, topics.bootstrap, figures);
        try {
          const began = performance.now();
          const outcome = await tail.run();
          const seconds = Math.round((performance.now() - began) / 1000);
          process.stderr.write(
            `exactly-once tail into ${what}: ${figures.lines} lines, ${JSON.stringify(outcome)}, ${seconds} s\n`,
          );
          expect(outcome).toMatchObject({ missing: 0, repeated: 0, strange: 0, kills: figures.kills });
          expect(Math.min(...Object.values(outcome.rotated))).toBeGreaterThan(0);
        } finally {
          await tail.close();
          await topics.child.stop();
          rmSync(directory, { recursive: true, force: true });
        }
      },
      90 * minutes,
    );
  }
});
