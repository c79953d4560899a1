import { lineDiff } from './manifest.js';

describe('lineDiff', () => {
  it.each([
    ['nothing for equal texts', 'a\nb', 'a\nb', []],
    [
      'what went and came, with two lines around',
      'a\nb\nc\nd\ne',
      'a\nb\nc\nD\ne',
      ['  b', '  c', '- d', '+ D', '  e'],
    ],
    ['added lines', 'a\nb', 'a\nx\nb', ['  a', '+ x', '  b']],
  ])('shows %s', (_case, before, after, lines) => {
    expect(lineDiff(before, after)).toEqual(lines);
  });
});
