import { FrameMemory } from './frame-memory.js';

describe('FrameMemory', () => {
  it('uses memory again that was given back, for a frame of about that size', () => {
    const memory = new FrameMemory();
    const first = memory.take(5000);
    memory.giveBack(first);
    expect(memory.take(20_000).buffer).not.toBe(first.buffer);
    const second = memory.take(7000);
    expect(second.buffer).toBe(first.buffer);
    expect(second.length).toBe(7000);
  });

  it('takes a frame back once, and nothing that is not its own', () => {
    const memory = new FrameMemory();
    const frame = memory.take(5000);
    memory.giveBack(frame);
    memory.giveBack(frame);
    memory.giveBack(Buffer.alloc(4096));
    expect(memory.take(5000).buffer).not.toBe(memory.take(5000).buffer);
    expect(memory.take(4096).buffer.byteLength).toBe(4096);
  });

  it('keeps no more than its bound', () => {
    const memory = new FrameMemory();
    const frames = Array.from({ length: 20 }, () => memory.take(2 * 1024 * 1024));
    for (const frame of frames) memory.giveBack(frame);
    const again = Array.from({ length: 20 }, () => memory.take(2 * 1024 * 1024));
    expect(again.filter(({ buffer }) => frames.some((frame) => frame.buffer === buffer))).toHaveLength(8);
  });
});
