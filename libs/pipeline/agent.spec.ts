import { describe, expect, it } from '@jest/globals';
import type { Interceptor } from '#pipeline/collector';
import { ChannelError } from '#pipeline/errors';
import type { EventBatch } from '#pipeline/event-batch';
import { build, lines, settle, TestSink, texts, typeOf } from './agent.testkit.js';

describe('agent', () => {
  it('starts channels, sinks, sources, and stops sources, sinks, channels', async () => {
    const { agent, journal } = build();
    await agent.start();
    await agent.stop();
    expect(journal).toEqual(['start c1', 'start k1', 'start r1', 'stop r1', 'stop k1', 'stop c1']);
  });

  it('gives each component a state folder of its own', async () => {
    const { agent, source } = build();
    await agent.start();
    expect(source.context?.stateDirectory).toBe('/state/sources/r1');
    await agent.stop();
  });

  it('moves events from source to sink and counts them by Flume names', async () => {
    const { agent, source, sink, status, channel } = build();
    await agent.start();
    await source.deliver(lines('a', 'b'));
    await settle();
    expect(sink.written).toEqual(['a', 'b']);
    expect(channel.committed).toEqual(['a', 'b']);
    expect(status('source')?.counters).toMatchObject({
      EventReceivedCount: 2,
      EventAcceptedCount: 2,
      AppendBatchAcceptedCount: 1,
    });
    expect(status('channel')?.counters).toMatchObject({
      EventPutSuccessCount: 2,
      EventTakeSuccessCount: 2,
      ChannelSize: 0,
      ChannelCapacity: 100,
    });
    expect(status('sink')?.counters).toMatchObject({
      EventDrainAttemptCount: 2,
      EventDrainSuccessCount: 2,
      BatchUnderflowCount: 1,
    });
    await agent.stop();
  });

  it('tries a failed start again every 3 s, and refuses events meanwhile', async () => {
    const { agent, clock, source, status } = build({ failingStarts: 2 });
    await agent.start();
    expect(agent.status().state).toBe('DEGRADED');
    expect(status('channel')).toMatchObject({ state: 'FAILED', error: 'no room' });
    await expect(source.deliver(lines('a'))).rejects.toThrow(ChannelError);
    await clock.advance(3000);
    expect(status('channel')?.state).toBe('FAILED');
    await clock.advance(3000);
    expect(status('channel')).toMatchObject({ state: 'RUNNING', error: null });
    await source.deliver(lines('a'));
    await agent.stop();
  });

  it('drains a channel in memory before it stops the sinks', async () => {
    const { agent, source, sink } = build();
    let release: () => void = () => undefined;
    sink.hold = new Promise((resolve) => {
      release = resolve;
    });
    await agent.start();
    for (const text of ['a', 'b', 'c']) await source.deliver(lines(text));
    const stopped = agent.stop();
    await settle();
    release();
    await stopped;
    expect(sink.written).toEqual(['a', 'b', 'c']);
  });
});

describe('stopping an agent', () => {
  it('does not wait for a sink whose store is away for ever', async () => {
    const { agent, source, sink, channel, clock, journal } = build();
    let refuse: (reason: Error) => void = () => undefined;
    sink.hold = new Promise((_resolve, reject) => {
      refuse = reject;
    });
    sink.stop = () => {
      refuse(new Error('closed'));
      journal.push('stop k1');
      return Promise.resolve();
    };
    await agent.start();
    await source.deliver(lines('a'));
    await settle();
    const stopped = agent.stop();
    for (let second = 0; second < 9; second += 1) await clock.advance(1000);
    await stopped;
    expect(channel.batches.map(texts)).toEqual([['a']]);
    expect(journal.slice(-2)).toEqual(['stop k1', 'stop c1']);
  });
});

