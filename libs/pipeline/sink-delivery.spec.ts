import { PoisonRecordError, RefusedRecordsError, RetriableSinkError } from '#pipeline/errors';
import type { SinkBatch } from '#pipeline/sink-batch';
import { createConverter } from '#pipeline/sink-converters';
import { SinkPreparation } from '#pipeline/sink-preparation';
import { TransformChain } from '#pipeline/transforms/transform-chain';
import { startRig, values, type FakeSink } from './sink-task.testkit.js';

/** Refuses batches with one of `bad`; says which where `names` is set. */
function refuse(bad: readonly string[], names: boolean): (batch: SinkBatch) => void {
  return (batch) => {
    for (let index = 0; index < batch.count; index += 1) {
      if (bad.includes(batch.value(index)?.toString() ?? '')) {
        throw new PoisonRecordError(`${batch.value(index)?.toString() ?? ''} is bad`, names ? index : null);
      }
    }
  };
}

/** A store that answers record by record: it keeps all but `bad`. */
function keepOthers(sink: FakeSink, bad: readonly string[]): void {
  sink.onPut = (batch) => {
    const refusals = [];
    for (let index = 0; index < batch.count; index += 1) {
      const value = batch.value(index)?.toString() ?? '';
      if (bad.includes(value)) refusals.push({ index, message: `${value} is no number` });
    }
    if (refusals.length === 0) return;
    for (let index = 0; index < batch.count; index += 1) {
      const value = batch.value(index)?.toString() ?? '';
      if (!bad.includes(value)) sink.taken.push(`${batch.partition}@${batch.offset(index)}=${value}`);
    }
    throw new RefusedRecordsError(refusals);
  };
}

