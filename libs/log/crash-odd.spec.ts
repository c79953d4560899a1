import { cutPower } from './testing/crash-run.js';

/** Half of the power cuts: two files, so that two workers of the test runner share them. */
const cuts = Number(process.env['CRASHES'] ?? 2_000) / 2;

test(`odd seeds: a power cut loses nothing acknowledged and changes nothing seen, in ${cuts} cuts`, async () => {
  const figures = await cutPower(cuts, { first: 1, step: 2 });
  expect(figures.cuts).toBeGreaterThanOrEqual(cuts);
  expect(figures.acknowledged).toBeGreaterThan(cuts);
}, 240_000);
