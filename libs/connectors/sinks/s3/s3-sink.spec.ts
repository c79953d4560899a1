import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FatalSinkError, FencedSinkError, RetriableSinkError } from '#pipeline/errors';
import type { Sink } from '#pipeline/sink';
import { silentLogger } from '#std/log';
import { FakeS3, fakeKeys } from '#wire/s3/s3.testkit';
import { ManualClock } from '../file/manual-clock.testkit.js';
import { recordsOf } from '../file/records.testkit.js';
import { fromAiven } from './aiven-options.js';
import { s3Sink } from './s3-sink.js';

const at = { topic: 'orders', partition: 0 };
let fake: FakeS3;
let url = '';
let root = '';
let folders = 0;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 's3-sink-'));
});

afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

beforeEach(async () => {
  fake = new FakeS3('lake');
  fake.pageKeys = 3;
  url = await fake.start();
});

afterEach(() => fake.stop());

function config(more: Record<string, string> = {}): Record<string, string> {
  return {
    's3.bucket.name': 'lake',
    's3.region': 'eu-west-1',
    'store.url': url,
    'aws.access.key.id': fakeKeys.accessKeyId,
    'aws.secret.access.key': fakeKeys.secretAccessKey,
    'rotate.interval.ms': '0',
    ...more,
  };
}

async function started(more: Record<string, string> = {}, ownerEpoch = 1): Promise<Sink> {
  const sink = s3Sink.create(config(more));
  const clock = new ManualClock();
  clock.advance(Date.parse('2026-11-22T12:00:00Z') - clock.now());
  const stateDirectory = join(root, String((folders += 1)));
  await sink.start({ name: 'lake', task: 0, clock, logger: silentLogger, ownerEpoch, stateDirectory });
  return sink;
}

function lines(from: number, to: number) {
  return recordsOf(
    at,
    Array.from({ length: to - from }, (_, index) => ({ offset: from + index, value: `{"n":${from + index}}` })),
  );
}

function visible(): Record<string, string> {
  const found = [...fake.objects].filter(([key]) => !key.includes('/+state/'));
  return Object.fromEntries(found.map(([key, { content }]) => [key, content.toString()]));
}

