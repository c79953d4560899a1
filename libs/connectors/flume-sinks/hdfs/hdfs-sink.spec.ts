import { gunzipSync } from 'node:zlib';
import type { ChannelSink } from '#pipeline/collector';
import { EventBatch } from '#pipeline/event-batch';
import { systemClock } from '#std/clock';
import { FakeHdfs } from '#wire/hdfs/webhdfs.testkit';
import { createSink, events, eventually, startSink, TestSinkContext } from '../sink-context.testkit.js';
import { hdfsChannelSink } from './hdfs-sink.js';

const noon = Date.UTC(2026, 10, 22, 12, 34, 56);
/** A clock that stands, so that counters in names are known. */
const still = { ...systemClock, now: () => noon };

let fake: FakeHdfs;
let url = '';
const sinks: ChannelSink[] = [];

beforeEach(async () => {
  fake = new FakeHdfs();
  url = await fake.start();
});

afterEach(async () => {
  for (const sink of sinks.splice(0)) await sink.stop();
  await fake.stop();
});

const text = { 'hdfs.fileType': 'DataStream', 'hdfs.rollCount': '0', 'hdfs.rollSize': '0', 'hdfs.timeZone': 'UTC' };

async function start(options: Record<string, string>, context = new TestSinkContext(still)): Promise<ChannelSink> {
  const sink = await startSink(
    hdfsChannelSink,
    { 'hdfs.url': url, 'hdfs.path': 'hdfs://nn:8020/flume', ...options },
    context,
  );
  sinks.push(sink);
  return sink;
}

const names = (): string[] => [...fake.files.keys()].toSorted();
const contents = (): Record<string, string> =>
  Object.fromEntries(names().map((name) => [name, fake.files.get(name)?.toString() ?? '']));
const at = (count: number): string => String(noon + count);

