import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import avro from 'avsc';
import type { ChannelSink, ComponentContext, ComponentType } from '#pipeline/collector';
import { EventBatch } from '#pipeline/event-batch';
import { systemClock } from '#std/clock';
import { silentLogger, type Logger } from '#std/log';
import { FakeTopics } from '../channels/topic/fake-topics.testkit.js';
import { readProducerProperties } from '../channels/topic/producer-properties.js';
import { fileRollSink } from './file-roll/file-roll-sink.js';
import { eventLine, loggerSink } from './logger/logger-sink.js';
import { nullSink } from './null/null-sink.js';
import { TopicSink, type TopicSinkSettings } from './topic/topic-sink.js';
import { kafkaSink, topicSink } from './topic/topic-sink-types.js';

const context: ComponentContext = {
  name: 'k1',
  clock: { ...systemClock, now: () => 1_700_000_000_000 },
  logger: silentLogger,
  stateDirectory: '/nowhere',
  count() {},
  reportError() {},
};

async function start(
  type: ComponentType<ChannelSink>,
  options: Record<string, string>,
  logger: Logger = silentLogger,
): Promise<ChannelSink> {
  const sink = type.create({
    agent: 'a1',
    name: 'k1',
    options,
    services: { bootstrap: '', clock: systemClock, logger },
  });
  await sink.start(context);
  return sink;
}

const lines = (...texts: string[]) => EventBatch.of(texts.map((text) => ({ body: Buffer.from(text) })));

describe('topic sink', () => {
  const open = async (more: Partial<TopicSinkSettings> = {}) => {
    const topics = new FakeTopics();
    const sink = new TopicSink(
      {
        topic: 'logs',
        batchSize: 100,
        producer: readProducerProperties({}),
        flumeEventFormat: false,
        topicHeader: 'topic',
        partitionIdHeader: null,
        defaultPartitionId: null,
        timestampHeader: 'timestamp',
        headers: 'all',
        ...more,
      },
      topics,
    );
    await sink.start(context);
    return { sink, topics };
  };

  it('passes columns on as they are: bytes not copied, key and timestamp taken out of the headers', async () => {
    const { sink, topics } = await open();
    const batch = lines('a', 'b')
      .withHeader('host', 'web1')
      .withHeader('timestamp', '1690000000000')
      .withHeader('key', ['k', null]);
    await sink.write(batch);
    expect(topics.writes).toHaveLength(1);
    expect(topics.writes[0]?.topic).toBe('logs');
    expect(topics.writes[0]?.columns).toMatchObject({ timestamps: 1_690_000_000_000, keys: [Buffer.from('k'), null] });
    expect(topics.writes[0]?.columns.bytes).toBe(batch.bytes);
    expect([...(topics.writes[0]?.columns.headers ?? [])]).toEqual([['host', 'web1']]);
  });

  it('gives events without a usable timestamp the time of the write', async () => {
    const { sink, topics } = await open();
    await sink.write(lines('a', 'b', 'c').withHeader('timestamp', ['1', 'soon', null]));
    expect(topics.writes[0]?.columns.timestamps).toEqual(Float64Array.of(1, 1_700_000_000_000, 1_700_000_000_000));
  });

  it('sends events to the topic that their header names, where that is allowed', async () => {
    const batch = lines('a', 'b', 'c').withHeader('topic', ['other', null, 'other']);
    const allowed = await open();
    await allowed.sink.write(batch);
    expect(allowed.topics.writes.map(({ topic, columns }) => [topic, columns.starts.length])).toEqual([
      ['other', 2],
      ['logs', 1],
    ]);
    const refused = await open({ topicHeader: null });
    await refused.sink.write(batch);
    expect(refused.topics.writes.map(({ topic }) => topic)).toEqual(['logs']);
  });

  it('sends only the headers that are named, under their new names', async () => {
    const { sink, topics } = await open({ headers: { host: 'from' } });
    await sink.write(lines('a').withHeader('host', 'web1').withHeader('other', 'x'));
    expect([...(topics.writes[0]?.columns.headers ?? [])]).toEqual([['from', 'web1']]);
  });

  it('resolves escapes in the name of the topic, unless the header names one', async () => {
    const { sink, topics } = await open({ topic: 'logs-%{dc}-%Y' });
    await sink.write(
      lines('a', 'b', 'c', 'd')
        .withHeader('dc', ['b1', 'b/2', 'b1', 'b1'])
        .withHeader('timestamp', ['1690000000000', '1690000000000', '0', null])
        .withHeader('topic', [null, null, 'other', null]),
    );
    expect(topics.writes.map(({ topic }) => topic)).toEqual(['logs-b1-2023', 'logs-b_2-2023', 'other']);
    expect(kafkaSink.check?.({ 'kafka.topic': '%{dc}', allowTopicOverride: 'false' })).toMatchObject([
      { severity: 'error' },
    ]);
  });

  it('puts aside what a topic never takes, and writes the rest in order', async () => {
    const { sink, topics } = await open({ partitionIdHeader: 'to', deadLetterTopic: 'letters' });
    await sink.write(lines('a', 'b', 'c', 'd').withHeader('to', ['0', 'nowhere', '1', null]));
    const texts = topics.writes.map(({ topic, columns }) => {
      const bodies = Array.from(columns.starts, (start, at) => columns.bytes.toString('utf8', start, columns.ends[at]));
      return `${topic} ${bodies.join('')}`;
    });
    expect(texts).toEqual(['logs a', 'letters b', 'logs cd']);
    const letter = topics.writes[1]?.columns.headers ?? new Map<string, unknown>();
    expect(letter.get('__connect.errors.exception.message')).toContain('nowhere');
    const refusing = await open({ partitionIdHeader: 'to' });
    await expect(refusing.sink.write(lines('b').withHeader('to', 'nowhere'))).rejects.toThrow(/nowhere/);
  });

  it('needs a topic with a name that there can be', () => {
    const check = topicSink.options['topic']?.check as ((value: string) => string | null) | undefined;
    expect(check?.('a.b-c_d')).toBeNull();
    expect(check?.('%{host}')).toBeNull();
    expect(check?.('%[nowhere]')).toContain('not known');
    expect(check?.('a b')).toContain('must be');
  });
});

