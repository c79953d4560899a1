import type { Interceptor } from '#pipeline/collector';
import type { EventBatch } from '#pipeline/event-batch';
import { runSamples, type SampleRunOptions } from '#pipeline/sample-run';
import { createSelector } from '#pipeline/selector';
import { systemClock } from '#std/clock';
import { texts } from './agent.testkit.js';

const events = (...bodies: string[]) => bodies.map((body) => ({ headers: {}, body: Buffer.from(body) }));
const named = (interceptor: Interceptor, name: string) => ({ name, interceptor });
const oneChannel = createSelector(
  { type: 'replicating', required: ['c1'], optional: ['c2'] },
  {
    channels: ['c1', 'c2'],
    createCustom: () => {
      throw new Error('none');
    },
  },
);
const options = (more: Partial<SampleRunOptions>): SampleRunOptions => ({
  interceptors: [],
  selector: oneChannel,
  clock: systemClock,
  runMsMax: 5000,
  eventMsMax: 200,
  ...more,
});

describe('samples', () => {
  it('say what each interceptor made of them, and which channels get them', async () => {
    const header = named({ intercept: (batch) => batch.withHeader('site', 'shop') }, 'i1');
    const filter = named(
      { intercept: (batch) => (texts(batch)[0]?.startsWith('#') === true ? batch.slice(0, 0) : batch) },
      'i2',
    );
    const { results, endedBy } = await runSamples(events('a', '# b'), options({ interceptors: [header, filter] }));
    expect(endedBy).toBeNull();
    expect(results[0]).toMatchObject({
      outcome: 'delivered',
      by: null,
      after: [
        {
          headers: { site: 'shop' },
          channels: [
            { channel: 'c1', isOptional: false },
            { channel: 'c2', isOptional: true },
          ],
        },
      ],
    });
    expect(results[1]).toMatchObject({ outcome: 'dropped', by: 'i2', said: null, after: [] });
  });

  it('tell what was counted for a dropped one, and count as committed for those that remember', async () => {
    const committed: EventBatch[] = [];
    let seen = 0;
    let count: (counter: string, by: number) => void = () => undefined;
    const once = named(
      {
        start: (context) => {
          count = (counter, by) => context.count(counter, by);
          return Promise.resolve();
        },
        intercept(batch) {
          if (seen === 0) return batch;
          count('EventDuplicateCount', 1);
          return batch.slice(0, 0);
        },
        committed(batch) {
          seen += 1;
          committed.push(batch);
        },
      },
      'once',
    );
    const { results } = await runSamples(events('a', 'a'), options({ interceptors: [once] }));
    expect(results.map(({ outcome, said }) => [outcome, said])).toEqual([
      ['delivered', null],
      ['dropped', 'EventDuplicateCount'],
    ]);
    expect(committed).toHaveLength(1);
  });

  it('fail where an interceptor throws or waits, and go on with the next', async () => {
    const wrong = named(
      {
        intercept(batch) {
          if (texts(batch)[0] === 'bad') throw new Error('cannot read it');
          return texts(batch)[0] === 'slow' ? Promise.resolve(batch) : batch;
        },
      },
      'i1',
    );
    const { results } = await runSamples(events('bad', 'slow', 'good'), options({ interceptors: [wrong] }));
    expect(results.map(({ outcome, by, said }) => [outcome, by, said])).toEqual([
      ['failed', 'i1', 'cannot read it'],
      ['failed', 'i1', 'It waits, which a trial does not'],
      ['delivered', null, null],
    ]);
  });

  it('end with an event that takes too long', async () => {
    const slow = named({ intercept: (batch) => (/^(a+)+$/.test(texts(batch)[0] ?? '') ? batch : batch) }, 'i1');
    const run = await runSamples(events('b', `${'a'.repeat(40)}!`, 'c'), options({ interceptors: [slow] }));
    expect(run).toMatchObject({ endedBy: 'event time', results: [{}, { outcome: 'failed', by: 'i1' }] });
  });

  it('end when their time is up', async () => {
    const run = await runSamples(events('a', 'b'), options({ runMsMax: 0 }));
    expect(run).toEqual({ endedBy: 'run time', results: [] });
  });

  it('are unrouted where the selector has no channel for them', async () => {
    const parts = {
      channels: ['c1'],
      createCustom: () => {
        throw new Error('none');
      },
    };
    const mapping = new Map([['a', ['c1']]]);
    const selector = createSelector(
      { type: 'multiplexing', header: 'h', mapping, optional: new Map(), defaults: [] },
      parts,
    );
    const given = ['a', 'b'].map((h) => ({ headers: { h }, body: Buffer.from('') }));
    const { results } = await runSamples(given, options({ selector }));
    expect(results.map(({ outcome, by }) => [outcome, by])).toEqual([
      ['delivered', null],
      ['unrouted', 'selector'],
    ]);
  });
});
