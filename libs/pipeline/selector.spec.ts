import { describe, expect, it } from '@jest/globals';
import { EventBatch } from './event-batch.js';
import type { ChannelSelector, ComponentType } from './collector.js';
import {
  createSelector,
  type MultiplexingPlan,
  type Routes,
  type SelectorPlan,
  type SelectorParts,
} from './selector.js';

const batch = EventBatch.of(['0', '1', '2', '3', '4'].map((text) => ({ body: Buffer.from(text) })));
const channels = ['c1', 'c2', 'c3'];
const create = (selector: SelectorPlan, more: Partial<SelectorParts> = {}) =>
  createSelector(selector, {
    channels,
    createCustom: () => {
      throw new Error('no custom selector');
    },
    ...more,
  });

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
    const routes = create({ type: 'replicating', required: ['c1', 'c2'], optional: ['c3'] }).route(batch);
    expect(routes.required.map(({ channel }) => channel)).toEqual(['c1', 'c2']);
    expect(routes.optional.map(({ channel }) => channel)).toEqual(['c3']);
    expect(routes.required.every((route) => route.batch === batch)).toBe(true);
  });

  it('loses nothing where every channel is optional: they all get the batch', () => {
    const routes = create({ type: 'replicating', required: [], optional: ['c1', 'c2'] }).route(batch);
    expect(routes.required).toEqual([]);
    expect(routes.optional.map(({ channel }) => channel)).toEqual(['c1', 'c2']);
    expect(routes.unrouted).toBe(0);
  });
});

describe('multiplexing selector', () => {
  const mapping = new Map([
    ['a', ['c1']],
    ['b', ['c1', 'c2']],
  ]);

  it('sends each event by the exact value of its header; absent, blank and other values go to the default', () => {
    const routes = create(plan({ mapping, defaults: ['c3'] })).route(batch.withHeader('h', ['a', 'b', 'A', ' ', null]));
    expect(shown(routes.required)).toEqual({ c1: '01', c2: '1', c3: '234' });
    expect(routes.unrouted).toBe(0);
  });

  it('decides once for a header that all events share, and passes the batch on as it is', () => {
    const shared = batch.withHeader('h', 'b');
    const routes = create(plan({ mapping })).route(shared);
    expect(routes.required.map((route) => [route.channel, route.batch === shared])).toEqual([
      ['c1', true],
      ['c2', true],
    ]);
  });

  it('counts events that it sends nowhere', () => {
    expect(create(plan({ mapping })).route(batch.withHeader('h', ['a', null, 'x', 'b', 'b'])).unrouted).toBe(2);
    expect(create(plan({ mapping })).route(batch).unrouted).toBe(5);
  });

  it('leaves channels out of optional that are required for the value, by mapping or by default', () => {
    const optional = new Map([
      ['a', ['c1', 'c2']],
      ['z', ['c2', 'c3']],
    ]);
    const selector = create(plan({ mapping, optional, defaults: ['c3'] }));
    const routes = selector.route(batch.withHeader('h', ['a', 'z', 'b', 'none', null]));
    expect(shown(routes.required)).toEqual({ c1: '02', c2: '2', c3: '134' });
    expect(shown(routes.optional)).toEqual({ c2: '01' });
  });

  it('gives events to optional channels alone where their value has no other, and does not call them lost', () => {
    const optional = new Map([['z', ['c2']]]);
    const routes = create(plan({ mapping, optional })).route(batch.withHeader('h', ['z', 'a', 'z', 'none', 'z']));
    expect(shown(routes.required)).toEqual({ c1: '1' });
    expect(shown(routes.optional)).toEqual({ c2: '024' });
    expect(routes.unrouted).toBe(1);
  });

  it('sends events whose mapped value has a dot or another case where exactly that value is mapped', () => {
    const dotted = new Map([
      ['a.b', ['c1']],
      ['A.B', ['c2']],
    ]);
    const routes = create(plan({ mapping: dotted, defaults: ['c3'] })).route(
      batch.withHeader('h', ['a.b', 'A.B', 'a', 'a.b ', 'a.B']),
    );
    expect(shown(routes.required)).toEqual({ c1: '0', c2: '1', c3: '234' });
  });
});

describe('load balancing selector', () => {
  it('gives each event to the next channel, and goes on there with the next batch', () => {
    const selector = create({ type: 'load_balancing', isRandom: false });
    expect(shown(selector.route(batch).required)).toEqual({ c1: '03', c2: '14', c3: '2' });
    expect(shown(selector.route(batch.slice(0, 2)).required)).toEqual({ c3: '0', c1: '1' });
  });

  it('gives each event to any channel, none to two', () => {
    const numbers = [0.9, 0.1, 0.5, 0.99, 0];
    const random = { next: () => numbers.shift() ?? 0 };
    const routes = create({ type: 'load_balancing', isRandom: true }, { random }).route(batch);
    expect(shown(routes.required)).toEqual({ c1: '14', c2: '2', c3: '03' });
    expect(routes.optional).toEqual([]);
  });

  it('gives a source with one channel its batches whole', () => {
    const routes = create({ type: 'load_balancing', isRandom: false }, { channels: ['c1'] }).route(batch);
    expect(routes.required).toEqual([{ channel: 'c1', batch }]);
    expect(routes.required[0]?.batch).toBe(batch);
  });
});

describe('custom selector', () => {
  const custom = (selector: ChannelSelector) => {
    const type: ComponentType<ChannelSelector> = {
      name: 'by-size',
      classNames: [],
      doc: '',
      options: {},
      create: () => selector,
    };
    const createCustom = () => selector;
    return create({ type: 'custom', plan: { name: 'r1', type, options: {} } }, { createCustom });
  };

  it('is asked for each batch, with the channels of its source', () => {
    const selector = custom({
      route: (events, names) => ({ required: [{ channel: names[1] ?? '', batch: events }], optional: [], unrouted: 0 }),
    });
    expect(shown(selector.route(batch).required)).toEqual({ c2: '01234' });
  });

  it('may not choose a channel of another source', () => {
    const selector = custom({
      route: (events) => ({ required: [{ channel: 'c9', batch: events }], optional: [], unrouted: 0 }),
    });
    expect(() => selector.route(batch)).toThrow('by-size chose the channel c9');
  });
});