describe('the HDFS sink of a flume.conf', () => {
  it('counts events as delivered in open files, and gives files their names when they are finished', async () => {
    const sink = await start(text);
    await sink.write(events(['a', 'b']));
    expect(contents()).toEqual({ [`/flume/FlumeData.${at(1)}.tmp`]: 'a\nb\n' });
    await sink.write(events(['c']));
    expect(contents()).toEqual({ [`/flume/FlumeData.${at(1)}.tmp`]: 'a\nb\nc\n' });
    await sink.stop();
    expect(contents()).toEqual({ [`/flume/FlumeData.${at(1)}`]: 'a\nb\nc\n' });
  });

  it('names files as Flume does, open and finished', async () => {
    const sink = await start({
      ...text,
      'hdfs.path': 'webhdfs://elsewhere/flume/%{dc}/%Y-%m-%d/%H%M',
      'hdfs.filePrefix': 'web-%{host}',
      'hdfs.fileSuffix': '.log',
      'hdfs.inUsePrefix': '_',
      'hdfs.inUseSuffix': '.open',
      'hdfs.round': 'true',
      'hdfs.roundValue': '10',
      'hdfs.roundUnit': 'minute',
    });
    await sink.write(events(['a'], { dc: 'b1', host: 'h/1', timestamp: String(noon) }));
    await sink.write(events(['b'], { dc: 'x/y', host: '..', timestamp: String(noon) }));
    expect(names()).toEqual([
      `/flume/b1/2026-11-22/1230/web-h/_1.${at(1)}.log.open`,
      `/flume/x/y/2026-11-22/1230/_web-...${at(2)}.log.open`,
    ]);
    await sink.stop();
    expect(names()).toEqual([
      `/flume/b1/2026-11-22/1230/web-h/1.${at(1)}.log`,
      `/flume/x/y/2026-11-22/1230/web-...${at(2)}.log`,
    ]);
  });

  it.each([
    [{ 'hdfs.rollCount': '2', 'hdfs.rollSize': '0' }, ['aaa\nbbb\n', 'ccc\nddd\n', 'eee\n']],
    // Looked at before each event: a file goes over the size by its last one.
    [{ 'hdfs.rollCount': '0', 'hdfs.rollSize': '7' }, ['aaa\nbbb\nccc\n', 'ddd\neee\n']],
    [{}, ['aaa\nbbb\nccc\nddd\neee\n']],
  ])('rolls by %j', async (options, files) => {
    const sink = await start({ 'hdfs.fileType': 'DataStream', ...options });
    await sink.write(events(['aaa', 'bbb', 'ccc', 'ddd', 'eee']));
    await sink.stop();
    expect(Object.values(contents())).toEqual(files);
  });

  it('finishes files after an interval, and when they are idle', async () => {
    const context = new TestSinkContext();
    const sink = await start({ ...text, 'hdfs.rollInterval': '0', 'hdfs.idleTimeout': '1' }, context);
    await sink.write(events(['a']));
    await eventually(() => names().every((name) => !name.endsWith('.tmp')), 'the idle file is finished');
    await sink.write(events(['b']));
    expect(names()).toHaveLength(2);
    const other = await start({ ...text, 'hdfs.path': '/other', 'hdfs.rollInterval': '1' });
    await other.write(events(['a']));
    await eventually(() => names().some((name) => /^\/other\/FlumeData\.\d+$/.test(name)), 'the old file is finished');
  });

  it('keeps no more files open than allowed', async () => {
    const sink = await start({ ...text, 'hdfs.path': '/flume/%{host}', 'hdfs.maxOpenFiles': '2' });
    for (const host of ['a', 'b', 'a', 'c']) await sink.write(events(['x'], { host }));
    await eventually(() => names().filter((name) => name.endsWith('.tmp')).length === 2, 'one is finished');
    expect(names().find((name) => !name.endsWith('.tmp'))).toMatch(/^\/flume\/b\//);
  });

  it('goes by the clock, counted and told of, where an event has no timestamp', async () => {
    const context = new TestSinkContext(still);
    const sink = await start({ ...text, 'hdfs.path': '/flume/%Y/%H%%' }, context);
    await sink.write(
      EventBatch.of([{ body: Buffer.from('a') }, { body: Buffer.from('b'), headers: { timestamp: '0' } }]),
    );
    expect(names().map((name) => name.slice(0, 16))).toEqual(['/flume/1970/00%/', '/flume/2026/12%/']);
    expect(context.counters.get('TimestampMissingCount')).toBe(1);
    expect(context.logged).toEqual([expect.stringContaining('no header "timestamp"')]);
  });

  it('compresses, each flush a member of its own', async () => {
    const sink = await start({ ...text, 'hdfs.fileType': 'CompressedStream', 'hdfs.codeC': 'GzipCodec' });
    await sink.write(events(['a']));
    await sink.write(events(['b']));
    await sink.stop();
    expect(names()).toEqual([`/flume/FlumeData.${at(1)}.gz`]);
    expect(gunzipSync(fake.files.get(names()[0] ?? '') ?? Buffer.alloc(0)).toString()).toBe('a\nb\n');
  });

  it('writes a batch once that failed before, whatever came into the files', async () => {
    const sink = await start(text);
    await sink.write(events(['a']));
    fake.intercept = ({ method, query }) =>
      method === 'DATA' && query.get('op') === 'APPEND' ? { status: 0, lost: true } : null;
    await expect(sink.write(events(['b', 'c']))).rejects.toThrow(/APPEND/);
    fake.intercept = () => null;
    await eventually(() => contents()[`/flume/FlumeData.${at(1)}`] === 'a\n', 'the file is cut and finished');
    await sink.write(events(['b', 'c']));
    await sink.stop();
    expect(contents()).toEqual({ [`/flume/FlumeData.${at(1)}`]: 'a\n', [`/flume/FlumeData.${at(2)}`]: 'b\nc\n' });
  });

  it('removes a file whose first write failed, and does not touch one of another writer', async () => {
    const sink = await start(text);
    fake.files.set(`/flume/FlumeData.${at(1)}.tmp`, Buffer.from('of another agent'));
    await expect(sink.write(events(['a']))).rejects.toThrow(/is there already/);
    fake.intercept = ({ method }) => (method === 'DATA' ? { status: 0, lost: true } : null);
    await expect(sink.write(events(['a']))).rejects.toThrow(/CREATE/);
    fake.intercept = () => null;
    await sink.write(events(['a']));
    await sink.stop();
    expect(contents()).toEqual({
      [`/flume/FlumeData.${at(1)}.tmp`]: 'of another agent',
      [`/flume/FlumeData.${at(3)}`]: 'a\n',
    });
  });

  it('finishes at its start what a crash left open, without what was never acknowledged', async () => {
    const context = new TestSinkContext(still);
    const crashed = await startSink(hdfsChannelSink, { 'hdfs.url': url, 'hdfs.path': '/flume', ...text }, context);
    sinks.push(crashed);
    await crashed.write(events(['a']));
    // What a crash amid an append leaves.
    fake.files.set(`/flume/FlumeData.${at(1)}.tmp`, Buffer.from('a\nhalf a li'));
    fake.files.set(`/flume/FlumeData.${at(1)}`, Buffer.from('a file of that name'));
    const next = new TestSinkContext(still);
    Object.assign(next, { stateDirectory: context.stateDirectory });
    await start(text, next);
    await eventually(() => contents()[`/flume/FlumeData.${at(1)}-1`] === 'a\n', 'the file has its name');
  });

  it.each([
    [{ 'hdfs.retryInterval': '0' }, 1],
    [{ 'hdfs.closeTries': '2', 'hdfs.retryInterval': '1' }, 2],
  ])('gives up to name a file where %j asks for it', async (options, tries) => {
    const context = new TestSinkContext(still);
    const sink = await start({ ...text, 'hdfs.rollCount': '1', ...options }, context);
    fake.intercept = ({ query }) => (query.get('op') === 'RENAME' ? { status: 403, exception: 'IOException' } : null);
    await sink.write(events(['a']));
    await eventually(() => context.logged.some((line) => line.includes(`after ${tries} tries`)), 'it is given up');
    expect(fake.requests.filter(({ query }) => query.get('op') === 'RENAME')).toHaveLength(tries);
    expect(names()).toEqual([`/flume/FlumeData.${at(1)}.tmp`]);
  });

  it('tries to name a file for ever elsewise, and soon at first', async () => {
    const sink = await start({ ...text, 'hdfs.rollCount': '1' });
    let refusals = 2;
    fake.intercept = ({ query }) => {
      if (query.get('op') !== 'RENAME' || refusals === 0) return null;
      refusals -= 1;
      return { status: 403, exception: 'IOException' };
    };
    await sink.write(events(['a']));
    await eventually(() => names().join() === `/flume/FlumeData.${at(1)}`, 'the third try succeeds');
  });

  it('takes an unknown escape and a header that is not there for nothing', async () => {
    const sink = await start({ ...text, 'hdfs.path': '/flume/%Q/%{none}x', 'hdfs.useLocalTimeStamp': 'true' });
    await sink.write(events(['a']));
    expect(names()).toEqual([`/flume/x/FlumeData.${at(1)}.tmp`]);
  });

  it('flushes batches together that come while a flush is under way', async () => {
    const sink = await start(text);
    await sink.write(events(['0']));
    fake.requests.length = 0;
    await Promise.all(['1', '2', '3', '4'].map((body) => sink.write(events([body]))));
    expect(fake.requests.filter(({ query }) => query.get('op') === 'APPEND')).toHaveLength(2);
    expect(Object.values(contents())).toEqual(['0\n1\n2\n3\n4\n']);
  });

  it.each([
    [{ 'hdfs.fileType': 'DataStream', 'hdfs.codeC': 'gzip' }, /takes no hdfs.codeC/],
    [{ 'hdfs.fileType': 'CompressedStream' }, /needs hdfs.codeC/],
    [{ 'hdfs.path': 's3a://bucket/x' }, /s3a:\/\/ is not a file system/],
    [{ 'hdfs.path': 'flume' }, /not absolute/],
    [{ 'hdfs.path': '/a/%[nowhere]' }, /%\[nowhere\] is not known/],
    [{ 'hdfs.kerberosPrincipal': 'flume/_HOST' }, /hdfs\.kerberosKeytab go together/],
    [{ 'hdfs.round': 'true', 'hdfs.roundUnit': 'hour', 'hdfs.roundValue': '30' }, /roundValue 30/],
  ])('has a remark on %j', (options, message) => {
    const remarks = hdfsChannelSink.check?.({ 'hdfs.path': 'hdfs://nn/flume', ...options }) ?? [];
    expect(remarks.map((remark) => remark.message).join()).toMatch(message);
  });

  it.each([
    [{ 'hdfs.codeC': 'lzop' }, /lzop cannot be written here/],
    [{ serializer: 'com.example.Mine$Builder' }, /Java classes of your own/],
    [{ 'hdfs.timeZone': 'Mars/Olympus' }, /not a known time zone/],
  ])('refuses %j', (options, message) => {
    expect(() => createSink(hdfsChannelSink, { 'hdfs.path': 'hdfs://nn/flume', ...options })).toThrow(message);
  });
});
