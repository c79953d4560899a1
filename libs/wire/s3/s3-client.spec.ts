import { S3Client } from './s3-client.js';
import { s3Errors } from './s3-errors.js';
import { FakeS3, fakeKeys } from './s3.testkit.js';

describe('the S3 client', () => {
  const s3 = new FakeS3('bucket');
  let client: S3Client;
  let port = '';

  beforeAll(async () => {
    const endpoint = new URL(await s3.start());
    port = endpoint.port;
    client = clientAt(endpoint, true);
  });
  afterAll(async () => {
    client.close();
    await s3.stop();
  });
  afterEach(() => {
    s3.intercept = () => null;
    s3.objects.clear();
    s3.requests.length = 0;
  });

  const clientAt = (endpoint: URL, isPathStyle: boolean) =>
    new S3Client({
      endpoint,
      region: 'eu-west-1',
      bucket: 'bucket',
      isPathStyle,
      credentials: fakeKeys,
      now: () => 1_700_000_000_000,
      idleTimeoutMs: 500,
      lookup: (_name, _options, found) => found(null, [{ address: '127.0.0.1', family: 4 }]),
    });

  const first = { prefix: '', isFlat: false, after: null };

  it('names the bucket in the host where the server is told apart so', async () => {
    s3.put('a.log', 'one\n');
    const endpoint = new URL(`http://s3.example:${port}`);
    const virtual = clientAt(endpoint, false);
    expect((await virtual.page(first)).objects.map(({ key }) => key)).toEqual(['a.log']);
    expect(s3.requests).toEqual([`bucket.s3.example:${port} GET /?list-type=2`]);
    virtual.close();
  });

  it('puts, copies under a condition, and deletes', async () => {
    await client.put("a/../b '*'.log", Buffer.from('one\n'));
    const [object] = (await client.page(first)).objects;
    expect(object).toMatchObject({ key: "a/../b '*'.log", bytes: 4 });
    if (object === undefined) return;
    await expect(client.copy({ ...object, etag: '"x"' }, 'c')).rejects.toMatchObject({ kind: s3Errors.changed });
    await client.copy(object, 'c');
    await expect(client.delete({ ...object, etag: '"x"' })).rejects.toMatchObject({ kind: s3Errors.changed });
    await client.delete(object);
    expect([...s3.objects.keys()]).toEqual(['c']);
    expect([await client.etag('c'), await client.etag('d')]).toEqual([object.etag, null]);
  });

  it('takes a copy that failed behind its success for an error', async () => {
    s3.intercept = () => ({ status: 200, body: '<Error><Code>InternalError</Code><Message>Again</Message></Error>' });
    await expect(client.copy({ key: 'a', etag: '"x"' }, 'b')).rejects.toMatchObject({
      kind: s3Errors.busy,
      s3Code: 'InternalError',
    });
  });

  it.each([
    ['503 SlowDown', 503, '<Error><Code>SlowDown</Code></Error>', s3Errors.busy],
    ['400 RequestTimeout', 400, '<Error><Code>RequestTimeout</Code></Error>', s3Errors.busy],
    ['403 AccessDenied', 403, '<Error><Code>AccessDenied</Code></Error>', s3Errors.denied],
    ['404 NoSuchBucket', 404, '<Error><Code>NoSuchBucket</Code></Error>', s3Errors.missing],
    ['301 PermanentRedirect', 301, '<Error><Code>PermanentRedirect</Code></Error>', s3Errors.invalid],
    ['a gateway’s page', 502, '<html><p>Bad Gateway</html>', s3Errors.busy],
    ['a page in place of a list', 200, '<html></html>', s3Errors.busy],
    ['a list that is cut', 200, '<ListBucketResult><Contents>', s3Errors.busy],
    [
      'a list without its next page',
      200,
      '<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>',
      s3Errors.busy,
    ],
    [
      'an object without a size',
      200,
      '<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>',
      s3Errors.busy,
    ],
  ])('knows %s', async (_name, status, body, kind) => {
    s3.intercept = () => ({ status, body });
    await expect(client.page(first)).rejects.toMatchObject({ kind });
  });

  it('gives up a server that is away or falls silent', async () => {
    s3.intercept = () => ({ status: 200, body: '<ListBucketResult>', isSilent: true });
    await expect(client.page(first)).rejects.toMatchObject({ kind: s3Errors.away });
    const away = clientAt(new URL('http://127.0.0.1:1'), true);
    await expect(away.page(first)).rejects.toMatchObject({ kind: s3Errors.away });
    away.close();
  });
});
