import { PoisonRecordError } from '#pipeline/errors';
import type { SinkBatch } from '#pipeline/sink-batch';
import { startRig, values } from './sink-task.testkit.js';

/** Refuses each record of which `isBad` says so. */
function refusing(isBad: (value: string) => boolean): (batch: SinkBatch) => void {
  return (batch) => {
    for (let index = 0; index < batch.count; index += 1) {
      const value = batch.value(index)?.toString() ?? '';
      if (isBad(value)) throw new PoisonRecordError(`${value} is bad`, index);
    }
  };
}

const policy = { attemptsMax: 1, stopAfterDeadLetter: false, drop: false, contextHeaders: true };

describe('the guard against storms of bad records', () => {
  it('stops the task before more than so many go to the dead letters, and says why', async () => {
    const { task, clock, reader, sink, letters } = await startRig({
      hasDeadLetters: true,
      options: { policy, storm: { recordsMax: 20, percentMax: 0, windowMs: 60_000 }, bufferBytesMax: 100_000 },
    });
    await reader.assign('orders', 0);
    sink.onPut = refusing(() => true);
    reader.append('orders', 0, values(100));
    await clock.advance(5000);
    expect(task.status().state).toBe('FAILED');
    expect(task.status().trace).toMatch(
      /21 of 21 records within 60000 ms were bad, more than errors.storm.records.max=20/,
    );
    expect(task.status().trace).toMatch(/orders-0 offset 20: a20 is bad/);
    expect(task.failure).toMatchObject({ isLasting: true });
    expect(letters.letters).toHaveLength(20);
    expect(reader.committed.get('orders-0')).toBe(20);
  });

  it('stops the task when more than such a part is bad, counted over a hundred records at least', async () => {
    const { task, clock, reader, sink, letters } = await startRig({
      hasDeadLetters: true,
      options: { policy, storm: { recordsMax: 0, percentMax: 50, windowMs: 60_000 }, bufferBytesMax: 100_000 },
    });
    await reader.assign('orders', 0);
    sink.onPut = refusing((value) => Number(value.slice(1)) % 4 === 0 || Number(value.slice(1)) >= 1000);
    reader.append('orders', 0, values(1000));
    await clock.advance(5000);
    expect(task.status().state).toBe('RUNNING');
    expect(letters.letters).toHaveLength(250);
    reader.append(
      'orders',
      0,
      Array.from({ length: 1000 }, (_none, index) => `a${1000 + index}`),
    );
    await clock.advance(5000);
    expect(task.status().state).toBe('FAILED');
    expect(task.status().trace).toMatch(/errors.storm.percent.max=50/);
    expect(letters.letters.length).toBeLessThan(1000);
  });

  it('forgets what is older than its window', async () => {
    const { task, clock, reader, sink, letters } = await startRig({
      hasDeadLetters: true,
      options: { policy, storm: { recordsMax: 20, percentMax: 0, windowMs: 60_000 } },
    });
    await reader.assign('orders', 0);
    sink.onPut = refusing(() => true);
    for (let minute = 0; minute < 10; minute += 1) {
      reader.append('orders', 0, values(15));
      await clock.advance(61_000);
    }
    expect(task.status().state).toBe('RUNNING');
    expect(letters.letters).toHaveLength(150);
  });

  it('counts a record once, however often the dead letters are tried', async () => {
    const { task, clock, reader, sink, letters } = await startRig({
      hasDeadLetters: true,
      options: { policy, storm: { recordsMax: 2, percentMax: 0, windowMs: 600_000 } },
    });
    await reader.assign('orders', 0);
    sink.onPut = refusing((value) => value === 'a3');
    letters.failure = new Error('no leader');
    reader.append('orders', 0, values(10));
    await clock.advance(60_000);
    letters.failure = null;
    await clock.advance(60_000);
    expect(task.status().state).toBe('RUNNING');
    expect(reader.committed.get('orders-0')).toBe(10);
  });
});
