import { describe, expect, it } from '@jest/globals';
import { EventBatch } from './event-batch.js';
import { createSelector, type MultiplexingPlan, type Routes } from './selector.js';

const batch = EventBatch.of(['0', '1', '2', '3', '4'].map((text) => ({ body: Buffer.from(text) })));
const channels = ['c1', 'c2', 'c3'];

const shown = (routes: Routes['required']) =>
  Object.fromEntries(
    routes.map(({ channel, batch: part }) => [
      channel,
      Array.from({ length: part.count }, (_, index) => part.body(index).toString()).join(''),
    ]),
  );

const plan = (more: Partial<MultiplexingPlan>): MultiplexingPlan => ({
  type: 'multiplexing',
  header: 'h',
  mapping: new Map(),
  optional: new Map(),
  defaults: [],
  ...more,
});

describe('replicating selector', () => {
  it('gives the whole batch to every channel, without a copy', () => {
    const routes = createSelector({ type: 'replicating', required: ['c1', 'c2'], optional: ['c3'] }, channels).route(
      batch,
    );
    expect(routes.required.map(({ channel }) => channel)).toEqual(['c1', 'c2']);
    expect(routes.optional.map(({ channel }) => channel)).toEqual(['c3']);
    expect(routes.required.every((route) => route.batch === batch)).toBe(true);
  });
});

describe('multiplexing selector', () => {
  const mapping = new Map([
    ['a', ['c1']],
    ['b', ['c1', 'c2']],
  ]);

  it('sends each event by the exact value of its header; absent, blank and other values go to the default', () => {
    const routes = createSelector(plan({ mapping, defaults: ['c3'] }), channels).route(
      batch.withHeader('h', ['a', 'b', 'A', ' ', null]),
    );
    expect(shown(routes.required)).toEqual({ c1: '01', c2: '1', c3: '234' });
    expect(routes.unrouted).toBe(0);
  });

  it('decides once for a header that all events share, and passes the batch on as it is', () => {
    const shared = batch.withHeader('h', 'b');
    const routes = createSelector(plan({ mapping }), channels).route(shared);
    expect(routes.required.map((route) => [route.channel, route.batch === shared])).toEqual([
      ['c1', true],
      ['c2', true],
    ]);
  });

  it('counts events that it sends nowhere', () => {
    expect(
      createSelector(plan({ mapping }), channels).route(batch.withHeader('h', ['a', null, 'x', 'b', 'b'])).unrouted,
    ).toBe(2);
    expect(createSelector(plan({ mapping }), channels).route(batch).unrouted).toBe(5);
  });

  it('leaves channels out of optional that are required for the value, by mapping or by default', () => {
    const optional = new Map([
      ['a', ['c1', 'c2']],
      ['z', ['c2', 'c3']],
    ]);
    const selector = createSelector(plan({ mapping, optional, defaults: ['c3'] }), channels);
    const routes = selector.route(batch.withHeader('h', ['a', 'z', 'b', 'none', null]));
    expect(shown(routes.required)).toEqual({ c1: '02', c2: '2', c3: '134' });
    expect(shown(routes.optional)).toEqual({ c2: '01' });
  });
});
