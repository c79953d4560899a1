import type { ServerResponse } from 'node:http';
import { FatalSinkError, RefusedRecordsError, RetriableSinkError } from '#pipeline/errors';
import type { Sink } from '#pipeline/sink';
import type { SinkBatch } from '#pipeline/sink-batch';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { WebServer, type SeenRequest } from '../over-http/web-server.testkit.js';
import { batchOf, type TestRecord } from '../postgres/batch.testkit.js';
import { openSearchSinkType } from './sink-type.js';

interface Item {
  readonly status: number;
  readonly error?: { readonly type: string; readonly reason?: string };
}

/** A line of `_bulk`: what is asked, and the document. */
interface Asked {
  readonly kind: string;
  readonly meta: Readonly<Record<string, unknown>>;
  readonly source: unknown;
}

describe('an opensearch sink', () => {
  const servers: WebServer[] = [];
  const sinks: Sink[] = [];
  let bulks: Asked[][] = [];
  beforeEach(() => {
    bulks = [];
  });
  afterEach(async () => {
    for (const sink of sinks.splice(0)) await sink.stop();
    for (const server of servers.splice(0)) server.stop();
  });

  function askedOf(body: Buffer): Asked[] {
    const lines = body.toString().trimEnd().split('\n');
    const asked: Asked[] = [];
    for (let at = 0; at < lines.length; at += 1) {
      const action = JSON.parse(lines[at] ?? '') as Record<string, Record<string, unknown>>;
      const kind = Object.keys(action)[0] ?? '';
      const source: unknown = kind === 'delete' ? null : JSON.parse(lines[(at += 1)] ?? 'null');
      asked.push({ kind, meta: action[kind] ?? {}, source });
    }
    return asked;
  }

  /** Answers for each document; `refuse` may answer for the request before. */
  async function serve(
    itemOf: (asked: Asked, bulk: number) => Item,
    refuse: (request: SeenRequest, response: ServerResponse) => boolean = () => false,
  ): Promise<WebServer> {
    const server = await new WebServer((request, response) => {
      if (refuse(request, response)) return;
      const asked = askedOf(request.body);
      bulks.push(asked);
      const items = asked.map((each) => ({ [each.kind]: itemOf(each, bulks.length) }));
      response.end(JSON.stringify({ errors: items.length > 0, items }));
    }).start();
    servers.push(server);
    return server;
  }

  const kept = (): Item => ({ status: 201 });

  async function sinkOf(url: string, options: Record<string, string> = {}): Promise<Sink> {
    const all = { 'connection.url': url, 'retry.backoff.ms': '1', ...options };
    expect(openSearchSinkType.check?.(all)).toEqual([]);
    const sink = openSearchSinkType.create(all);
    sinks.push(sink);
    const context = { name: 'search', task: 0, ownerEpoch: 1, stateDirectory: '' };
    await sink.start({ ...context, clock: systemClock, logger: silentLogger });
    return sink;
  }

  const records = (...list: readonly (readonly [string | null, string | null])[]): SinkBatch =>
    batchOf(list.map(([key, value], index): TestRecord => ({ offset: 10 + index, key, value })));
  const failureOf = (sink: Sink, batch: SinkBatch): Promise<unknown> =>
    sink.put(batch).catch((error: unknown) => error);
  const metas = (): unknown[] => bulks.flat().map(({ kind, meta }) => [kind, meta]);

  it('writes documents by key with the offset as their version, deletes, and its offsets follow', async () => {
    const server = await serve(({ kind }) => ({ status: kind === 'delete' ? 404 : 201 }));
    const sink = await sinkOf(server.url, {
      'behavior.on.null.values': 'delete',
      'index.name.format': 'Shop-${topic}',
    });
    await sink.put(records(['a', '{"n":1}'], ['a', null]));
    const version = { _index: 'shop-orders', _id: 'a', version_type: 'external' };
    expect(metas()).toEqual([
      ['index', { ...version, version: 10 }],
      ['delete', { ...version, version: 11 }],
    ]);
    expect(server.seen[0]?.headers).toMatchObject({ 'content-type': 'application/x-ndjson' });
    expect(await sink.flush(false)).toEqual([{ topic: 'orders', partition: 0, offset: 12 }]);
  });

  it('takes an older version and a known id for written', async () => {
    const server = await serve(() => ({ status: 409, error: { type: 'version_conflict_engine_exception' } }));
    await (await sinkOf(server.url)).put(records(['a', '{}']));
    await (await sinkOf(server.url, { 'key.ignore': 'true' })).put(records([null, '{}']));
    expect(metas()[1]).toEqual(['create', { _index: 'orders', _id: 'orders+0+10' }]);
  });

  it('says which documents the server refuses, and which records are none', async () => {
    const server = await serve(({ source }) =>
      (source as { n: unknown }).n === 'x'
        ? { status: 400, error: { type: 'mapper_parsing_exception', reason: 'no number' } }
        : kept(),
    );
    const batch = records(
      ['a', '{"n":1}'],
      [null, '{}'],
      ['c', '{"n":"x"}'],
      ['k'.repeat(513), '{}'],
      ['e', null],
      ['f', '{\n"n":2}'],
    );
    const error = await failureOf(await sinkOf(server.url), batch);
    expect(error).toBeInstanceOf(RefusedRecordsError);
    expect(error).toMatchObject({
      refusals: [
        { index: 1, message: expect.stringContaining('no key') as string },
        { index: 2, message: 'orders answered 400 mapper_parsing_exception: no number' },
        { index: 3, message: expect.stringContaining('over 512 bytes') as string },
        { index: 4, message: expect.stringContaining('no value') as string },
      ],
    });
    expect(bulks.flat().map(({ meta }) => meta['_id'])).toEqual(['a', 'c', 'f']);
    const lenient = await sinkOf(server.url, { 'behavior.on.malformed.documents': 'ignore' });
    await lenient.put(batch);
    expect(await lenient.flush(false)).toMatchObject([{ offset: 16 }]);
  });

  it('sends only those again that the server was too busy for, and then leaves it to the runner', async () => {
    let busy = true;
    const server = await serve(({ meta }) => (busy && meta['_id'] === 'b' ? { status: 429 } : kept()));
    const sink = await sinkOf(server.url, { 'max.retries': '2' });
    const batch = records(['a', '{}'], ['b', '{}'], ['c', '{}']);
    expect(await failureOf(sink, batch)).toBeInstanceOf(RetriableSinkError);
    expect(bulks.map((bulk) => bulk.map(({ meta }) => meta['_id']).join(''))).toEqual(['abc', 'b', 'b']);
    expect(await sink.flush(false)).toEqual([]);
    busy = false;
    await sink.put(batch);
  });

  it('keeps updates of a document in order when one of them is sent again', async () => {
    const server = await serve(({ source }, bulk) => {
      const { doc } = source as { doc: { n: number } };
      return bulk === 1 && doc.n === 1 ? { status: 429 } : kept();
    });
    const sink = await sinkOf(server.url, { 'write.method': 'upsert', 'max.in.flight.requests': '1' });
    await sink.put(records(['a', '{"n":1}'], ['b', '{"n":2}'], ['a', '{"n":3}']));
    expect(bulks[1]?.map(({ source }) => source)).toEqual([
      { doc: { n: 1 }, doc_as_upsert: true },
      { doc: { n: 3 }, doc_as_upsert: true },
    ]);
  });

  it('halves what is too large, and what is refused as a whole, down to the record', async () => {
    const refuse = ({ body }: SeenRequest, response: ServerResponse): boolean => {
      if (askedOf(body).length < 3 && !body.includes('"bad"')) return false;
      response.writeHead(body.includes('"bad"') ? 400 : 413).end('{"error":{"reason":"no"}}');
      return true;
    };
    const sink = await sinkOf((await serve(kept, refuse)).url);
    const error = await failureOf(
      sink,
      records(['a', '{}'], ['b', '{}'], ['c', '{}'], ['d', '{"n":"bad"}'], ['e', '{}']),
    );
    expect(error).toMatchObject({ refusals: [{ index: 3, message: '_bulk was answered 400: no' }] });
    expect(bulks.map((bulk) => bulk.map(({ meta }) => meta['_id']).join(''))).toEqual(['ab', 'c', 'e']);
  });

  it('cuts requests by documents and bytes, several under way', async () => {
    const sink = await sinkOf((await serve(kept)).url, { 'batch.size': '2', 'bulk.size.bytes': '8' });
    await sink.put(records(['a', '{}'], ['b', '{}'], ['c', '{}'], ['d', '{"n":12}'], ['e', '{}']));
    const sent = bulks.map((bulk) => bulk.map(({ meta }) => meta['_id']).join(''));
    expect(sent.toSorted((one, other) => one.localeCompare(other))).toEqual(['ab', 'c', 'd', 'e']);
  });

  it('goes to the next node, and stops at a refusal of rights and at names that no index may have', async () => {
    const server = await serve(kept);
    await (await sinkOf(`http://127.0.0.1:1,${server.url}/`)).put(records(['a', '{}']));
    expect(bulks).toHaveLength(1);
    const locked = await serve(kept, (_request, response) => {
      response.writeHead(401).end();
      return true;
    });
    expect(await failureOf(await sinkOf(locked.url), records(['a', '{}']))).toBeInstanceOf(FatalSinkError);
    const sink = await sinkOf(server.url);
    expect(await failureOf(sink, batchOf([{ offset: 0, key: 'a', value: '{}' }], '_orders'))).toMatchObject({
      message: expect.stringContaining('set index.name.format') as string,
    });
    await expect(failureOf(await sinkOf('http://127.0.0.1:1'), records(['a', '{}']))).resolves.toBeInstanceOf(
      RetriableSinkError,
    );
  });

  it('looks for indexes that it is not to make', async () => {
    const server = await serve(kept, ({ method, url }, response) => {
      if (method === 'HEAD') response.writeHead(url === '/orders' ? 200 : 404).end();
      return method === 'HEAD';
    });
    const sink = await sinkOf(server.url, { 'auto.create.indices': 'false' });
    await sink.put(records(['a', '{}']));
    await sink.put(records(['b', '{}']));
    expect(server.seen.filter(({ method }) => method === 'HEAD')).toHaveLength(1);
    const other = batchOf([{ offset: 0, key: 'a', value: '{}' }], 'other');
    expect(await failureOf(sink, other)).toMatchObject({
      message: expect.stringContaining('There is no index other') as string,
    });
  });

  it('writes into data streams with a time, and into indexes by time', async () => {
    const server = await serve(kept);
    const streams = await sinkOf(server.url, {
      'data.stream.type': 'logs',
      'data.stream.dataset': 'shop',
      'data.stream.timestamp.field': 'at',
    });
    await streams.put(records([null, '{"at":"2026-01-01"}'], [null, '{}']));
    expect(bulks.flat()).toMatchObject([
      {
        kind: 'create',
        meta: { _index: 'logs-shop-orders', _id: 'orders+0+10' },
        source: { '@timestamp': '2026-01-01' },
      },
      { source: { '@timestamp': '2023-11-14T22:13:20.000Z' } },
    ]);
    await (await sinkOf(server.url, { 'index.name.format': '${topic}-${timestamp}' })).put(records(['a', '{}']));
    expect(bulks.at(-1)?.[0]?.meta['_index']).toBe('orders-2023.11.14');
  });

  it.each<[Record<string, string>, string]>([
    [{}, 'effectively-once'],
    [{ 'key.ignore': 'true' }, 'effectively-once'],
    [{ 'key.ignore': 'true', 'use.autogenerated.ids': 'true' }, 'at-least-once'],
    [{ 'write.method': 'upsert' }, 'at-least-once'],
    [{ 'data.stream.type': 'logs' }, 'at-least-once'],
  ])('with %j promises %s', (options, guarantee) => {
    expect(openSearchSinkType.guarantee({ 'connection.url': 'http://host:9200', ...options })).toBe(guarantee);
  });

  it('understands the options of well-known connectors, and tells what does not go together', () => {
    const names = (options: Record<string, string>): string[] =>
      (openSearchSinkType.check?.({ 'connection.url': 'http://host:9200', ...options }) ?? []).map(({ name }) => name);
    const aiven = openSearchSinkType.translate?.('io.aiven.kafka.connect.opensearch.OpensearchSinkConnector', {
      'data.stream.enabled': 'true',
      'data.stream.prefix': 'logs',
      'key.ignore': 'true',
      'behavior.on.malformed.documents': 'report',
    });
    expect(aiven).toMatchObject({ 'data.stream.name': 'logs-${topic}', 'behavior.on.malformed.documents': 'fail' });
    expect(names(aiven ?? {})).toEqual([]);
    expect(names({ 'write.method': 'upsert', 'key.ignore': 'true' })).toEqual(['write.method']);
    expect(names({ 'connection.username': 'u' })).toEqual(['connection.password']);
    expect(names({ 'data.stream.type': 'logs', 'external.version.header': 'v' })).toEqual(['external.version.header']);
    expect(() => openSearchSinkType.create({ 'connection.url': 'host:9200' })).toThrow(/must be addresses/);
    expect(() => openSearchSinkType.create({ 'connection.url': 'http://h', 'index.name.format': '${key}' })).toThrow(
      /means nothing here/,
    );
  });

  it('looks whether the server is there, is one of the kind, and lets the user in', async () => {
    const server = await serve(kept, ({ headers, url, method }, response) => {
      if (headers.authorization === undefined) response.writeHead(401).end();
      else if (method === 'HEAD') response.writeHead(404).end();
      else response.end(url === '/' ? '{"version":{"number":"2.19.3"}}' : '');
      return true;
    });
    const verify = async (options: Record<string, string>): Promise<string[]> =>
      ((await openSearchSinkType.verify?.(options)) ?? []).map(({ name }) => name);
    const user = { 'connection.username': 'u', 'connection.password': 'p' };
    expect(await verify({ 'connection.url': server.url, ...user })).toEqual([]);
    expect(await verify({ 'connection.url': server.url })).toEqual(['connection.password']);
    expect(await verify({ 'connection.url': 'http://127.0.0.1:1' })).toEqual(['connection.url']);
    expect(
      await verify({ 'connection.url': server.url, ...user, topics: 'orders', 'auto.create.indices': 'false' }),
    ).toEqual(['auto.create.indices']);
  });
});
