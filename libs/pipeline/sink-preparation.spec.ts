import { noPlugins } from '#pipeline/connector-plugins';
import { createPreparation } from '#pipeline/converter-options';
import { RetriableSinkError } from '#pipeline/errors';
import type { Converter } from '#pipeline/sink-converters';
import { SinkPreparation } from '#pipeline/sink-preparation';
import { startRig, values } from '#pipeline/sink-task.testkit';
import type { Transform } from '#pipeline/transforms/transform';
import { TransformChain } from '#pipeline/transforms/transform-chain';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';

function preparationOf(transform: Transform, valueConverter: Converter | null = null): SinkPreparation {
  const transforms = new TransformChain([{ name: 'a', transform, predicate: null, negate: false }]);
  return new SinkPreparation({ keyConverter: null, valueConverter, transforms });
}

/** Keeps every tenth record. */
const tenth: Transform = {
  apply(records) {
    records.each((index) => {
      if (records.offset(index) % 10 !== 0) records.drop(index);
    });
  },
};

describe('a sink task with transforms', () => {
  it('passes the offsets of what they drop, also where nothing is left', async () => {
    const { task, clock, reader, sink } = await startRig({ options: { preparation: preparationOf(tenth) } });
    await reader.assign('orders', 0);
    reader.append('orders', 0, values(15));
    await clock.advance(2000);
    expect(sink.taken).toEqual(['0@0=a0', '0@10=a10']);
    expect(reader.committed.get('orders-0')).toBe(15);
    reader.append('orders', 0, values(5));
    await clock.advance(2000);
    expect(reader.committed.get('orders-0')).toBe(20);
    expect(sink.taken).toHaveLength(2);
    const status = task.status();
    expect(status.metrics['sink-record-filtered-total']).toBe(18);
    expect(status.partitions[0]?.bufferedBytes).toBe(0);
    await task.stop();
  });

  it('makes a dead letter of the record as it was, at the stage TRANSFORMATION', async () => {
    const preparation = preparationOf({
      apply(records) {
        records.each((index) => {
          if (records.value.data(index) === 'a2') throw new Error('not this one');
          records.value.set(index, 'changed');
        });
      },
    });
    const { clock, reader, sink, letters } = await startRig({ hasDeadLetters: true, options: { preparation } });
    await reader.assign('orders', 0);
    reader.append('orders', 0, values(4));
    await clock.advance(2000);
    expect(sink.taken).toEqual(['0@0=changed', '0@1=changed', '0@3=changed']);
    expect(reader.committed.get('orders-0')).toBe(4);
    const [letter] = letters.letters;
    expect(letter?.value?.toString()).toBe('a2');
    const headers = new Map(letter?.headers.map(({ key, value }) => [key, value?.toString()]));
    expect(headers.get('__connect.errors.stage')).toBe('TRANSFORMATION');
    expect(headers.get('__connect.errors.offset')).toBe('2');
  });

  it('waits for what a converter has to ask, and loses nothing', async () => {
    let isAway = true;
    const converter: Converter = {
      prepare: () => (isAway ? Promise.reject(new RetriableSinkError('the registry is away')) : null),
      convert: (bytes) => ({ bytes }),
    };
    const preparation = new SinkPreparation({
      keyConverter: null,
      valueConverter: converter,
      transforms: new TransformChain([]),
    });
    const { task, clock, reader, sink } = await startRig({ options: { preparation } });
    await reader.assign('orders', 0);
    reader.append('orders', 0, values(3));
    await clock.advance(5000);
    expect(sink.taken).toEqual([]);
    expect(task.status()).toMatchObject({
      state: 'RUNNING',
      degraded: true,
      lastError: { message: 'the registry is away' },
    });
    isAway = false;
    await clock.advance(60_000);
    expect(sink.taken).toEqual(['0@0=a0', '0@1=a1', '0@2=a2']);
    expect(reader.committed.get('orders-0')).toBe(3);
  });

  it('has nothing to do where the config names nothing', () => {
    const services = { clock: systemClock, logger: silentLogger, bootstrap: '' };
    expect(createPreparation({}, noPlugins, services).isEmpty).toBe(true);
  });
});
