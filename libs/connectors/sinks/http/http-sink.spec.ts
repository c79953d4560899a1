import { createHmac } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { FatalSinkError, RefusedRecordsError, RetriableSinkError } from '#pipeline/errors';
import type { SinkBatch } from '#pipeline/sink-batch';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { WebServer, type SeenRequest } from '../over-http/web-server.testkit.js';
import { batchOf, valuesFrom } from '../postgres/batch.testkit.js';
import { HttpSink } from './http-sink.js';
import { httpProblems, httpSettings } from './options.js';
import { httpSinkType } from './sink-type.js';

describe('an http sink', () => {
  const servers: WebServer[] = [];
  const sinks: HttpSink[] = [];
  afterEach(async () => {
    for (const sink of sinks.splice(0)) await sink.stop();
    for (const server of servers.splice(0)) server.stop();
  });

  async function serve(answer: (request: SeenRequest, response: ServerResponse) => void): Promise<WebServer> {
    const server = await new WebServer(answer).start();
    servers.push(server);
    return server;
  }

  const fine = (_request: SeenRequest, response: ServerResponse): void => void response.end();

  async function sinkOf(server: WebServer, options: Record<string, string> = {}): Promise<HttpSink> {
    const all = { 'http.url': `${server.url}/in`, 'retry.backoff.ms': '1', ...options };
    expect(httpProblems(all)).toEqual([]);
    const sink = new HttpSink(httpSettings(all));
    sinks.push(sink);
    const context = { name: 'hook', task: 0, ownerEpoch: 1, stateDirectory: '' };
    await sink.start({ ...context, clock: systemClock, logger: silentLogger });
    return sink;
  }

  const failureOf = (sink: HttpSink, batch: SinkBatch): Promise<unknown> =>
    sink.put(batch).catch((error: unknown) => error);
  const bodies = (server: WebServer): string[] => server.seen.map(({ body }) => body.toString());

  it('posts a record a request, in order, with an idempotency key, and its offset follows', async () => {
    const server = await serve(fine);
    const sink = await sinkOf(server, { 'value.converter': 'json' });
    await sink.put(valuesFrom(7, [{ n: 1 }, { n: 2 }]));
    expect(bodies(server)).toEqual(['{"n":1}', '{"n":2}']);
    expect(server.seen[1]).toMatchObject({
      method: 'POST',
      url: '/in',
      headers: { 'idempotency-key': 'hook-orders-0-8', 'content-type': 'application/json' },
    });
    expect(await sink.flush()).toEqual([{ topic: 'orders', partition: 0, offset: 9 }]);
    await sink.close([{ topic: 'orders', partition: 0 }]);
    expect(await sink.flush()).toEqual([]);
  });

  it.each<[Record<string, string>, string, string]>([
    [{ 'batch.format': 'array' }, '[{"n":1},{"n":2},{"n":3}]', 'application/json'],
    [{ 'batch.format': 'ndjson' }, '{"n":1}\n{"n":2}\n{"n":3}\n', 'application/x-ndjson'],
    [{ 'batching.enabled': 'true' }, '{"n":1}\n{"n":2}\n{"n":3}', 'application/octet-stream'],
    [
      {
        'batch.format': 'separator',
        'batch.prefix': '<',
        'batch.separator': ';',
        'batch.suffix': '>\\n',
        'value.converter': 'string',
      },
      '<{"n":1};{"n":2};{"n":3}>\n',
      'text/plain; charset=utf-8',
    ],
  ])('sends many in a request with %j', async (options, body, type) => {
    const server = await serve(fine);
    await (await sinkOf(server, options)).put(valuesFrom(7, [{ n: 1 }, { n: 2 }, { n: 3 }]));
    expect(bodies(server)).toEqual([body]);
    expect(server.seen[0]?.headers).toMatchObject({ 'content-type': type, 'idempotency-key': 'hook-orders-0-7-9' });
  });

  it('puts what a record has into address and headers, and does not let it lead elsewhere', async () => {
    const server = await serve(fine);
    const sink = await sinkOf(server, {
      'http.url': `${server.url}/\${topic}/\${key}?d=\${field:meta.day}`,
      'http.headers.X-Offset': 'no ${offset}',
      'http.headers.additional': 'X-One:1, X-Two:b',
      'batch.format': 'array',
    });
    const value = '{"meta":{"day":"ä b"}}';
    const keys = ['a/b', 'a/b', '..', null];
    const error = await failureOf(sink, batchOf(keys.map((key, index) => ({ offset: index, key, value }))));
    expect(server.seen.map(({ url }) => url)).toEqual(['/orders/a%2Fb?d=%C3%A4%20b', '/orders/a%2Fb?d=%C3%A4%20b']);
    expect(server.seen[0]?.headers).toMatchObject({ 'x-offset': 'no 0', 'x-one': '1', 'x-two': 'b' });
    expect(error).toBeInstanceOf(RefusedRecordsError);
    expect(error).toMatchObject({
      refusals: [
        { index: 2, message: '".." can not be part of an address' },
        { index: 3, message: expect.stringContaining('a key') as string },
      ],
    });
  });

  it('finds the records that the server refuses by halves, and keeps the others', async () => {
    const server = await serve(({ body }, response) => {
      response.statusCode = /bad/.test(body.toString()) ? 422 : 200;
      response.end('no such thing');
    });
    const sink = await sinkOf(server, { 'batch.format': 'array' });
    const error = await failureOf(sink, valuesFrom(10, ['a', 'bad', 'c', 'd', 'e', 'bad', 'g', 'h']));
    expect(error).toMatchObject({
      refusals: [
        { index: 1, message: `POST ${server.url}/in was answered 422: no such thing` },
        { index: 5, message: expect.stringContaining('422') as string },
      ],
    });
    const kept = bodies(server).filter((body) => !body.includes('bad'));
    expect(kept).toEqual(['["a"]', '["c","d"]', '["e"]', '["g","h"]']);
    expect(await sink.flush()).toEqual([{ topic: 'orders', partition: 0, offset: 18 }]);
  });

  it('tries again while the server is busy, as it asks, and then leaves it to the runner, without a repetition', async () => {
    let busy = 3;
    const server = await serve(({ body }, response) => {
      if (body.toString() === '2' && busy > 0) {
        busy -= 1;
        response.writeHead(503, busy === 0 ? { 'Retry-After': '9' } : {});
      }
      response.end();
    });
    const sink = await sinkOf(server, { 'max.retries': '10' });
    const batch = valuesFrom(0, [1, 2, 3]);
    const error = await failureOf(sink, batch);
    expect(error).toBeInstanceOf(RetriableSinkError);
    expect(error).toMatchObject({ retryAfterMs: 9000 });
    expect(await sink.flush()).toEqual([]);
    await sink.put(batch);
    expect(bodies(server)).toEqual(['1', '2', '2', '2', '2', '3']);
  });

  it('stops at a refusal of rights, a wrong address and a redirect; others by rules', async () => {
    const server = await serve(({ url }, response) => {
      response.writeHead(Number(url.slice(1)), { Location: '/200' }).end();
    });
    const put = async (status: number, options: Record<string, string> = {}): Promise<unknown> =>
      await failureOf(
        await sinkOf(server, { 'http.url': `${server.url}/${status}`, 'max.retries': '0', ...options }),
        valuesFrom(0, [1]),
      );
    for (const status of [401, 403, 404, 308]) expect(await put(status)).toBeInstanceOf(FatalSinkError);
    expect(await put(418)).toBeInstanceOf(RefusedRecordsError);
    expect(await put(429)).toBeInstanceOf(RetriableSinkError);
    expect(await put(302)).toMatchObject({ message: expect.stringContaining('It redirects to /200') as string });
    expect(await put(308, { 'http.redirects.max': '1' })).toBeUndefined();
    expect(await put(409, { 'ignore.status.codes': '409' })).toBeUndefined();
    expect(await put(404, { 'retry.on.status.codes': '404,500-' })).toBeInstanceOf(RetriableSinkError);
  });

  it('does not repeat what is secret out of an answer', async () => {
    const server = await serve(
      ({ headers }, response) => void response.writeHead(403).end(`no ${String(headers['x-api-key'])}`),
    );
    const sink = await sinkOf(server, { 'http.authorization.type': 'apikey', 'api.key': 'k3y-of-mine' });
    expect(await failureOf(sink, valuesFrom(0, [1]))).toMatchObject({
      message: expect.stringContaining('403: no ***') as string,
    });
  });

  it('has several requests under way, and those of one key in order', async () => {
    let open = 0;
    let openMax = 0;
    const server = await serve((_request, response) => {
      open += 1;
      openMax = Math.max(openMax, open);
      setTimeout(() => {
        open -= 1;
        response.end();
      }, Math.random() * 10);
    });
    const sink = await sinkOf(server, { 'max.in.flight.requests': '4', 'request.order': 'key' });
    const records = Array.from({ length: 40 }, (_, n) => ({ offset: n, key: `k${n % 8}`, value: `${n}` }));
    await sink.put(batchOf(records));
    expect(openMax).toBeGreaterThan(1);
    for (let key = 0; key < 8; key += 1) {
      const sent = bodies(server)
        .map(Number)
        .filter((n) => n % 8 === key);
      expect(sent).toEqual(sent.toSorted((a, b) => a - b));
    }
    expect(await sink.flush()).toMatchObject([{ offset: 40 }]);
  });

  it('signs and compresses bodies', async () => {
    const server = await serve(fine);
    await (
      await sinkOf(server, { 'request.compression': 'gzip', 'signature.secret': 's3cret' })
    ).put(valuesFrom(0, [{ n: 1 }]));
    const [request] = server.seen;
    const body = request?.body ?? Buffer.alloc(0);
    expect(gunzipSync(body).toString()).toBe('{"n":1}');
    expect(request?.headers['x-signature-256']).toBe(
      `sha256=${createHmac('sha256', 's3cret').update(body).digest('hex')}`,
    );
  });

  it.each<['ignore' | 'delete', readonly string[]]>([
    ['ignore', ['POST a']],
    ['delete', ['POST a', 'DELETE b']],
  ])('does %s with records without value', async (behavior, requests) => {
    const server = await serve(fine);
    const sink = await sinkOf(server, { 'http.url': `${server.url}/\${key}`, 'behavior.on.null.values': behavior });
    await sink.put(
      batchOf([
        { offset: 0, key: 'a', value: '1' },
        { offset: 1, key: 'b', value: null },
      ]),
    );
    expect(server.seen.map(({ method, url }) => `${method} ${url.slice(1)}`)).toEqual(requests);
    expect(await sink.flush()).toMatchObject([{ offset: 2 }]);
  });

  it('gets a token, keeps it, and gets another when the server takes it no more', async () => {
    let tokens = 0;
    let good = 'Bearer t1';
    const server = await serve(({ url, headers }, response) => {
      if (url === '/token') {
        tokens += 1;
        response.end(JSON.stringify({ access_token: `t${tokens}`, expires_in: 600 }));
      } else response.writeHead(headers.authorization === good ? 200 : 401).end();
    });
    const sink = await sinkOf(server, {
      'http.authorization.type': 'oauth2',
      'oauth2.access.token.url': `${server.url}/token`,
      'oauth2.client.id': 'me',
      'oauth2.client.secret': 'hidden',
      'oauth2.client.scope': 'write',
      'max.in.flight.requests': '4',
      'request.order': 'none',
    });
    await sink.put(valuesFrom(0, [1, 2]));
    expect(tokens).toBe(1);
    expect(server.seen[0]).toMatchObject({
      headers: { authorization: `Basic ${Buffer.from('me:hidden').toString('base64')}` },
    });
    expect(server.seen[0]?.body.toString()).toBe('grant_type=client_credentials&scope=write');
    good = 'Bearer t2';
    await sink.put(valuesFrom(2, [3, 4, 5, 6]));
    expect(tokens).toBe(2);
    good = 'none';
    expect(await failureOf(sink, valuesFrom(6, [7]))).toBeInstanceOf(FatalSinkError);
  });

  it('does not go to addresses that nobody may be led to', async () => {
    const server = await serve(fine);
    const sink = await sinkOf(server, { 'http.url': 'http://169.254.169.254/latest' });
    const error = await failureOf(sink, valuesFrom(0, [1]));
    expect(error).toBeInstanceOf(FatalSinkError);
    expect(error).toMatchObject({ message: expect.stringContaining('metadata server') as string });
    const strict = await sinkOf(server, { 'targets.public.only': 'true' });
    expect(await failureOf(strict, valuesFrom(0, [1]))).toBeInstanceOf(FatalSinkError);
  });

  it('understands the options of well-known connectors', () => {
    const confluent = httpSinkType.translate?.('io.confluent.connect.http.HttpSinkConnector', {
      'http.api.url': 'https://host/${topic}',
      headers: 'X-A:1|X-B:2',
      'auth.type': 'BASIC',
      'connection.user': 'u',
      'connection.password': 'p',
      'batch.max.size': '10',
      'batch.json.as.array': 'true',
      'https.ssl.truststore.password': 'x',
    });
    expect(confluent).toMatchObject({
      'http.authorization.type': 'basic',
      'batch.format': 'array',
      'http.headers.X-B': '2',
    });
    expect(confluent).toMatchObject({ 'ssl.truststore.password': 'x' });
    expect(httpProblems(confluent ?? {})).toEqual([]);
    const aiven = httpSinkType.translate?.('io.aiven.kafka.connect.http.HttpSinkConnector', { 'http.timeout': '30' });
    expect(aiven).toEqual({ 'http.timeout': '30000' });
  });

  it('tells what does not go together', () => {
    const names = (options: Record<string, string>): string[] =>
      httpProblems({ 'http.url': 'http://host/', ...options }).map(({ name }) => name);
    expect(names({ 'http.authorization.type': 'oauth2' })).toEqual([
      'oauth2.access.token.url',
      'oauth2.client.id',
      'oauth2.client.secret',
    ]);
    expect(names({ 'max.in.flight.requests': '2' })).toEqual(['max.in.flight.requests']);
    expect(names({ 'http.headers.X': '${nope}', 'http.headers.a b': '1' })).toEqual([
      'http.headers.X',
      'http.headers.a b',
    ]);
    expect(() => httpSettings({ 'http.url': 'http://${key}/' })).toThrow(/must be the same for all records/);
    expect(() => httpSettings({ 'http.url': 'http://host/', 'retry.on.status.codes': 'x' })).toThrow(/is no status/);
  });

  it('looks whether the server is there and takes the authorization', async () => {
    const server = await serve(
      ({ headers }, response) => void response.writeHead(headers['x-api-key'] === 'good' ? 405 : 401).end(),
    );
    const verify = async (options: Record<string, string>): Promise<string[]> =>
      ((await httpSinkType.verify?.(options)) ?? []).map(({ name }) => name);
    const url = `${server.url}/in/\${key}`;
    const key = { 'http.authorization.type': 'apikey', 'api.key.value': 'good' };
    expect(await verify({ 'http.url': url, ...key })).toEqual([]);
    expect(server.seen[0]).toMatchObject({ method: 'HEAD', url: '/in/' });
    expect(await verify({ 'http.url': url, ...key, 'api.key.value': 'bad' })).toEqual(['http.authorization.type']);
    expect(await verify({ 'http.url': 'http://127.0.0.1:1/' })).toEqual(['http.url']);
    expect(await verify({ 'http.url': url.replace('http:', 'https:') })).toEqual(['ssl.truststore.location']);
  });
});
