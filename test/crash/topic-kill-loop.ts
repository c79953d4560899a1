import { seededRandom } from '#std/random';
import { sleep } from '../peers/child.js';
import { CrashBed, report } from './crash-bed.js';
import { followLog, LedgerProducer } from './ledger-clients.js';
import { Ledger } from './ledger.js';
import { canInject, type Injection } from './topic-process.js';

export interface KillLoopFigures {
  readonly kills: number;
  readonly records: number;
  readonly port: number;
  readonly seed: number;
}

const producerCount = 8;
/**
 * Kills at the n-th of these, besides those at random times, and how far n goes: the tracer counts in each of the twelve threads for
 * itself, and a life has few of some.
 */
const callKinds = [
  ['pwritev,pwrite64', 10],
  ['fdatasync', 2],
  ['fsync', 3],
  ['rename', 2],
  ['ftruncate', 2],
  ['unlink', 1],
] as const;
const lifeMsMax = 1_200;
/** A life that is to end at a call is given more time for it. */
const injectedLifeMsMax = 2_500;
/** 2 s is promised, on a machine that has nothing else to do. */
const restartMsMax = 4_000;
/** Small segments and frequent marks, so that kills meet rolls, renames and removals. */
const settings = ['log.checkpoint.bytes=2000000', 'log.checkpoint.ms=200', 'log.retention.check.interval.ms=100'];
const configs = { 'segment.bytes': '1048576', 'retention.ms': '-1' };

/** Defines the test: the topic service killed (-9) again and again under load, half of it with acks=all and half with acks=1. */
export function topicKillLoop(figures: KillLoopFigures, timeoutMs: number): void {
  test(
    `${figures.kills} kills of the topic service lose and alter nothing acknowledged`,
    async () => {
      const bed = await CrashBed.make(figures.port, settings);
      try {
        await run(bed, figures);
      } finally {
        await bed.dispose();
      }
    },
    timeoutMs,
  );
}

async function run(bed: CrashBed, { kills, records, seed }: KillLoopFigures): Promise<void> {
  const began = performance.now();
  const random = seededRandom(seed);
  const ledger = new Ledger();
  await bed.process.start();
  const topic = await bed.topic(configs);
  const { address } = bed.process;
  const producers = Array.from(
    { length: producerCount },
    (_, index) => new LedgerProducer(address, topic, ledger, index, index % 2 === 0 ? -1 : 1),
  );
  let killed = 0;
  let isOver = false;
  // The load is spread over the kills, so that each meets some of it.
  const allowed = (): number => (records / producerCount) * Math.min(1, (killed + 1) / kills);
  const load = Promise.all([
    ...producers.map((producer) => producer.run({ isOver: () => isOver, allowed })),
    followLog(address, topic, ledger, () => isOver),
  ]);
  const restarts: number[] = [];
  let killedAtCalls = 0;
  const injects = canInject();
  let injection: Injection | null = null;
  while (killed < kills) {
    if (await endLife(bed, injection === null ? random.next() * lifeMsMax : injectedLifeMsMax)) killedAtCalls += 1;
    injection = injects && random.next() < 0.5 ? injectionAt(random.next(), random.next()) : null;
    killed += 1;
    const isUp = await bed.process.start(injection);
    // Under the tracer everything is slower.
    if (isUp && injection === null) restarts.push(bed.process.startedMs);
  }
  await bed.process.kill();
  await bed.process.start();
  restarts.push(bed.process.startedMs);
  const deadline = performance.now() + 60_000;
  while (ledger.acked < records && performance.now() < deadline) await sleep(20);
  isOver = true;
  await load;
  const found = await bed.audit(ledger, topic);
  const produced = producers.reduce((sum, producer) => sum + producer.produced, 0);
  const unknown = producers.reduce((sum, producer) => sum + producer.unknown, 0);
  restarts.sort((left, right) => left - right);
  const median = Math.round(restarts[restarts.length >> 1] ?? 0);
  report('kill loop', {
    seed,
    produced,
    ...found,
    unknown,
    violations: ledger.violations.length,
    kills: killed,
    'of these at a system call': killedAtCalls,
    'median restart ms': median,
    'slowest restart ms': Math.round(restarts.at(-1) ?? 0),
    'wall s': Math.round((performance.now() - began) / 1000),
  });
  expect(ledger.violations).toEqual([]);
  expect(found).toMatchObject({ lost: 0, altered: 0, repeated: 0, disordered: 0, gaps: 0 });
  expect(found.acked).toBeGreaterThanOrEqual(records);
  expect(found.read).toBeGreaterThanOrEqual(found.acked);
  // The median: others on the machine delay single ones.
  expect(median).toBeLessThan(restartMsMax);
}

/** Kills the process when it had its time. True where it came to its injected kill before. */
async function endLife(bed: CrashBed, lifeMs: number): Promise<boolean> {
  const deadline = performance.now() + lifeMs;
  while (bed.process.child.exitCode === undefined && performance.now() < deadline) await sleep(5);
  const isOver = bed.process.child.exitCode !== undefined;
  await bed.process.kill();
  return isOver;
}

function injectionAt(kind: number, place: number): Injection {
  const [calls, placesMax] = callKinds[Math.floor(kind * callKinds.length)] ?? callKinds[0];
  return { calls, fault: `signal=KILL:when=${1 + Math.floor(place * placesMax)}` };
}
