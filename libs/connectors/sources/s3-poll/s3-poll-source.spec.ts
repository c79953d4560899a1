import { gzipSync } from 'node:zlib';
import { parseOptions } from '#config/options';
import type { Source } from '#pipeline/collector';
import { FakeS3, fakeKeys } from '#wire/s3/s3.testkit';
import { createSource, TestContext } from '../source-context.testkit.js';
import { s3Place, s3Remarks } from './s3-place.js';
import { s3PollOptions } from './s3-poll-options.js';
import { s3PollSource } from './s3-poll-source.js';

describe('the s3_poll source', () => {
  const s3 = new FakeS3('bucket');
  const sources: Source[] = [];
  let url = '';

  beforeAll(async () => {
    url = await s3.start();
  });
  afterAll(() => s3.stop());
  beforeEach(() => {
    s3.objects.clear();
    s3.requests.length = 0;
  });
  afterEach(async () => {
    for (const source of sources.splice(0)) await source.stop();
    s3.intercept = () => null;
  });

  async function start(context: TestContext, options: Readonly<Record<string, string>> = {}): Promise<Source> {
    const source = createSource(s3PollSource, {
      's3.endpoint': url,
      's3.bucket': 'bucket',
      's3.accessKeyId': fakeKeys.accessKeyId,
      's3.secretAccessKey': fakeKeys.secretAccessKey,
      pollDelay: '20',
      minAge: '0',
      ...options,
    });
    sources.push(source);
    await source.start(context);
    return source;
  }

  const quiet = () => new Promise((resolve) => setTimeout(resolve, 150));
  const parsed = (options: Readonly<Record<string, string>>) =>
    parseOptions(s3PollOptions, { 's3.bucket': 'bucket', ...options }).values;

  it('reads objects and those that come, over pages of any keys, and leaves what others still write', async () => {
    s3.put('logs/', '');
    s3.put('logs/a & <b> + ü.log', 'one\r\ntwo\nrest');
    s3.put('logs/deep//c.log.gz', gzipSync('three\n'));
    s3.put('logs/d.log.tmp', 'unfinished\n');
    s3.put('logs/_temporary/0/e.log', 'unfinished\n');
    s3.put('logs/empty.log', '');
    s3.put('other/f.log', 'not ours\n');
    const context = new TestContext();
    await start(context, { 's3.prefix': 'logs/', fileHeader: 'true', basenameHeader: 'true', batchSize: '1' });
    await context.until(4);
    s3.put('logs/g.log', 'four\n');
    await context.until(5);
    await quiet();
    expect(context.bodies).toEqual(['one', 'two', 'rest', 'three', 'four']);
    expect(context.events[0]?.headers).toEqual({ file: 'logs/a & <b> + ü.log', basename: 'a & <b> + ü.log' });
    expect(context.error).toBeNull();
  });

  it('reads keys below the prefix only where it is told so', async () => {
    s3.put('logs/a.log', 'one\n');
    s3.put('logs/deep/b.log', 'two\n');
    const context = new TestContext();
    await start(context, { 's3.prefix': 'logs/', recursiveDirectorySearch: 'false' });
    await context.until(1);
    await quiet();
    expect(context.bodies).toEqual(['one']);
  });

  it('goes on inside an object that is the same, and reads a replaced one from its beginning', async () => {
    s3.put('a.log', 'one\ntwo\n');
    s3.put('b.gz', gzipSync('three\nfour\n'));
    s3.put('c.log', 'five\nsix\n');
    const context = new TestContext();
    context.keepPositions();
    const at = (key: string, position: object) =>
      context.kept.set(key, JSON.stringify({ ...position, version: s3.objects.get(key)?.etag }));
    at('a.log', { at: 4 });
    at('b.gz', { at: 6 });
    context.kept.set('c.log', '{"at":5,"version":"\\"older\\""}');
    await start(context);
    await context.until(4);
    await quiet();
    expect(context.bodies).toEqual(['two', 'four', 'five', 'six']);
    s3.put('a.log', 'ONE\nTWO\n');
    await context.until(6);
    await context.when(() => context.kept.get('a.log')?.includes('"size":8') === true);
    expect(context.bodies.slice(4)).toEqual(['ONE', 'TWO']);
    expect(JSON.parse(context.kept.get('a.log') ?? '')).toEqual({
      at: 8,
      size: 8,
      version: s3.objects.get('a.log')?.etag,
    });
  });

  it('keeps its place over a restart by its file', async () => {
    s3.put('a.log', 'one\n');
    const context = new TestContext();
    const first = await start(context);
    await context.until(1);
    await first.stop();
    s3.put('b.log', 'two\n');
    await start(context);
    await context.until(2);
    await quiet();
    expect(context.bodies).toEqual(['one', 'two']);
  });

  it('renames or deletes what was read', async () => {
    s3.put('a b.log', 'one\n');
    const context = new TestContext();
    const renaming = await start(context, { trackingPolicy: 'rename' });
    await context.until(1);
    await context.when(() => s3.objects.has('a b.log.COMPLETED') && !s3.objects.has('a b.log'));
    await renaming.stop();
    expect([...s3.objects.keys()]).toEqual(['a b.log.COMPLETED']);
    await start(context, { deletePolicy: 'immediate' });
    await context.until(2);
    await context.when(() => s3.objects.size === 0);
    expect([...s3.objects.keys()]).toEqual([]);
  });

  it('leaves an object that was replaced while it was read, and reads it', async () => {
    s3.put('a.log', 'one\n');
    const context = new TestContext();
    let isReplaced = false;
    s3.intercept = ({ method }) => {
      // Between reading and deleting.
      if (method === 'HEAD' && !isReplaced) {
        isReplaced = true;
        s3.put('a.log', 'two\n');
      }
      return null;
    };
    await start(context, { deletePolicy: 'immediate' });
    await context.until(2);
    await context.when(() => s3.objects.size === 0);
    expect(context.bodies).toEqual(['one', 'two']);
    expect([...s3.objects.keys()]).toEqual([]);
  });

  it('goes on behind answers that break off, and behind errors', async () => {
    s3.put('a.log', 'one\ntwo\n');
    const context = new TestContext();
    let failures = 0;
    s3.intercept = ({ url: path = '' }) => {
      if (!path.includes('a.log') || failures > 0) return null;
      failures += 1;
      return { status: 200, body: 'one\ntw', isCut: true };
    };
    await start(context);
    await context.until(2);
    expect(context.bodies).toEqual(['one', 'two']);
    expect(context.counters.get('EventReadFail')).toBe(1);
  });

  it('sets aside an object in an archive, and reads the others', async () => {
    s3.put('a.log', 'one\n');
    s3.put('b.log', 'two\n');
    s3.intercept = ({ url: path = '' }) =>
      path.includes('a.log')
        ? { status: 403, body: '<Error><Code>InvalidObjectState</Code><Message>Archived.</Message></Error>' }
        : null;
    const context = new TestContext();
    context.keepPositions();
    await start(context);
    await context.until(1);
    await context.when(() => context.kept.has('a.log'));
    expect(context.bodies).toEqual(['two']);
    expect(JSON.parse(context.kept.get('a.log') ?? '')).toMatchObject({ bad: true });
  });

  it('says what S3 said, without keys', async () => {
    const context = new TestContext();
    await start(context, { 's3.secretAccessKey': 'wrong-secret' });
    await context.when(() => context.error !== null);
    expect(String(context.error)).toBe(
      'S3Error: S3 answered GET s3://bucket/ with 403 SignatureDoesNotMatch: It said SignatureDoesNotMatch.',
    );
    s3.intercept = () => ({
      status: 400,
      body: '<Error><Code>AuthorizationHeaderMalformed</Code><Message>No wrong-secret here</Message><Region>eu-west-1</Region></Error>',
    });
    const another = new TestContext();
    await start(another, { 's3.secretAccessKey': 'wrong-secret' });
    await another.when(() => another.error !== null);
    expect(String(another.error)).toBe(
      'S3Error: S3 answered GET s3://bucket/ with 400 AuthorizationHeaderMalformed: No *** here The bucket is in region eu-west-1.',
    );
  });

  it('finds the server by region, and keys in the environment', () => {
    const environment = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret', AWS_SESSION_TOKEN: 'token' };
    const place = s3Place(parsed({}), { ...environment, AWS_REGION: 'eu-west-1' });
    expect([place.endpoint.href, place.isPathStyle]).toEqual(['https://s3.eu-west-1.amazonaws.com/', false]);
    expect(place.credentials).toEqual({ accessKeyId: 'id', secretAccessKey: 'secret', sessionToken: 'token' });
    expect(s3Place(parsed({ 's3.bucket': 'a.b' }), environment).isPathStyle).toBe(true);
    expect(() => s3Place(parsed({}), {})).toThrow('There are no keys for S3');
  });

  it('says what is wrong with its options before anything runs', () => {
    const { problems } = parseOptions(s3PollSource.options, {
      's3.bucket': 's3://bucket',
      's3.endpoint': 'minio:9000',
      ignorePattern: '(',
    });
    expect(problems.map((problem) => problem.name)).toEqual(['s3.bucket', 's3.endpoint', 'ignorePattern']);
    expect(s3Remarks(parsed({ 's3.secretAccessKey': 'secret' }))).toMatchObject([{ option: 's3.secretAccessKey' }]);
    expect(s3Remarks(parsed({ 's3.accessKeyId': 'id', 's3.secretAccessKey': 'secret' }))).toEqual([]);
    expect(s3Remarks(parsed({}))).toEqual([]);
  });
});
