import { describe, expect, it } from '@jest/globals';
import type { Channel } from '#pipeline/collector';
import { EventBatch } from '#pipeline/event-batch';
import { EventSinkBatch } from '#pipeline/event-sink-batch';
import { Tap, TapPoint } from '#pipeline/tap';
import { build, lines, settle, TestChannel, texts, typeOf } from './agent.testkit.js';

describe('an agent whose plan changes', () => {
  it('touches nothing where the plan says the same', async () => {
    const { agent, plan, journal } = build();
    await agent.start();
    const change = await agent.change({ ...plan, sources: plan.sources.map((source) => ({ ...source })) });
    expect(change).toEqual({ stopped: [], started: [] });
    expect(journal).toEqual(['start c1', 'start k1', 'start r1']);
    await agent.stop();
  });

  it('builds only a changed sink anew; its channel keeps what it holds', async () => {
    const { agent, plan, source, sink, channel, journal } = build();
    sink.failures = Number.POSITIVE_INFINITY;
    await agent.start();
    await source.deliver(lines('a'));
    await source.deliver(lines('b'));
    await settle();
    await agent.change({ ...plan, sinks: [] });
    expect(journal.slice(3)).toEqual(['stop k1']);
    sink.failures = 0;
    const change = await agent.change({ ...plan, sinks: plan.sinks.map((each) => ({ ...each, options: { x: '1' } })) });
    expect(change).toEqual({ stopped: [], started: ['sink k1'] });
    await settle();
    expect(channel.batches).toEqual([]);
    expect(sink.written).toEqual(['a', 'b']);
    await agent.stop();
  });

  it('builds a source anew when its interceptors change, and nothing else', async () => {
    const { agent, plan, journal } = build();
    await agent.start();
    const interceptor = { intercept: (batch: ReturnType<typeof lines>) => batch };
    const interceptors = [{ name: 'i1', type: typeOf('test', interceptor), options: {} }];
    const change = await agent.change({
      ...plan,
      sources: plan.sources.map((source) => ({ ...source, interceptors })),
    });
    expect(change).toEqual({ stopped: ['source r1'], started: ['source r1'] });
    expect(journal.slice(3)).toEqual(['stop r1', 'start r1']);
    await agent.stop();
  });

  it('hands the events of a channel in memory over to the one that takes its place', async () => {
    const { agent, plan, source, sink, journal } = build();
    sink.failures = Number.POSITIVE_INFINITY;
    await agent.start();
    for (const text of ['a', 'b', 'c']) await source.deliver(lines(text));
    await settle();
    const other = new TestChannel('c1 anew', journal);
    const channels = plan.channels.map((each) => ({ ...each, type: typeOf<Channel>('other', other) }));
    await agent.change({ ...plan, channels, sinks: [] });
    expect(other.batches.map(texts).flat()).toEqual(['a', 'b', 'c']);
    expect(journal.slice(3)).toEqual(['stop r1', 'stop k1', 'start c1 anew', 'stop c1', 'start r1']);
    await source.deliver(lines('d'));
    expect(other.size()).toBe(4);
    await agent.stop();
  });

  it('does not start a source any more that was taken out again while its predecessor still stopped', async () => {
    const { agent, plan, source, clock, journal } = build();
    await agent.start();
    let release: () => void = () => undefined;
    source.stop = () =>
      new Promise((resolve) => {
        release = resolve;
      });
    const anew = plan.sources.map((each) => ({ ...each, options: { x: '1' } }));
    const first = agent.change({ ...plan, sources: anew });
    for (let second = 0; second < 20; second += 1) await clock.advance(1000);
    await first;
    const second = agent.change({ ...plan, sources: [] });
    for (let at = 0; at < 20; at += 1) await clock.advance(1000);
    await second;
    release();
    await settle();
    expect(journal).toEqual(['start c1', 'start k1', 'start r1']);
    await agent.stop();
  });

  it('goes on as it was where a new component cannot be built', async () => {
    const { agent, plan, source, sink } = build();
    await agent.start();
    const bad = {
      ...typeOf<Channel>('bad', new TestChannel('bad', [])),
      create: () => {
        throw new Error('no such thing');
      },
    };
    await expect(
      agent.change({ ...plan, channels: plan.channels.map((each) => ({ ...each, type: bad })) }),
    ).rejects.toThrow('no such thing');
    await source.deliver(lines('a'));
    await settle();
    expect(sink.written).toEqual(['a']);
    await agent.stop();
  });
});

describe('a batch larger than the transactions of its channel', () => {
  it('goes in as several, and after a failure only the rest goes in', async () => {
    const { agent, plan, source, journal } = build();
    await agent.start();
    const small = new TestChannel('small', journal);
    const type = {
      ...typeOf<Channel>('small', small),
      options: { transactionCapacity: { type: 'int', default: 2, doc: '' } } as const,
    };
    await agent.change({ ...plan, channels: plan.channels.map((each) => ({ ...each, type })), sinks: [] });
    const put = small.put.bind(small);
    let refusals = 1;
    small.put = (batch) => {
      if (texts(batch).includes('c') && refusals > 0) {
        refusals -= 1;
        return Promise.reject(new Error('full'));
      }
      return put(batch);
    };
    const batch = lines('a', 'b', 'c', 'd', 'e');
    await expect(source.deliver(batch)).rejects.toThrow('full');
    await source.deliver(batch);
    expect(small.batches.map(texts)).toEqual([['a', 'b'], ['e'], ['c', 'd']]);
    await agent.stop();
  });
});

describe('a tap', () => {
  it('sees what passes its edge, at most so much, and counts the rest', async () => {
    const { agent, source } = build();
    await agent.start();
    expect(agent.taps.edges).toEqual(['channel.c1', 'sink.k1', 'source.r1', 'interceptors.r1']);
    await source.deliver(lines('before'));
    const taps = agent.taps.edges.map((edge) => {
      const tap = new Tap({ eventsMax: 2, bodyBytesMax: 3 });
      agent.taps.find(edge)?.open(tap);
      return { edge, tap };
    });
    await source.deliver(lines('first', 'b', 'c'));
    await settle();
    for (const { tap } of taps) {
      const sample = tap.take();
      expect(sample.events.map((event) => [event.body.toString(), event.bodyBytes])).toEqual([
        ['fir', 5],
        ['b', 1],
      ]);
      expect(sample).toMatchObject({ passed: 3, dropped: 1 });
    }
    for (const { edge, tap } of taps) agent.taps.find(edge)?.close(tap);
    await source.deliver(lines('after'));
    expect(taps.map(({ tap }) => tap.take().passed)).toEqual([3, 3, 3, 3]);
    await agent.stop();
  });

  it('shows records that a sink gets straight from a topic as events, with the key as a header', () => {
    const events = EventBatch.of([{ body: Buffer.from('a'), headers: { key: 'k', dc: 'b1' } }]);
    const records = new EventSinkBatch(events, { topic: 't', partition: 0, firstOffset: 7, timeMs: 0 });
    const point = new TapPoint();
    point.offerRecords(records);
    const tap = new Tap();
    point.open(tap);
    point.offerRecords(records);
    expect(tap.take()).toEqual({
      events: [{ headers: { key: 'k', dc: 'b1' }, body: Buffer.from('a'), bodyBytes: 1 }],
      passed: 1,
      dropped: 0,
    });
  });
});
