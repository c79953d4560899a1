import { describe, expect, it } from '@jest/globals';
import { EventBatch } from '#pipeline/event-batch';
import { systemClock } from '#std/clock';
import { CapacityGate } from './capacity-gate.js';
import { EventQueue } from './event-queue.js';

const chunkBytes = 1024 * 1024;

/** `count` bodies of 10 bytes out of one chunk. */
function cut(chunk: Buffer, first: number, count: number): EventBatch {
  const starts = Int32Array.from({ length: count }, (_, index) => (first + index) * 10);
  return new EventBatch(
    chunk,
    starts,
    starts.map((start) => start + 10),
  );
}

const memoriesOf = (queue: EventQueue) => queue.take(1_000_000).map((part) => part.batch.bytes.buffer.byteLength);

describe('event queue', () => {
  it('leaves batches of a chunk where they are while the chunk is well used', () => {
    const queue = new EventQueue(systemClock);
    const chunk = Buffer.allocUnsafeSlow(chunkBytes);
    for (let position = 0; position < 10; position += 1)
      queue.push({ position, from: 0, batch: cut(chunk, position * 10_000, 10_000) });
    queue.push({ position: 10, from: 0, batch: cut(Buffer.allocUnsafeSlow(100), 0, 10) });
    expect(memoriesOf(queue)).toEqual([...Array.from({ length: 10 }, () => chunkBytes), 100]);
  });

  it('lets go of a chunk of which it holds little, when the next one begins', () => {
    const queue = new EventQueue(systemClock);
    for (let position = 0; position < 3; position += 1) {
      queue.push({ position, from: 0, batch: cut(Buffer.allocUnsafeSlow(chunkBytes), 5, 2) });
    }
    expect(memoriesOf(queue)).toEqual([20, 20, chunkBytes]);
    expect(queue.bytes).toBe(0);
  });

  it('keeps a take to a few MiB unless one put is larger', () => {
    const queue = new EventQueue(systemClock);
    for (let position = 0; position < 5; position += 1) {
      queue.push({ position, from: 0, batch: EventBatch.of([{ body: Buffer.alloc(3 * chunkBytes) }]) });
    }
    expect(queue.take(10)).toHaveLength(1);
    expect(queue.bytes).toBe(12 * chunkBytes);
  });

  it('puts parts back in their order, also parts of one put', () => {
    const queue = new EventQueue(systemClock);
    const chunk = Buffer.from('0123456789'.repeat(10));
    queue.push({ position: 7, from: 0, batch: cut(chunk, 0, 4) });
    queue.push({ position: 9, from: 0, batch: cut(chunk, 4, 2) });
    const first = queue.take(1);
    const second = queue.take(2);
    queue.giveBack(first);
    queue.giveBack(second);
    expect(queue.head).toBe(7);
    expect(queue.take(10).map((part) => [part.position, part.from, part.batch.count])).toEqual([
      [7, 0, 1],
      [7, 1, 2],
      [7, 3, 1],
      [9, 0, 2],
    ]);
  });
});

describe('capacity gate', () => {
  it('lets nobody overtake one that waits, and admits in order', async () => {
    const gate = new CapacityGate(systemClock, { events: 10, bytes: 1000 });
    const order: string[] = [];
    const enter = (name: string, events: number, waitMs = 5000) =>
      gate.enter({ events, bytes: 0, waitMs }, () => {
        order.push(name);
        return Promise.resolve(name);
      });
    await enter('a', 8);
    const large = enter('large', 5);
    const small = enter('small', 1);
    expect(order).toEqual(['a']);
    gate.leave(8, 0);
    await Promise.all([large, small]);
    expect(order).toEqual(['a', 'large', 'small']);
    expect(gate.events).toBe(6);
  });

  it('turns away one that waited too long, and lets those behind it in', async () => {
    const gate = new CapacityGate(systemClock, { events: 10, bytes: 1000 });
    await gate.enter({ events: 8, bytes: 0, waitMs: 0 }, () => Promise.resolve(true));
    const large = gate.enter({ events: 5, bytes: 0, waitMs: 20 }, () => Promise.resolve(true));
    const small = gate.enter({ events: 1, bytes: 0, waitMs: 5000 }, () => Promise.resolve(true));
    expect(await large).toBeNull();
    expect(await small).toBe(true);
  });

  it('takes one batch that is larger than its bytes when it is empty', async () => {
    const gate = new CapacityGate(systemClock, { events: 10, bytes: 5 });
    expect(await gate.enter({ events: 1, bytes: 50, waitMs: 0 }, () => Promise.resolve(true))).toBe(true);
    expect(await gate.enter({ events: 1, bytes: 1, waitMs: 0 }, () => Promise.resolve(true))).toBeNull();
  });
});
