import { describe, expect, it } from '@jest/globals';
import type { Channel, ComponentContext } from '#pipeline/collector';
import { ChannelError } from '#pipeline/errors';
import { EventBatch } from '#pipeline/event-batch';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { memoryChannel } from './memory-channel.js';

const context: ComponentContext = {
  name: 'c1',
  clock: systemClock,
  logger: silentLogger,
  stateDirectory: '/nowhere',
  count() {},
  reportError() {},
};

async function open(options: Record<string, string>): Promise<Channel> {
  const channel = memoryChannel.create({
    agent: 'a1',
    name: 'c1',
    options,
    services: { bootstrap: '', clock: systemClock, logger: silentLogger },
  });
  await channel.start(context);
  return channel;
}

const lines = (...texts: string[]) => EventBatch.of(texts.map((text) => ({ body: Buffer.from(text) })));
const texts = (batch: EventBatch | undefined) =>
  Array.from({ length: batch?.count ?? 0 }, (_, index) => batch?.body(index).toString());

describe('memory channel', () => {
  it('gives events in the order of the puts, several puts in one take', async () => {
    const channel = await open({});
    await channel.put(lines('a', 'b'));
    await channel.put(lines('c'));
    expect(texts((await channel.take(10, 0))?.batch)).toEqual(['a', 'b', 'c']);
  });

  it('cuts a put where a take wants fewer events', async () => {
    const channel = await open({});
    await channel.put(lines('a', 'b', 'c'));
    expect(texts((await channel.take(2, 0))?.batch)).toEqual(['a', 'b']);
    expect(texts((await channel.take(2, 0))?.batch)).toEqual(['c']);
    expect(await channel.take(2, 0)).toBeNull();
  });

  it('has the events of a rollback at the head again, in order, also when takes end in another order', async () => {
    const channel = await open({});
    await channel.put(lines('a', 'b', 'c', 'd'));
    const first = await channel.take(2, 0);
    const second = await channel.take(1, 0);
    await first?.rollback();
    await second?.rollback();
    expect(texts((await channel.take(10, 0))?.batch)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('refuses a put when it stays full, and takes one that waits as soon as there is room', async () => {
    const channel = await open({ capacity: '2', transactionCapacity: '2', 'keep-alive': '0' });
    await channel.put(lines('a', 'b'));
    await expect(channel.put(lines('c'))).rejects.toThrow(ChannelError);

    const patient = await open({ capacity: '2', transactionCapacity: '2', 'keep-alive': '3' });
    await patient.put(lines('a', 'b'));
    const waiting = patient.put(lines('c'));
    const take = await patient.take(1, 0);
    expect(patient.size()).toBe(2);
    await take?.commit();
    await waiting;
    expect(patient.size()).toBe(2);
  });

  it('refuses a batch that is larger than its transactionCapacity', async () => {
    const channel = await open({ capacity: '10', transactionCapacity: '2' });
    await expect(channel.put(lines('a', 'b', 'c'))).rejects.toThrow('transactionCapacity 2');
  });

  it('keeps to its byte capacity', async () => {
    const channel = await open({ byteCapacity: '100', byteCapacityBufferPercentage: '20', 'keep-alive': '0' });
    await channel.put(lines('x'.repeat(60)));
    await expect(channel.put(lines('y'.repeat(30)))).rejects.toThrow('is full');
    await channel.put(lines('y'.repeat(20)));
  });

  it('wakes a take that waits when something is put, or when its signal aborts', async () => {
    const channel = await open({});
    const waiting = channel.take(10, 10_000);
    await channel.put(lines('a'));
    expect(texts((await waiting)?.batch)).toEqual(['a']);
    const abort = new AbortController();
    const aborted = channel.take(10, 10_000, abort.signal);
    abort.abort();
    expect(await aborted).toBeNull();
  });
});
