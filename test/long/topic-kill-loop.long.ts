import { topicKillLoop } from '../crash/topic-kill-loop.js';

topicKillLoop(
  {
    kills: Number(process.env['KILLS'] ?? 1_000),
    records: Number(process.env['RECORDS'] ?? 10_000_000),
    port: 28_192,
    seed: Number(process.env['SEED'] ?? Date.now() % 2 ** 31),
  },
  120 * 60_000,
);
