import { cutPower } from '#log/testing/crash-run';
import { flipBits } from '#log/testing/bit-flips';

const cuts = Number(process.env['CRASHES'] ?? 1_000_000);
const bitStep = Number(process.env['BIT_STEP'] ?? 1);
/** Beyond those of `npm test`. */
const firstSeed = 1_000_000;

test(
  `${cuts} power cuts lose nothing acknowledged and change nothing seen`,
  async () => {
    const figures = await cutPower(cuts, { first: firstSeed, step: 1 });
    process.stderr.write(`power cuts: ${JSON.stringify(figures)}\n`);
    expect(figures.cuts).toBeGreaterThanOrEqual(cuts);
  },
  180 * 60_000,
);

test(
  'every flipped bit of a segment is noticed',
  async () => {
    const flips = await flipBits('.log', bitStep);
    process.stderr.write(`flipped bits: ${flips}, all noticed\n`);
    expect(flips).toBeGreaterThan(100_000 / bitStep);
  },
  60 * 60_000,
);
