import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PoisonRecordError, RetriableSinkError } from '#pipeline/errors';
import { events, recordsOf, startSink, startTask, taskOf, TestSinkContext } from '../sink-context.testkit.js';
import { httpSink } from './http-sink.js';
import { readRules } from './status-rules.js';

const defaults = {
  defaultBackoff: true,
  defaultRollback: true,
  defaultIncrementMetrics: false,
  backoff: {},
  rollback: {},
  incrementMetrics: {},
};

describe('the http sink', () => {
  let server: Server;
  let endpoint = '';
  let statuses: number[] = [];
  let got: { body: string; type: string | undefined; accept: string | undefined }[] = [];

  beforeEach(async () => {
    statuses = [];
    got = [];
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        got.push({ body, type: request.headers['content-type'], accept: request.headers.accept });
        response.writeHead(statuses.shift() ?? 200).end('thanks');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/in`;
  });

  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('posts the body of each event; empty ones are passed over', async () => {
    const context = new TestSinkContext();
    const sink = await startSink(httpSink, { endpoint, contentTypeHeader: 'application/json' }, context);
    await sink.write(events(['{"a":1}', '', 'b'], { secret: 'x' }));
    expect(got).toEqual([
      { body: '{"a":1}', type: 'application/json', accept: 'text/plain' },
      { body: 'b', type: 'application/json', accept: 'text/plain' },
    ]);
    expect(context.counters.get('EmptyEventCount')).toBe(1);
  });

  it('runs as a task behind a topic, and gives up what is refused where a topic takes it', async () => {
    const letters = { 'errors.deadletterqueue.topic.name': 'dead' };
    for (const [status, options, expected] of [
      [422, letters, /answered with status 422/],
      [422, {}, /status 422/],
      [404, letters, /status 404/],
    ] as const) {
      got = [];
      const plan = taskOf(httpSink, { endpoint, requestsInFlight: '2', ...options });
      await startTask(plan);
      statuses = [200, status];
      const error: unknown = await plan?.sink.put(recordsOf('a', 'b', 'c')).catch((caught: unknown) => caught);
      expect(String(error)).toMatch(expected);
      expect(error).toBeInstanceOf(
        status === 422 && plan?.deadLetterTopic === 'dead' ? PoisonRecordError : RetriableSinkError,
      );
      await plan?.sink.put(recordsOf('a', 'b', 'c'));
      expect(await plan?.sink.flush(false)).toMatchObject([{ offset: 103 }]);
      await plan?.sink.stop();
    }
  });

  it('sends again by the rules: at once where no pause is asked for, later where one is', async () => {
    const sink = await startSink(httpSink, { endpoint, 'backoff.503': 'false', 'rollback.4XX': 'false' });
    statuses = [503, 503, 200];
    await sink.write(events(['a']));
    expect(got).toHaveLength(3);
    statuses = [500];
    await expect(sink.write(events(['b']))).rejects.toThrow(/status 500/);
    statuses = [400];
    await sink.write(events(['c']));
    expect(got.map(({ body }) => body).join('')).toBe('aaabc');
  });

  it('takes an address that does not answer for a failure', async () => {
    const sink = await startSink(httpSink, { endpoint: 'http://127.0.0.1:1/', connectTimeout: '500' });
    await expect(sink.write(events(['a']))).rejects.toThrow(/No answer from/);
  });

  it.each([
    [200, {}, { rollback: false, backoff: false, counted: true }],
    [200, { rollback: { '2XX': 'true' } }, { rollback: true, backoff: false, counted: true }],
    [404, {}, { rollback: true, backoff: true, counted: false }],
    [404, { rollback: { '4XX': 'false', '404': 'true' } }, { rollback: true, backoff: true, counted: false }],
    [
      403,
      { rollback: { '4XX': 'FALSE' }, backoff: { '403': 'false' } },
      { rollback: false, backoff: false, counted: false },
    ],
  ])('does with status %d and %j what the most exact rule says', (status, rules, outcome) => {
    expect(readRules({ ...defaults, ...rules }).of(status)).toEqual(outcome);
  });

  it('says which rule is none', () => {
    expect(httpSink.check?.({ endpoint, 'rollback.20X': 'true', 'backoff.500': 'maybe' })).toEqual([
      expect.objectContaining({ option: 'backoff.500' }),
      expect.objectContaining({ option: 'rollback.20X' }),
    ]);
  });
});
