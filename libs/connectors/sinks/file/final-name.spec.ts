import { formatFinalName, parseFinalName, type FinalName } from './final-name.js';

const plain: FinalName = {
  prefix: '',
  topic: 'orders.v1',
  partition: 7,
  firstOffset: 0,
  lastOffset: 42,
  extension: '.seq',
};

describe('final names', () => {
  it.each<[string, Partial<FinalName>, number]>([
    ['orders.v1+7+0000000000+0000000042.seq', {}, 10],
    ['orders.v1+7+0+42.seq', {}, 0],
    ['web+orders.v1+7+00+42.json.gz', { prefix: 'web', extension: '.json.gz' }, 2],
    ['a+b+1+orders.v1+7+00+42', { prefix: 'a+b+1', extension: '' }, 2],
    ['orders.v1+7+00+12345678901.seq', { lastOffset: 12_345_678_901 }, 2],
  ])('%s reads as it was written', (text, change, padWidth) => {
    const name = { ...plain, ...change };
    expect(formatFinalName(name, padWidth)).toBe(text);
    expect(parseFinalName(text)).toEqual(name);
  });

  it.each(['part-00000', 'orders+7+1.seq', '_SUCCESS', '+7+1+2', ''])('%j is none', (text) => {
    expect(parseFinalName(text)).toBeNull();
  });
});