describe('the S3 sink', () => {
  it("names objects as Kafka Connect's does and keeps its position in the bucket", async () => {
    const sink = await started({ 'format.class': 'io.confluent.connect.s3.format.json.JsonFormat', 'flush.size': '2' });
    expect(await sink.open([at])).toEqual([]);
    await sink.put(lines(5, 10));
    expect(await sink.flush(false)).toEqual([{ ...at, offset: 9 }]);
    expect(visible()).toEqual({
      'topics/orders/partition=0/orders+0+0000000005.json': '{"n":5}\n{"n":6}\n',
      'topics/orders/partition=0/orders+0+0000000007.json': '{"n":7}\n{"n":8}\n',
    });
    await sink.stop();
    const next = await started({}, 2);
    expect(await next.open([at])).toEqual([{ ...at, offset: 9 }]);
    await next.stop();
  });

  it('finds its position from the objects alone where its state is gone', async () => {
    const sink = await started();
    await sink.open([at]);
    await sink.put(lines(0, 4));
    await sink.flush(true);
    await sink.stop();
    for (const key of fake.objects.keys()) if (key.includes('+state')) fake.objects.delete(key);
    const next = await started({}, 2);
    expect(await next.open([at])).toEqual([{ ...at, offset: 4 }]);
    await next.stop();
  });

  it('shows nothing of a file whose commit broke off, and drops its upload later', async () => {
    const sink = await started();
    await sink.open([at]);
    await sink.put(lines(0, 4));
    const state = (request: { url?: string; method?: string }): boolean =>
      request.method === 'PUT' && request.url?.includes('state') === true;
    fake.intercept = (request) => (state(request) ? { status: 503 } : null);
    await expect(sink.flush(true)).rejects.toThrow(RetriableSinkError);
    fake.intercept = () => null;
    expect(visible()).toEqual({});
    expect(fake.uploads.size).toBe(1);
    await sink.stop();
    fake.nowMs += 60_000;
    const next = await started({}, 2);
    expect(await next.open([at])).toEqual([]);
    expect(fake.uploads.size).toBe(0);
    await next.put(lines(0, 4));
    expect(await next.flush(true)).toEqual([{ ...at, offset: 4 }]);
    expect(Object.keys(visible())).toEqual(['topics/orders/partition=0/orders+0+0000000000.txt']);
    await next.stop();
  });

  it('completes what an owner before it had committed', async () => {
    const sink = await started();
    await sink.open([at]);
    await sink.put(lines(0, 4));
    fake.intercept = (request) =>
      request.method === 'POST' && request.url?.includes('uploadId=') === true ? { status: 500 } : null;
    await expect(sink.flush(true)).rejects.toThrow(RetriableSinkError);
    fake.intercept = () => null;
    expect(visible()).toEqual({});
    const next = await started({}, 2);
    expect(await next.open([at])).toEqual([{ ...at, offset: 4 }]);
    expect(Object.values(visible())).toEqual([lines(0, 4).count === 4 ? '{"n":0}\n{"n":1}\n{"n":2}\n{"n":3}\n' : '']);
    // The one before is told that it is too late.
    await sink.flush(true).catch(() => null);
    await sink.put(lines(4, 6)).catch(() => null);
    await expect(sink.flush(true)).rejects.toThrow(FencedSinkError);
    expect(Object.keys(visible())).toHaveLength(1);
    await next.stop();
  });

  it('takes an answer that was lost for done', async () => {
    const sink = await started();
    await sink.open([at]);
    await sink.put(lines(0, 2));
    let lost = 0;
    fake.intercept = (request) => {
      if (request.method !== 'POST' || request.url?.includes('uploadId=') !== true || lost > 0) return null;
      lost += 1;
      const id = decodeURIComponent(request.url.split('uploadId=')[1] ?? '');
      const upload = fake.uploads.get(id);
      if (upload !== undefined) fake.put(upload.key, Buffer.concat([...upload.parts.values()]), upload.metadata);
      fake.uploads.delete(id);
      return { status: 200, isCut: true };
    };
    await expect(sink.flush(true)).rejects.toThrow(RetriableSinkError);
    expect(await sink.flush(true)).toEqual([{ ...at, offset: 2 }]);
    expect(Object.values(visible())).toEqual(['{"n":0}\n{"n":1}\n']);
    await sink.stop();
  });

  it('says so when an upload is gone that was to be completed', async () => {
    const sink = await started();
    await sink.open([at]);
    await sink.put(lines(0, 2));
    fake.intercept = (request) => {
      if (request.method === 'POST' && request.url?.includes('uploadId=') === true) fake.uploads.clear();
      return null;
    };
    await expect(sink.flush(true)).rejects.toThrow(/gone before it was completed/);
    await sink.stop();
  });

  it('refuses a server that replaces objects against the condition, unless it is told to live with it', async () => {
    fake.hasConditions = false;
    const sink = await started();
    await expect(sink.open([at])).rejects.toThrow(FatalSinkError);
    await sink.stop();
    const other = await started({ 's3.conditional.writes': 'false', 'topics.dir': 'other' });
    await other.open([at]);
    await other.put(lines(0, 2));
    expect(await other.flush(true)).toEqual([{ ...at, offset: 2 }]);
    await other.stop();
  });

  it('uploads long files in parts', async () => {
    const sink = await started({ 's3.part.size': String(5 * 1024 * 1024) });
    await sink.open([at]);
    const value = Buffer.alloc(3 * 1024 * 1024, 'x');
    await sink.put(
      recordsOf(
        at,
        [0, 1, 2, 3].map((offset) => ({ offset, value })),
      ),
    );
    await sink.flush(true);
    const parts = fake.requests.filter((request) => request.includes('partNumber='));
    expect(parts).toHaveLength(3);
    expect(Object.values(visible())[0]).toHaveLength(4 * (value.length + 1));
    await sink.stop();
  });

  it.each([
    [{}, []],
    [{ 'aws.secret.access.key': 'wrong' }, ['aws.secret.access.key']],
    [{ 's3.bucket.name': 'other' }, ['s3.bucket.name']],
    [{ 'store.url': 'http://127.0.0.1:1' }, ['store.url']],
  ])('verifies %j', async (more, names) => {
    const problems = await s3Sink.verify?.(config(more));
    expect(problems?.map(({ name }) => name)).toEqual(names);
  });

  it.each([
    [{}, 'exactly-once'],
    [{ 'rotate.schedule.interval.ms': '60000' }, 'exactly-once'],
    [{ 'partitioner.class': 'HourlyPartitioner', 'timestamp.extractor': 'Wallclock' }, 'effectively-once'],
    [{ 's3.conditional.writes': 'false' }, 'at-least-once'],
  ])('promises with %j %s', (more, guarantee) => {
    expect(s3Sink.guarantee(config(more))).toBe(guarantee);
  });

  it("understands Aiven's options", () => {
    expect(
      fromAiven({
        'aws.s3.prefix': 'raw/',
        'file.name.template':
          '{{topic}}/{{timestamp:unit=yyyy}}-{{timestamp:unit=MM}}/{{partition}}-{{start_offset}}.gz',
        'format.output.type': 'jsonl',
      }),
    ).toMatchObject({
      's3.path': '/raw/%{topic}/%Y-%m/',
      'file.compression.type': 'gzip',
      'format.output.envelope': 'true',
    });
    expect(fromAiven({ 'format.output.type': 'parquet' })).toMatchObject({ 'parquet.codec': 'gzip', 's3.path': '/' });
  });
});
