import { defineOptions, requireOptions } from '#config/options';
import type { Channel, ChannelTake, ComponentContext, ComponentRemark, ComponentType } from '#pipeline/collector';
import { ChannelError, pipelineErrors } from '#pipeline/errors';
import { EventBatch } from '#pipeline/event-batch';
import { assert } from '#std/assert';
import { CapacityGate } from '../capacity-gate.js';
import { EventQueue } from '../event-queue.js';

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
  byteCapacity: {
    type: 'long',
    default: 268435456,
    min: 0,
    unit: 'bytes',
    doc: 'Bytes of bodies held at most; 0 is no limit. Flume takes 80 % of its Java heap.',
  },
  byteCapacityBufferPercentage: {
    type: 'int',
    default: 20,
    min: 0,
    max: 99,
    doc: 'Part of `byteCapacity` left free for headers, in percent.',
  },
});

/** Events in memory: quick, and lost with the process. */
export class MemoryChannel implements Channel {
  readonly volatile = true;
  private running: { readonly queue: EventQueue; readonly gate: CapacityGate } | null = null;
  private puts = 0;

  constructor(
    private readonly name: string,
    private readonly options: ReturnType<typeof readMemoryOptions>,
  ) {}

  get capacity(): number {
    return this.options.capacity;
  }

  start(context: ComponentContext): Promise<void> {
    const { capacity: events, byteLimit: bytes } = this.options;
    this.running = { queue: new EventQueue(context.clock), gate: new CapacityGate(context.clock, { events, bytes }) };
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.running?.queue.wake();
    this.running = null;
    return Promise.resolve();
  }

  async put(batch: EventBatch): Promise<void> {
    const { queue, gate } = this.checkRunning();
    const { transactionCapacity, keepAliveMs } = this.options;
    if (batch.count > transactionCapacity) {
      throw new ChannelError(
        pipelineErrors.channelFull,
        `Channel ${this.name}: a batch of ${batch.count} events is more than its transactionCapacity ${transactionCapacity}.`,
      );
    }
    const room = { events: batch.count, bytes: batch.bodyBytes, waitMs: keepAliveMs };
    const isIn = await gate.enter(room, () => {
      this.puts += 1;
      queue.push({ position: this.puts, from: 0, batch });
      return Promise.resolve(true);
    });
    if (isIn === true) return;
    throw new ChannelError(
      pipelineErrors.channelFull,
      `Channel ${this.name} is full: ${gate.events} of ${this.capacity} events and ${gate.bytes} bytes, and no room for ${batch.count} more in ${keepAliveMs} ms. Its sinks are slower than its sources, or the capacity is too small.`,
    );
  }

  async take(maxEvents: number, waitMs: number, signal?: AbortSignal): Promise<ChannelTake | null> {
    const { queue, gate } = this.checkRunning();
    if (queue.isEmpty) await queue.wait(waitMs, signal);
    const parts = queue.take(Math.min(maxEvents, this.options.transactionCapacity));
    if (parts.length === 0) return null;
    const batch = EventBatch.join(parts.map((part) => part.batch));
    let isOpen = true;
    const end = (): void => {
      assert(isOpen, 'a take ends once');
      isOpen = false;
    };
    return {
      batch,
      commit: () => {
        end();
        gate.leave(
          batch.count,
          parts.reduce((total, part) => total + part.batch.bodyBytes, 0),
        );
        return Promise.resolve();
      },
      rollback: () => {
        end();
        queue.giveBack(parts);
        return Promise.resolve();
      },
    };
  }

  size(): number | null {
    return this.running?.gate.events ?? null;
  }

  private checkRunning(): { readonly queue: EventQueue; readonly gate: CapacityGate } {
    if (this.running !== null) return this.running;
    throw new ChannelError(pipelineErrors.channelClosed, `Channel ${this.name} is closed.`);
  }
}

function readMemoryOptions(name: string, options: Readonly<Record<string, string>>) {
  const values = requireOptions(`channel ${name}`, memoryChannelOptions, options);
  const usable = Math.floor(values.byteCapacity * (1 - values.byteCapacityBufferPercentage / 100));
  return {
    capacity: values.capacity,
    transactionCapacity: values.transactionCapacity,
    keepAliveMs: values['keep-alive'] * 1000,
    byteLimit: usable === 0 ? Number.MAX_SAFE_INTEGER : usable,
  };
}

/** Shared by channels with Flume's pair of limits. */
export function checkCapacities(values: { capacity: number; transactionCapacity: number }): ComponentRemark[] {
  if (values.transactionCapacity <= values.capacity) return [];
  return [
    {
      severity: 'error',
      option: 'transactionCapacity',
      message: `transactionCapacity ${values.transactionCapacity} is more than capacity ${values.capacity}.`,
    },
  ];
}

export const memoryChannel: ComponentType<Channel> = {
  name: 'memory',
  classNames: ['org.apache.flume.channel.MemoryChannel'],
  doc: 'Holds events in memory. Quick; what it holds is lost with the process.',
  options: memoryChannelOptions,
  check: (options) => checkCapacities(requireOptions('memory channel', memoryChannelOptions, options)),
  create: ({ name, options }) => new MemoryChannel(name, readMemoryOptions(name, options)),
};
