import { RetriableSinkError } from '#pipeline/errors';
import { startRig, values, type TaskRig } from './sink-task.testkit.js';

const breaker = { failuresMax: 3, openMs: 5000, probeRecords: 2 };

/** A task with records in two partitions and a store that is away; `tries` are the batches that it was offered, with their times. */
async function startAway(): Promise<
  TaskRig & { tries: { at: number; records: string }[]; readonly comeBack: () => void }
> {
  const rig = await startRig({ options: { breaker, retry: { timeoutMs: -1, delayMsMax: 60_000 } } });
  const tries: { at: number; records: string }[] = [];
  let isAway = true;
  rig.sink.onPut = (batch) => {
    const records = `${batch.partition}: ${batch.offset(0)}..${batch.offset(batch.count - 1)}`;
    tries.push({ at: rig.clock.now(), records });
    if (isAway) throw new RetriableSinkError('the store is away');
  };
  await rig.reader.assign('orders', 0);
  await rig.reader.assign('orders', 1);
  rig.reader.append('orders', 0, values(10));
  rig.reader.append('orders', 1, values(10));
  return { ...rig, tries, comeBack: () => (isAway = false) };
}

describe('the breaker of a sink task', () => {
  it('opens after failures in a row, and then leaves the store alone for a while', async () => {
    const { task, clock, tries } = await startAway();
    expect(task.status().breaker).toBe('closed');
    await clock.advance(60_000);
    const gaps = tries.slice(1).map(({ at }, index) => at - (tries[index]?.at ?? 0));
    expect(gaps.slice(0, 2).every((gap) => gap < 5000)).toBe(true);
    expect(gaps.slice(2).every((gap) => gap >= 5000)).toBe(true);
    expect(task.status()).toMatchObject({ state: 'RUNNING', degraded: true, breaker: 'open' });
    expect(task.status().activity).toMatch(/^The breaker is open, the next try is in \d+ ms$/);
    expect(task.status().metrics).toMatchObject({ 'breaker-state': 2, 'breaker-open-total': 1 });
    expect(task.status().partitions.map(({ pausedBy }) => pausedBy)).toEqual(['store', 'store']);
  });

  it('tries one small batch of one partition first, and lets the rest follow when the store took it', async () => {
    const { task, clock, tries, comeBack, sink, reader } = await startAway();
    await clock.advance(60_000);
    expect(new Set(tries.slice(3).map(({ records }) => records.split(': ')[1]))).toEqual(new Set(['0..1']));
    const seen = tries.length;
    comeBack();
    await clock.advance(120_000);
    expect(tries[seen]?.records).toMatch(/^\d: 0\.\.1$/);
    const after = tries.slice(seen).map(({ records }) => records);
    expect(after).toHaveLength(new Set(after).size);
    expect(sink.taken).toHaveLength(20);
    for (const number of [0, 1]) {
      const taken = sink.taken.filter((each) => each.startsWith(`${number}@`));
      expect(taken).toEqual(values(10).map((value, index) => `${number}@${index}=${value}`));
      expect(reader.committed.get(`orders-${number}`)).toBe(10);
    }
    expect(task.status()).toMatchObject({ degraded: false, breaker: 'closed', activity: null });
  });

  it('is no matter where it is switched off', async () => {
    const { task, clock, reader, sink } = await startRig({ options: { breaker: { ...breaker, failuresMax: 0 } } });
    await reader.assign('orders', 0);
    sink.onPut = () => {
      throw new RetriableSinkError('the store is away');
    };
    reader.append('orders', 0, values(10));
    await clock.advance(60_000);
    expect(task.status()).toMatchObject({ degraded: true, breaker: 'closed' });
  });

  it('waits no longer than the longest pause of retries', async () => {
    const { clock, reader, sink } = await startRig({
      options: { breaker, retry: { timeoutMs: -1, delayMsMax: 1000 } },
    });
    let tries = 0;
    await reader.assign('orders', 0);
    sink.onPut = () => {
      tries += 1;
      throw new RetriableSinkError('the store is away');
    };
    reader.append('orders', 0, values(10));
    await clock.advance(30_000);
    expect(tries).toBeGreaterThan(25);
  });
});
