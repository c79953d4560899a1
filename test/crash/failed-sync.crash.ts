import { seededRandom } from '#std/random';
import { sleep } from '../peers/child.js';
import { CrashBed, report } from './crash-bed.js';
import { followLog, LedgerProducer } from './ledger-clients.js';
import { Ledger } from './ledger.js';
import { canInject } from './topic-process.js';

/** As the topic service says it in its main file: a sync has failed. */
const storageFailedCode = 70;
const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
const faultsPerKind = Number(process.env['FAULTS'] ?? 3);
/** The tracer counts calls in each of twelve threads for itself. */
const placesMax = 25;
const lifeMsMax = 1_500;

/** What fails, and whether the process may go on after it: a failed sync is the last thing it does. */
const kinds = [
  { calls: 'fdatasync', ends: true },
  { calls: 'fsync', ends: true },
  { calls: 'pwritev,pwrite64', ends: true },
  { calls: 'pread64', ends: false },
  { calls: 'rename', ends: false },
] as const;

(canInject() ? describe : describe.skip)('The topic service whose disk fails', () => {
  it(`at the n-th call of ${kinds.length} kinds stops with code ${storageFailedCode} or goes on, and loses nothing`, async () => {
    const began = performance.now();
    const random = seededRandom(seed);
    const settings = ['log.checkpoint.bytes=200000', 'log.checkpoint.ms=50', 'log.retention.check.interval.ms=50'];
    const bed = await CrashBed.make(28_393, settings);
    try {
      const ledger = new Ledger();
      await bed.process.start();
      const topic = await bed.topic({ 'segment.bytes': '1048576', 'retention.ms': '-1' });
      const { address } = bed.process;
      let isOver = false;
      const producers = [0, 1, 2, 3].map(
        (index) => new LedgerProducer(address, topic, ledger, index, index < 2 ? -1 : 1),
      );
      let allowed = 0;
      const load = Promise.all([
        ...producers.map((producer) => producer.run({ isOver: () => isOver, allowed: () => allowed })),
        followLog(address, topic, ledger, () => isOver),
      ]);
      const ends: Record<string, number> = {};
      const wrong: string[] = [];
      for (const { calls, ends: mayEnd } of kinds) {
        for (let count = 0; count < faultsPerKind; count += 1) {
          await bed.process.kill();
          const when = 1 + Math.floor(random.next() * placesMax);
          const isUp = await bed.process.start({ calls, fault: `error=EIO:when=${when}` });
          allowed += 2_000;
          const deadline = performance.now() + lifeMsMax;
          while (bed.process.child.exitCode === undefined && performance.now() < deadline) await sleep(10);
          const code = bed.process.child.exitCode;
          const end = code === undefined ? 'went on' : `code ${code}`;
          ends[end] = (ends[end] ?? 0) + 1;
          // Before it is up it may also say that it cannot start, and so may the loader of programs.
          const isRight = code === undefined || (code === storageFailedCode && mayEnd) || (code !== 0 && !isUp);
          if (!isRight) wrong.push(`${calls} ${when}: ${end}\n${bed.process.child.output().slice(-1000)}`);
        }
      }
      await bed.process.kill();
      await bed.process.start();
      await sleep(1_000);
      isOver = true;
      await load;
      const found = await bed.audit(ledger, topic);
      report('failing disk', {
        seed,
        produced: producers.reduce((sum, producer) => sum + producer.produced, 0),
        ...found,
        unknown: producers.reduce((sum, producer) => sum + producer.unknown, 0),
        violations: ledger.violations.length,
        faults: kinds.length * faultsPerKind,
        ...ends,
        'wall s': Math.round((performance.now() - began) / 1000),
      });
      expect(wrong).toEqual([]);
      expect(ledger.violations).toEqual([]);
      expect(found).toMatchObject({ lost: 0, altered: 0, repeated: 0, disordered: 0, gaps: 0 });
      expect(ends[`code ${storageFailedCode}`]).toBeGreaterThanOrEqual(faultsPerKind);
    } finally {
      await bed.dispose();
    }
  }, 300_000);
});
