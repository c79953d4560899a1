import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OpenSearch } from '../peers/opensearch.js';
import { EventBatch } from '#pipeline/event-batch';
import { EventSinkBatch } from '#pipeline/event-sink-batch';
import type { Sink } from '#pipeline/sink';
import type { SinkBatch } from '#pipeline/sink-batch';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { openSearchSinkType } from '#connectors/sinks/opensearch/sink-type';
import { trial } from './trial.js';

const index = 'trial-records';

trial({
  name: 'OpenSearch, the last record of each key',
  port: 25_620,
  guarantee: 'effectively-once',
  commitIntervalMs: 2000,
  async open(folder, port) {
    mkdirSync(folder, { recursive: true });
    const server = new OpenSearch({ port, directory: join(folder, 'opensearch') });
    await server.start();
    return {
      config: {
        'connector.class': 'io.confluent.connect.elasticsearch.ElasticsearchSinkConnector',
        'connection.url': server.url,
        'index.name.format': 'trial-${topic}',
        'index.create.body': JSON.stringify({
          settings: { number_of_shards: 2, number_of_replicas: 0 },
          mappings: {
            properties: { id: { type: 'long' }, key: { type: 'keyword' }, text: { type: 'text', index: false } },
          },
        }),
      },
      pause: () => server.kill(),
      resume: () => server.start(),
      stop: () => server.kill(),
      async read() {
        const last = new Map<string, number>();
        for (const { id, source } of await server.documents(index)) last.set(id, Number(source['id']));
        return { kind: 'last', last };
      },
    };
  },
});

describe('documents in a real OpenSearch', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-opensearch-'));
  const server = new OpenSearch({ port: 25_626, directory: folder });
  const sinks: Sink[] = [];
  beforeAll(() => server.start(), 120_000);
  afterAll(async () => {
    for (const sink of sinks) await sink.stop();
    await server.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  async function sinkOf(options: Record<string, string>): Promise<Sink> {
    const sink = openSearchSinkType.create({ 'connection.url': server.url, ...options });
    sinks.push(sink);
    const context = { name: 'search', task: 0, ownerEpoch: 1, stateDirectory: '' };
    await sink.start({ ...context, clock: systemClock, logger: silentLogger });
    return sink;
  }

  /** Records at offsets from `firstOffset` on; without value where it is null. */
  function records(topic: string, firstOffset: number, list: readonly (readonly [string, string | null])[]): SinkBatch {
    const events = EventBatch.of(list.map(([key, value]) => ({ body: Buffer.from(value ?? ''), headers: { key } })));
    const batch = new EventSinkBatch(events, { topic, partition: 0, firstOffset, timeMs: Date.UTC(2026, 10, 22) });
    return Object.assign(Object.create(batch) as SinkBatch, {
      value: (index: number) => (list[index]?.[1] === null ? null : batch.value(index)),
    });
  }

  const found = async (index: string): Promise<unknown> =>
    Object.fromEntries((await server.documents(index)).map(({ id, source }) => [id, source]));

  it('keeps the last of each key whatever comes late, and tells refusals by record', async () => {
    const sink = await sinkOf({ 'behavior.on.null.values': 'delete' });
    await sink.put(
      records('last', 10, [
        ['a', '{"n":1}'],
        ['b', '{"n":2}'],
        ['a', '{"n":3}'],
        ['c', '{"n":4}'],
        ['c', null],
      ]),
    );
    await sink.put(
      records('last', 10, [
        ['a', '{"n":1}'],
        ['b', '{"n":2}'],
      ]),
    );
    await expect(
      sink.put(
        records('last', 15, [
          ['d', '{"n":"x"}'],
          ['e', '{"n":5}'],
          ['f', 'oops'],
        ]),
      ),
    ).rejects.toMatchObject({
      refusals: [
        { index: 0, message: expect.stringContaining('mapper_parsing_exception') as string },
        { index: 2, message: expect.stringContaining('mapper_parsing_exception') as string },
      ],
    });
    expect(await found('last')).toEqual({ a: { n: 3 }, b: { n: 2 }, e: { n: 5 } });
  });

  it('merges fields, writes a document a record, and into data streams', async () => {
    const merging = await sinkOf({ 'write.method': 'upsert' });
    await merging.put(
      records('merged', 0, [
        ['a', '{"n":1}'],
        ['a', '{"m":2}'],
      ]),
    );
    expect(await found('merged')).toEqual({ a: { n: 1, m: 2 } });
    const each = await sinkOf({ 'key.ignore': 'true', 'index.name.format': '${topic}-${timestamp}' });
    for (let time = 0; time < 2; time += 1)
      await each.put(
        records('each', 7, [
          ['a', '{"n":1}'],
          ['a', '{"n":2}'],
        ]),
      );
    expect(await found('each-2026.11.22')).toEqual({ 'each+0+7': { n: 1 }, 'each+0+8': { n: 2 } });
    const stream = await sinkOf({ 'data.stream.type': 'logs' });
    const batch = records('shop', 0, [['a', '{"n":1}']]);
    await server.call('PUT', '/_index_template/logs', { index_patterns: ['logs-*'], data_stream: {}, priority: 1 });
    for (let time = 0; time < 2; time += 1) await stream.put(batch);
    expect(await found('logs-shop-shop')).toEqual({ 'shop+0+0': { n: 1, '@timestamp': '2026-11-22T00:00:00.000Z' } });
  });
});
