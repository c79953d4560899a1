import { describe, expect, it } from '@jest/globals';
import { SinkGroup, type GroupMember } from './agent-sink-group.js';
import { EventBatch } from './event-batch.js';
import type { SinkProcessorPlan } from './flume-plan.js';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';

const batch = EventBatch.of([{ body: Buffer.from('a') }]);

function build(processor: SinkProcessorPlan, names: readonly string[]) {
  const written: string[] = [];
  const broken = new Set<string>();
  const stopped = new Set<string>();
  const errors: unknown[] = [];
  const chances: number[] = [];
  let tries = 0;
  let now = 0;
  const members = names.map((name): GroupMember => ({
    name,
    isRunning: () => !stopped.has(name),
    context: {
      name,
      clock: systemClock,
      logger: silentLogger,
      stateDirectory: '',
      count() {},
      reportError: (error) => errors.push(error),
    },
    sink: {
      batchSize: 10,
      start: () => Promise.resolve(),
      stop: () => Promise.resolve(),
      write: () => {
        tries += 1;
        if (broken.has(name)) return Promise.reject(new Error(`${name} is away`));
        written.push(name);
        return Promise.resolve();
      },
    },
  }));
  const random = { next: () => chances.shift() ?? 0.99 };
  const group = new SinkGroup(processor, members, { ...systemClock, monotonic: () => now }, random);
  return {
    written,
    broken,
    stopped,
    errors,
    chances,
    tries: () => tries,
    write: () => group.write(batch),
    pass: (ms: number) => {
      now += ms;
    },
  };
}

describe('a failover group', () => {
  const processor: SinkProcessorPlan = { type: 'failover', order: ['k2', 'k1', 'k3'], maxPenaltyMs: 30_000 };
  const names = ['k1', 'k2', 'k3'];

  it('writes to the preferred sink, to the next one when that fails, and comes back when 2 s are over', async () => {
    const { written, broken, errors, write, pass } = build(processor, names);
    await write();
    broken.add('k2');
    await write();
    broken.clear();
    pass(2000);
    await write();
    expect(errors).toEqual([new Error('k2 is away')]);
    pass(1);
    await write();
    expect(written).toEqual(['k2', 'k1', 'k1', 'k2']);
    expect(errors).toEqual([new Error('k2 is away'), null]);
  });

  it.each([
    [30_000, [2000, 4000, 8000, 16_000, 30_000, 30_000]],
    [3000, [2000, 3000, 3000]],
    [0, [0, 0]],
  ])('with a maxpenalty of %i ms leaves a sink that goes on failing out for %j ms', async (maxPenaltyMs, pauses) => {
    const { broken, tries, write, pass } = build({ ...processor, maxPenaltyMs }, ['k1', 'k2']);
    broken.add('k2');
    await write();
    for (const pauseMs of pauses) {
      const before = tries();
      pass(pauseMs);
      await write();
      expect(tries() - before).toBe(1);
      pass(1);
      await write();
      expect(tries() - before).toBe(3);
    }
  });

  it('begins with 2 s again after a sink has worked', async () => {
    const { written, broken, write, pass } = build(processor, ['k1', 'k2']);
    broken.add('k2');
    await write();
    pass(2001);
    await write();
    pass(4001);
    broken.clear();
    await write();
    broken.add('k2');
    await write();
    broken.clear();
    pass(2001);
    await write();
    expect(written).toEqual(['k1', 'k1', 'k2', 'k1', 'k2']);
  });

  it('tries a sink whose time has come before a better one that works, those that waited longest first', async () => {
    const { written, broken, write, pass } = build(processor, names);
    broken.add('k2');
    await write();
    pass(500);
    broken.add('k1');
    await write();
    broken.clear();
    pass(2001);
    await write();
    await write();
    await write();
    expect(written).toEqual(['k1', 'k3', 'k2', 'k1', 'k2']);
  });

  it('goes through all sinks in one batch, and fails it when none is left', async () => {
    const { broken, tries, write } = build(processor, names);
    broken.add('k1').add('k2').add('k3');
    await expect(write()).rejects.toThrow('k3 is away');
    expect(tries()).toBe(3);
    await expect(write()).rejects.toThrow('No sink of the group');
    expect(tries()).toBe(3);
  });

  it('passes over a sink that has not started, and uses it as soon as it has', async () => {
    const { written, stopped, write } = build(processor, names);
    stopped.add('k2');
    await write();
    stopped.clear();
    await write();
    expect(written).toEqual(['k1', 'k2']);
  });
});

