import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parseOptions } from '#config/options';
import { FatalSinkError, RetriableSinkError } from '#pipeline/errors';
import type { Sink } from '#pipeline/sink';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { FakeHdfs } from '#wire/hdfs/webhdfs.testkit';
import { recordsOf } from '../file/records.testkit.js';
import { hdfsSink } from './hdfs-sink.js';

const at = { topic: 'orders', partition: 0 };
let fake: FakeHdfs;
let url = '';
let state = '';
const sinks: Sink[] = [];

beforeEach(async () => {
  fake = new FakeHdfs();
  url = await fake.start();
  state = await mkdtemp(join(tmpdir(), 'hdfs-sink-'));
});

afterEach(async () => {
  for (const sink of sinks.splice(0)) await sink.stop();
  await fake.stop();
  await rm(state, { recursive: true, force: true });
});

async function start(options: Record<string, string>, ownerEpoch = 1): Promise<Sink> {
  const sink = hdfsSink.create({ 'hdfs.url': url, 'hdfs.timeZone': 'UTC', ...options });
  sinks.push(sink);
  await sink.start({
    name: 'lake',
    task: 0,
    clock: systemClock,
    logger: silentLogger,
    ownerEpoch,
    stateDirectory: join(state, String(sinks.length)),
  });
  return sink;
}

const finals = (): string[] => [...fake.files.keys()].filter((path) => !path.includes('/+')).sort();

const noon = Date.UTC(2026, 10, 22, 12, 34, 56);

