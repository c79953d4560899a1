import type { ChannelTake } from '#pipeline/collector';
import { EventBatch } from '#pipeline/event-batch';
import { assert } from '#std/assert';
import { slotBytesOf } from './byte-capacity.js';
import type { CapacityGate } from './capacity-gate.js';
import type { EventQueue, QueuePart } from './event-queue.js';

/** A take of events that are in memory only: their room is free when it is committed. */
export function memoryTake(
  parts: readonly QueuePart[],
  queue: EventQueue,
  gate: CapacityGate,
  slotBytes: number,
): ChannelTake {
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
      gate.leave(batch.count, slotBytesOf(batch, slotBytes));
      return Promise.resolve();
    },
    rollback: () => {
      end();
      queue.giveBack(parts);
      return Promise.resolve();
    },
  };
}