describe('a load balancing group', () => {
  const roundRobin: SinkProcessorPlan = { type: 'load_balance', isRandom: false, backoffMsMax: 0 };
  const backingOff: SinkProcessorPlan = { ...roundRobin, backoffMsMax: 30_000 };

  it('takes turns, and passes over a sink that does not run', async () => {
    const { written, stopped, write } = build(roundRobin, ['k1', 'k2', 'k3']);
    for (let round = 0; round < 4; round += 1) await write();
    stopped.add('k2');
    await write();
    await write();
    expect(written).toEqual(['k1', 'k2', 'k3', 'k1', 'k3', 'k1']);
  });

  it('tries the next one at once where one fails, and fails the batch when all have', async () => {
    const { written, broken, tries, write } = build(roundRobin, ['k1', 'k2', 'k3']);
    broken.add('k1').add('k2');
    await write();
    expect(written).toEqual(['k3']);
    broken.add('k3');
    await expect(write()).rejects.toThrow('k1 is away');
    expect(tries()).toBe(6);
  });

  it('without backoff tries a sink that failed at its next turn', async () => {
    const { written, broken, write } = build(roundRobin, ['k1', 'k2']);
    broken.add('k1');
    await write();
    broken.clear();
    for (let round = 0; round < 3; round += 1) await write();
    expect(written).toEqual(['k2', 'k2', 'k1', 'k2']);
  });

  it('draws the order by lot, every sink in it', async () => {
    const { written, broken, chances, write } = build({ ...roundRobin, isRandom: true }, ['k1', 'k2', 'k3']);
    chances.push(0, 0);
    await write();
    chances.push(0.5, 0);
    broken.add('k3');
    await write();
    expect(written).toEqual(['k2', 'k1']);
    broken.add('k1').add('k2');
    await expect(write()).rejects.toThrow('is away');
  });

  it('leaves a failed sink out for longer each time, up to maxTimeOut', async () => {
    const { broken, tries, write, pass } = build({ ...backingOff, backoffMsMax: 5000 }, ['k1', 'k2']);
    broken.add('k1');
    await write();
    for (const pauseMs of [2000, 4000, 5000, 5000]) {
      let before = tries();
      pass(pauseMs);
      await write();
      await write();
      expect(tries() - before).toBe(2);
      pass(1);
      before = tries();
      await write();
      await write();
      expect(tries() - before).toBe(3);
    }
  });

  it('counts failures on where they come within an hour, though the sink worked in between, and from 1 after that', async () => {
    const { broken, tries, write, pass } = build(backingOff, ['k1', 'k2']);
    const failOnce = async (): Promise<void> => {
      broken.add('k1');
      await write();
      await write();
      broken.clear();
    };
    const restsFor = async (pauseMs: number): Promise<void> => {
      broken.add('k2');
      pass(pauseMs);
      await expect(write()).rejects.toThrow('k2 is away');
      broken.clear();
      const before = tries();
      pass(1);
      await write();
      expect(tries()).toBe(before + 1);
    };
    await failOnce();
    await restsFor(2000);
    pass(60_000);
    await failOnce();
    await restsFor(4000);
    pass(3_700_000);
    await failOnce();
    await restsFor(2000);
  });

  it('fails a batch while all of its sinks rest', async () => {
    const { broken, written, write, pass } = build(backingOff, ['k1', 'k2']);
    broken.add('k1').add('k2');
    await expect(write()).rejects.toThrow('is away');
    broken.clear();
    await expect(write()).rejects.toThrow('No sink of the group');
    pass(2001);
    await write();
    expect(written).toHaveLength(1);
  });
});
