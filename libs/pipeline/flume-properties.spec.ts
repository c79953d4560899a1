import { describe, expect, it } from '@jest/globals';
import { decodeProperties, parseProperties } from './flume-properties.js';

const pairs = (text: string) => parseProperties(text, 'f').entries.map(({ key, value, line }) => [key, value, line]);

describe('properties syntax', () => {
  it.each([
    ['a=b', 'a', 'b'],
    ['a = b ', 'a', 'b '],
    ['a:b', 'a', 'b'],
    ['a b c', 'a', 'b c'],
    ['a  =  b=c', 'a', 'b=c'],
    ['a', 'a', ''],
    ['  \ta=b', 'a', 'b'],
    ['a\\=b=c', 'a=b', 'c'],
    ['a\\ b\\:c = d', 'a b:c', 'd'],
    ['regex=^\\\\d+\\.\\\\w', 'regex', '^\\d+.\\w'],
    ['a=\\u00e4\\t\\n\\q', 'a', 'ä\t\nq'],
    ['a=b#c', 'a', 'b#c'],
    ['=b', '', 'b'],
  ])('%j is %j → %j', (text, key, value) => {
    expect(pairs(text)).toEqual([[key, value, 1]]);
  });

  it('joins continued lines without the blanks that begin them, and numbers them by the first', () => {
    expect(pairs('a = one \\\n    two\\\r\n\tthree\nb=1\\\\\nc=2')).toEqual([
      ['a', 'one twothree', 1],
      ['b', '1\\', 4],
      ['c', '2', 5],
    ]);
  });

  it('skips blank lines and comments, which do not continue', () => {
    expect(pairs('# a\\\n! b\n\n   # c\nd=e')).toEqual([['d', 'e', 5]]);
  });

  it('ends a continuation at the end of the file', () => {
    expect(pairs('a=b\\')).toEqual([['a', 'b', 1]]);
  });

  it('keeps every entry of a key, and names malformed escapes', () => {
    expect(pairs('a=1\na=2')).toEqual([
      ['a', '1', 1],
      ['a', '2', 2],
    ]);
    expect(parseProperties('a=1\nb=\\u00g0', 'f').malformed).toEqual([{ file: 'f', line: 2 }]);
  });

  it('reads UTF-8, and ISO-8859-1 where a file is not UTF-8', () => {
    expect(decodeProperties(Buffer.from('ä', 'utf8'))).toBe('ä');
    expect(decodeProperties(Buffer.from('ä', 'latin1'))).toBe('ä');
  });
});
