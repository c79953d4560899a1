import { topicKillLoop } from './topic-kill-loop.js';

topicKillLoop(
  {
    kills: 40,
    records: 500_000,
    port: 28_392,
    seed: Number(process.env['SEED'] ?? Date.now() % 2 ** 31),
  },
  400_000,
);
