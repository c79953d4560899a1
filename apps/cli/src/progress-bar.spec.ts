import { durationText, progressText } from './progress-bar.js';

const half = { done: 500, total: 1000, unit: 'records', rate: 100, etaSeconds: 5 };

describe('progressText', () => {
  it.each([
    ['without a bar', half, 0, ' 50 %  500 of 1000 records  100/s  5 s left'],
    ['a bar where there is room', half, 63, '[########........]  50 %  500 of 1000 records  100/s  5 s left'],
    ['a count where the total is not known', { ...half, total: null, etaSeconds: null }, 80, '500 records  100/s'],
    ['nothing to do is done', { ...half, done: 0, total: 0, rate: 0, etaSeconds: null }, 0, '100 %  0 of 0 records'],
  ])('is %s', (_case, progress, width, text) => {
    expect(progressText(progress, width)).toBe(text);
  });
});

it('durationText has at most two units', () => {
  expect([0.4, 59, 61, 3_600, 7_320].map(durationText)).toEqual(['0 s', '59 s', '1 min 1 s', '1 h 0 min', '2 h 2 min']);
});
