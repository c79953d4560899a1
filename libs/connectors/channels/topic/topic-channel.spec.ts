import { describe, expect, it } from '@jest/globals';
import type { ChannelTake, ComponentContext } from '#pipeline/collector';
import { ChannelError } from '#pipeline/errors';
import { EventBatch } from '#pipeline/event-batch';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { noSecurity } from '#topics/client-security';
import { decodeAvroFlumeEvent, encodeAvroFlumeEvents } from './avro-flume-event.js';
import { FakeTopics } from './fake-topics.testkit.js';
import { checkProducerProperties, readProducerProperties } from './producer-properties.js';
import { TopicChannel, type TopicChannelSettings } from './topic-channel.js';

const context: ComponentContext = {
  name: 'c1',
  clock: systemClock,
  logger: silentLogger,
  stateDirectory: '/nowhere',
  count() {},
  reportError() {},
};

async function open(topics: FakeTopics, more: Partial<TopicChannelSettings> = {}): Promise<TopicChannel> {
  const channel = new TopicChannel(
    'c1',
    {
      topic: 't',
      parseAsFlumeEvent: false,
      partitionIdHeader: null,
      defaultPartitionId: null,
      producer: readProducerProperties({}),
      reader: { groupId: 'g', topics: ['t'] },
      place: { bootstrap: '127.0.0.1:9092', security: noSecurity },
      ...more,
    },
    topics,
  );
  await channel.start(context);
  return channel;
}

const lines = (...texts: string[]) => EventBatch.of(texts.map((text) => ({ body: Buffer.from(text) })));
const texts = (take: ChannelTake | null) =>
  Array.from({ length: take?.batch.count ?? 0 }, (_, index) => take?.batch.body(index).toString());

describe('topic channel', () => {
  it.each([false, true])('keeps body, headers and key, as AvroFlumeEvent: %s', async (parseAsFlumeEvent) => {
    const channel = await open(new FakeTopics(), { parseAsFlumeEvent });
    await channel.put(lines('a', 'b').withHeader('host', 'web1').withHeader('key', ['k', null]));
    const take = await channel.take(10, 1000);
    expect(texts(take)).toEqual(['a', 'b']);
    expect(take?.batch.headersOf(0)).toEqual({ host: 'web1', key: 'k' });
    expect(take?.batch.headersOf(1)).toEqual({ host: 'web1' });
  });

  it('commits the offset below which every take is done', async () => {
    const topics = new FakeTopics();
    const channel = await open(topics);
    await channel.put(lines('a', 'b', 'c', 'd'));
    const first = await channel.take(1, 1000);
    const second = await channel.take(2, 1000);
    await second?.commit();
    expect(topics.committed).toBe(0);
    await first?.commit();
    expect(topics.committed).toBe(3);
    await (await channel.take(10, 1000))?.commit();
    expect(topics.committed).toBe(4);
  });

  it('gives events of a rollback again, before later ones', async () => {
    const topics = new FakeTopics();
    const channel = await open(topics);
    await channel.put(lines('a', 'b', 'c'));
    const first = await channel.take(1, 1000);
    const second = await channel.take(1, 1000);
    await second?.rollback();
    await first?.rollback();
    const again = await channel.take(10, 1000);
    expect(texts(again)).toEqual(['a', 'b', 'c']);
    await again?.commit();
    expect(topics.committed).toBe(3);
  });

  it('waits with giving up a partition until open takes end, and drops what no sink has', async () => {
    const topics = new FakeTopics();
    const channel = await open(topics);
    await channel.put(lines('a', 'b'));
    const take = await channel.take(1, 1000);
    const revoked = topics.listener?.onRevoked([{ topic: 't', partition: 0 }]);
    await take?.commit();
    await revoked;
    expect(topics.committed).toBe(1);
    expect(await channel.take(10, 0)).toBeNull();
  });

  it('refuses a put with a ChannelError when the topics are away, and a partition header that is no number', async () => {
    const topics = new FakeTopics();
    topics.failWrites = 1;
    const channel = await open(topics, { partitionIdHeader: 'p' });
    await expect(channel.put(lines('a'))).rejects.toThrow(ChannelError);
    await expect(channel.put(lines('a').withHeader('p', 'x'))).rejects.toThrow('it holds "x"');
    await channel.put(lines('a', 'b').withHeader('p', ['3', null]));
    expect(topics.writes[0]?.columns.partitions).toEqual(Int32Array.of(3, -1));
  });

  it('gives null when nothing came in time or its signal aborts', async () => {
    const channel = await open(new FakeTopics());
    expect(await channel.take(10, 0)).toBeNull();
    expect(await channel.take(10, 30)).toBeNull();
    const abort = new AbortController();
    abort.abort();
    expect(await channel.take(10, 10_000, abort.signal)).toBeNull();
  });
});

describe('AvroFlumeEvent', () => {
  it('is the bytes that Avro writes', () => {
    const encoded = encodeAvroFlumeEvents(lines('hi').withHeader('a', 'b'));
    expect(encoded.body(0).toString('hex')).toBe('020261026200046869');
    expect(encodeAvroFlumeEvents(lines('')).body(0).toString('hex')).toBe('0000');
  });

  it('is read also with maps in sized blocks, and refused when it is cut', () => {
    const sized = Buffer.from('01080261026200046869', 'hex');
    expect(decodeAvroFlumeEvent(sized)).toEqual({ headers: { a: 'b' }, body: Buffer.from('hi') });
    expect(() => decodeAvroFlumeEvent(sized.subarray(0, 8))).toThrow('no AvroFlumeEvent');
  });

  it('keeps long bodies', () => {
    const body = 'x'.repeat(100_000);
    expect(decodeAvroFlumeEvent(encodeAvroFlumeEvents(lines(body)).body(0)).body.toString()).toBe(body);
  });
});

describe('producer properties', () => {
  it('become options of the writer', () => {
    expect(
      readProducerProperties({ acks: '1', 'compression.type': 'lz4', 'linger.ms': '5', 'batch.size': '1000' }).writer,
    ).toMatchObject({
      acks: 1,
      idempotent: false,
      compression: 'lz4',
      lingerMs: 5,
      batchBytesMax: 1000,
    });
  });

  it('are refused or warned of where they have no effect', () => {
    const remarks = (properties: Record<string, string>) =>
      checkProducerProperties(properties, 'kafka.producer.').map(({ severity, option }) => `${severity} ${option}`);
    expect(remarks({ retries: '3', acks: 'all' })).toEqual([]);
    expect(remarks({ acks: 'some' })).toEqual(['error kafka.producer.acks']);
    expect(remarks({ 'security.protocol': 'SASL_SSL' })).toEqual(['error kafka.producer.security.protocol']);
    expect(remarks({ 'compresion.type': 'lz4' })).toEqual(['warning kafka.producer.compresion.type']);
  });
});
