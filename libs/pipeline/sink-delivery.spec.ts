import { PoisonRecordError } from '#pipeline/errors';
import type { SinkBatch } from '#pipeline/sink-batch';
import { createConverter } from '#pipeline/sink-converters';
import { startRig, values } from './sink-task.testkit.js';

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
    expect(task.status().metrics['total-records-skipped']).toBe(1);
  });

  it('that its converter can not read is put aside as it was, and never reaches the sink', async () => {
    const { clock, reader, sink, letters } = await startRig({
      hasDeadLetters: true,
      options: { valueConverter: createConverter('org.apache.kafka.connect.json.JsonConverter', {}) },
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
});
