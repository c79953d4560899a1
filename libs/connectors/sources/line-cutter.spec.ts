import { cutLines } from './line-cutter.js';

const cut = (text: string, linesMax = 100, strip = true): { lines: string[]; next: number } => {
  const bytes = Buffer.from(text);
  const { starts, ends, next } = cutLines(bytes, { from: 0, to: bytes.length }, linesMax, strip);
  return { lines: Array.from(starts, (start, index) => bytes.toString('utf8', start, ends[index])), next };
};

test.each([
  ['', [], 0],
  ['no end', [], 0],
  ['a\n', ['a'], 2],
  ['a\nb', ['a'], 2],
  ['\n\n', ['', ''], 2],
  ['a\r\nb\r\n', ['a', 'b'], 6],
  ['a\r\r\n', ['a\r'], 4],
])('%j gives %j and leaves what follows %i', (text, lines, next) => {
  expect(cut(text)).toEqual({ lines, next });
});

test('no more lines than asked for, any number of short ones, and the carriage return stays when told', () => {
  expect(cut('a\nb\nc\n', 2)).toEqual({ lines: ['a', 'b'], next: 4 });
  expect(cut('\n'.repeat(5000), 10_000).lines).toHaveLength(5000);
  expect(cut('a\r\n', 10, false).lines).toEqual(['a\r']);
});
