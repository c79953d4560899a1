import { describe, expect, it } from '@jest/globals';
import { ChannelError } from '#pipeline/errors';
import { EventBatch } from '#pipeline/event-batch';
import { describeChannelContract, names, numbered, startChannel, takeAll } from '../channel.testkit.js';
import { memoryChannel } from './memory-channel.js';

const open = (options: Record<string, string>) => startChannel(memoryChannel, options, { stateDirectory: '/nowhere' });
const lines = (...texts: string[]) => EventBatch.of(texts.map((text) => ({ body: Buffer.from(text) })));

describeChannelContract('the memory channel', {
  open: ({ capacity, transactionCapacity, keepAliveSeconds }) =>
    open({
      capacity: String(capacity),
      transactionCapacity: String(transactionCapacity),
      'keep-alive': String(keepAliveSeconds),
    }),
});

describe('the memory channel', () => {
  it('holds 100 events in transactions of 100 where nothing is said', async () => {
    const channel = await open({ 'keep-alive': '0' });
    await expect(channel.put(numbered(0, 101))).rejects.toThrow('transactionCapacity 100');
    await channel.put(numbered(0, 100));
    await expect(channel.put(numbered(100, 101))).rejects.toThrow('100 of 100 events');
    expect(await takeAll(channel)).toEqual(names(0, 100));
  });

  it('may not have a transaction that is larger than itself', () => {
    expect(memoryChannel.check?.({ capacity: '10', transactionCapacity: '11' })).toEqual([
      {
        severity: 'error',
        option: 'transactionCapacity',
        message: 'transactionCapacity 11 is more than capacity 10.',
      },
    ]);
    expect(memoryChannel.check?.({ capacity: '10' })).toHaveLength(1);
  });

  it('counts bodies in slots of 100 bytes, an empty one as one, and leaves a part of its bytes for headers', async () => {
    const channel = await open({ byteCapacity: '1000', byteCapacityBufferPercentage: '50', 'keep-alive': '0' });
    await channel.put(lines('x'.repeat(101), '', 'x'));
    await expect(channel.put(lines('y', 'z'))).rejects.toThrow('400 bytes');
    await channel.put(lines('y'.repeat(100)));
    await expect(channel.put(lines(''))).rejects.toThrow(ChannelError);
    const take = await channel.take(1, 0);
    await take?.commit();
    await channel.put(lines('', ''));
  });

  it('has no byte limit where that is less than one slot', async () => {
    for (const byteCapacity of ['0', '120']) {
      const channel = await open({ byteCapacity, 'keep-alive': '0' });
      await channel.put(lines('x'.repeat(10_000)));
      await channel.put(lines('y'.repeat(10_000)));
    }
  });

  it('takes a batch that is larger than its bytes when it is empty: it would never get in otherwise', async () => {
    const channel = await open({ byteCapacity: '1000', 'keep-alive': '0' });
    await channel.put(lines('x'.repeat(5000)));
    await expect(channel.put(lines('y'))).rejects.toThrow('is full');
  });
});
