/** What specs of channels share, and the contract that each of them keeps. */
import { describe, expect, it } from '@jest/globals';
import type { AgentServices, Channel, ChannelTake, ComponentContext, ComponentType } from '#pipeline/collector';
import { ChannelError } from '#pipeline/errors';
import { EventBatch } from '#pipeline/event-batch';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';

export interface ChannelSetup {
  readonly stateDirectory: string;
  readonly services?: Partial<AgentServices>;
  readonly context?: Partial<ComponentContext>;
  readonly name?: string;
}

export async function startChannel(
  type: ComponentType<Channel>,
  options: Readonly<Record<string, string>>,
  setup: ChannelSetup,
): Promise<Channel> {
  const context: ComponentContext = {
    name: setup.name ?? 'c1',
    clock: systemClock,
    logger: silentLogger,
    stateDirectory: setup.stateDirectory,
    count() {},
    reportError() {},
    ...setup.context,
  };
  const channel = type.create({
    agent: 'a1',
    name: setup.name ?? 'c1',
    options,
    services: { bootstrap: '', clock: systemClock, logger: silentLogger, ...setup.services },
  });
  await channel.start(context);
  return channel;
}

/** Events `line from` … `line to-1`. */
export const numbered = (from: number, to: number): EventBatch =>
  EventBatch.of(Array.from({ length: to - from }, (_, index) => ({ body: Buffer.from(`line ${from + index}`) })));

export const names = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => `line ${from + index}`);

export const textsOf = (take: ChannelTake | null): string[] =>
  Array.from({ length: take?.batch.count ?? 0 }, (_, index) => take?.batch.body(index).toString() ?? '');

export async function takeAll(channel: Channel, maxEvents = 10_000): Promise<string[]> {
  const all: string[] = [];
  for (let take = await channel.take(maxEvents, 0); take !== null; take = await channel.take(maxEvents, 0)) {
    all.push(...textsOf(take));
    await take.commit();
  }
  return all;
}

/** Limits that the contract asks for; each channel has its own names for them. */
export interface ContractLimits {
  readonly capacity: number;
  readonly transactionCapacity: number;
  readonly keepAliveSeconds: number;
}

export interface ContractChannel {
  /** Stopped after the case. */
  readonly open: (limits: ContractLimits) => Promise<Channel>;
  /** False for a channel that takes batches of any size. */
  readonly hasTransactionCapacity?: boolean;
  /** False for a channel that waits without end instead of refusing. */
  readonly refuses?: boolean;
  /** False for a channel that refuses at once. */
  readonly waits?: boolean;
}

