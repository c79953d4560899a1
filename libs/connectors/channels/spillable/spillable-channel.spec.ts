import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Channel } from '#pipeline/collector';
import { EventBatch } from '#pipeline/event-batch';
import { describeChannelContract, names, numbered, startChannel, takeAll, textsOf } from '../channel.testkit.js';
import { spillableChannel } from './spillable-channel.js';

let directory: string;
const opened: Channel[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spillable-channel-'));
});

afterEach(async () => {
  for (const channel of opened.splice(0)) await channel.stop();
  await rm(directory, { recursive: true });
});

async function open(options: Record<string, string> = {}): Promise<Channel> {
  const own = { overflowTimeout: '0', minimumRequiredSpace: '1048576', ...options };
  const channel = await startChannel(spillableChannel, own, { stateDirectory: directory });
  opened.push(channel);
  return channel;
}

describeChannelContract('the spillable channel without files', {
  open: ({ capacity, transactionCapacity, keepAliveSeconds }) =>
    open({
      memoryCapacity: String(capacity),
      overflowCapacity: '0',
      transactionCapacity: String(transactionCapacity),
      overflowTimeout: String(keepAliveSeconds),
    }),
});

describeChannelContract('the spillable channel without memory', {
  open: ({ capacity, transactionCapacity }) =>
    open({
      memoryCapacity: '0',
      overflowCapacity: String(capacity),
      transactionCapacity: String(transactionCapacity),
    }),
  waits: false,
});

describeChannelContract('the spillable channel that spills', {
  open: ({ capacity, transactionCapacity }) =>
    open({
      memoryCapacity: '5',
      overflowCapacity: String(capacity),
      transactionCapacity: String(transactionCapacity),
    }),
  waits: false,
  refuses: false,
});

describe('the spillable channel', () => {
  it('keeps the order over many changes between memory and files', async () => {
    const channel = await open({ memoryCapacity: '10', overflowDeactivationThreshold: '0' });
    const found: string[] = [];
    let next = 0;
    for (let round = 0; round < 60; round += 1) {
      const count = 1 + ((round * 7) % 9);
      await channel.put(numbered(next, next + count));
      next += count;
      const take = round % 3 === 0 ? null : await channel.take(1 + ((round * 5) % 11), 0);
      if (take !== null && round % 5 === 0) await take.rollback();
      else if (take !== null) {
        found.push(...textsOf(take));
        await take.commit();
      }
    }
    found.push(...(await takeAll(channel)));
    expect(found).toEqual(names(0, next));
  });

  it('keeps the order of puts under way at once, of which some wait for memory', async () => {
    const channel = await open({ memoryCapacity: '6', overflowTimeout: '1' });
    const puts = Array.from({ length: 20 }, (_, index) => channel.put(numbered(index * 2, index * 2 + 2)));
    await Promise.all(puts);
    expect(await takeAll(channel, 5)).toEqual(names(0, 40));
  });

  it('waits overflowTimeout for room before it overflows, and then not at all', async () => {
    const channel = await open({ memoryCapacity: '2', overflowTimeout: '1' });
    await channel.put(numbered(0, 2));
    const began = performance.now();
    await channel.put(numbered(2, 3));
    const waited = performance.now() - began;
    await channel.put(numbered(3, 4));
    expect(waited).toBeGreaterThan(900);
    expect(performance.now() - began - waited).toBeLessThan(800);
    expect(await takeAll(channel)).toEqual(names(0, 4));
  });

  it('moves what is in memory into its files at a clean stop, behind what is there', async () => {
    const channel = await open({ memoryCapacity: '4' });
    await channel.put(numbered(0, 4));
    await channel.put(numbered(4, 8));
    expect(channel.size()).toBe(8);
    opened.splice(0);
    await channel.stop();
    const again = await open({ memoryCapacity: '4' });
    expect(again.size()).toBe(8);
    await again.put(numbered(8, 9));
    expect(await takeAll(again)).toEqual([...names(4, 8), ...names(0, 4), ...names(8, 9)]);
  });

  it('counts bodies in slots of avgEventSize against its bytes', async () => {
    const options = { memoryCapacity: '100', overflowCapacity: '0', avgEventSize: '50', byteCapacity: '125' };
    const channel = await open(options);
    await channel.put(EventBatch.of([{ body: Buffer.alloc(51) }]));
    await expect(channel.put(EventBatch.of([{ body: Buffer.alloc(1) }]))).rejects.toThrow('100 bytes');
  });

  it('takes the default for its files where it is told to have neither memory nor files', async () => {
    const channel = await open({ memoryCapacity: '0', overflowCapacity: '0' });
    expect(channel.capacity).toBe(100_000_000);
    await channel.put(numbered(0, 3));
    expect(await takeAll(channel)).toEqual(names(0, 3));
  });

  it('takes the options of a file channel, and says which two of them have no effect', () => {
    const options = { checkpointDir: '/c', dataDirs: join(directory, 'd'), capacity: '5', 'keep-alive': '1' };
    expect(spillableChannel.check?.(options)).toEqual([
      {
        severity: 'warning',
        option: 'capacity',
        message: 'capacity has no effect here; set memoryCapacity and overflowCapacity.',
      },
      { severity: 'warning', option: 'keep-alive', message: 'keep-alive has no effect here; set overflowTimeout.' },
    ]);
  });
});