describe('channel processor', () => {
  it('runs interceptors over the whole batch in their order', async () => {
    const add = (text: string): Interceptor => ({
      intercept: (batch) => batch.withHeader('h', `${batch.header(0, 'h') ?? ''}${text}`),
    });
    const interceptors = ['1', '2'].map((text) => ({ name: text, type: typeOf('test', add(text)), options: {} }));
    const { agent, source, channel, sink } = build({ source: { interceptors } });
    sink.hold = new Promise(() => undefined);
    await agent.start();
    await source.deliver(lines('first'));
    await settle();
    await source.deliver(lines('a'));
    expect(channel.batches[0]?.header(0, 'h')).toBe('12');
  });

  it('keeps batches in their order behind one that an interceptor lets wait', async () => {
    const journalled: string[] = [];
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow: Interceptor = {
      start: () => Promise.resolve(void journalled.push('start')),
      stop: () => Promise.resolve(void journalled.push('stop')),
      intercept: (batch) => (texts(batch).includes('a') ? gate.then(() => batch) : batch),
    };
    const interceptors = [{ name: 'i1', type: typeOf('test', slow), options: {} }];
    const { agent, source, channel, sink } = build({ source: { interceptors } });
    sink.hold = new Promise(() => undefined);
    await agent.start();
    await source.deliver(lines('first'));
    await settle();
    const deliveries = [source.deliver(lines('a')), source.deliver(lines('b'))];
    await settle();
    expect(channel.batches.map(texts)).toEqual([]);
    release();
    await Promise.all(deliveries);
    expect(channel.batches.map(texts)).toEqual([['a'], ['b']]);
    expect(journalled).toEqual(['start']);
  });

  it('gives a batch that is delivered again only to the channels that refused it', async () => {
    const { agent, source, channels, status } = build({ channels: ['c1', 'c2'] });
    const [, second] = channels;
    await agent.start();
    if (second !== undefined) second.refuse = true;
    const batch = lines('a');
    await expect(source.deliver(batch)).rejects.toThrow('c2 is full');
    await expect(source.deliver(batch)).rejects.toThrow('c2 is full');
    if (second !== undefined) second.refuse = false;
    await source.deliver(batch);
    await settle();
    expect(channels[0]?.committed).toEqual(['a']);
    expect(second?.batches.map(texts)).toEqual([['a']]);
    expect(status('source')?.counters).toMatchObject({
      EventReceivedCount: 1,
      EventAcceptedCount: 1,
      ChannelWriteFail: 2,
    });
    await agent.stop();
  });

  it('loses a batch of an optional channel with a count, and goes on', async () => {
    const { agent, source, channels, status } = build({
      channels: ['c1', 'c2'],
      source: { selector: { type: 'replicating', required: ['c1'], optional: ['c2'] } },
    });
    if (channels[1] !== undefined) channels[1].refuse = true;
    await agent.start();
    await source.deliver(lines('a', 'b'));
    expect(status('source')?.counters).toMatchObject({ EventAcceptedCount: 2, OptionalChannelDropCount: 2 });
    await agent.stop();
  });
});

describe('sink runner', () => {
  it('rolls back what failed, waits as Flume does, and delivers it again in order', async () => {
    const { agent, source, sink, channel, clock, status } = build();
    await agent.start();
    sink.failures = 2;
    await source.deliver(lines('a'));
    await source.deliver(lines('b'));
    await settle();
    expect(sink.written).toEqual([]);
    expect(status('sink')).toMatchObject({ state: 'RUNNING', error: 'the store is away' });
    await clock.advance(1000);
    await clock.advance(2000);
    expect(sink.written).toEqual(['a', 'b']);
    expect(channel.committed).toEqual(['a', 'b']);
    expect(status('sink')).toMatchObject({ error: null, counters: { EventWriteFail: 2, EventDrainSuccessCount: 2 } });
    await agent.stop();
  });

  it('keeps as many writes under way as the sink allows, and gives failed ones back in order', async () => {
    const sink = new TestSink([], 3);
    const { agent, source, channel, clock } = build({ sink });
    let release: () => void = () => undefined;
    sink.hold = new Promise((resolve) => {
      release = resolve;
    });
    sink.failures = 2;
    await agent.start();
    for (const text of ['a', 'b', 'c', 'd', 'e']) await source.deliver(lines(text));
    await settle();
    expect(sink.underWay).toBe(3);
    release();
    await settle();
    expect(channel.committed).toEqual(['c']);
    expect(channel.batches.map(texts).flat()).toEqual(['a', 'b', 'd', 'e']);
    await clock.advance(1000);
    expect(sink.underWayMax).toBe(3);
    expect(channel.committed).toEqual(['c', 'a', 'b', 'd', 'e']);
    await agent.stop();
  });

  it('says what each interceptor of a source was given and gave on, and when events last went through', async () => {
    const dropsA = { intercept: (batch: EventBatch) => (texts(batch).includes('a') ? batch.slice(0, 0) : batch) };
    const waits = { intercept: (batch: EventBatch) => Promise.resolve(batch) };
    const throwsAtC = {
      intercept(batch: EventBatch) {
        if (texts(batch).includes('c')) throw new Error('not c');
        return batch;
      },
    };
    const interceptors = [dropsA, waits, throwsAtC].map((interceptor, index) => ({
      name: `i${index + 1}`,
      type: typeOf('test', interceptor),
      options: {},
    }));
    const { agent, clock, source, status } = build({ source: { interceptors } });
    await agent.start();
    expect(status('source')).toMatchObject({ lastEventAt: 0 });
    await source.deliver(lines('a'));
    await source.deliver(lines('b', 'd'));
    await expect(source.deliver(lines('c'))).rejects.toThrow('not c');
    expect(status('source')).toMatchObject({
      lastEventAt: clock.now(),
      interceptors: [
        { name: 'i1', type: 'test', received: 4, passed: 3, failed: 0 },
        { name: 'i2', type: 'test', received: 3, passed: 3, failed: 0 },
        { name: 'i3', type: 'test', received: 3, passed: 2, failed: 1 },
      ],
    });
    await agent.stop();
  });
});