describe('file_roll sink', () => {
  it('keeps headers in the order of Java, and counts files anew each second where they are named by time', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'file-roll-'));
    try {
      const sink = await start(fileRollSink, {
        'sink.directory': directory,
        'sink.pathManager': 'rolltime',
        'sink.rollInterval': '0',
        'sink.serializer': 'HEADER_AND_TEXT',
        'sink.serializer.appendNewline': 'false',
      });
      await sink.write(lines('a').withHeader('timestamp', '1').withHeader('host', 'h').withHeader('file', 'f'));
      await sink.stop();
      const [name = '', ...others] = await readdir(directory);
      expect(others).toEqual([]);
      expect(name).toMatch(/^\d{14}-1$/);
      expect(await readFile(join(directory, name), 'utf8')).toBe('{file=f, host=h, timestamp=1} a');
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('writes Avro files, another one for each schema', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'file-roll-'));
    try {
      const sink = await start(fileRollSink, {
        'sink.directory': directory,
        'sink.rollInterval': '0',
        'sink.serializer': 'org.apache.flume.sink.hdfs.AvroEventSerializer$Builder',
      });
      const [text, number] = ['"string"', '"long"'];
      await sink.write(
        lines('\u0002a', '\u0004bc', '\u0002').withHeader('flume.avro.schema.literal', [text, text, number]),
      );
      await sink.stop();
      const names = (await readdir(directory)).toSorted();
      const values = await Promise.all(names.map((name) => avroValues(join(directory, name))));
      expect(values).toEqual([['a', 'bc'], [1]]);
      await expect(sink.write(lines('x'))).rejects.toThrow(/names no Avro schema/);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('writes lines to files that it rolls, named as Flume names them', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'file-roll-'));
    try {
      const sink = await start(fileRollSink, {
        'sink.directory': join(directory, 'out'),
        'sink.pathManager.prefix': 'log-',
        'sink.pathManager.extension': 'txt',
        'sink.serializer': 'header_and_text',
        'sink.rollInterval': '1',
      });
      await sink.write(lines('a', 'b').withHeader('h', '1'));
      await sink.write(lines('c'));
      await new Promise((resolve) => setTimeout(resolve, 1200));
      await sink.write(lines('d'));
      await sink.stop();
      const names = await readdir(join(directory, 'out'));
      expect(names).toEqual(['log-1700000000000-1.txt', 'log-1700000000000-2.txt']);
      const contents = await Promise.all(names.map((name) => readFile(join(directory, 'out', name), 'utf8')));
      expect(contents).toEqual(['{h=1} a\n{h=1} b\n{} c\n', '{} d\n']);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

/** By another reader of Avro files. */
function avroValues(path: string): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const values: unknown[] = [];
    avro
      .createFileDecoder(path)
      .on('data', (value) => values.push(value))
      .on('end', () => resolve(values))
      .on('error', reject);
  });
}

describe('logger and null sink', () => {
  it('shows headers, bytes and text of an event', () => {
    expect(eventLine({ host: 'web1', a: 'b' }, Buffer.from('hello\tworld, this is long'), 16)).toBe(
      'Event: { headers:{host=web1, a=b} body: 68 65 6C 6C 6F 09 77 6F 72 6C 64 2C 20 74 68 69 hello.world, thi }',
    );
  });

  it('log a line an event, and a line each so many events', async () => {
    const logged: string[] = [];
    const logger: Logger = { ...silentLogger, info: (message) => logged.push(message) };
    await (await start(loggerSink, {}, logger)).write(lines('a', 'b'));
    expect(logged).toHaveLength(2);
    const sink = await start(nullSink, { logEveryNEvents: '3' }, logger);
    await sink.write(lines('a', 'b'));
    await sink.write(lines('c', 'd'));
    expect(logged.slice(2)).toEqual(['The null sink has discarded events.']);
  });
});