describe('the HDFS sink', () => {
  it("writes Kafka Connect's layout", async () => {
    const sink = await start({ 'topics.dir': 'lake', 'format.class': 'io.confluent.connect.hdfs.json.JsonFormat' });
    expect(await sink.open([at])).toEqual([]);
    await sink.put(
      recordsOf(at, [
        { offset: 5, value: '{"a":\n1}' },
        { offset: 6, value: null },
      ]),
    );
    expect(await sink.flush(true)).toEqual([{ ...at, offset: 7 }]);
    expect(finals()).toEqual(['/lake/orders/partition=0/orders+0+0000000005+0000000006.json']);
    expect(fake.files.get(finals()[0] ?? '')?.toString()).toBe('{"a": 1}\nnull\n');
    expect(await (await start({ 'topics.dir': 'lake' }, 2)).open([at])).toEqual([{ ...at, offset: 7 }]);
  });

  it("writes Flume's paths, and values of headers stay within their segment", async () => {
    const sink = await start({
      'hdfs.path': 'hdfs://nn:8020/flume/%{host}/%Y-%m-%d/%H%M',
      'hdfs.filePrefix': 'web-%{host}',
      'hdfs.fileType': 'CompressedStream',
      'hdfs.codeC': 'gzip',
      'hdfs.round': 'true',
      'hdfs.roundValue': '10',
      'hdfs.roundUnit': 'minute',
    });
    await sink.open([at]);
    const records = ['h1', '../../etc/passwd', '..', '+state', ''].map((host, offset) => ({
      offset,
      value: `v${offset}`,
      headers: { host, timestamp: String(noon) },
    }));
    await sink.put(recordsOf(at, records));
    await sink.flush(true);
    expect(finals()).toEqual(
      [
        '/flume/2026-11-22/1230/web-+orders+0+0000000004+0000000004.txt.gz',
        '/flume/%2Bstate/2026-11-22/1230/web-+state+orders+0+0000000003+0000000003.txt.gz',
        '/flume/%2E%2E/2026-11-22/1230/web-..+orders+0+0000000002+0000000002.txt.gz',
        '/flume/..%2F..%2Fetc%2Fpasswd/2026-11-22/1230/web-..%2F..%2Fetc%2Fpasswd+orders+0+0000000001+0000000001.txt.gz',
        '/flume/h1/2026-11-22/1230/web-h1+orders+0+0000000000+0000000000.txt.gz',
      ].sort(),
    );
    const h1 = fake.files.get('/flume/h1/2026-11-22/1230/web-h1+orders+0+0000000000+0000000000.txt.gz');
    expect(gunzipSync(h1 ?? Buffer.alloc(0)).toString()).toBe('v0\n');
  });

  it('writes SequenceFiles where only a path is given, as Flume does', async () => {
    const sink = await start({ 'hdfs.path': '/flume' });
    await sink.open([at]);
    await sink.put(recordsOf(at, [{ offset: 0, value: 'x' }]));
    await sink.flush(true);
    expect(finals()).toEqual(['/flume/orders+0+0000000000+0000000000.seq']);
    expect(
      fake.files
        .get(finals()[0] ?? '')
        ?.subarray(0, 4)
        .toString('latin1'),
    ).toBe('SEQ\x06');
  });

  it('tells a store that is away from one that refuses, and goes on once it is back', async () => {
    const sink = await start({ 'hdfs.path': '/flume', format: 'text' });
    await sink.open([at]);
    await sink.put(recordsOf(at, [{ offset: 0, value: 'x' }]));
    fake.intercept = ({ method }) => (method === 'DATA' ? { status: 403, exception: 'IOException' } : null);
    await expect(sink.flush(true)).rejects.toThrow(RetriableSinkError);
    fake.intercept = () => ({ status: 403, exception: 'AccessControlException' });
    await expect(sink.flush(true)).rejects.toThrow(FatalSinkError);
    fake.intercept = ({ query }) => (query.get('op') === 'RENAME' ? { status: 0, lost: true } : null);
    await expect(sink.flush(true)).rejects.toThrow(RetriableSinkError);
    fake.intercept = () => null;
    expect(await sink.flush(true)).toEqual([{ ...at, offset: 1 }]);
    expect(finals()).toEqual(['/flume/orders+0+0000000000+0000000000.txt']);
  });

  it.each([
    [{ 'hdfs.fileType': 'DataStream', 'hdfs.codeC': 'gzip' }, /takes no codeC/],
    [{ 'hdfs.fileType': 'CompressedStream' }, /needs a codeC/],
    [{ 'hdfs.codeC': 'lzo' }, /must be one of gzip, .* or none/],
    [{ 'format.class': 'io.confluent.connect.hdfs.orc.OrcFormat' }, /ORC is not written/],
    [{ format: 'parquet', 'hdfs.codeC': 'gzip' }, /set parquet\.codec/],
    [{ 'hdfs.url': 'ftp://nn:8020' }, /not a web address/],
    [{ 'hdfs.path': '/a/../b' }, /segments \. or \.\./],
    [{ 'hdfs.path': '/a/%[nowhere]' }, /%\[nowhere\] is not known/],
    [{ 'hdfs.timeZone': 'Mars/Olympus' }, /not a known time zone/],
    [{ 'hdfs.round': 'true', 'hdfs.roundUnit': 'hour', 'hdfs.roundValue': '30' }, /roundValue 30/],
  ])('refuses %j', (options, message) => {
    expect(() => hdfsSink.create({ 'hdfs.url': url, 'hdfs.path': '/flume', ...options })).toThrow(message);
  });

  it.each([
    [{}, 'exactly-once'],
    [{ 'hdfs.rollInterval': '30' }, 'exactly-once'],
    [{ 'hdfs.useLocalTimeStamp': 'TRUE' }, 'effectively-once'],
  ])('promises with %j %s', (options, guarantee) => {
    expect(hdfsSink.guarantee(options)).toBe(guarantee);
  });

  it("knows every option of Kafka Connect's and Flume's names that it takes", () => {
    const { problems, unknown } = parseOptions(hdfsSink.options, {
      'webhdfs.url': 'http://nn:9870',
      'flush.size': '3',
      'rotate.interval.ms': '1000',
      'topics.dir': 'topics',
      timezone: 'UTC',
      'filename.offset.zero.pad.width': '12',
      'hdfs.rollInterval': '30',
      'hdfs.rollSize': '0',
      'hdfs.writeFormat': 'text',
      'hdfs.callTimeout': '30000',
    });
    expect({ problems, unknown }).toEqual({ problems: [], unknown: [] });
  });
});