/** What sources and sinks rely on, whichever channel lies between them. */
export function describeChannelContract(what: string, { open, ...has }: ContractChannel): void {
  const { hasTransactionCapacity = true, refuses = true, waits = true } = has;
  const wide: ContractLimits = { capacity: 1000, transactionCapacity: 100, keepAliveSeconds: 1 };

  describe(`${what}, as any channel,`, () => {
    it('gives events in the order of the puts, several puts in one take, with headers and empty bodies', async () => {
      const channel = await open(wide);
      await channel.put(numbered(0, 3).withHeader('host', 'web1').withHeader('code', ['200', null, 'é']));
      await channel.put(EventBatch.of([{ body: Buffer.alloc(0) }]));
      const take = await channel.take(10, 0);
      expect(textsOf(take)).toEqual([...names(0, 3), '']);
      expect([0, 1, 2, 3].map((index) => take?.batch.headersOf(index))).toEqual([
        { host: 'web1', code: '200' },
        { host: 'web1' },
        { host: 'web1', code: 'é' },
        {},
      ]);
    });

    it('has the events of a rollback at its head again, and those of a commit never', async () => {
      const channel = await open(wide);
      await channel.put(numbered(0, 6));
      await (await channel.take(2, 0))?.commit();
      const take = await channel.take(2, 0);
      expect(textsOf(take)).toEqual(names(2, 4));
      await take?.rollback();
      expect(channel.size()).toBe(4);
      expect(await takeAll(channel, 3)).toEqual(names(2, 6));
      expect(channel.size()).toBe(0);
      expect(await channel.take(1, 0)).toBeNull();
    });

    it.each(['oldest first', 'newest first'])('puts takes back in order that are rolled back %s', async (order) => {
      const channel = await open(wide);
      for (let from = 0; from < 10; from += 2) await channel.put(numbered(from, from + 2));
      const takes: (ChannelTake | null)[] = [];
      for (let count = 0; count < 3; count += 1) takes.push(await channel.take(3, 0));
      for (const take of order === 'oldest first' ? takes : takes.toReversed()) await take?.rollback();
      expect(await takeAll(channel)).toEqual(names(0, 10));
    });

    it('keeps an earlier take that is still open when a later one commits', async () => {
      const channel = await open(wide);
      await channel.put(numbered(0, 2));
      await channel.put(numbered(2, 4));
      const earlier = await channel.take(2, 0);
      await (await channel.take(2, 0))?.commit();
      await earlier?.rollback();
      expect(await takeAll(channel)).toEqual(names(0, 2));
    });

    it('keeps the order of puts that are under way at the same time', async () => {
      const channel = await open(wide);
      await Promise.all(Array.from({ length: 50 }, (_, index) => channel.put(numbered(index * 4, index * 4 + 4))));
      expect(await takeAll(channel, 7)).toEqual(names(0, 200));
    });

    it('gives no more in one take than fits a transaction', async () => {
      const channel = await open({ ...wide, capacity: 10, transactionCapacity: 10 });
      await channel.put(numbered(0, 10));
      expect((await channel.take(50, 0))?.batch.count).toBeLessThanOrEqual(10);
    });

    it('wakes a take that waits when something is put, or when its signal aborts', async () => {
      const channel = await open(wide);
      const waiting = channel.take(10, 10_000);
      await channel.put(numbered(0, 1));
      expect(textsOf(await waiting)).toEqual(names(0, 1));
      const abort = new AbortController();
      const aborted = channel.take(10, 10_000, abort.signal);
      abort.abort();
      expect(await aborted).toBeNull();
    });

    if (waits) {
      it('counts events until their take is committed, and lets a put that waits in then', async () => {
        const channel = await open({ capacity: 4, transactionCapacity: 4, keepAliveSeconds: 30 });
        await channel.put(numbered(0, 4));
        const take = await channel.take(2, 0);
        let isIn = false;
        const waiting = channel.put(numbered(4, 6)).then(() => {
          isIn = true;
        });
        expect(channel.size()).toBe(4);
        expect(isIn).toBe(false);
        await take?.commit();
        await waiting;
        expect(channel.size()).toBe(4);
        expect(await takeAll(channel)).toEqual(names(2, 6));
      });

      it('refuses a put that waits when it is stopped, and everything after that', async () => {
        const channel = await open({ capacity: 2, transactionCapacity: 2, keepAliveSeconds: 30 });
        await channel.put(numbered(0, 2));
        const waiting = channel.put(numbered(2, 3)).catch((error: unknown) => error);
        await channel.stop();
        expect(await waiting).toMatchObject({ code: 'pipeline.channel.closed' });
        await expect(channel.put(numbered(0, 1))).rejects.toThrow('is closed');
        await expect(channel.take(1, 0)).rejects.toThrow('is closed');
      });
    }

    if (refuses) {
      it('refuses a put when it stays full, by the name that Flume has for it, and keeps nothing of it', async () => {
        const channel = await open({ capacity: 3, transactionCapacity: 3, keepAliveSeconds: 0 });
        await channel.put(numbered(0, 2));
        await expect(channel.put(numbered(2, 4))).rejects.toThrow(ChannelError);
        await expect(channel.put(numbered(2, 4))).rejects.toThrow('ChannelFullException');
        await channel.put(numbered(2, 3));
        expect(await takeAll(channel)).toEqual(names(0, 3));
      });
    }

    if (hasTransactionCapacity) {
      it('refuses a batch that is larger than a transaction, and keeps nothing of it', async () => {
        const channel = await open({ capacity: 10, transactionCapacity: 2, keepAliveSeconds: 0 });
        await expect(channel.put(numbered(0, 3))).rejects.toThrow('more than its transactionCapacity 2');
        expect(channel.size()).toBe(0);
        await channel.put(numbered(0, 2));
        await channel.put(numbered(2, 4));
        expect((await channel.take(50, 0))?.batch.count).toBe(2);
      });
    }
  });
}
