import { gzipSync } from 'node:zlib';
import type { Source } from '#pipeline/collector';
import { ChannelError, pipelineErrors } from '#pipeline/errors';
import { seededRandom } from '#std/random';
import { portOf } from '../socket.testkit.js';
import { createSource, TestContext } from '../source-context.testkit.js';
import { otlpSource } from './otlp-source.js';

let context: TestContext;
const started: Source[] = [];

beforeEach(() => {
  context = new TestContext();
});
afterEach(async () => {
  for (const source of started.splice(0)) await source.stop();
});

async function start(options: Readonly<Record<string, string>> = {}): Promise<Source> {
  const source = createSource(otlpSource, { port: '0', ...options });
  started.push(source);
  await source.start(context);
  return source;
}

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly body: Buffer;
}

async function send(
  source: Source,
  body: Buffer | string,
  headers: Record<string, string>,
  path = '/v1/logs',
): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${portOf(source)}${path}`, {
    method: 'POST',
    headers,
    body: new Uint8Array(Buffer.from(body)),
  });
  const answer = Buffer.from(await response.arrayBuffer());
  return { status: response.status, type: response.headers.get('content-type'), body: answer };
}

const json = { 'Content-Type': 'application/json' };
const protobuf = { 'Content-Type': 'application/x-protobuf' };

/** A field of Protocol Buffers by hand: bytes, or a number as varint. */
function field(number: number, value: Buffer | string | number): Buffer {
  if (typeof value === 'number') return Buffer.concat([varint(number << 3), varint(value)]);
  const bytes = Buffer.from(value);
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

function fixed64(number: number, value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return Buffer.concat([varint((number << 3) | 1), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}

const attribute = (name: string, value: string): Buffer => Buffer.concat([field(1, name), field(2, field(1, value))]);

const binaryRequest = field(
  1,
  Buffer.concat([
    field(1, field(1, attribute('service.name', 'shop'))),
    field(
      2,
      Buffer.concat([
        field(1, Buffer.concat([field(1, 'lib'), field(2, '2.0')])),
        field(
          2,
          Buffer.concat([
            fixed64(1, 1_700_000_000_123_456_789n),
            field(2, 9),
            field(3, 'INFO'),
            field(5, field(1, 'hello ö')),
            field(6, attribute('k', 'v')),
            field(9, Buffer.from('5b8efff798038103d269b633813fc60c', 'hex')),
            field(10, Buffer.from('eee19b7ec3c1b174', 'hex')),
            field(99, 'a field of later versions'),
          ]),
        ),
      ]),
    ),
  ]),
);

const jsonRequest = {
  resourceLogs: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
      scopeLogs: [
        {
          scope: { name: 'lib', version: '2.0' },
          logRecords: [
            {
              timeUnixNano: '1700000000123456789',
              severityNumber: 9,
              severityText: 'INFO',
              body: { stringValue: 'hello ö' },
              attributes: [{ key: 'k', value: { stringValue: 'v' } }],
              traceId: '5b8efff798038103d269b633813fc60c',
              spanId: 'eee19b7ec3c1b174',
            },
          ],
        },
      ],
    },
  ],
};

const event = {
  body: 'hello ö',
  headers: {
    'resource.service.name': 'shop',
    'scope.name': 'lib',
    'scope.version': '2.0',
    k: 'v',
    timestamp: '1700000000123',
    severity: 'INFO',
    severityNumber: '9',
    traceId: '5b8efff798038103d269b633813fc60c',
    spanId: 'eee19b7ec3c1b174',
  },
};

test.each<[string, Buffer, Record<string, string>, string]>([
  ['Protocol Buffers', binaryRequest, protobuf, ''],
  ['JSON', Buffer.from(JSON.stringify(jsonRequest)), json, '{}'],
  ['compressed', gzipSync(binaryRequest), { ...protobuf, 'Content-Encoding': 'gzip' }, ''],
])('a request in %s is events', async (_, body, headers, text) => {
  const answer = await send(await start(), body, headers);
  expect([answer.status, answer.type, answer.body.toString()]).toEqual([200, headers['Content-Type'], text]);
  expect(context.events).toEqual([event]);
});

function recordsOf(...logRecords: unknown[]): string {
  return JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
}

test.each<[string, unknown, string]>([
  ['whole numbers', { intValue: '9007199254740993' }, '9007199254740993'],
  ['fractions', { doubleValue: 1.5 }, '1.5'],
  ['truth', { boolValue: false }, 'false'],
  ['bytes', { bytesValue: 'aGk=' }, 'hi'],
  ['lists', { arrayValue: { values: [{ intValue: '1' }, { bytesValue: 'aGk=' }, {}] } }, '[1,"aGk=",null]'],
  ['tables', { kvlistValue: { values: [{ key: 'a', value: { stringValue: 'b' } }] } }, '{"a":"b"}'],
  ['nothing', undefined, ''],
])('a body may be %s', async (_, body, text) => {
  await send(await start(), recordsOf({ body }), json);
  expect(context.bodies).toEqual([text]);
});

test('records that are no events are rejected by number, the others come', async () => {
  const source = await start({ maxRecordBytes: '10' });
  let nested: unknown = { stringValue: 'deep' };
  for (let depth = 0; depth < 100; depth += 1) nested = { arrayValue: { values: [nested] } };
  const records = recordsOf(
    { body: { stringValue: 'x'.repeat(11) } },
    { body: nested },
    { timeUnixNano: 'soon' },
    { body: { stringValue: 'good' } },
  );
  const { status, body } = await send(source, records, json);
  expect(status).toBe(200);
  expect(JSON.parse(body.toString())).toEqual({
    partialSuccess: { rejectedLogRecords: '3', errorMessage: 'a record of 11 bytes is more than maxRecordBytes 10' },
  });
  expect(context.bodies).toEqual(['good']);
  expect(context.counters.get('EventReadFail')).toBe(3);
});

test.each<[string, number, Buffer | string, Record<string, string>, string?]>([
  ['no JSON', 400, '{', json],
  ['a list where none may be', 400, '{"resourceLogs":{"a":1}}', json],
  ['no Protocol Buffers', 400, Buffer.from('ffffffff', 'hex'), protobuf],
  ['no gzip', 400, 'x', { ...json, 'Content-Encoding': 'gzip' }],
  ['another encoding', 415, 'x', { ...json, 'Content-Encoding': 'br' }],
  ['another type', 415, 'x', { 'Content-Type': 'text/plain' }],
  ['another path', 404, '{}', json, '/v1/traces'],
  ['a bomb', 413, gzipSync(Buffer.alloc(20_000_000, 0x20)), { ...json, 'Content-Encoding': 'gzip' }],
  ['an empty request', 200, '{}', json],
])('%s is %i', async (_, status, body, headers, path = '/v1/logs') => {
  expect((await send(await start(), body, headers, path)).status).toBe(status);
});

test('a full channel is 503 with the time to wait, in the encoding of the request', async () => {
  const source = await start();
  context.refusal = new ChannelError(pipelineErrors.channelFull, 'full');
  const answer = await send(source, binaryRequest, protobuf);
  expect(answer.status).toBe(503);
  expect(answer.body).toEqual(Buffer.concat([field(1, 14), field(2, 'full')]));
  context.refusal = new Error('an interceptor broke');
  expect((await send(source, binaryRequest, protobuf)).status).toBe(500);
});

test('garbage is 400 and harms nobody', async () => {
  const source = await start();
  const random = seededRandom(9);
  for (let round = 0; round < 100; round += 1) {
    const bytes = Buffer.from(binaryRequest);
    for (let flips = 0; flips < 3; flips += 1)
      bytes[Math.floor(random.next() * bytes.length)] = Math.floor(random.next() * 256);
    const { status } = await send(source, bytes, protobuf);
    expect([200, 400]).toContain(status);
  }
});
