import { RetriableSinkError } from '#pipeline/errors';
import type { BatchModeOptions } from '#pipeline/sink-batch-mode';
import { startRig, values, type TaskRig } from './sink-task.testkit.js';

const never: BatchModeOptions = { cron: null, recordsMin: 0, bytesMin: 0, ageMs: 0, onStart: false };
const minuteMs = 60_000;
/** The simulated clock begins 1,000 s after 1970: 00:16:40. */
const atTwo: BatchModeOptions = { ...never, cron: { pattern: '0 2 * * *', timeZone: 'UTC' } };
const untilTwoMs = (2 * 60 - 16) * minuteMs - 40_000;

async function start(batchMode: BatchModeOptions): Promise<TaskRig> {
  const rig = await startRig({ options: { batchMode, bufferBytesMax: 100_000 } });
  rig.sink.flushesAtOnce = false;
  return rig;
}

describe('a sink task in batch mode', () => {
  it('sleeps until its time by the schedule, works all off, flushes, commits, and sleeps again', async () => {
    const { task, clock, reader, sink, events } = await start(atTwo);
    reader.recordsPerPollMax = 100;
    await reader.assign('orders', 0);
    reader.append('orders', 0, values(500));
    await clock.advance(untilTwoMs - 1000);
    expect(sink.taken).toEqual([]);
    expect(task.status()).toMatchObject({ state: 'RUNNING', activity: 'SLEEPING until 1970-01-01T02:00:00.000Z' });
    expect(task.status().partitions[0]?.pausedBy).toBe('schedule');
    await clock.advance(10_000);
    expect(sink.taken).toEqual(values(500).map((value, index) => `0@${index}=${value}`));
    expect(events.slice(-2)).toEqual(['flush all', 'commit orders-0 500']);
    expect(task.status()).toMatchObject({
      activity: 'SLEEPING until 1970-01-02T02:00:00.000Z',
      batchMode: { state: 'sleeping', lastRun: { reason: 'it was time', startedAt: '1970-01-01T02:00:00.000Z' } },
    });
  });

  it('knows time zones', async () => {
    const { task } = await start({ ...never, cron: { pattern: '0 2 * * *', timeZone: 'Asia/Tokyo' } });
    expect(task.status().activity).toBe('SLEEPING until 1970-01-01T17:00:00.000Z');
  });

  it('ends a run where the topic ended when it began, however fast records come in', async () => {
    const { task, clock, reader, sink } = await start(atTwo);
    await reader.assign('orders', 0);
    await reader.assign('orders', 1);
    reader.append('orders', 0, values(55));
    await clock.advance(untilTwoMs - 1000);
    let appended = 0;
    sink.onPut = () => {
      appended += 10;
      reader.append('orders', 0, values(10, 'b'));
    };
    await clock.advance(20_000);
    expect(task.status().batchMode).toMatchObject({ state: 'sleeping' });
    // The batch in which the end was may reach past it.
    expect(sink.taken.length).toBeGreaterThanOrEqual(55);
    expect(sink.taken.length).toBeLessThanOrEqual(70);
    expect(appended).toBeGreaterThan(40);
    sink.onPut = () => undefined;
    await clock.advance(24 * 60 * minuteMs);
    expect(sink.taken).toHaveLength(55 + appended);
    expect(reader.committed.get('orders-0')).toBe(55 + appended);
  });

  it('keeps its place in the group while it sleeps, holds little, and does not ask its store', async () => {
    const { task, clock, reader, sink } = await start(atTwo);
    let flushes = 0;
    const flush = sink.flush.bind(sink);
    sink.flush = (all) => {
      flushes += 1;
      return flush(all);
    };
    reader.recordsPerPollMax = 10;
    await reader.assign('orders', 0);
    reader.append('orders', 0, values(1000));
    await clock.advance(10_000);
    const polls = reader.polls;
    await clock.advance(10 * minuteMs);
    expect(reader.polls - polls).toBeGreaterThan(500);
    expect(reader.polls - polls).toBeLessThan(700);
    expect(task.status().metrics['sink-record-read-total']).toBe(10);
    expect(reader.stopped).toBe(false);
    expect(flushes).toBe(0);
  });

  it.each([
    ['records', { recordsMin: 100 }, 'SLEEPING until 100 records wait', '120 records wait'],
    ['bytes', { bytesMin: 300 }, 'SLEEPING until 300 bytes wait', /bytes wait$/],
  ])('wakes when enough %s wait', async (_name, when, sleeping, reason) => {
    const { task, clock, reader, sink } = await start({ ...never, ...when });
    reader.recordsPerPollMax = 20;
    await reader.assign('orders', 0);
    await reader.assign('orders', 1);
    for (const partition of [0, 1]) reader.append('orders', partition, values(30));
    await clock.advance(minuteMs);
    expect(sink.taken).toEqual([]);
    expect(task.status().activity).toBe(sleeping);
    for (const partition of [0, 1]) reader.append('orders', partition, values(30, 'b'));
    await clock.advance(10_000);
    expect(sink.taken).toHaveLength(120);
    expect(task.status().batchMode).toMatchObject({
      state: 'sleeping',
      lastRun: { reason: expect.stringMatching(reason) as string },
    });
    await clock.advance(minuteMs);
    expect(task.status().batchMode).toMatchObject({ state: 'sleeping' });
  });

  it('wakes when a record has waited long enough', async () => {
    const { task, clock, reader, sink } = await start({ ...never, ageMs: 20 * minuteMs });
    await reader.assign('orders', 0);
    // The records are of one second after 1970, and it is 00:16:40.
    reader.append('orders', 0, values(3));
    await clock.advance(3 * minuteMs);
    expect(sink.taken).toEqual([]);
    await clock.advance(minuteMs);
    expect(sink.taken).toHaveLength(3);
    expect(task.status().batchMode).toMatchObject({ lastRun: { reason: 'records wait for 1200000 ms' } });
  });

  it('works off at once what it is given, where it is told so, for a run may have been cut off', async () => {
    const { task, clock, reader, sink } = await start({ ...atTwo, onStart: true });
    reader.append('orders', 0, values(50));
    await reader.assign('orders', 0);
    await clock.advance(5000);
    expect(sink.taken).toHaveLength(50);
    expect(task.status().batchMode).toMatchObject({
      state: 'sleeping',
      lastRun: { reason: 'its partitions were given to it' },
    });
    reader.append('orders', 0, values(50));
    await clock.advance(minuteMs);
    expect(sink.taken).toHaveLength(50);
  });

  it('does not go to sleep before its store has all, and says why it is still at work', async () => {
    const { task, clock, reader, sink } = await start({ ...never, recordsMin: 10 });
    await reader.assign('orders', 0);
    const flush = sink.flush.bind(sink);
    sink.flush = (all) => (all ? Promise.reject(new RetriableSinkError('the store is away')) : flush(all));
    reader.append('orders', 0, values(20));
    await clock.advance(30_000);
    expect(task.status()).toMatchObject({ state: 'RUNNING', degraded: true, batchMode: { state: 'working' } });
    expect(task.status().activity).toMatch(/^WORKING since /);
    sink.flush = flush;
    await clock.advance(90_000);
    expect(task.status()).toMatchObject({ degraded: false, batchMode: { state: 'sleeping' } });
    expect(reader.committed.get('orders-0')).toBe(20);
  });

  it('begins its run when it learns where its topics end', async () => {
    const { clock, reader, sink } = await start({ ...atTwo, onStart: true });
    reader.endsError = new Error('no leader');
    reader.append('orders', 0, values(50));
    await reader.assign('orders', 0);
    await clock.advance(30_000);
    expect(sink.taken).toEqual([]);
    reader.endsError = null;
    await clock.advance(5000);
    expect(sink.taken).toHaveLength(50);
  });

  it('is paused and resumed as any other, and makes up for its time when it was paused over it', async () => {
    const { task, clock, reader, sink } = await start(atTwo);
    await reader.assign('orders', 0);
    reader.append('orders', 0, values(30));
    task.pause();
    await clock.advance(untilTwoMs + minuteMs);
    expect(sink.taken).toEqual([]);
    expect(task.status()).toMatchObject({ state: 'PAUSED', activity: null });
    task.resume();
    await clock.advance(5000);
    expect(sink.taken).toHaveLength(30);
  });
});
