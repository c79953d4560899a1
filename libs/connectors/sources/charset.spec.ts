import { checkOutputCharset, findCharset, requireCharset, withByteOrder } from './charset.js';

test.each([
  ['utf-8', 'UTF-8'],
  ['UTF8', 'UTF-8'],
  ['ISO8859_1', 'ISO-8859-1'],
  ['latin1', 'ISO-8859-1'],
  ['ASCII', 'US-ASCII'],
  ['Cp1252', 'windows-1252'],
  ['Shift_JIS', 'shift_jis'],
  ['UnicodeBigUnmarked', undefined],
])('%s is %s', (name, found) => {
  expect(findCharset(name)?.name).toBe(found);
});

test.each([
  ['US-ASCII', [0x61, 0xe9, 0x62], 'a\ufffdb', 'ab'],
  ['UTF-8', [0x61, 0xc3, 0x62, 0xef, 0xbf, 0xbd], 'a\ufffdb\ufffd', 'ab\ufffd'],
  ['UTF-16BE', [0, 0x61, 0xd8, 0, 0, 0x62], 'a\ufffdb', 'ab'],
  ['UTF-32BE', [0, 0, 0, 0x61, 0x7f, 0, 0, 0], 'a\ufffd', 'a'],
  ['shift_jis', [0x61, 0x81], 'a\ufffd', 'a'],
])('malformed %s fails, is replaced, or is left out', (name, bytes, replaced, ignored) => {
  const charset = requireCharset(name);
  expect(() => charset.decode(Buffer.from(bytes), 'FAIL')).toThrow(`bytes that are no ${charset.name}`);
  expect(charset.decode(Buffer.from(bytes), 'REPLACE')).toBe(replaced);
  expect(charset.decode(Buffer.from(bytes), 'IGNORE')).toBe(ignored);
});

test.each([
  ['UTF-8', 'aö€🚀', [1, 3, 6, 6, 10]],
  ['UTF-16LE', 'aö€🚀', [2, 4, 6, 6, 10]],
  ['UTF-32BE', 'aö€', [4, 8, 12]],
  ['ISO-8859-1', 'aö', [1, 2]],
])('%s tells how many bytes hold the first characters, and cuts none', (name, text, expected) => {
  const charset = requireCharset(name);
  const bytes = charset.encode?.(text) ?? Buffer.alloc(0);
  expect(expected.map((_, index) => charset.bytesOfChars(bytes, index + 1))).toEqual(expected);
});

test('characters of two bytes are not cut in a charset of the runtime', () => {
  const bytes = Buffer.from([0x82, 0xa0, 0x82, 0xa2, 0x61]);
  expect([1, 2, 3].map((chars) => requireCharset('Shift_JIS').bytesOfChars(bytes, chars))).toEqual([2, 4, 5]);
});

test('a character that a charset lacks is written as a question mark', () => {
  expect(requireCharset('US-ASCII').encode?.('aö🚀')).toEqual(Buffer.from('a??'));
  expect(requireCharset('ISO-8859-1').encode?.('aö🚀')).toEqual(Buffer.from('aö?', 'latin1'));
});

test('the byte order is told by the mark, and is big-endian without one', () => {
  const named = (name: string, bytes: number[]): [string, number] => {
    const { charset, markBytes } = withByteOrder(requireCharset(name), Buffer.from(bytes));
    return [charset.name, markBytes];
  };
  expect(named('UTF-16', [0xff, 0xfe, 0x61, 0])).toEqual(['UTF-16LE', 2]);
  expect(named('UTF-16', [0xfe, 0xff, 0, 0x61])).toEqual(['UTF-16BE', 2]);
  expect(named('UTF-16', [0, 0x61])).toEqual(['UTF-16BE', 0]);
  expect(named('UTF-32', [0xff, 0xfe, 0, 0])).toEqual(['UTF-32LE', 4]);
  expect(named('UTF-8', [0xef, 0xbb, 0xbf])).toEqual(['UTF-8', 0]);
});

test('what can only be read is refused for writing', () => {
  expect(checkOutputCharset('windows-1252')).toContain('must be one of');
  expect(checkOutputCharset('UTF-8')).toBe(null);
});
