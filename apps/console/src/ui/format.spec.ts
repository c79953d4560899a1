import { formatBytes, formatCount, formatPlural, formatRate, formatSeconds, formatShort } from './format.js';

test('numbers have their units, and what is not known is a dash', () => {
  expect([formatCount(12_345), formatCount(null), formatShort(12_345)]).toEqual(['12,345', '–', '12.3K']);
  expect([formatRate(0), formatRate(3.14), formatRate(51.4), formatRate(undefined)]).toEqual([
    '0/s',
    '3.1/s',
    '51/s',
    '–',
  ]);
  expect([formatBytes(0), formatBytes(1_023), formatBytes(1_536), formatBytes(3 * 1024 ** 3)]).toEqual([
    '0 B',
    '1023 B',
    '1.5 KiB',
    '3.0 GiB',
  ]);
  expect([formatPlural(1, 'record'), formatPlural(2, 'record')]).toEqual(['1 record', '2 records']);
});

test('durations have at most two units', () => {
  const shown = [0.02, 12, 60, 185, 7_800, 360_000].map(formatSeconds);
  expect(shown).toEqual(['20 ms', '12 s', '1 min', '3 min 5 s', '2 h 10 min', '4 d 4 h']);
});
