import { CrashBed } from '../crash/crash-bed.js';
import { sleep } from '../peers/child.js';
import { runWorkload } from './run.js';

export interface KilledTransactions {
  readonly seconds: number;
  readonly port: number;
  readonly seed: number;
}

/** Defines the test: a workload of transactions while the topic service is killed (-9), or stands still for a moment, again and again. */
export function killedTransactions({ seconds, port, seed }: KilledTransactions): void {
  test(
    `a workload of transactions over kills and pauses has no finding (seed ${seed})`,
    async () => {
      const bed = await CrashBed.make(port, ['log.checkpoint.bytes=2000000', 'log.checkpoint.ms=200']);
      try {
        await bed.process.start();
        await runWorkload({
          address: bed.process.address,
          seconds,
          seed,
          disturb: async (random) => {
            await sleep(200 + random.next() * 2_000);
            if (random.next() < 0.25) {
              bed.process.child.signal('SIGSTOP');
              await sleep(random.next() * 1_000);
              bed.process.child.signal('SIGCONT');
              return;
            }
            await bed.process.kill();
            await bed.process.start();
          },
        });
      } finally {
        await bed.dispose();
      }
    },
    (seconds + 120) * 1000,
  );
}
