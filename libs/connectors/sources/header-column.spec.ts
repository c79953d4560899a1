import { HeaderColumnBuilder, HeaderColumnsBuilder } from './header-column.js';

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
