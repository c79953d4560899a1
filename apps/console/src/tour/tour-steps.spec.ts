import { afterLook, tourBegun, type SinkStep } from './tour-steps.js';

const runs = (lag: number) => ({ target: 'RUNNING' as const, lag_records: lag });
const still = (lag: number) => ({ target: 'STOPPED' as const, lag_records: lag });

function played(
  looks: readonly (readonly [now: number, sink: ReturnType<typeof runs> | ReturnType<typeof still>])[],
): SinkStep {
  return looks.reduce<SinkStep>((step, [now, sink]) => afterLook(step, sink, runs(20), now), tourBegun.sink);
}

test('ten seconds of standing still and a lag that drains tick the first step', () => {
  const stopped = played([
    [0, runs(30)],
    [1_000, still(60)],
    [6_000, still(310)],
    [11_500, still(560)],
  ]);
  expect(stopped).toEqual({ phase: 'stopped', stoppedAt: 1_000, before: 60, most: 560, mostOfOther: 20 });
  const draining = afterLook(stopped, runs(580), runs(20), 12_000);
  expect(draining.phase).toBe('draining');
  expect(afterLook(draining, runs(90), runs(20), 14_000)).toMatchObject({ phase: 'done', most: 580 });
});

test('resumed too early, it begins anew', () => {
  expect(
    played([
      [0, still(60)],
      [4_000, runs(260)],
    ]),
  ).toEqual(tourBegun.sink);
});

test('stopped again while it drains, it counts from there', () => {
  expect(
    played([
      [0, still(60)],
      [11_000, runs(600)],
      [12_000, still(500)],
    ]),
  ).toMatchObject({
    phase: 'stopped',
    stoppedAt: 12_000,
  });
});

test('a look that changes nothing leaves the same object', () => {
  expect(afterLook(tourBegun.sink, runs(10), undefined, 5)).toBe(tourBegun.sink);
  const stopped = played([[0, still(60)]]);
  expect(afterLook(stopped, still(40), runs(5), 100)).toBe(stopped);
});
