import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '#std/clock';
import { events, recordsOf, startSink, startTask, taskOf, TestSinkContext } from '../sink-context.testkit.js';
import { elasticsearchSink } from './elasticsearch-sink.js';

const noon = Date.UTC(2026, 10, 22, 12, 34, 56);

describe('the elasticsearch sink', () => {
  let server: Server;
  let host = '';
  /** Status of the n-th document, by request; 201 where nothing is said. */
  let statuses: number[][] = [];
  let requests: { action: { create: { _index: string; _id: string } }; source: unknown }[][] = [];

  beforeEach(async () => {
    statuses = [];
    requests = [];
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const lines = body
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as never);
        const documents = lines.flatMap((_line, at) =>
          at % 2 === 0 ? [{ action: lines[at] ?? (null as never), source: lines[at + 1] }] : [],
        );
        requests.push(documents);
        const own = statuses.shift() ?? [];
        const items = documents.map((_document, at) => ({
          create: { status: own[at] ?? 201, error: { type: 'why' } },
        }));
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ items }));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it("writes Logstash's form into daily indexes", async () => {
    const context = new TestSinkContext({ ...systemClock, now: () => noon });
    const sink = await startSink(elasticsearchSink, { hostNames: host, indexName: 'Logs-%{dc}' }, context);
    await sink.write(events(['hello'], { dc: 'B1', host: 'web1', timestamp: '1690000000000' }));
    await sink.write(events(['{"a":1}']));
    expect(requests.flat().map(({ action, source }) => [action.create._index, source])).toEqual([
      [
        'logs-b1-2023-07-22',
        {
          '@message': 'hello',
          '@timestamp': '2023-07-22T04:26:40.000Z',
          '@source_host': 'web1',
          '@fields': { dc: 'B1', host: 'web1', timestamp: '1690000000000' },
        },
      ],
      ['logs--2026-11-22', { '@message': { a: 1 }, '@timestamp': '2026-11-22T12:34:56.000Z', '@fields': {} }],
    ]);
  });

  it('tries documents again under their ids, and counts those that are refused for good', async () => {
    const context = new TestSinkContext();
    const sink = await startSink(
      elasticsearchSink,
      { hostNames: `127.0.0.1:1,${host}`, serializer: 'dynamic' },
      context,
    );
    statuses = [[201, 429, 400], [201]];
    await sink.write(events(['a', 'b', 'c'], { x: '1' }));
    expect(requests).toHaveLength(2);
    expect(requests[1]).toEqual(requests[0]?.slice(1, 2));
    expect(requests[0]?.[0]?.source).toEqual({ body: 'a', x: '1' });
    expect(context.counters.get('EventsRejected')).toBe(1);
    expect(context.logged).toEqual([expect.stringContaining('400')]);
  });

  it('runs as a task behind a topic: ids are places there, and what is refused is for the dead letters', async () => {
    const plan = taskOf(elasticsearchSink, {
      hostNames: host,
      batchSize: '2',
      'errors.deadletterqueue.topic.name': 'dead',
    });
    expect(plan?.deadLetterTopic).toBe('dead');
    statuses = [
      [201, 400],
      [409, 201],
    ];
    await startTask(plan);
    const error = await plan?.sink.put(recordsOf('a', 'b', 'c', 'd')).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ refusals: [{ index: 1, message: expect.stringContaining('400') as string }] });
    expect(requests.flat().map(({ action }) => action.create._id)).toEqual(
      [100, 101, 102, 103].map((at) => `channel+0+${at}`),
    );
    expect(await plan?.sink.flush(false)).toEqual([{ topic: 'channel', partition: 0, offset: 104 }]);
    await plan?.sink.stop();
  });

  it('leaves out what is refused where there is no topic for it, and counts it', async () => {
    const context = new TestSinkContext();
    const plan = taskOf(elasticsearchSink, { hostNames: host }, context);
    statuses = [[400]];
    await startTask(plan);
    await plan?.sink.put(recordsOf('a', 'b'));
    expect(context.counters.get('EventsRejected')).toBe(1);
    await plan?.sink.stop();
  });

  it('remarks on the old port', () => {
    expect(elasticsearchSink.check?.({ hostNames: 'es1:9300' })).toMatchObject([{ severity: 'warning' }]);
  });
});
