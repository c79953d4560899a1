import { BatchMemory } from './batch-memory.js';
import { Tail, TailCache } from './tail-cache.js';

const mebibyte = 1024 * 1024;

describe('BatchMemory', () => {
  it('gives copies that share blocks, and memory of its own to a large batch', () => {
    const memory = new BatchMemory(64 * mebibyte);
    const source = Buffer.from('abc');
    const [first, second, large] = [memory.keep(source), memory.keep(source), memory.keep(Buffer.alloc(mebibyte))];
    source.fill(0);
    expect(first.toString()).toBe('abc');
    expect(second.buffer).toBe(first.buffer);
    expect(large.buffer.byteLength).toBe(mebibyte);
    expect(large.buffer).not.toBe(first.buffer);
  });

  it('fills a block anew when no batch in it is left, and not before', () => {
    const memory = new BatchMemory(64 * mebibyte);
    const batch = Buffer.alloc(mebibyte / 4, 1);
    const old = Array.from({ length: 4 }, () => memory.keep(batch));
    const kept = memory.keep(batch);
    for (const dropped of old.slice(1)) memory.drop(dropped);
    const others = Array.from({ length: 8 }, () => memory.keep(batch));
    expect(others.map((other) => other.buffer)).not.toContain(old[0]?.buffer);
    expect(old[0]?.equals(batch)).toBe(true);
    if (old[0] !== undefined) memory.drop(old[0]);
    const reused = Array.from({ length: 4 }, () => memory.keep(batch));
    expect(reused.map((other) => other.buffer)).toContain(old[0]?.buffer);
    expect(kept.equals(batch)).toBe(true);
  });

  it('never uses again what a reader was given', () => {
    const memory = new BatchMemory(64 * mebibyte);
    const cache = new TailCache(64 * mebibyte, memory);
    const tail = new Tail();
    const batch = Buffer.alloc(1000, 7);
    const read = memory.keep(batch);
    memory.lend(read);
    cache.add(tail, { baseOffset: 0, lastOffset: 0, bytes: read });
    cache.clear(tail);
    for (let index = 0; index < 200_000; index += 1) memory.drop(memory.keep(Buffer.alloc(1000, 9)));
    expect(read.equals(batch)).toBe(true);
  });

  it('has a bound however many batches wait, and gives more memory of their own', () => {
    const memory = new BatchMemory(64 * mebibyte);
    const waiting = Array.from({ length: 600 }, () => memory.keep(Buffer.alloc(mebibyte / 4)));
    expect(memory.sizeBytes).toBe(96 * mebibyte);
    for (const batch of waiting) memory.drop(batch);
    expect(memory.sizeBytes).toBeLessThanOrEqual(5 * mebibyte);
  });

  it('stops where a batch is dropped twice', () => {
    const memory = new BatchMemory(64 * mebibyte);
    const batch = memory.keep(Buffer.alloc(10));
    memory.drop(batch);
    expect(() => memory.drop(batch)).toThrow(/dropped once/);
  });
});
