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
  let now = 0;
  const members = names.map((name): GroupMember => ({
    name,
    isRunning: () => !stopped.has(name),
    context: { name, clock: systemClock, logger: silentLogger, stateDirectory: '', count() {}, reportError() {} },
    sink: {
      batchSize: 10,
      start: () => Promise.resolve(),
      stop: () => Promise.resolve(),
      write: () => {
        if (broken.has(name)) return Promise.reject(new Error(`${name} is away`));
        written.push(name);
        return Promise.resolve();
      },
    },
  }));
  const group = new SinkGroup(processor, members, { ...systemClock, monotonic: () => now }, { next: () => 0.9 });
  return {
    written,
    broken,
    stopped,
    write: () => group.write(batch),
    pass: (ms: number) => {
      now += ms;
    },
  };
}

describe('a failover group', () => {
  const processor: SinkProcessorPlan = { type: 'failover', order: ['k2', 'k1'], maxPenaltyMs: 3000 };

  it('writes to the preferred sink, to the next one when that fails, and comes back after 2 s', async () => {
    const { written, broken, write, pass } = build(processor, ['k1', 'k2']);
    await write();
    broken.add('k2');
    await write();
    broken.clear();
    pass(1999);
    await write();
    pass(1);
    await write();
    expect(written).toEqual(['k2', 'k1', 'k1', 'k2']);
  });

  it('pauses a sink that goes on failing for longer, up to the maximum', async () => {
    const { written, broken, write, pass } = build(processor, ['k1', 'k2']);
    broken.add('k2');
    await write();
    pass(2000);
    await write();
    broken.clear();
    pass(2999);
    await write();
    pass(1);
    await write();
    expect(written).toEqual(['k1', 'k1', 'k1', 'k2']);
  });

  it('fails the batch when no sink is left', async () => {
    const { broken, write } = build(processor, ['k1', 'k2']);
    broken.add('k1').add('k2');
    await expect(write()).rejects.toThrow('k1 is away');
    await expect(write()).rejects.toThrow('No sink of the group');
  });
});

describe('a load balancing group', () => {
  it('takes turns, and passes over a sink that does not run', async () => {
    const { written, stopped, write } = build({ type: 'load_balance', isRandom: false, backoffMsMax: 0 }, [
      'k1',
      'k2',
      'k3',
    ]);
    for (let round = 0; round < 4; round += 1) await write();
    stopped.add('k2');
    await write();
    expect(written).toEqual(['k1', 'k2', 'k3', 'k1', 'k3']);
  });

  it('leaves a failed sink out for a while where it backs off, but tries it before it gives a batch up', async () => {
    const { written, broken, write, pass } = build({ type: 'load_balance', isRandom: false, backoffMsMax: 30_000 }, [
      'k1',
      'k2',
    ]);
    broken.add('k1');
    await write();
    broken.clear();
    await write();
    await write();
    expect(written).toEqual(['k2', 'k2', 'k2']);
    broken.add('k2');
    await write();
    expect(written.at(-1)).toBe('k1');
    pass(30_000);
    broken.clear();
    await write();
    await write();
    expect(written.slice(-2).toSorted()).toEqual(['k1', 'k2']);
  });
});