describe('a sink task with a bad record', () => {
  it.each([[true], [false]])(
    'finds it (named by the sink: %s), puts it aside first, and commits past it',
    async (names) => {
      const { task, clock, reader, sink, letters, events } = await startRig({ hasDeadLetters: true });
      await reader.assign('orders', 0);
      sink.onPut = refuse(['a3', 'a9'], names);
      reader.append('orders', 0, values(10));
      await clock.advance(2000);
      expect(sink.taken.map((taken) => taken.split('=')[1])).toEqual(
        values(10).filter((v) => v !== 'a3' && v !== 'a9'),
      );
      expect(letters.letters.map(({ value }) => value?.toString())).toEqual(['a3', 'a9']);
      expect(events.indexOf('dead letter a9')).toBeLessThan(events.findIndex((event) => event.startsWith('commit')));
      expect(reader.committed.get('orders-0')).toBe(10);
      expect(task.status()).toMatchObject({ state: 'RUNNING', degraded: false });
      expect(task.status().metrics).toMatchObject({
        'total-records-skipped': 2,
        'total-records-lost': 0,
        'deadletterqueue-produce-requests': 2,
      });
    },
  );

  it('tries it max.attempts times, all in all', async () => {
    const { clock, reader, sink, letters } = await startRig({ hasDeadLetters: true });
    let offered = 0;
    await reader.assign('orders', 0);
    sink.onPut = (batch) => {
      if (batch.offset(0) <= 2 && batch.offset(batch.count - 1) >= 2) offered += 1;
      refuse(['a2'], true)(batch);
    };
    reader.append('orders', 0, values(5));
    await clock.advance(1000);
    expect(offered).toBe(5);
    const headers = new Map(letters.letters[0]?.headers.map(({ key, value }) => [key, value?.toString()]));
    expect(headers.get('__sink.errors.attempts')).toBe('5');
  });

  it('keeps key, value, headers and timestamp, and says where it came from and why', async () => {
    const { clock, reader, sink, letters } = await startRig({ hasDeadLetters: true });
    await reader.assign('orders', 0);
    sink.onPut = refuse(['a2'], true);
    reader.append('orders', 0, values(3));
    await clock.advance(1000);
    const letter = letters.letters[0];
    expect(letter).toMatchObject({ value: Buffer.from('a2'), timestamp: 1002 });
    expect(Object.fromEntries(letter?.headers.map(({ key, value }) => [key, value?.toString()]) ?? [])).toMatchObject({
      from: 'test',
      '__connect.errors.topic': 'orders',
      '__connect.errors.partition': '0',
      '__connect.errors.offset': '2',
      '__connect.errors.connector.name': 'lake',
      '__connect.errors.task.id': '0',
      '__connect.errors.stage': 'TASK_PUT',
      '__connect.errors.class.name': 'fake',
      '__connect.errors.exception.class.name': 'PoisonRecordError',
      '__connect.errors.exception.message': 'a2 is bad',
      '__sink.errors.class': 'poison',
    });
  });

  it('does not pass it while the dead letters do not take it', async () => {
    const { task, clock, reader, sink, letters } = await startRig({ hasDeadLetters: true });
    await reader.assign('orders', 0);
    sink.onPut = refuse(['a3'], true);
    letters.failure = new Error('no leader');
    reader.append('orders', 0, values(10));
    await clock.advance(30_000);
    expect(reader.committed.get('orders-0')).toBe(3);
    expect(task.status()).toMatchObject({ state: 'RUNNING', degraded: true });
    letters.failure = null;
    await clock.advance(61_000);
    expect(reader.committed.get('orders-0')).toBe(10);
    expect(letters.letters).toHaveLength(1);
  });

  it('fails without dead letters, with what came before it committed', async () => {
    const { task, clock, reader, sink } = await startRig();
    await reader.assign('orders', 0);
    sink.onPut = refuse(['a3'], true);
    reader.append('orders', 0, values(10));
    await clock.advance(2000);
    expect(task.status().state).toBe('FAILED');
    expect(task.status().trace).toMatch(/Record orders-0 offset 3 was refused at TASK_PUT: a3 is bad/);
    expect(reader.committed.get('orders-0')).toBe(3);
  });

  it('fails behind the dead letter where errors.tolerance is none', async () => {
    const { task, clock, reader, sink, letters } = await startRig({
      hasDeadLetters: true,
      options: { policy: { attemptsMax: 5, stopAfterDeadLetter: true, drop: false, contextHeaders: true } },
    });
    await reader.assign('orders', 0);
    sink.onPut = refuse(['a3'], true);
    reader.append('orders', 0, values(10));
    await clock.advance(2000);
    expect(task.status().state).toBe('FAILED');
    expect(letters.letters).toHaveLength(1);
  });

  it('lets it go where errors.drop says so, and counts it', async () => {
    const { task, clock, reader, sink } = await startRig({
      options: { policy: { attemptsMax: 1, stopAfterDeadLetter: false, drop: true, contextHeaders: true } },
    });
    await reader.assign('orders', 0);
    sink.onPut = refuse(['a9'], false);
    reader.append('orders', 0, values(10));
    await clock.advance(2000);
    expect(reader.committed.get('orders-0')).toBe(10);
    expect(task.status().metrics).toMatchObject({ 'total-records-skipped': 1, 'total-records-lost': 1 });
  });

  it('that its converter can not read is put aside as it was, and never reaches the sink', async () => {
    const { clock, reader, sink, letters } = await startRig({
      hasDeadLetters: true,
      options: {
        preparation: new SinkPreparation({
          keyConverter: null,
          valueConverter: createConverter('org.apache.kafka.connect.json.JsonConverter', {}),
          transforms: new TransformChain([]),
        }),
      },
    });
    await reader.assign('orders', 0);
    reader.append('orders', 0, ['{"a":1}', 'nonsense', '{"schema":null,"payload":{"big":12345678901234567890}}', '{']);
    await clock.advance(2000);
    expect(sink.taken).toEqual(['0@0={"a":1}', '0@2={"big":12345678901234567890}']);
    expect(letters.letters.map(({ value }) => value?.toString())).toEqual(['nonsense', '{']);
    const headers = new Map(letters.letters[0]?.headers.map(({ key, value }) => [key, value?.toString()]));
    expect(headers.get('__connect.errors.stage')).toBe('VALUE_CONVERTER');
    expect(reader.committed.get('orders-0')).toBe(4);
  });

  describe('beside others that the store has kept', () => {
    it('puts it aside after max.attempts alone, and the others are never put again', async () => {
      const { task, clock, reader, sink, letters, events } = await startRig({ hasDeadLetters: true });
      const offered = new Map<number, number>();
      await reader.assign('orders', 0);
      keepOthers(sink, ['a0', 'a3', 'a4', 'a9']);
      const { onPut } = sink;
      sink.onPut = (batch) => {
        for (let index = 0; index < batch.count; index += 1) {
          offered.set(batch.offset(index), (offered.get(batch.offset(index)) ?? 0) + 1);
        }
        return onPut(batch);
      };
      reader.append('orders', 0, values(10));
      await clock.advance(2000);
      expect(sink.taken).toEqual(['0@1=a1', '0@2=a2', '0@5=a5', '0@6=a6', '0@7=a7', '0@8=a8']);
      expect([...offered.values()]).toEqual([5, 1, 1, 5, 5, 1, 1, 1, 1, 5]);
      expect(letters.letters.map(({ value }) => value?.toString())).toEqual(['a0', 'a3', 'a4', 'a9']);
      const headers = new Map(letters.letters[1]?.headers.map(({ key, value }) => [key, value?.toString()]));
      expect(headers.get('__sink.errors.attempts')).toBe('5');
      expect(headers.get('__connect.errors.exception.message')).toBe('a3 is no number');
      expect(events.indexOf('dead letter a9')).toBeLessThan(events.findIndex((event) => event.startsWith('commit')));
      expect(reader.committed.get('orders-0')).toBe(10);
      expect(task.status().metrics).toMatchObject({ 'sink-record-send-total': 6, 'total-records-skipped': 4 });
      reader.append('orders', 0, values(10, 'b'));
      await clock.advance(2000);
      expect(reader.committed.get('orders-0')).toBe(20);
    });

    it('holds the offset in front of it while the dead letters are away, whatever the sink says is durable', async () => {
      const { clock, reader, sink, letters } = await startRig({ hasDeadLetters: true });
      await reader.assign('orders', 0);
      keepOthers(sink, ['a3']);
      sink.flush = () => Promise.resolve([{ topic: 'orders', partition: 0, offset: 10 }]);
      letters.failure = new Error('no leader');
      reader.append('orders', 0, values(10));
      await clock.advance(20_000);
      expect(reader.committed.get('orders-0')).toBe(3);
      letters.failure = null;
      await clock.advance(61_000);
      expect(reader.committed.get('orders-0')).toBe(10);
      expect(sink.taken).toHaveLength(9);
    });

    it('tells the store of each record that was put aside, in order', async () => {
      const { clock, reader, sink, events } = await startRig({ hasDeadLetters: true });
      await reader.assign('orders', 0);
      keepOthers(sink, ['a2', 'a7']);
      Object.assign(sink, { skip: ({ offset }: { offset: number }) => Promise.resolve(events.push(`skip ${offset}`)) });
      reader.append('orders', 0, values(10));
      await clock.advance(2000);
      expect(events.filter((event) => /^(skip|dead)/.test(event))).toEqual([
        'dead letter a2',
        'skip 3',
        'dead letter a7',
        'skip 8',
      ]);
    });

    it('takes it where the store has changed its mind, and goes on over a store that is away in between', async () => {
      const { clock, reader, sink, letters } = await startRig({ hasDeadLetters: true });
      await reader.assign('orders', 0);
      keepOthers(sink, ['a3']);
      const { onPut } = sink;
      let alone = 0;
      sink.onPut = (batch) => {
        if (batch.count > 1) return onPut(batch);
        alone += 1;
        if (alone === 1) throw new RetriableSinkError('the store is away');
      };
      reader.append('orders', 0, values(10));
      await clock.advance(5000);
      expect(sink.taken.toSorted()).toEqual(values(10).map((value, index) => `0@${index}=${value}`));
      expect(letters.letters).toEqual([]);
      expect(reader.committed.get('orders-0')).toBe(10);
    });
  });
});
