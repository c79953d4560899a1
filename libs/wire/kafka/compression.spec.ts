import { gzipSync } from 'node:zlib';
import { compressFrameSync } from 'lz4-napi';
import fc from 'fast-check';
import snappy from 'snappy';
import { compress, inflate } from './compression.js';
import { WireError } from './errors.js';
import { codecs } from './record-batch.js';

const compressing = codecs.filter((codec) => codec !== 'none');
const zeros = Buffer.alloc(4 << 20);

describe('compression', () => {
  it.each(codecs)('%s gives back what it was given', (codec) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100_000 }), (bytes) => {
        expect(inflate(codec, compress(codec, Buffer.from(bytes))).equals(bytes)).toBe(true);
      }),
      { numRuns: 20 },
    );
    expect(inflate(codec, compress(codec, zeros)).equals(zeros)).toBe(true);
  });

  it.each(compressing)('%s is not inflated past the limit, and just up to it', (codec) => {
    const bytes = compress(codec, zeros);
    expect(inflate(codec, bytes, zeros.length).length).toBe(zeros.length);
    expect(() => inflate(codec, bytes, zeros.length - 1)).toThrow(`more than ${zeros.length - 1} bytes`);
  });

  it.each(compressing)('%s that is cut or damaged gives a WireError or bytes within the limit', (codec) => {
    const whole = compress(codec, Buffer.from('a line of a log, again and again; '.repeat(400)));
    fc.assert(
      fc.property(
        fc.nat(whole.length - 1),
        fc.nat(whole.length - 1),
        fc.integer({ min: 1, max: 255 }),
        (cut, at, flip) => {
          expectWithin(() => inflate(codec, whole.subarray(0, cut), 1 << 20), 1 << 20);
          const damaged = Buffer.from(whole);
          damaged[at] = (damaged[at] ?? 0) ^ flip;
          expectWithin(() => inflate(codec, damaged, 1 << 20), 1 << 20);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('reads snappy without its framing, as some clients send it', () => {
    const bytes = Buffer.from('raw '.repeat(100));
    expect(inflate('snappy', snappy.compressSync(bytes))).toEqual(bytes);
  });

  it('makes no room for what a few bytes of snappy claim', () => {
    expect(() => inflate('snappy', Buffer.from('808080100000', 'hex'))).toThrow(WireError);
  });

  it('counts an lz4 frame with checksums', () => {
    const bytes = Buffer.from('checked '.repeat(100_000));
    const frame = compressFrameSync(bytes, { contentChecksum: true, blockChecksums: true });
    expect(inflate('lz4', frame, bytes.length).equals(bytes)).toBe(true);
    expect(() => inflate('lz4', frame, bytes.length - 1)).toThrow(WireError);
  });

  it('reads gzip in several members', () => {
    const parts = [Buffer.from('one'), Buffer.from('two')];
    expect(inflate('gzip', Buffer.concat(parts.map((part) => gzipSync(part))))).toEqual(Buffer.from('onetwo'));
  });
});

function expectWithin(run: () => Buffer, bytesMax: number): void {
  try {
    expect(run().length).toBeLessThanOrEqual(bytesMax);
  } catch (error) {
    expect(error).toBeInstanceOf(WireError);
  }
}
