import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FatalSinkError, PoisonRecordError, RetriableSinkError } from '#pipeline/errors';
import type { Sink } from '#pipeline/sink';
import { batchOf } from '#connectors/sinks/postgres/batch.testkit';
import { httpLinesSink } from './sink-type.js';

describe('the http-lines sink', () => {
  let answer = { status: 204, headers: {} as Record<string, string> };
  const requests: { headers: NodeJS.Dict<string | string[]>; body: string }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (piece: string) => (body += piece));
    request.on('end', () => {
      requests.push({ headers: request.headers, body });
      response.writeHead(answer.status, answer.headers).end(answer.status === 204 ? undefined : 'why');
    });
  });
  let sink: Sink;

  beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
  afterAll(() => new Promise((resolve) => server.close(resolve)));
  beforeEach(() => {
    answer = { status: 204, headers: {} };
    requests.splice(0);
    const { port } = server.address() as AddressInfo;
    sink = httpLinesSink.create({ 'http.url': `http://127.0.0.1:${port}/lines`, 'http.authorization': 'Bearer x' });
  });

  const three = batchOf([
    { offset: 7, value: '{"n":1}' },
    { offset: 8, value: '{"n":2}' },
    { offset: 12, value: '{"n":3}' },
  ]);

  it('posts a batch as lines and says then that it is stored', async () => {
    expect(await sink.open([{ topic: 'orders', partition: 0 }])).toEqual([]);
    await sink.put(three);
    expect(requests).toMatchObject([
      {
        body: '{"n":1}\n{"n":2}\n{"n":3}\n',
        headers: {
          'content-type': 'application/x-ndjson',
          'idempotency-key': 'orders-0-7-12',
          authorization: 'Bearer x',
        },
      },
    ]);
    expect(await sink.flush(false)).toEqual([{ topic: 'orders', partition: 0, offset: 13 }]);
  });

  it('says nothing of a partition that was taken away', async () => {
    await sink.put(three);
    await sink.close([{ topic: 'orders', partition: 0 }]);
    expect(await sink.flush(true)).toEqual([]);
  });

  it.each([
    [400, PoisonRecordError],
    [401, FatalSinkError],
    [302, FatalSinkError],
    [404, FatalSinkError],
    [413, PoisonRecordError],
    [422, PoisonRecordError],
    [429, RetriableSinkError],
    [503, RetriableSinkError],
  ])('takes %i as a %p, and nothing as stored', async (status, kind) => {
    answer = { status, headers: {} };
    await expect(sink.put(three)).rejects.toThrow(kind);
    await expect(sink.put(three)).rejects.toThrow(`answered ${status}: why`);
    expect(await sink.flush(true)).toEqual([]);
  });

  it('waits as long as the server asks for', async () => {
    answer = { status: 503, headers: { 'retry-after': '2' } };
    await expect(sink.put(three)).rejects.toMatchObject({ retryAfterMs: 2000 });
  });

  it('tries again where nobody answers', async () => {
    const away = httpLinesSink.create({ 'http.url': 'http://127.0.0.1:10009/' });
    await expect(away.put(three)).rejects.toThrow(RetriableSinkError);
  });

  it.each([
    ['no value', null],
    ['two lines', 'a\nb'],
  ])('names the record that is no line, and sends nothing: %s', async (_case, value) => {
    const batch = batchOf([
      { offset: 0, value: 'good' },
      { offset: 1, value },
    ]);
    await expect(sink.put(batch)).rejects.toMatchObject({ index: 1 });
    expect(requests).toEqual([]);
  });
});
