import type { Channel, ChannelTake, ComponentContext, ComponentType } from '#pipeline/collector';
import type { EventBatch } from '#pipeline/event-batch';
import { messageOf } from '#std/errors';
import { slotBytesOf } from '../byte-capacity.js';
import { CapacityGate } from '../capacity-gate.js';
import { channelFull, checkTransaction, throwClosed } from '../channel-limits.js';
import { EventQueue } from '../event-queue.js';
import { FileChannel } from '../file/file-channel.js';
import { memoryTake } from '../memory-take.js';
import { DrainOrder, type Run } from './drain-order.js';
import {
  checkSpillableChannel,
  readSpillableOptions,
  spillableChannelOptions,
  type SpillableChannelSettings,
} from './spillable-channel-options.js';

/**
 * Events in memory while there is room, and in files (a file channel of its own) beyond that; they are taken in the order in which
 * they were put, whichever store has them. A put that finds no room in memory waits `overflowTimeout`; from then on puts go to the
 * files at once, until enough of the memory is free again.
 *
 * What is in memory is lost with the process. A clean stop moves it into the files, behind what is there.
 */
export class SpillableChannel implements Channel {
  private running: RunningSpillableChannel | null = null;

  constructor(
    private readonly name: string,
    private readonly settings: SpillableChannelSettings,
  ) {}

  get capacity(): number {
    const { memoryCapacity, overflow } = this.settings;
    return memoryCapacity + (overflow?.capacity ?? 0);
  }

  /** With files nothing is lost at a clean stop. */
  get volatile(): boolean {
    return this.settings.overflow === null;
  }

  async start(context: ComponentContext): Promise<void> {
    const { overflow } = this.settings;
    const files = overflow === null ? null : new FileChannel(this.name, overflow);
    await files?.start(context);
    this.running = new RunningSpillableChannel(this.name, this.settings, context, files);
  }

  async stop(): Promise<void> {
    const { running } = this;
    this.running = null;
    await running?.close();
  }

  async put(batch: EventBatch): Promise<void> {
    await this.checkRunning().put(batch);
  }

  async take(maxEvents: number, waitMs: number, signal?: AbortSignal): Promise<ChannelTake | null> {
    return await this.checkRunning().take({ maxEvents, waitMs, signal });
  }

  size(): number | null {
    return this.running?.size ?? null;
  }

  private checkRunning(): RunningSpillableChannel {
    return this.running ?? throwClosed(this.name);
  }
}

