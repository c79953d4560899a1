import { FatalSinkError, FencedSinkError, RetriableSinkError } from '#pipeline/errors';
import { settle, startRig, values } from './sink-task.testkit.js';

const away = (): never => {
  throw new RetriableSinkError('the store is away');
};

describe('a sink task', () => {
  describe('batches', () => {
    it('are put when they are full, and the rest after the linger time', async () => {
      const { clock, reader, events } = await startRig();
      await reader.assign('orders', 0);
      reader.append('orders', 0, values(12));
      await clock.advance(10);
      expect(events).toEqual(['open orders-0', 'put orders-0 0..9', 'commit orders-0 10']);
      await clock.advance(100);
      expect(events.at(-1)).toBe('put orders-0 10..11');
    });

    it('are cut by bytes too, and a record that is larger than that goes alone', async () => {
      const { clock, reader, events } = await startRig({
        options: { limits: { recordsMax: 10, bytesMax: 20, lingerMs: 0 }, bufferBytesMax: 10_000 },
      });
      await reader.assign('orders', 0);
      reader.append('orders', 0, ['x'.repeat(8), 'y'.repeat(8), 'z'.repeat(50), 'w']);
      await clock.advance(50);
      expect(events.filter((event) => event.startsWith('put'))).toEqual([
        'put orders-0 0..1',
        'put orders-0 2..2',
        'put orders-0 3..3',
      ]);
    });

    it('join what several polls gave', async () => {
      const { clock, reader, sink, events } = await startRig();
      reader.recordsPerPollMax = 3;
      await reader.assign('orders', 0);
      reader.append('orders', 0, values(10));
      await clock.advance(10);
      expect(events).toContain('put orders-0 0..9');
      expect(sink.taken).toEqual(values(10).map((value, index) => `0@${index}=${value}`));
    });
  });

  describe('commits', () => {
    it('nothing but what the sink says is durable', async () => {
      const { task, clock, reader, sink } = await startRig();
      sink.flushesAtOnce = false;
      await reader.assign('orders', 0);
      reader.append('orders', 0, values(20));
      await clock.advance(5000);
      expect(sink.taken).toHaveLength(20);
      expect(reader.committed.size).toBe(0);
      sink.stored.set('orders-0', 7);
      await clock.advance(2000);
      expect(reader.committed.get('orders-0')).toBe(7);
      expect(task.status().partitions[0]).toMatchObject({ position: 20, committed: 7, lag: 13 });
    });

    it('again later where the group does not take them, and goes on', async () => {
      const { clock, reader, task } = await startRig();
      await reader.assign('orders', 0);
      reader.commitError = new Error('rebalance in progress');
      reader.append('orders', 0, values(10));
      await clock.advance(3000);
      expect(task.status().metrics['offset-commit-skip-total']).toBeGreaterThan(0);
      reader.commitError = null;
      await clock.advance(1000);
      expect(reader.committed.get('orders-0')).toBe(10);
      expect(task.status().state).toBe('RUNNING');
    });

    it('over the gap that compaction left', async () => {
      const { clock, reader } = await startRig();
      await reader.assign('orders', 0);
      reader.append('orders', 0, ['a'], 5);
      reader.append('orders', 0, ['b'], 90);
      await clock.advance(2000);
      expect(reader.committed.get('orders-0')).toBe(91);
    });
  });

  describe('whose store keeps offsets', () => {
    it('starts where the store says, and tells the group', async () => {
      const { clock, reader, sink } = await startRig();
      sink.kept.set('orders-0', 4);
      reader.committed.set('orders-0', 2);
      reader.append('orders', 0, values(6));
      await reader.assign('orders', 0);
      await clock.advance(2000);
      expect(sink.taken).toEqual(['0@4=a4', '0@5=a5']);
      expect(reader.committed.get('orders-0')).toBe(6);
    });

    it('fails when the topic has been made anew below it, and drops nothing', async () => {
      const { task, clock, reader, sink } = await startRig();
      sink.kept.set('orders-0', 100);
      await reader.assign('orders', 0);
      reader.seek({ topic: 'orders', partition: 0, offset: 0 });
      reader.append('orders', 0, values(3));
      await clock.advance(1000);
      expect(task.status().state).toBe('FAILED');
      expect(task.status().trace).toMatch(/has orders-0 up to offset 99, but the topic goes on at 0/);
      expect(reader.committed.size).toBe(0);
    });
  });

  describe('whose store is away', () => {
    it('pauses, polls on, holds no more, and delivers the same batch in order when it is back', async () => {
      const { task, clock, reader, sink } = await startRig();
      await reader.assign('orders', 0);
      sink.onPut = away;
      reader.append('orders', 0, values(30));
      await clock.advance(200);
      expect(reader.isPaused('orders', 0)).toBe(true);
      const held = task.status().partitions[0]?.bufferedBytes;
      const polls = reader.polls;
      reader.append('orders', 0, values(1000, 'b'));
      await clock.advance(600_000);
      expect(reader.polls - polls).toBeGreaterThan(100);
      expect(task.status()).toMatchObject({ state: 'RUNNING', degraded: true });
      expect(task.status().partitions[0]).toMatchObject({ bufferedBytes: held, pausedBy: 'store' });
      expect(task.status().lastError?.message).toBe('the store is away');
      expect(reader.committed.size).toBe(0);
      sink.onPut = () => undefined;
      await clock.advance(61_000);
      expect(task.status().degraded).toBe(false);
      expect(sink.taken.slice(0, 31).map((taken) => taken.split('=')[1])).toEqual([...values(30), 'b0']);
      expect(sink.taken).toHaveLength(1030);
      expect(reader.committed.get('orders-0')).toBe(1030);
    });

    it('waits longer and longer, from 100 ms to the limit, and as long as the store asks', async () => {
      const { clock, reader, sink } = await startRig({ options: { retry: { timeoutMs: -1, delayMsMax: 5000 } } });
      const tries: number[] = [];
      await reader.assign('orders', 0);
      sink.onPut = () => {
        tries.push(clock.monotonic());
        away();
      };
      reader.append('orders', 0, values(10));
      await clock.advance(120_000);
      const gaps = tries.slice(1).map((at, index) => at - (tries[index] ?? 0));
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(100);
      expect(Math.max(...gaps)).toBeLessThanOrEqual(5000);
      expect(gaps.length).toBeLessThan(120);
      sink.onPut = () => {
        tries.push(clock.monotonic());
        throw new RetriableSinkError('busy', { retryAfterMs: 30_000 });
      };
      tries.length = 0;
      await clock.advance(100_000);
      expect((tries[1] ?? 0) - (tries[0] ?? 0)).toBe(30_000);
    });

    it('fails when errors.retry.timeout is over', async () => {
      const { task, clock, reader, sink } = await startRig({
        options: { retry: { timeoutMs: 10_000, delayMsMax: 1000 } },
      });
      await reader.assign('orders', 0);
      sink.onPut = away;
      reader.append('orders', 0, values(10));
      await clock.advance(8000);
      expect(task.status().state).toBe('RUNNING');
      await clock.advance(5000);
      expect(task.status().state).toBe('FAILED');
      expect(task.status().trace).toMatch(/errors.retry.timeout[\s\S]*Caused by[\s\S]*the store is away/);
      expect(reader.stopped).toBe(true);
    });

    it('opens a partition later, and loses no record that came meanwhile', async () => {
      const { clock, reader, sink } = await startRig();
      sink.onOpen = away;
      reader.append('orders', 0, values(3));
      await reader.assign('orders', 0);
      await clock.advance(5000);
      expect(sink.taken).toEqual([]);
      sink.onOpen = () => undefined;
      await clock.advance(60_000);
      expect(sink.taken).toEqual(['0@0=a0', '0@1=a1', '0@2=a2']);
    });

    it('tells the group after a while where the store is, without a new record', async () => {
      const { clock, reader, sink } = await startRig();
      sink.kept.set('orders-0', 4);
      await reader.assign('orders', 0);
      await clock.advance(7000);
      expect(reader.committed.get('orders-0')).toBe(4);
    });
  });

  it('reads no more than its buffer holds while the sink is slow', async () => {
    const { task, clock, reader, sink } = await startRig({ options: { bufferBytesMax: 200 } });
    reader.recordsPerPollMax = 20;
    let release: () => void = () => undefined;
    await reader.assign('orders', 0);
    sink.onPut = () => new Promise<void>((resolve) => (release = resolve));
    reader.append('orders', 0, values(500));
    await clock.advance(1000);
    expect(task.status().metrics['sink-record-read-total']).toBeLessThan(100);
    sink.onPut = () => undefined;
    release();
    await clock.advance(5000);
    expect(sink.taken).toHaveLength(500);
  });

  it('fails on a fatal error, says why, and leaves the group', async () => {
    const { task, clock, reader, sink } = await startRig();
    await reader.assign('orders', 0);
    sink.onPut = () => {
      throw new FatalSinkError('not allowed to write');
    };
    reader.append('orders', 0, values(10));
    await clock.advance(2000);
    expect(task.status()).toMatchObject({ state: 'FAILED' });
    expect(task.status().trace).toMatch(/pipeline.sink.fatal: .*not allowed to write/);
    expect(reader.stopped).toBe(true);
    expect(reader.committed.size).toBe(0);
  });

  it('fails after ten errors of an unknown kind in a row', async () => {
    const { task, clock, reader, sink } = await startRig();
    let tries = 0;
    await reader.assign('orders', 0);
    sink.onPut = () => {
      tries += 1;
      throw new TypeError('x is undefined');
    };
    reader.append('orders', 0, values(10));
    await clock.advance(600_000);
    expect(tries).toBe(10);
    expect(task.status().state).toBe('FAILED');
  });

  it('lets a partition go that another owner has in the store, and opens it again where it is still assigned', async () => {
    const { clock, reader, sink, events } = await startRig();
    await reader.assign('orders', 0);
    let fenced = true;
    sink.onPut = () => {
      if (!fenced) return;
      fenced = false;
      throw new FencedSinkError('another owner');
    };
    sink.kept.set('orders-0', 2);
    reader.append('orders', 0, values(10));
    await clock.advance(5000);
    expect(events.filter((event) => !event.startsWith('commit'))).toEqual([
      'open orders-0',
      'close orders-0',
      'open orders-0',
      'put orders-0 2..9',
    ]);
    expect(reader.committed.get('orders-0')).toBe(10);
  });

  describe('in a rebalance', () => {
    it('in the middle of a batch finishes the put, flushes, commits and closes before it answers', async () => {
      const { clock, reader, sink, events } = await startRig();
      sink.flushesAtOnce = false;
      let release: () => void = () => undefined;
      await reader.assign('orders', 0);
      sink.onPut = () => new Promise<void>((resolve) => (release = resolve));
      reader.append('orders', 0, values(25));
      await clock.advance(10);
      let answered = false;
      const revoking = reader.revoke('orders', 0).then(() => (answered = true));
      await settle();
      expect(answered).toBe(false);
      release();
      await revoking;
      expect(events).toEqual([
        'open orders-0',
        'put orders-0 0..9',
        'flush all',
        'commit orders-0 10',
        'close orders-0',
      ]);
    });

    it('waits twenty seconds at most for a sink that does not answer', async () => {
      const { clock, reader, sink } = await startRig();
      await reader.assign('orders', 0);
      sink.onPut = () => new Promise<void>(() => undefined);
      reader.append('orders', 0, values(10));
      await clock.advance(10);
      let answered = false;
      void reader.revoke('orders', 0).then(() => (answered = true));
      await clock.advance(19_000);
      expect(answered).toBe(false);
      await clock.advance(2000);
      expect(answered).toBe(true);
    });

    it('gives up waiting for the store at once', async () => {
      const { clock, reader, sink, events } = await startRig();
      await reader.assign('orders', 0);
      sink.onPut = away;
      reader.append('orders', 0, values(10));
      await clock.advance(30_000);
      await reader.revoke('orders', 0);
      expect(events.at(-1)).toBe('close orders-0');
      expect(reader.committed.size).toBe(0);
    });

    it('goes on with the partitions that stay', async () => {
      const { clock, reader, sink } = await startRig();
      await reader.assign('orders', 0);
      await reader.assign('orders', 1);
      reader.append('orders', 0, values(10));
      reader.append('orders', 1, values(10));
      await clock.advance(500);
      await reader.revoke('orders', 0);
      reader.append('orders', 0, values(10, 'b'));
      reader.append('orders', 1, values(10, 'b'));
      await clock.advance(2000);
      expect(sink.taken.filter((taken) => taken.includes('=b')).every((taken) => taken.startsWith('1@'))).toBe(true);
      expect(reader.committed.get('orders-1')).toBe(20);
      expect(reader.committed.get('orders-0')).toBe(10);
    });

    it('commits nothing of partitions that are lost', async () => {
      const { clock, reader, sink, events } = await startRig();
      sink.flushesAtOnce = false;
      await reader.assign('orders', 0);
      reader.append('orders', 0, values(10));
      await clock.advance(500);
      await reader.lose('orders', 0);
      expect(events.at(-1)).toBe('close orders-0');
      expect(reader.committed.size).toBe(0);
    });
  });

  it('flushes and stops reading when it is paused, keeps its place in the group, and goes on when resumed', async () => {
    const { task, clock, reader, sink, events } = await startRig();
    sink.flushesAtOnce = false;
    await reader.assign('orders', 0);
    reader.append('orders', 0, values(10));
    await clock.advance(500);
    task.pause();
    await clock.advance(2000);
    expect(task.status().state).toBe('PAUSED');
    expect(events.slice(-2)).toEqual(['flush all', 'commit orders-0 10']);
    const polls = reader.polls;
    reader.append('orders', 0, values(10, 'b'));
    await clock.advance(60_000);
    expect(reader.polls).toBeGreaterThan(polls);
    expect(sink.taken).toHaveLength(10);
    expect(events.filter((event) => event.startsWith('close'))).toEqual([]);
    task.resume();
    await clock.advance(2000);
    expect(sink.taken).toHaveLength(20);
    expect(task.status().state).toBe('RUNNING');
  });

  it('flushes, commits, closes and leaves when it is stopped', async () => {
    const { task, clock, reader, sink, events } = await startRig();
    sink.flushesAtOnce = false;
    await reader.assign('orders', 0);
    reader.append('orders', 0, values(10));
    await clock.advance(500);
    await task.stop();
    expect(events.slice(-4)).toEqual(['flush all', 'commit orders-0 10', 'close orders-0', 'stop']);
    expect(reader.stopped).toBe(true);
  });

  it('stops while its store is away, and commits nothing that is not there', async () => {
    const { task, clock, reader, sink, events } = await startRig();
    await reader.assign('orders', 0);
    sink.onPut = away;
    reader.append('orders', 0, values(10));
    await clock.advance(5000);
    await task.stop();
    expect(events.at(-1)).toBe('stop');
    expect(reader.committed.size).toBe(0);
  });
});
