import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Channel, ChannelTake, ComponentContext } from '#pipeline/collector';
import { ChannelError } from '#pipeline/errors';
import { EventBatch } from '#pipeline/event-batch';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { fileChannel } from './file-channel.js';

let directory: string;
const opened: Channel[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'file-channel-'));
});

afterEach(async () => {
  for (const channel of opened.splice(0)) await channel.stop();
  await rm(directory, { recursive: true });
});

async function open(options: Record<string, string> = {}): Promise<Channel> {
  const context: ComponentContext = {
    name: 'c1',
    clock: systemClock,
    logger: silentLogger,
    stateDirectory: join(directory, 'state'),
    count() {},
    reportError() {},
  };
  const channel = fileChannel.create({
    agent: 'a1',
    name: 'c1',
    options: { dataDirs: join(directory, 'data'), minimumRequiredSpace: '1048576', ...options },
    services: { bootstrap: '', clock: systemClock, logger: silentLogger },
  });
  await channel.start(context);
  opened.push(channel);
  return channel;
}

async function reopen(channel: Channel, options: Record<string, string> = {}): Promise<Channel> {
  opened.splice(opened.indexOf(channel), 1);
  await channel.stop();
  return open(options);
}

const numbered = (from: number, to: number) =>
  EventBatch.of(Array.from({ length: to - from }, (_, index) => ({ body: Buffer.from(`line ${from + index}`) })));
const texts = (take: ChannelTake | null) =>
  Array.from({ length: take?.batch.count ?? 0 }, (_, index) => take?.batch.body(index).toString());
const names = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => `line ${from + index}`);

async function takeAll(channel: Channel): Promise<(string | undefined)[]> {
  const all: (string | undefined)[] = [];
  for (let take = await channel.take(10_000, 0); take !== null; take = await channel.take(10_000, 0)) {
    all.push(...texts(take));
    await take.commit();
  }
  return all;
}

describe('file channel', () => {
  it('gives what was put after a restart, with its headers', async () => {
    const first = await open();
    await first.put(numbered(0, 3).withHeader('host', 'web1').withHeader('code', ['200', null, '404']));
    const second = await reopen(first);
    expect(second.size()).toBe(3);
    const take = await second.take(10, 0);
    expect(texts(take)).toEqual(names(0, 3));
    expect([0, 1, 2].map((index) => take?.batch.headersOf(index))).toEqual([
      { host: 'web1', code: '200' },
      { host: 'web1' },
      { host: 'web1', code: '404' },
    ]);
  });

  it('forgets what was committed, and gives again what was not', async () => {
    let channel = await open();
    await channel.put(numbered(0, 5));
    await channel.put(numbered(5, 10));
    const take = await channel.take(5, 0);
    await take?.commit();
    await channel.take(5, 0);
    channel = await reopen(channel);
    expect(channel.size()).toBe(5);
    expect(await takeAll(channel)).toEqual(names(5, 10));
    channel = await reopen(channel);
    expect(channel.size()).toBe(0);
    expect(await channel.take(10, 0)).toBeNull();
  });

  it('gives a put whole again where only a part of it was committed', async () => {
    let channel = await open();
    await channel.put(numbered(0, 5));
    const take = await channel.take(2, 0);
    await take?.commit();
    expect(channel.size()).toBe(3);
    channel = await reopen(channel);
    expect(await takeAll(channel)).toEqual(names(0, 5));
  });

  it('keeps an earlier take that is still open when a later one commits', async () => {
    let channel = await open();
    await channel.put(numbered(0, 2));
    await channel.put(numbered(2, 4));
    const earlier = await channel.take(2, 0);
    const later = await channel.take(2, 0);
    await later?.commit();
    channel = await reopen(channel);
    expect(await takeAll(channel)).toEqual(names(0, 4));
    expect(texts(earlier)).toEqual(names(0, 2));
  });

  it('keeps the order of puts under way at once, also through segment files and when it is read back from disk', async () => {
    let channel = await open({ maxFileSize: '1048576' });
    const puts: Promise<void>[] = [];
    const body = Buffer.alloc(20_000, 'x');
    for (let batch = 0; batch < 100; batch += 1) {
      const events = Array.from({ length: 20 }, (_, index) => ({
        body,
        headers: { number: String(batch * 20 + index) },
      }));
      puts.push(channel.put(EventBatch.of(events)));
    }
    await Promise.all(puts);
    channel = await reopen(channel, { maxFileSize: '1048576' });
    const found: (string | null)[] = [];
    let putMore = 100;
    for (let take = await channel.take(70, 0); take !== null; take = await channel.take(70, 0)) {
      for (let index = 0; index < take.batch.count; index += 1) found.push(take.batch.header(index, 'number'));
      await take.commit();
      if (putMore < 110) {
        await channel.put(EventBatch.of([{ body, headers: { number: String(2000 + putMore - 100) } }]));
        putMore += 1;
      }
    }
    expect(found).toEqual(Array.from({ length: 2010 }, (_, index) => String(index)));
    expect(channel.size()).toBe(0);
  });

  it('spills to disk what sinks do not take, and gives all of it in order', async () => {
    const channel = await open();
    const body = Buffer.alloc(100_000, 'y');
    for (let batch = 0; batch < 30; batch += 1) {
      await channel.put(
        EventBatch.of(
          Array.from({ length: 10 }, (_, index) => ({ body, headers: { number: String(batch * 10 + index) } })),
        ),
      );
    }
    const found: (string | null)[] = [];
    for (let take = await channel.take(25, 0); take !== null; take = await channel.take(25, 0)) {
      for (let index = 0; index < take.batch.count; index += 1) found.push(take.batch.header(index, 'number'));
      await take.commit();
    }
    expect(found).toEqual(Array.from({ length: 300 }, (_, index) => String(index)));
  });

  it('refuses a put beyond its capacity, and a second channel in the same directory', async () => {
    const channel = await open({ capacity: '5', transactionCapacity: '5', 'keep-alive': '0' });
    await channel.put(numbered(0, 4));
    await expect(channel.put(numbered(4, 6))).rejects.toThrow(ChannelError);
    await expect(open()).rejects.toThrow('in use by another channel');
  });
});