class RunningSpillableChannel {
  private readonly order = new DrainOrder();
  private readonly memory: EventQueue;
  private readonly gate: CapacityGate;
  private puts = 0;
  private isOverflowing = false;
  private isClosed = false;
  /** Takes look at the order one after another. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly name: string,
    private readonly settings: SpillableChannelSettings,
    private readonly context: ComponentContext,
    private readonly files: FileChannel | null,
  ) {
    const { memoryCapacity: events, memoryBytes: bytes } = settings;
    this.memory = new EventQueue(context.clock);
    this.gate = new CapacityGate(context.clock, { events, bytes });
    const left = files?.size() ?? 0;
    if (left > 0) this.order.add('overflow', left)(true);
  }

  get size(): number {
    return this.gate.events + (this.files?.size() ?? 0);
  }

  async put(batch: EventBatch): Promise<void> {
    const { transactionCapacity, overflowTimeoutMs, slotBytes } = this.settings;
    checkTransaction(this.name, batch, transactionCapacity);
    const room = {
      events: batch.count,
      bytes: slotBytesOf(batch, slotBytes),
      waitMs: this.isOverflowing ? 0 : overflowTimeoutMs,
    };
    if (room.waitMs === 0 && !this.gate.canEnter(room.events, room.bytes)) {
      await this.overflow(batch);
      return;
    }
    await this.gate.enter(
      room,
      () => this.remember(batch),
      () => this.overflow(batch),
    );
  }

  async take(wanted: { maxEvents: number; waitMs: number; signal?: AbortSignal }): Promise<ChannelTake | null> {
    if (!this.order.hasReady) await this.memory.wait(wanted.waitMs, wanted.signal);
    const result = this.turn.then(() => this.takeFirst(Math.min(wanted.maxEvents, this.settings.transactionCapacity)));
    this.turn = result.catch(() => undefined);
    return await result;
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.memory.wake();
    this.gate.giveUpWaiting();
    await this.turn;
    if (this.files === null) return;
    await this.saveMemory(this.files);
    await this.files.stop();
  }

  private remember(batch: EventBatch): Promise<void> {
    this.puts += 1;
    this.order.add('memory', batch.count)(true);
    this.memory.push({ position: this.puts, from: 0, batch });
    return Promise.resolve();
  }

  /** Called when it is decided, so that puts keep their order; resolves when the events are durable. */
  private async overflow(batch: EventBatch): Promise<void> {
    const { name, settings, gate, files } = this;
    if (this.isClosed) throwClosed(name);
    if (files === null) {
      throw channelFull(name, {
        batch,
        gate,
        capacity: settings.memoryCapacity,
        waitedMs: settings.overflowTimeoutMs,
      });
    }
    const isFirst = !this.isOverflowing;
    this.isOverflowing = true;
    const settle = this.order.add('overflow', batch.count);
    const stored = files.put(batch);
    // Puts that wait came before those that overflow from now on.
    if (isFirst) gate.giveUpWaiting();
    try {
      await stored;
      settle(true);
    } catch (error) {
      settle(false);
      throw error;
    } finally {
      this.memory.wake();
    }
  }

  private async takeFirst(maxEvents: number): Promise<ChannelTake | null> {
    if (this.isClosed) throwClosed(this.name);
    const run = this.order.take(maxEvents);
    if (run === null) return null;
    const take = run.store === 'memory' ? this.takeMemory(run) : await this.takeFiles(run);
    // The files have lost them to damage, and have said so.
    if (take === null) return null;
    const { count } = take.batch;
    this.order.giveBack({ ...run, from: run.from + count, count: run.count - count });
    const taken: Run = { ...run, count };
    return {
      batch: take.batch,
      commit: async () => {
        await take.commit();
        this.recover();
      },
      rollback: async () => {
        await take.rollback();
        this.order.giveBack(taken);
        this.memory.wake();
      },
    };
  }

  private takeMemory(run: Run): ChannelTake | null {
    const parts = this.memory.take(run.count);
    return parts.length === 0 ? null : memoryTake(parts, this.memory, this.gate, this.settings.slotBytes);
  }

  private async takeFiles(run: Run): Promise<ChannelTake | null> {
    try {
      return (await this.files?.take(run.count, 0)) ?? null;
    } catch (error) {
      this.order.giveBack(run);
      throw error;
    }
  }

  private recover(): void {
    const { memoryCapacity, freeToRecover } = this.settings;
    if (memoryCapacity > 0 && memoryCapacity - this.gate.events >= freeToRecover) this.isOverflowing = false;
  }

  private async saveMemory(files: FileChannel): Promise<void> {
    try {
      for (let parts = this.memory.take(Number.MAX_SAFE_INTEGER); parts.length > 0;) {
        for (const { batch } of parts) await files.put(batch);
        parts = this.memory.take(Number.MAX_SAFE_INTEGER);
      }
    } catch (error) {
      this.context.logger.warn(`Events in memory are lost, the files do not take them: ${messageOf(error)}`, {
        channel: this.name,
      });
    }
  }
}

export const spillableChannel: ComponentType<Channel> = {
  name: 'spillablememory',
  classNames: ['org.apache.flume.channel.SpillableMemoryChannel'],
  doc: 'Holds events in memory, and in files what has no room there. What is in memory is lost when the process dies.',
  options: spillableChannelOptions,
  check: checkSpillableChannel,
  create: ({ name, options }) => new SpillableChannel(name, readSpillableOptions(`channel ${name}`, options)),
};
