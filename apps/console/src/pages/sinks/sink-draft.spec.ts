import { draftOf, draftOfText, isSameWork, sent, textOf } from './sink-draft.js';

const view = {
  kind: 'Sink',
  name: 'a',
  state: 'RUNNING',
  revision: 3,
  type: 'file',
  config: { b: 1, a: '2' },
  labels: {},
};

test('what is edited has nothing that the server tells by itself, and its text does not depend on order', () => {
  expect(draftOf(view)).toEqual({ type: 'file', config: { b: 1, a: '2' }, labels: {} });
  expect(textOf({ b: 1, a: { d: 1, c: [2] } })).toBe(textOf({ a: { c: [2], d: 1 }, b: 1 }));
  expect(draftOfText(textOf(draftOf(view)))).toEqual(draftOf(view));
  expect([draftOfText('[1]'), draftOfText('{'), draftOfText('5')]).toEqual([null, null, null]);
});

test('other labels are the same work, another option is not', () => {
  const draft = draftOf(view);
  expect(isSameWork(draft, { ...draft, labels: { team: 'web' } })).toBe(true);
  expect(isSameWork(draft, { ...draft, config: { b: 2, a: '2' } })).toBe(false);
});

test('a line that was only begun is not sent', () => {
  expect(sent({ topics: ['a', ''], config: { columns: ['x', ''] } })).toEqual({
    topics: ['a'],
    config: { columns: ['x'] },
  });
});
