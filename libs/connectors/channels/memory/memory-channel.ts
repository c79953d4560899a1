import { defineOptions, requireOptions } from '#config/options';
import type { Channel, ChannelTake, ComponentContext, ComponentType } from '#pipeline/collector';
import type { EventBatch } from '#pipeline/event-batch';
import { byteCapacityOptions, byteLimitOf, slotBytesOf } from '../byte-capacity.js';
import { CapacityGate } from '../capacity-gate.js';
import { channelFull, checkCapacities, checkTransaction, throwClosed } from '../channel-limits.js';
import { EventQueue } from '../event-queue.js';
import { memoryTake } from '../memory-take.js';

export const memoryChannelOptions = defineOptions({
  capacity: { type: 'int', default: 100, min: 1, unit: 'events', doc: 'Events held at most.' },
  transactionCapacity: {
    type: 'int',
    default: 100,
    min: 1,
    unit: 'events',
    doc: 'Events in one put or take at most; not more than `capacity`.',
  },
  'keep-alive': {
    type: 'int',
    default: 3,
    min: 0,
    unit: 's',
    doc: 'How long a put waits for room before it is refused.',
  },
  ...byteCapacityOptions,
});

/** Every body counts as a multiple of this, bytes, an empty one as one, as in Flume: what an event costs beside it is in that. */
const byteSlotBytes = 100;

export interface MemorySettings {
  readonly capacity: number;
  readonly transactionCapacity: number;
  readonly keepAliveMs: number;
  readonly byteLimit: number;
  /** A batch that is larger than the channel goes in piece by piece, without a transaction around them. */
  readonly isPutInPieces: boolean;
}

/** Events in memory: quick, and lost with the process. */
export class MemoryChannel implements Channel {
  readonly volatile = true;
  private running: { readonly queue: EventQueue; readonly gate: CapacityGate } | null = null;
  private puts = 0;

  constructor(
    private readonly name: string,
    private readonly settings: MemorySettings,
  ) {}

  get capacity(): number {
    return this.settings.capacity;
  }

  start(context: ComponentContext): Promise<void> {
    const { capacity: events, byteLimit: bytes } = this.settings;
    this.running = { queue: new EventQueue(context.clock), gate: new CapacityGate(context.clock, { events, bytes }) };
    return Promise.resolve();
  }

  stop(): Promise<void> {
    const { running } = this;
    this.running = null;
    running?.queue.wake();
    running?.gate.giveUpWaiting();
    return Promise.resolve();
  }

  async put(batch: EventBatch): Promise<void> {
    const { capacity, transactionCapacity, isPutInPieces } = this.settings;
    if (!isPutInPieces) {
      checkTransaction(this.name, batch, transactionCapacity);
      await this.putWhole(batch);
      return;
    }
    for (let from = 0; from < batch.count; from += capacity) {
      await this.putWhole(batch.slice(from, Math.min(batch.count, from + capacity)));
    }
  }

  async take(maxEvents: number, waitMs: number, signal?: AbortSignal): Promise<ChannelTake | null> {
    const { queue, gate } = this.checkRunning();
    if (queue.isEmpty) await queue.wait(waitMs, signal);
    const parts = queue.take(Math.min(maxEvents, this.settings.transactionCapacity));
    return parts.length === 0 ? null : memoryTake(parts, queue, gate, byteSlotBytes);
  }

  size(): number | null {
    return this.running?.gate.events ?? null;
  }

  private async putWhole(batch: EventBatch): Promise<void> {
    const { queue, gate } = this.checkRunning();
    const { keepAliveMs } = this.settings;
    const room = { events: batch.count, bytes: slotBytesOf(batch, byteSlotBytes), waitMs: keepAliveMs };
    const isIn = await gate.enter(room, () => {
      this.puts += 1;
      queue.push({ position: this.puts, from: 0, batch });
      return Promise.resolve(true);
    });
    if (isIn === true) return;
    this.checkRunning();
    throw channelFull(this.name, { batch, gate, capacity: this.capacity, waitedMs: keepAliveMs });
  }

  private checkRunning(): { readonly queue: EventQueue; readonly gate: CapacityGate } {
    return this.running ?? throwClosed(this.name);
  }
}

function readMemoryOptions(name: string, options: Readonly<Record<string, string>>): MemorySettings {
  const values = requireOptions(`channel ${name}`, memoryChannelOptions, options);
  return {
    capacity: values.capacity,
    transactionCapacity: values.transactionCapacity,
    keepAliveMs: values['keep-alive'] * 1000,
    byteLimit: byteLimitOf(values, byteSlotBytes),
    isPutInPieces: false,
  };
}

export const memoryChannel: ComponentType<Channel> = {
  name: 'memory',
  classNames: ['org.apache.flume.channel.MemoryChannel'],
  doc: 'Holds events in memory. Quick; what it holds is lost with the process.',
  options: memoryChannelOptions,
  check: (options) => checkCapacities(requireOptions('memory channel', memoryChannelOptions, options)),
  create: ({ name, options }) => new MemoryChannel(name, readMemoryOptions(name, options)),
};
