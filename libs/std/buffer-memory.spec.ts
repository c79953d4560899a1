import { BufferMemory } from './buffer-memory.js';

describe('BufferMemory', () => {
  it('uses memory again that was given back, for a buffer of about that size', () => {
    const memory = new BufferMemory();
    const first = memory.take(5000);
    memory.giveBack(first);
    expect(memory.take(20_000).buffer).not.toBe(first.buffer);
    const second = memory.take(6000);
    expect(second.buffer).toBe(first.buffer);
    expect(second.length).toBe(6000);
  });

  it('takes a buffer back once, and nothing that is not its own', () => {
    const memory = new BufferMemory();
    const frame = memory.take(5000);
    memory.giveBack(frame);
    memory.giveBack(frame);
    memory.giveBack(Buffer.alloc(4096));
    expect(memory.take(5000).buffer).not.toBe(memory.take(5000).buffer);
    expect(memory.take(4096).buffer.byteLength).toBe(4096);
  });

  it('keeps no more than its bound', () => {
    const memory = new BufferMemory();
    const frames = Array.from({ length: 20 }, () => memory.take(2 * 1024 * 1024));
    for (const frame of frames) memory.giveBack(frame);
    const again = Array.from({ length: 20 }, () => memory.take(2 * 1024 * 1024));
    expect(again.filter(({ buffer }) => frames.some((frame) => frame.buffer === buffer))).toHaveLength(8);
  });
});
