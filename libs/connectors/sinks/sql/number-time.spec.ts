import { timeOfNumber } from './number-time.js';

describe('a number as a time', () => {
  it.each([
    ['milliseconds', 1_700_000_000_123, 'seconds', '2023-11-14 22:13:20.123'],
    ['milliseconds before 1970', -1, 'seconds', '1969-12-31 23:59:59.999'],
    ['microseconds', 1_700_000_000_123_456, 'seconds', '2023-11-14 22:13:20.123456'],
    ['nanoseconds', 1_700_000_000_123_456_789n, 'seconds', '2023-11-14 22:13:20.123456'],
    ['days', 20_000, 'days', '2024-10-04 00:00:00'],
    ['milliseconds in a column of days', 1_700_000_000_000, 'days', '2023-11-14 22:13:20.000'],
    ['none', 9e23, 'seconds', null],
  ] as const)('counts %s: %s', (_what, value, unit, expected) => {
    expect(timeOfNumber(value, unit)).toBe(expected);
  });
});
