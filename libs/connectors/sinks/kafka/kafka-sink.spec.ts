import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FatalSinkError, FencedSinkError, PoisonRecordError, RetriableSinkError } from '#pipeline/errors';
import type { Sink } from '#pipeline/sink';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { FakeCluster } from '#topics/fake-cluster.testkit';
import { FakeTransactions } from '#topics/fake-transactions.testkit';
import { kafkaError } from '#wire/kafka/error-codes';
import { decodeRecords } from '#wire/kafka/record-columns';
import { batchOf, valuesFrom } from '../postgres/batch.testkit.js';
import { kafkaSinkType } from './sink-type.js';

const at = { topic: 'orders', partition: 0 };
const target = 'eu.orders';
const positions = 'millrace-sink-positions';

describe('kafka sink', () => {
  let fake: FakeCluster;
  let transactions: FakeTransactions;
  let bootstrap: string;
  const sinks: Sink[] = [];

  beforeEach(async () => {
    fake = new FakeCluster();
    await fake.start(1);
    transactions = new FakeTransactions(fake, 2);
    fake.create(target, 1);
    fake.create(positions, 1);
    [bootstrap = ''] = fake.connect().options.bootstrap;
  });
  afterEach(async () => {
    for (const sink of sinks.splice(0)) await sink.stop();
    await fake.stop();
  });

  const optionsOf = (more: Record<string, string> = {}): Record<string, string> => ({
    'bootstrap.servers': bootstrap,
    topic: 'eu.${topic}',
    ...more,
  });

  async function started(more: Record<string, string> = {}): Promise<Sink> {
    const sink = kafkaSinkType.create(optionsOf(more));
    sinks.push(sink);
    await sink.start({
      name: 'mirror',
      task: 0,
      clock: systemClock,
      logger: silentLogger,
      ownerEpoch: 1,
      stateDirectory: mkdtempSync(join(tmpdir(), 'millrace-sink-')),
    });
    return sink;
  }

  async function opened(more: Record<string, string> = {}): Promise<Sink> {
    const sink = await started(more);
    await sink.open([at]);
    return sink;
  }

  const copied = (): string[] => transactions.committedValues(target, 0);

  it('keeps the position in the same transaction, and gives it when the partition is opened again', async () => {
    const sink = await opened();
    await sink.put(valuesFrom(10, [1, 2]));
    expect(copied()).toEqual(['1', '2']);
    expect(await sink.flush(false)).toEqual([{ ...at, offset: 12 }]);
    expect(await (await started()).open([at])).toEqual([{ ...at, offset: 12 }]);
    expect(transactions.committedValues(positions, 0)).toEqual(['12']);
  });

  it('writes nothing twice when a worker dies after the commit and before the topic service knows', async () => {
    await (await opened()).put(valuesFrom(0, [1, 2]));
    const next = await opened();
    await next.put(valuesFrom(0, [1, 2, 3]));
    expect(copied()).toEqual(['1', '2', '3']);
  });

  it('lets only the last opener write', async () => {
    const zombie = await opened();
    await zombie.put(valuesFrom(0, [1]));
    const owner = await opened();
    await expect(zombie.put(valuesFrom(1, [2]))).rejects.toThrow(FencedSinkError);
    await owner.put(valuesFrom(1, [2]));
    expect(copied()).toEqual(['1', '2']);
  });

  it('copies keys, times and headers as they are, null too', async () => {
    const sink = await opened({ 'provenance.header.enable': 'true' });
    await sink.put(batchOf([{ offset: 7, key: 'k', value: null }]));
    const [batch] = fake.topics.get(target)?.[0]?.batches ?? [];
    const records = decodeRecords(batch ?? Buffer.alloc(0));
    expect([records.key(0)?.toString(), records.value(0), records.timestamp(0)]).toEqual([
      'k',
      null,
      1_700_000_000_000,
    ]);
    expect(records.headers(0).map(({ key, value }) => `${key}=${value?.toString()}`)).toEqual([
      '__source.topic=orders',
      '__source.partition=0',
      '__source.offset=7',
    ]);
  });

  it('refuses a record that the topic does not take, by its place, and keeps nothing of the batch', async () => {
    fake.limitBytes = 200;
    const sink = await opened();
    await sink.put(valuesFrom(0, ['a']));
    const put = sink.put(valuesFrom(0, ['a', 'b', 'x'.repeat(300)]));
    await expect(put).rejects.toBeInstanceOf(PoisonRecordError);
    await expect(put).rejects.toMatchObject({ index: 2 });
    expect(copied()).toEqual(['"a"']);
    await sink.put(valuesFrom(1, ['b']));
    await sink.skip?.({ ...at, offset: 3 });
    expect(copied()).toEqual(['"a"', '"b"']);
    expect(await (await started()).open([at])).toEqual([{ ...at, offset: 3 }]);
  });

  it('asks to bisect a batch that the cluster refuses for one of its records', async () => {
    const sink = await opened();
    let refusals = 1;
    fake.onProduce = () => (refusals-- > 0 ? { kind: 'error', code: kafkaError.INVALID_RECORD } : { kind: 'none' });
    await expect(sink.put(valuesFrom(0, [1, 2]))).rejects.toMatchObject({ index: null });
    await sink.put(valuesFrom(0, [1]));
    expect(copied()).toEqual(['1']);
  });

  it('reads its position again when nobody knows whether a commit holds', async () => {
    const sink = await opened();
    await sink.put(valuesFrom(0, [1]));
    transactions.endCodes.push(kafkaError.INVALID_TXN_STATE);
    await expect(sink.put(valuesFrom(1, [2]))).rejects.toThrow(RetriableSinkError);
    // A reader of the fake sees the position, as if the commit had held.
    await sink.put(valuesFrom(1, [2, 3]));
    expect(fake.topics.get(target)?.[0]?.values()).toEqual(['1', '2', '3']);
  });

  it('fails where it has no right to write', async () => {
    const sink = await opened();
    fake.onProduce = () => ({ kind: 'error', code: kafkaError.TOPIC_AUTHORIZATION_FAILED });
    await expect(sink.put(valuesFrom(0, [1]))).rejects.toThrow(FatalSinkError);
  });

  it('starts elsewhere when its position is altered, and the task that ran then has lost the partition', async () => {
    const sink = await opened();
    await sink.put(valuesFrom(0, [1, 2]));
    await kafkaSinkType.alterOffsets?.('mirror', optionsOf(), [{ ...at, offset: 1 }]);
    await expect(sink.put(valuesFrom(2, [3]))).rejects.toThrow(FencedSinkError);
    expect(await (await started()).open([at])).toEqual([{ ...at, offset: 1 }]);
    await kafkaSinkType.alterOffsets?.('mirror', optionsOf(), [{ ...at, offset: null }]);
    expect(await (await started()).open([at])).toEqual([]);
  });

  it('writes without transactions where exactly-once is disabled', async () => {
    const sink = await opened({ 'exactly.once.support': 'disabled', 'producer.acks': '1' });
    await sink.put(valuesFrom(0, [1, 2]));
    expect(fake.topics.get(target)?.[0]?.values()).toEqual(['1', '2']);
    expect(await sink.flush(false)).toEqual([{ ...at, offset: 2 }]);
    expect(fake.requests).not.toContain('EndTxn');
  });

  it('says what a mirror can not do without', () => {
    expect(kafkaSinkType.guarantee(optionsOf())).toBe('exactly-once');
    expect(kafkaSinkType.guarantee({ 'exactly.once.support': 'disabled' })).toBe('at-least-once');
    expect(kafkaSinkType.check?.(optionsOf({ acks: '1' })).map(({ name }) => name)).toEqual(['acks']);
    const secured = optionsOf({ 'producer.security.protocol': 'SASL_SSL' });
    expect(kafkaSinkType.check?.(secured).map(({ name }) => name)).toEqual(['security.protocol']);
  });

  it('finds out whether the cluster answers, and has the topics where none may be created', async () => {
    expect(await kafkaSinkType.verify?.(optionsOf())).toEqual([]);
    const strict = { 'topic.creation.enable': 'false', topics: 'orders, parts' };
    expect(await kafkaSinkType.verify?.(optionsOf(strict))).toMatchObject([
      { name: 'topic', message: expect.stringContaining('eu.parts') },
    ]);
    await fake.stop();
    expect(await kafkaSinkType.verify?.(optionsOf())).toMatchObject([{ name: 'bootstrap.servers' }]);
  });
});
