import { RecordBatchBuilder } from '#wire/kafka/record-batch-builder';
import { decodeRecords, type RecordColumns } from '#wire/kafka/record-columns';
import { RecordSource } from '#wire/kafka/record-source';
import { requireOptions } from '#config/options';
import { EventBatch } from '#pipeline/event-batch';
import { encodeAvroFlumeEvents } from '../../channels/topic/avro-flume-event.js';
import { eventsOfConsumed, type RecordEventOptions } from './consumed-records.js';
import { kafkaSource } from './kafka-source.js';
import { kafkaSourceOptions, readConsumerProperties } from './kafka-source-options.js';

const plain: RecordEventOptions = {
  useFlumeEventFormat: false,
  topicHeader: 'topic',
  timestampHeader: 'timestamp',
  headers: new Map(),
};

function records(batch: EventBatch, keys?: (Buffer | null)[]): RecordColumns {
  const builder = new RecordBatchBuilder({ bytesMax: 1024 * 1024, codec: 'none' });
  const { bytes, starts, ends, headers } = batch;
  const columns = { bytes, starts, ends, headers, ...(keys === undefined ? {} : { keys }) };
  builder.appendRange(new RecordSource(columns, 1_700_000_000_000), 0, batch.count);
  return decodeRecords(builder.build(), { fromOffset: 0 });
}

const consumed = (batch: EventBatch, options: Partial<RecordEventOptions> = {}, keys?: (Buffer | null)[]) =>
  eventsOfConsumed([{ topic: 't', partition: 3, records: records(batch, keys), nextOffset: batch.count }], {
    ...plain,
    ...options,
  });

const where = { topic: 't', partition: '3', timestamp: '1700000000000' };

test('records get the headers of Flume, the key only where there is one', () => {
  const { batch } = consumed(EventBatch.of([{ body: Buffer.from('a') }, { body: Buffer.from('b') }]), {}, [
    Buffer.from('k'),
    null,
  ]);
  expect([0, 1].map((index) => batch.body(index).toString())).toEqual(['a', 'b']);
  expect(batch.headersOf(0)).toEqual({ ...where, offset: '0', key: 'k' });
  expect(batch.headersOf(1)).toEqual({ ...where, offset: '1' });
});

test('headers of records are copied where they are named, the last value of each', () => {
  const sent = EventBatch.of([{ body: Buffer.from('a'), headers: { colour: 'red', other: 'x' } }]);
  const { batch } = consumed(sent, {
    headers: new Map([['farbe', 'colour']]),
    topicHeader: null,
    timestampHeader: 'ts',
  });
  expect(batch.headersOf(0)).toEqual({ partition: '3', offset: '0', ts: where.timestamp, farbe: 'red' });
});

test('what an AvroFlumeEvent brings is kept; one that is none is left out and named', () => {
  const avro = encodeAvroFlumeEvents(
    EventBatch.of([
      { body: Buffer.from('a'), headers: { topic: 'own', timestamp: '5' } },
      { body: Buffer.from('b'), headers: { x: 'y' } },
    ]),
  );
  const bodies = [avro.body(0), Buffer.from([2, 200, 1]), avro.body(1)];
  const { batch, unreadable } = consumed(EventBatch.of(bodies.map((body) => ({ body }))), {
    useFlumeEventFormat: true,
  });
  expect(batch.count).toBe(2);
  expect(batch.headersOf(0)).toEqual({ topic: 'own', timestamp: '5', partition: '3', offset: '0' });
  expect(batch.headersOf(1)).toEqual({ ...where, offset: '2', x: 'y' });
  expect(unreadable).toEqual([expect.stringMatching(/^t-3 at 1: .*AvroFlumeEvent/)]);
});

const problems = (options: Record<string, string>): string[] =>
  (kafkaSource.check?.(options) ?? []).map(({ severity, option }) => `${severity} ${option}`);

test.each<[Record<string, string>, string[]]>([
  [{ 'kafka.topics': 'a,b' }, []],
  [{ topic: 'a', groupId: 'g' }, []],
  [{}, ['error kafka.topics']],
  [{ 'kafka.topics': 'a', zookeeperConnect: 'z:2181' }, ['error zookeeperConnect']],
  [{ 'kafka.topics': 'a', 'kafka.consumer.auto.offset.reset': 'never' }, ['error kafka.consumer.auto.offset.reset']],
  [{ 'kafka.topics': 'a', 'kafka.consumer.enable.auto.commit': 'true' }, []],
  [{ 'kafka.topics': 'a', 'kafka.consumer.autooffset.reset': 'latest' }, ['warning kafka.consumer.autooffset.reset']],
  [
    { 'kafka.topics': 'a', 'kafka.consumer.sasl.kerberos.service.name': 'k' },
    ['error kafka.consumer.sasl.kerberos.service.name'],
  ],
  [
    {
      'kafka.topics': 'a',
      'kafka.consumer.partition.assignment.strategy': 'org.apache.kafka.clients.consumer.StickyAssignor',
    },
    ['error kafka.consumer.partition.assignment.strategy'],
  ],
])('%j is judged at validation', (options, expected) => {
  expect(problems(options)).toEqual(expected);
});

test('consumer properties reach the reader, and security does', () => {
  const options = {
    'kafka.topics.regex': 'logs\\.[0-9]+',
    'kafka.consumer.auto.offset.reset': 'earliest',
    'kafka.consumer.isolation.level': 'read_committed',
    'kafka.consumer.security.protocol': 'SASL_SSL',
    'kafka.consumer.sasl.mechanism': 'PLAIN',
    'kafka.consumer.sasl.jaas.config':
      'org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="p";',
    'kafka.consumer.ssl.disableTLSHostnameVerification': 'true',
    'kafka.consumer.partition.assignment.strategy': 'org.apache.kafka.clients.consumer.RoundRobinAssignor',
  };
  const { reader, security } = readConsumerProperties('s', requireOptions('s', kafkaSourceOptions, options));
  expect(reader).toMatchObject({
    ...{ groupId: 'flume', start: 'earliest', outOfRange: 'earliest', isolation: 'read_committed' },
    assignors: ['roundrobin'],
  });
  expect(reader.pattern?.test('logs.17')).toBe(true);
  expect(reader.pattern?.test('xlogs.17')).toBe(false);
  expect(security).toMatchObject({
    login: { mechanism: 'PLAIN', user: 'u', password: 'p' },
    tls: { checkHost: false },
  });
});

test('as in Kafka, a group without offsets begins at the end', () => {
  const { reader, security } = readConsumerProperties(
    's',
    requireOptions('s', kafkaSourceOptions, { 'kafka.topics': 'a' }),
  );
  expect(reader.start).toBe('latest');
  expect(security).toBeNull();
});
