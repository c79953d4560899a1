import { gzipSync } from 'node:zlib';
import { parseOptions } from '#config/options';
import type { Source } from '#pipeline/collector';
import { ChannelError, pipelineErrors } from '#pipeline/errors';
import { FakeHdfs } from '#wire/hdfs/webhdfs.testkit';
import { createSource, TestContext } from '../source-context.testkit.js';
import { hdfsPollSource } from './hdfs-poll-source.js';

describe('the hdfs_poll source', () => {
  const hdfs = new FakeHdfs();
  const sources: Source[] = [];
  let url = '';

  beforeAll(async () => {
    url = await hdfs.start();
  });
  afterAll(() => hdfs.stop());
  beforeEach(() => {
    hdfs.files.clear();
    hdfs.directories.add('/in');
  });
  afterEach(async () => {
    for (const source of sources.splice(0)) await source.stop();
  });

  async function start(context: TestContext, options: Readonly<Record<string, string>> = {}): Promise<Source> {
    const source = createSource(hdfsPollSource, {
      'hdfs.url': url,
      path: '/in',
      pollDelay: '20',
      minAge: '0',
      ...options,
    });
    sources.push(source);
    await source.start(context);
    return source;
  }

  const put = (name: string, content: string | Buffer) => hdfs.files.set(`/in/${name}`, Buffer.from(content));
  const quiet = () => new Promise((resolve) => setTimeout(resolve, 150));

  it('reads files and those that come, and leaves what others still write', async () => {
    put('a.log', 'one\r\ntwo\nrest');
    put('.b.log', 'hidden\n');
    put('c.log.tmp', 'unfinished\n');
    put('_SUCCESS', '');
    const context = new TestContext();
    await start(context, { fileHeader: 'true', basenameHeader: 'true', batchSize: '1' });
    await context.until(3);
    put('d.log', 'three\n');
    await context.until(4);
    await quiet();
    expect(context.bodies).toEqual(['one', 'two', 'rest', 'three']);
    expect(context.events[0]?.headers).toEqual({ file: '/in/a.log', basename: 'a.log' });
  });

  it('goes on in a file that has grown, and reads one anew that is shorter', async () => {
    put('a.log', 'one\ntwo\n');
    const context = new TestContext();
    await start(context);
    await context.until(2);
    put('a.log', 'one\ntwo\nthree\n');
    await context.until(3);
    put('a.log', 'new\n');
    await context.until(4);
    expect(context.bodies).toEqual(['one', 'two', 'three', 'new']);
  });

  it('keeps its place over a restart, by its file and by channels that keep it', async () => {
    put('a.log', 'one\ntwo\n');
    const context = new TestContext();
    const first = await start(context);
    await context.until(2);
    await first.stop();
    put('b.log', 'three\n');
    const second = await start(context);
    await context.until(3);
    await quiet();
    await second.stop();
    expect(context.bodies).toEqual(['one', 'two', 'three']);

    const kept = new TestContext();
    kept.keepPositions();
    kept.kept.set('/in/a.log', '{"at":4}');
    kept.kept.set('/in/gone.log', '{"at":4,"size":4}');
    await start(kept);
    await kept.until(2);
    await kept.when(() => kept.kept.get('/in/b.log')?.includes('size') === true && !kept.kept.has('/in/gone.log'));
    expect(kept.bodies).toEqual(['two', 'three']);
    expect(Object.entries(Object.fromEntries(kept.kept))).toEqual([
      ['/in/a.log', '{"at":8,"size":8}'],
      ['/in/b.log', '{"at":6,"size":6}'],
    ]);
  });

  it('unpacks files of gzip, also from the middle, and sets damaged ones aside', async () => {
    const packed = gzipSync('one\ntwo\nthree\n');
    put('a.gz', packed);
    put('b.gz', packed.subarray(0, packed.length - 12));
    put('c.log', 'four\n');
    const context = new TestContext();
    context.keepPositions();
    context.kept.set('/in/a.gz', '{"at":4}');
    await start(context);
    await context.until(3);
    await context.when(() => context.bodies.includes('four') && context.kept.get('/in/b.gz')?.includes('bad') === true);
    expect(context.bodies.filter((body) => body !== 'one')).toEqual(expect.arrayContaining(['two', 'three', 'four']));
    expect(JSON.parse(context.kept.get('/in/b.gz') ?? '')).toMatchObject({ bad: true });
    expect(context.counters.get('EventReadFail')).toBe(1);
    expect(JSON.parse(context.kept.get('/in/a.gz') ?? '')).toEqual({ at: 14, size: packed.length });
  });

  it('renames or deletes what was read', async () => {
    put('a.log', 'one\n');
    const context = new TestContext();
    const renaming = await start(context, { trackingPolicy: 'rename' });
    await context.until(1);
    await context.when(() => hdfs.files.has('/in/a.log.COMPLETED'));
    await renaming.stop();
    expect([...hdfs.files.keys()]).toEqual(['/in/a.log.COMPLETED']);
    await start(context, { deletePolicy: 'immediate' });
    await context.until(2);
    await context.when(() => hdfs.files.size === 0);
    expect([...hdfs.files.keys()]).toEqual([]);
  });

  it('reads folders below where it is told so, and cuts long lines', async () => {
    hdfs.directories.add('/in/sub');
    hdfs.directories.add('/in/_temporary');
    put('sub/a.log', 'abcdefgh\n');
    put('_temporary/b.log', 'unfinished\n');
    const context = new TestContext();
    await start(context, { recursiveDirectorySearch: 'true', maxLineBytes: '100' });
    await context.until(1);
    await quiet();
    expect(context.bodies).toEqual(['abcdefgh']);
    put('long.log', 'x'.repeat(250));
    await context.until(4);
    expect(context.bodies.slice(1).map((body) => body.length)).toEqual([100, 100, 50]);
  });

  it('waits while the channels refuse, and while HDFS is away', async () => {
    put('a.log', 'one\n');
    const context = new TestContext();
    context.refusal = new ChannelError(pipelineErrors.channelFull, 'full');
    await start(context);
    await context.when(() => context.error !== null);
    expect(context.error).toBe(context.refusal);
    context.refusal = null;
    await context.until(1);
    hdfs.intercept = () => ({ status: 503, exception: 'SafeModeException' });
    await context.when(() => context.error !== null && context.error !== undefined);
    expect(context.error).toBeInstanceOf(Error);
    hdfs.intercept = () => null;
    put('b.log', 'two\n');
    await context.until(2);
    expect(context.bodies).toEqual(['one', 'two']);
  });

  it('says what is wrong with its options before anything runs', () => {
    const { problems } = parseOptions(hdfsPollSource.options, {
      'hdfs.url': 'hdfs://nn:8020',
      path: 'in',
      includePattern: '(',
    });
    expect(problems.map((problem) => problem.name)).toEqual(['hdfs.url', 'path', 'includePattern']);
  });
});
