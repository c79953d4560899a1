/** What channels with Flume's pair of limits refuse, and how they say it. Flume's exception is named, so that its users find it. */
import type { ComponentRemark } from '#pipeline/collector';
import { ChannelError, pipelineErrors } from '#pipeline/errors';
import type { EventBatch } from '#pipeline/event-batch';
import type { CapacityGate } from './capacity-gate.js';

/** Throws where a batch would never fit into one transaction. */
export function checkTransaction(name: string, batch: EventBatch, transactionCapacity: number): void {
  if (batch.count <= transactionCapacity) return;
  throw new ChannelError(
    pipelineErrors.channelFull,
    `Channel ${name}: a batch of ${batch.count} events is more than its transactionCapacity ${transactionCapacity} (ChannelException: put queue full). Raise transactionCapacity, or lower the batch size of the source.`,
  );
}

interface FullChannel {
  /** Did not fit. */
  readonly batch: EventBatch;
  readonly gate: CapacityGate;
  readonly capacity: number;
  readonly waitedMs: number;
}

export function channelFull(name: string, { batch, gate, capacity, waitedMs }: FullChannel): ChannelError {
  const bytes = gate.bytes > 0 ? ` and ${gate.bytes} bytes` : '';
  return new ChannelError(
    pipelineErrors.channelFull,
    `Channel ${name} is full (ChannelFullException): ${gate.events} of ${capacity} events${bytes}, and no room for ${batch.count} more in ${waitedMs} ms. Its sinks are slower than its sources, or the capacity is too small.`,
  );
}

export function throwClosed(name: string): never {
  throw new ChannelError(pipelineErrors.channelClosed, `Channel ${name} is closed.`);
}

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
