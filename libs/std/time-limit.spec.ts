import { TimeLimit, TimeLimitError } from './time-limit.js';

describe('a time limit', () => {
  const limit = new TimeLimit();

  it('gives what the work gives, and throws what it throws', () => {
    class Own extends Error {}
    expect(limit.run(1000, () => ({ a: 1 }))).toEqual({ a: 1 });
    expect(() =>
      limit.run(1000, () => {
        throw new Own('mine');
      }),
    ).toThrow(Own);
  });

  it('ends a regular expression that backtracks for ever, and works again afterwards', () => {
    const begun = performance.now();
    expect(() => limit.run(50, () => /^(a+)+$/.test(`${'a'.repeat(40)}!`))).toThrow(TimeLimitError);
    expect(performance.now() - begun).toBeLessThan(2000);
    expect(limit.run(1000, () => 'well')).toBe('well');
  });
});
