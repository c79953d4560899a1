import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DrainOrder, type Run, type Store } from './drain-order.js';

describe('drain order', () => {
  it('gives runs in the order of the puts, parts of them too, and joins neighbours in one store', () => {
    const order = new DrainOrder();
    order.add('memory', 3)(true);
    order.add('memory', 2)(true);
    order.add('overflow', 4)(true);
    expect(order.take(4)).toEqual({ store: 'memory', from: 0, count: 4 });
    expect(order.take(4)).toEqual({ store: 'memory', from: 4, count: 1 });
    expect(order.take(4)).toEqual({ store: 'overflow', from: 5, count: 4 });
    expect(order.take(4)).toBeNull();
  });

  it('gives nothing past a put that is under way, and goes on when that has failed', () => {
    const order = new DrainOrder();
    const settle = order.add('overflow', 2);
    order.add('memory', 1)(true);
    expect(order.hasReady).toBe(false);
    expect(order.take(5)).toBeNull();
    settle(false);
    expect(order.take(5)).toEqual({ store: 'memory', from: 2, count: 1 });
  });

  it('gives every event once and in order, whatever is taken and given back in between', () => {
    const step = fc.oneof(
      fc.record({ add: fc.constantFrom<Store>('memory', 'overflow'), count: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ take: fc.integer({ min: 1, max: 6 }) }),
      fc.record({ giveBack: fc.nat(3), part: fc.nat(5) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const order = new DrainOrder();
        const stores: Store[] = [];
        const open: Run[] = [];
        const given = new Map<number, Store>();
        for (const each of steps) {
          if ('add' in each) {
            order.add(each.add, each.count)(true);
            for (let index = 0; index < each.count; index += 1) stores.push(each.add);
          } else if ('take' in each) {
            const run = order.take(each.take);
            if (run !== null) open.push(run);
          } else {
            const [run] = open.splice(each.giveBack % Math.max(1, open.length), 1);
            const kept = Math.min(each.part, run?.count ?? 0);
            if (run === undefined) continue;
            for (let index = 0; index < kept; index += 1) given.set(run.from + index, run.store);
            order.giveBack({ ...run, from: run.from + kept, count: run.count - kept });
          }
        }
        for (const run of open) for (let at = 0; at < run.count; at += 1) given.set(run.from + at, run.store);
        let last = -1;
        for (let run = order.take(9); run !== null; run = order.take(9)) {
          expect(run.from).toBeGreaterThan(last);
          last = run.from + run.count - 1;
          for (let at = 0; at < run.count; at += 1) given.set(run.from + at, run.store);
        }
        expect([...given].toSorted(([left], [right]) => left - right)).toEqual([...stores.entries()]);
      }),
    );
  });
});
