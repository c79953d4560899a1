import { HeaderColumnBuilder, HeaderColumnsBuilder, HeaderTableError } from './header-column.js';

function columnOf(count: number, ...values: [number, string][]): unknown {
  const builder = new HeaderColumnBuilder();
  for (const [index, value] of values) builder.set(index, value);
  return builder.finish(count);
}

test.each<[string, number, [number, string][], unknown]>([
  [
    'one text that all share',
    3,
    [
      [0, 'a'],
      [1, 'a'],
      [2, 'a'],
    ],
    'a',
  ],
  [
    'another text later',
    3,
    [
      [0, 'a'],
      [1, 'a'],
      [2, 'b'],
    ],
    ['a', 'a', 'b'],
  ],
  [
    'none on the first',
    3,
    [
      [1, 'a'],
      [2, 'a'],
    ],
    [null, 'a', 'a'],
  ],
  [
    'none in the middle',
    3,
    [
      [0, 'a'],
      [2, 'a'],
    ],
    ['a', null, 'a'],
  ],
  [
    'none at the end',
    3,
    [
      [0, 'a'],
      [1, 'a'],
    ],
    ['a', 'a', null],
  ],
  [
    'an event set twice',
    2,
    [
      [0, 'a'],
      [0, 'b'],
      [1, 'b'],
    ],
    ['b', 'b'],
  ],
  [
    'an event set twice to the same',
    2,
    [
      [0, 'a'],
      [0, 'a'],
      [1, 'a'],
    ],
    'a',
  ],
])('%s', (_, count, values, column) => {
  expect(columnOf(count, ...values)).toEqual(column);
});

test('columns are made by name', () => {
  const builder = new HeaderColumnsBuilder();
  builder.set('x', 0, '1');
  builder.set('y', 1, '2');
  expect([builder.names, builder.has('y'), builder.has('z')]).toEqual([2, true, false]);
  expect([...builder.finish(2)]).toEqual([
    ['x', ['1', null]],
    ['y', [null, '2']],
  ]);
});

test.each([
  [
    'each event has a name of its own',
    (builder: HeaderColumnsBuilder, index: number) => builder.set(`n${index}`, index, 'x'),
  ],
  [
    'many names come at the first event and never again',
    (builder: HeaderColumnsBuilder, index: number) => builder.set(`n${index}`, 0, 'x'),
  ],
])('a table that would be mostly empty is refused: %s', (_, add) => {
  const builder = new HeaderColumnsBuilder();
  expect(() => {
    for (let index = 0; index < 20_000; index += 1) add(builder, index);
    builder.finish(20_000);
  }).toThrow(HeaderTableError);
});

test('many events with a few headers, and few with many, are well', () => {
  const builder = new HeaderColumnsBuilder();
  for (let index = 0; index < 300_000; index += 1) builder.set(`n${index % 5}`, index, String(index));
  expect(builder.finish(300_000).size).toBe(5);
  const wide = new HeaderColumnsBuilder();
  for (let index = 0; index < 30_000; index += 1) wide.set(`n${index}`, index % 2, 'x');
  expect(wide.finish(2).size).toBe(30_000);
});
