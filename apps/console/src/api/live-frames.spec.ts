import type { LiveFrame, LiveWorker } from '../../../admin/src/v1/events/live-rows.js';
import { merged, remember } from './live-frames.js';

function frame(rows: Record<string, number>, gone: string[] = [], full = false): LiveFrame<'workers'> {
  const worker = (tasks: number): LiveWorker => ({ kind: 'sink', state: 'ACTIVE', tasks }) as LiveWorker;
  const entries = Object.entries(rows).map(([key, tasks]) => [key, worker(tasks)]);
  return { table: 'workers', full, rows: Object.fromEntries(entries), gone, at: 1 };
}

test('frames of a table become one: the newest row stands, a row that came back is not gone', () => {
  const [one, ...others] = merged([frame({ a: 1, b: 1 }), frame({ a: 2 }, ['b']), frame({ b: 3 }, ['c'])]);
  expect(others).toEqual([]);
  expect(one).toMatchObject({ full: false, rows: { a: { tasks: 2 }, b: { tasks: 3 } }, gone: ['c'] });
});

test('what is gone is not in the rows any more', () => {
  const [one] = merged([frame({ a: 1 }), frame({}, ['a'])]);
  expect([Object.keys(one?.rows ?? {}), one?.gone]).toEqual([[], ['a']]);
});

test('a full frame stands for all before it, and what follows leaves it full', () => {
  const [one] = merged([frame({ old: 1 }), frame({ a: 1 }, [], true), frame({ b: 2 }, ['a'])]);
  expect(one).toMatchObject({ full: true, gone: ['a'] });
  expect(Object.keys(one?.rows ?? {})).toEqual(['b']);
});

test('the last sixty points of a number are kept, and those of rows that are gone are dropped', () => {
  const sparks = new Map<string, number[]>();
  for (let point = 0; point < 100; point += 1) {
    remember({ rows: new Map([['a', { rate: point }]]), sparks }, ['rate']);
  }
  expect(sparks.get('a\nrate')).toHaveLength(60);
  expect(sparks.get('a\nrate')?.at(-1)).toBe(99);
  for (const key of ['b', 'c', 'd']) remember({ rows: new Map([[key, { rate: null }]]), sparks }, ['rate']);
  expect(sparks.has('a\nrate')).toBe(false);
  expect(sparks.get('d\nrate')).toEqual([Number.NaN]);
});
