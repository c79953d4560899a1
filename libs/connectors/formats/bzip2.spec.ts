import { bzip2 } from './bzip2.js';
import { canonicalCodes, codeLengths } from './prefix-code.js';
import { sortedRotations } from './rotations.js';

describe('bzip2', () => {
  it('is an end mark for nothing', () => {
    expect(bzip2(Buffer.alloc(0)).toString('hex')).toBe('425a683117724538509000000000');
  });

  it('begins as the program begins: checksum, origin and bytes of the block', () => {
    // By `printf hello | bzip2 -1`; what follows are codes, of which any whole ones will do.
    const expected = '425a68313141592653591931653d00000081000244a0002';
    expect(bzip2(Buffer.from('hello')).toString('hex').slice(0, expected.length)).toBe(expected);
  });
});

describe('the order of rotations', () => {
  it.each(['banana', 'abab', 'aaaa', 'a', 'mississippi', '\u0000\u00ff\u0000'])(
    'of %j is that of their bytes',
    (text) => {
      const bytes = Buffer.from(text, 'latin1');
      const rotation = (from: number): string => text.slice(from) + text.slice(0, from);
      const found = [...sortedRotations(bytes)].map(rotation);
      expect(found).toEqual(Array.from({ length: text.length }, (_, from) => rotation(from)).toSorted());
    },
  );
});

describe('a prefix code', () => {
  it('is short for what comes often, and whole', () => {
    const lengths = codeLengths([1000, 10, 10, 0, 1], 17);
    expect(lengths[0]).toBe(1);
    expect([...lengths].reduce((sum, length) => sum + 2 ** -length, 0)).toBe(1);
    expect(new Set(canonicalCodes(lengths)).size).toBe(5);
  });

  it('keeps to its longest length', () => {
    const frequencies = Array.from({ length: 30 }, (_, symbol) => 2 ** symbol);
    expect(Math.max(...codeLengths(frequencies, 17))).toBeLessThanOrEqual(17);
  });
});
