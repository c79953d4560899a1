import { flipBits } from './testing/bit-flips.js';

/** Of records, a bit in so many, which visits each place of a byte in turn; the long run visits every one. */
const bitStep = Number(process.env['BIT_STEP'] ?? 37);

describe('A flipped bit', () => {
  it.each([
    ['.log', bitStep],
    ['.index', 1],
    ['.timeindex', 1],
    ['.snapshot', 1],
    ['partition.metadata', 1],
    ['checkpoint', 1],
  ])(
    'in any place of a file %s serves no wrong byte and removes no file',
    async (ending, step) => {
      expect(await flipBits(ending, step)).toBeGreaterThan(300);
    },
    600_000,
  );
});
