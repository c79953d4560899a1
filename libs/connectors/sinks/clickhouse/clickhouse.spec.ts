import { FatalSinkError, PoisonRecordError, RetriableSinkError } from '#pipeline/errors';
import type { Sink } from '#pipeline/sink';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { WebServer, type SeenRequest } from '../over-http/web-server.testkit.js';
import { batchOf, valuesFrom } from '../postgres/batch.testkit.js';
import { clickhouseProblems, clickhouseSettings, tableFor } from './options.js';
import { clickhouseSinkType } from './sink-type.js';

const at = { topic: 'orders', partition: 0 };

describe('the clickhouse sink', () => {
  let answer: { status: number; code?: string; text: string; retryAfter?: string };
  let server: WebServer;
  let sink: Sink;

  beforeEach(async () => {
    answer = { status: 200, text: '' };
    server = await new WebServer((_request, response) => {
      const code = answer.code === undefined ? {} : { 'x-clickhouse-exception-code': answer.code };
      const wait = answer.retryAfter === undefined ? {} : { 'retry-after': answer.retryAfter };
      response.writeHead(answer.status, { ...code, ...wait }).end(answer.text);
    }).start();
  });

  afterEach(async () => {
    await sink.stop();
    server.stop();
  });

  async function opened(options: Record<string, string> = {}): Promise<void> {
    sink = clickhouseSinkType.create({
      'clickhouse.url': server.url,
      password: 'secret',
      exactlyOnce: 'false',
      ...options,
    });
    await sink.start({
      name: 'rows',
      task: 0,
      clock: systemClock,
      logger: silentLogger,
      ownerEpoch: 1,
      stateDirectory: '',
    });
    await sink.open([at]);
  }

  function last(): SeenRequest {
    const request = server.seen.at(-1);
    if (request === undefined) throw new Error('nothing was asked');
    return request;
  }

  it('sends the values of a batch as they are, with one statement', async () => {
    await opened({ database: 'web', username: 'me', clickhouseSettings: "insert_quorum=2,log_comment=it's" });
    await sink.put(valuesFrom(3, [{ id: 1 }, { id: 2 }]));
    expect(server.seen).toHaveLength(1);
    expect(last().url).toContain('database=web');
    expect(last().headers).toMatchObject({ 'x-clickhouse-user': 'me', 'x-clickhouse-key': 'secret' });
    const [statement, ...rows] = last().body.toString().trim().split('\n');
    expect(statement).toMatch(
      /^INSERT INTO `orders` SETTINGS .*insert_quorum = '2', log_comment = 'it\\'s'.* FORMAT JSONEachRow$/,
    );
    expect(statement).not.toContain('insert_deduplication_token');
    expect(rows).toEqual(['{"id":1}', '{"id":2}']);
    expect(await sink.flush(false)).toEqual([{ ...at, offset: 5 }]);
  });

  it('writes the bounds of a block before it, and makes the token of them', async () => {
    await opened({ exactlyOnce: 'true' });
    await sink.put(valuesFrom(3, [{ id: 1 }, { id: 2 }]));
    const statements = server.seen.map(({ body }) => body.toString());
    const bounds = statements.findIndex((text) => /^INSERT INTO `millrace_sink_blocks`.* 3, 5\)$/s.test(text));
    const block = statements.findIndex((text) => text.includes("insert_deduplication_token = 'rows-orders-0-3-4'"));
    expect(bounds).toBeGreaterThan(0);
    expect(block).toBeGreaterThan(bounds);
  });

  it.each([
    [500, '117', 'Code: 117. DB::Exception: Unknown field found: x: (at row 2)', PoisonRecordError, { index: 1 }],
    [500, '27', 'Code: 27. DB::Exception: Cannot parse input', PoisonRecordError, { index: null }],
    [404, '60', 'Code: 60. DB::Exception: Table does not exist', FatalSinkError, {}],
    [403, '516', 'Code: 516. DB::Exception: Authentication failed', FatalSinkError, {}],
    [401, undefined, 'who?', FatalSinkError, {}],
    [500, '252', 'Code: 252. DB::Exception: Too many parts', RetriableSinkError, {}],
    [500, '241', 'Code: 241. DB::Exception: Memory limit', RetriableSinkError, {}],
    [503, undefined, 'later', RetriableSinkError, { retryAfterMs: 2000 }],
    [200, undefined, 'Code: 241. DB::Exception: Memory limit (in the middle)', RetriableSinkError, {}],
  ])('understands the answer %s %s', async (status, code, text, error, more) => {
    await opened();
    answer = { status, text, ...(code === undefined ? {} : { code }), ...(status === 503 ? { retryAfter: '2' } : {}) };
    const put = sink.put(valuesFrom(0, [{ id: 1 }, { id: 2, x: 1 }]));
    await expect(put).rejects.toBeInstanceOf(error);
    await expect(put).rejects.toMatchObject(more);
    expect(await sink.flush(false)).toEqual([]);
  });

  it('refuses what is no JSON object before it asks', async () => {
    await opened();
    await expect(
      sink.put(
        batchOf([
          { offset: 0, value: '{"a":1}' },
          { offset: 1, value: null },
        ]),
      ),
    ).rejects.toMatchObject({ index: 1 });
    await expect(sink.put(batchOf([{ offset: 0, value: '[1]' }]))).rejects.toThrow(/not a JSON object/);
    expect(server.seen).toHaveLength(0);
  });

  it('takes the properties of ClickHouse’s own connector', async () => {
    await opened();
    const settings = clickhouseSettings({ hostname: 'db', port: '8123', ssl: 'false', topic2TableMap: 'a=b, c=d' });
    expect(settings.url.href).toBe('http://db:8123/');
    expect(tableFor('a', settings)).toBe('b');
    expect(tableFor('x', settings)).toBe('x');
    expect(clickhouseProblems({}).map(({ name }) => name)).toEqual(['clickhouse.url']);
    expect(clickhouseSinkType.guarantee({})).toBe('effectively-once');
    expect(clickhouseSinkType.guarantee({ exactlyOnce: 'false' })).toBe('at-least-once');
  });
});
