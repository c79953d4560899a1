import { seededRandom } from '#std/random';
import { FrameSplitter } from './frame-splitter.js';

function framed(...bodies: Buffer[]): Buffer {
  return Buffer.concat(
    bodies.flatMap((body) => {
      const size = Buffer.alloc(4);
      size.writeInt32BE(body.length);
      return [size, body];
    }),
  );
}

function split(stream: Buffer, cuts: readonly number[], frameBytesMax = 1 << 20): Buffer[] {
  const frames: Buffer[] = [];
  const splitter = new FrameSplitter(frameBytesMax);
  let at = 0;
  for (const cut of [...cuts, stream.length]) {
    splitter.push(Buffer.from(stream.subarray(at, cut)), (frame) => frames.push(frame));
    at = cut;
  }
  return frames;
}

describe('FrameSplitter', () => {
  const bodies = [Buffer.from('one'), Buffer.alloc(0), Buffer.from('three, longer'), Buffer.alloc(5000, 7)];
  const stream = framed(...bodies);

  test('gives the frames of one chunk', () => {
    expect(split(stream, [])).toEqual(bodies);
  });

  test('gives the same frames when bytes come one at a time', () => {
    expect(
      split(
        stream,
        Array.from(stream, (_, at) => at),
      ),
    ).toEqual(bodies);
  });

  test('gives the same frames wherever the stream is cut', () => {
    const random = seededRandom(11);
    for (let run = 0; run < 200; run += 1) {
      const cuts = Array.from({ length: 5 }, () => Math.floor(random.next() * stream.length)).sort((a, b) => a - b);
      expect(split(stream, cuts)).toEqual(bodies);
    }
  });

  test('copies a large frame once, whatever the number of its chunks', () => {
    const body = Buffer.alloc(8 << 20, 1);
    const large = framed(body);
    const frames: Buffer[] = [];
    const splitter = new FrameSplitter(body.length);
    for (let at = 0; at < large.length; at += 1024) {
      splitter.push(large.subarray(at, at + 1024), (frame) => frames.push(frame));
    }
    expect(frames).toHaveLength(1);
    expect(frames[0]?.equals(body)).toBe(true);
    // The memory is the frame's own, so nothing else is pinned by whoever keeps a part of it.
    expect(frames[0]?.buffer.byteLength).toBe(body.length);
  });

  test.each([-1, -2147483648, 1001, 0x474554])('refuses a size of %d where 1000 is the most', (size) => {
    const head = Buffer.alloc(8);
    head.writeInt32BE(size);
    expect(() => split(head, [], 1000)).toThrow(`announces ${size} bytes`);
  });

  test('takes a frame of exactly the largest size', () => {
    expect(split(framed(Buffer.alloc(1000)), [2, 500], 1000)).toEqual([Buffer.alloc(1000)]);
  });

  test('a frame that may not begin waits with what comes behind it, and goes on when it may', () => {
    const frames: Buffer[] = [];
    const take = (frame: Buffer) => void frames.push(frame);
    let isOpen = false;
    const splitter = new FrameSplitter(1 << 20, (size) => isOpen || size < 1000);
    const cut = framed(...bodies.slice(0, 3)).length + 100;
    splitter.push(stream.subarray(0, cut), take);
    expect(frames).toEqual(bodies.slice(0, 3));
    splitter.push(stream.subarray(cut, cut + 50), take);
    splitter.goOn(take);
    expect([splitter.deferredSize, splitter.deferredBytes]).toEqual([5000, 146]);
    isOpen = true;
    splitter.goOn(take);
    expect([splitter.deferredSize, splitter.deferredBytes]).toEqual([null, 0]);
    splitter.push(Buffer.concat([stream.subarray(cut + 50), stream]), take);
    expect(frames).toEqual([...bodies, ...bodies]);
  });
});
