import { FencedSinkError, PoisonRecordError, RefusedRecordsError, RetriableSinkError } from '#pipeline/errors';
import type { SinkBatch } from '#pipeline/sink-batch';
import { seededRandom, type Random } from '#std/random';
import { startRig, type TaskRig } from './sink-task.testkit.js';

const partitionCount = 3;
const recordCount = 120;

/** `17` or, for one in twenty, `bad17`. */
function valuesOf(random: Random): string[] {
  return Array.from({ length: recordCount }, (_none, index) => (random.next() < 0.05 ? `bad${index}` : `${index}`));
}

function indexesOf(batch: SinkBatch, isWanted: (value: string) => boolean): number[] {
  const indexes: number[] = [];
  for (let index = 0; index < batch.count; index += 1) {
    if (isWanted(batch.value(index)?.toString() ?? '')) indexes.push(index);
  }
  return indexes;
}

/** A store that is away at times, refuses bad records in the three ways that there are, fences, and is slow. */
function misbehave(rig: TaskRig, random: Random, isDurable: (partition: number, offset: number) => void): void {
  const { sink, clock } = rig;
  const kept: { partition: number; offset: number }[] = [];
  sink.flushesAtOnce = false;
  sink.onPut = async (batch) => {
    if (random.next() < 0.3) await clock.sleep(Math.floor(random.next() * 300));
    const dice = random.next();
    if (dice < 0.15) throw new RetriableSinkError('away');
    if (dice < 0.17) throw new FencedSinkError('another owner');
    const bad = indexesOf(batch, (value) => value.startsWith('bad'));
    if (bad.length === 0) {
      for (let index = 0; index < batch.count; index += 1) {
        kept.push({ partition: batch.partition, offset: batch.offset(index) });
      }
      return;
    }
    if (dice < 0.5) throw new PoisonRecordError('bad', dice < 0.35 ? (bad[0] ?? null) : null);
    for (let index = 0; index < batch.count; index += 1) {
      if (bad.includes(index)) continue;
      sink.taken.push(`${batch.partition}@${batch.offset(index)}=${batch.value(index)?.toString() ?? ''}`);
      isDurable(batch.partition, batch.offset(index));
    }
    throw new RefusedRecordsError(bad.map((index) => ({ index, message: 'bad' })));
  };
  const flush = sink.flush.bind(sink);
  sink.flush = async (all) => {
    if (random.next() < 0.1) throw new RetriableSinkError('the flush did not get through');
    sink.flushesAtOnce = random.next() < 0.5;
    if (all || sink.flushesAtOnce) for (const { partition, offset } of kept.splice(0)) isDurable(partition, offset);
    return flush(all);
  };
}

/** Lets time pass until `work` is done, half a minute at most. */
async function through({ clock }: TaskRig, work: Promise<void>): Promise<void> {
  let isDone = false;
  void work.finally(() => (isDone = true));
  for (let second = 0; second < 30 && !isDone; second += 1) await clock.advance(1000);
  if (!isDone) throw new Error('it did not come to its end');
}

/** Runs a task through failures and rebalances until all is delivered; gives what was wrong. */
async function run(seed: number): Promise<string[]> {
  const random = seededRandom(seed);
  const rig = await startRig({
    hasDeadLetters: true,
    parallelPartitions: random.next() < 0.6,
    options: {
      parallelPartitionsMax: 1 + Math.floor(random.next() * 3),
      breaker: { failuresMax: Math.floor(random.next() * 4), openMs: 500, probeRecords: 2 },
      retry: { timeoutMs: -1, delayMsMax: 2000 },
      rate: random.next() < 0.3 ? { recordsPerSecond: 100, bytesPerSecond: 0 } : null,
      policy: { attemptsMax: 3, stopAfterDeadLetter: false, drop: false, contextHeaders: false },
      bufferBytesMax: 200,
    },
  });
  const { reader, clock, letters, task, sink } = rig;
  const problems: string[] = [];
  const durable = new Set<string>();
  const values = Array.from({ length: partitionCount }, () => valuesOf(random));
  misbehave(rig, random, (partition, offset) => durable.add(`${partition}@${offset}`));
  const commit = reader.commit.bind(reader);
  reader.commit = (positions) => {
    for (const { partition, offset } of positions) {
      const dead = new Set(
        letters.letters.map(({ key, value }) => `${key?.toString() ?? ''}${value?.toString() ?? ''}`),
      );
      for (let before = 0; before < offset; before += 1) {
        const isDead = [...dead].some((letter) => letter.endsWith(`bad${before}`));
        if (!durable.has(`${partition}@${before}`) && !isDead)
          problems.push(`committed ${partition}@${offset} without ${before}`);
      }
    }
    return commit(positions);
  };
  for (let partition = 0; partition < partitionCount; partition += 1) await reader.assign('orders', partition);
  for (const [partition, list] of values.entries()) reader.append('orders', partition, list);
  for (let round = 0; round < 12; round += 1) {
    await clock.advance(700);
    const partition = Math.floor(random.next() * partitionCount);
    const giving = random.next() < 0.5 ? reader.revoke('orders', partition) : reader.lose('orders', partition);
    await through(rig, giving);
    await through(rig, reader.assign('orders', partition));
  }
  await clock.advance(120_000);
  for (const [partition, list] of values.entries()) {
    const committed = reader.committed.get(`orders-${partition}`) ?? 0;
    if (committed !== recordCount) problems.push(`orders-${partition} ends at ${committed}`);
    for (const [offset, value] of list.entries()) {
      const isTaken = sink.taken.includes(`${partition}@${offset}=${value}`);
      const isDead = letters.letters.some((letter) => letter.value?.toString() === value);
      if (value.startsWith('bad') ? !isDead || isTaken : !isTaken)
        problems.push(`${partition}@${offset}=${value} is lost`);
    }
  }
  if (task.status().state !== 'RUNNING') problems.push(task.status().trace ?? 'it does not run');
  await through(rig, task.stop());
  return problems;
}

describe('a sink task under random failures, rebalances and refusals', () => {
  it.each(Array.from({ length: 40 }, (_none, index) => [index + 1]))(
    'loses nothing and commits nothing before it is durable, seed %i',
    async (seed) => {
      expect(await run(seed)).toEqual([]);
    },
    30_000,
  );
});
