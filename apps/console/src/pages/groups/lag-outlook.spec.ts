import { secondsToZero } from './lag-outlook.js';

const seconds = (count: number): number[] => Array.from({ length: count }, (_, index) => 1_000 + index);

test('a lag that shrinks by ten a second is gone when it is through', () => {
  const at = seconds(21);
  const values = [at.map((_, index) => 1_000 - 10 * index)];
  expect(secondsToZero({ at, values })).toBe(80);
});

test('nothing is promised for a lag that grows, stands, is gone, or was seen too shortly', () => {
  const at = seconds(21);
  expect(secondsToZero({ at, values: [at.map((_, index) => 10 * index)] })).toBeNull();
  expect(secondsToZero({ at, values: [at.map(() => 5)] })).toBeNull();
  expect(secondsToZero({ at, values: [at.map((_, index) => 20 - index)] })).toBeNull();
  expect(secondsToZero({ at: seconds(3), values: [[30, 20, 10]] })).toBeNull();
});
