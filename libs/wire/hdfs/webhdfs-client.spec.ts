import { hdfsErrors, HdfsError } from './hdfs-errors.js';
import { FakeHdfs, type FakeAnswer } from './webhdfs.testkit.js';
import { WebHdfsClient, type WebHdfsOptions } from './webhdfs-client.js';

let fake: FakeHdfs;
let standby: FakeHdfs;
let url = '';
let standbyUrl = '';
const clients: WebHdfsClient[] = [];

beforeEach(async () => {
  fake = new FakeHdfs();
  standby = new FakeHdfs();
  url = await fake.start();
  standbyUrl = await standby.start();
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await fake.stop();
  await standby.stop();
});

function connect(options: Partial<WebHdfsOptions> = {}): WebHdfsClient {
  const client = new WebHdfsClient({ urls: [url], user: 'ann', ...options });
  clients.push(client);
  return client;
}

async function* bytesOf(...parts: readonly string[]): AsyncGenerator<Buffer> {
  for (const part of parts) yield Buffer.from(part);
}

async function readAll(chunks: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  for await (const chunk of chunks) text += chunk.toString();
  return text;
}

describe('a WebHDFS client', () => {
  it.each([false, true])('writes in two steps and reads back (NameNode redirects: %s)', async (redirects) => {
    fake.redirects = redirects;
    const client = connect();
    expect(await client.create('/a b/100%+#?.txt', bytesOf('one', 'two'))).toBe(6);
    expect(fake.files.get('/a b/100%+#?.txt')?.toString()).toBe('onetwo');
    expect(await readAll(client.open('/a b/100%+#?.txt', 3))).toBe('two');
    const [first, second] = fake.requests;
    expect(first?.query.get('noredirect')).toBe('true');
    expect(first?.query.get('user.name')).toBe('ann');
    expect(first?.headers['x-xsrf-header']).toBeDefined();
    expect(second?.query.get('data')).toBe('true');
    expect(second?.headers['content-type']).toBe('application/octet-stream');
  });

  it('does not replace a file unless asked to', async () => {
    const client = connect();
    await client.create('/f', bytesOf('old'));
    await expect(client.create('/f', bytesOf('new'))).rejects.toMatchObject({ kind: hdfsErrors.exists });
    await client.create('/f', bytesOf('new'), { overwrite: true });
    expect(await readAll(client.open('/f'))).toBe('new');
  });

  it.each([false, true])('adds to a file that is there, and cuts it (NameNode redirects: %s)', async (redirects) => {
    fake.redirects = redirects;
    const client = connect();
    await client.create('/a', bytesOf('one'));
    await client.append('/a', Buffer.from('two'));
    expect(fake.files.get('/a')?.toString()).toBe('onetwo');
    expect(await client.truncate('/a', 4)).toBe(true);
    expect(fake.files.get('/a')?.toString()).toBe('onet');
    await expect(client.truncate('/nowhere', 0)).rejects.toThrow(/FileNotFound/);
  });

  it('lists, looks, renames, deletes and keeps attributes', async () => {
    const client = connect();
    await client.makeDirectory('/d/e');
    for (const name of ['5', '4', '3', '2', '1']) await client.create(`/d/${name}`, bytesOf(name));
    expect((await client.list('/d'))?.map(({ name, directory }) => `${name}${directory ? '/' : ''}`)).toEqual([
      '1',
      '2',
      '3',
      '4',
      '5',
      'e/',
    ]);
    expect(await client.list('/none')).toBeNull();
    expect(await client.status('/d/1')).toMatchObject({ length: 1, directory: false, owner: 'ann' });
    expect(await client.status('/d/9')).toBeNull();
    expect(await client.rename('/d/1', '/d/2')).toBe(false);
    expect(await client.rename('/d/1', '/d/6')).toBe(true);
    expect(await client.delete('/d/6')).toBe(true);
    expect(await client.delete('/d/6')).toBe(false);
    await client.setAttribute('/d', 'user.offset', '42');
    await client.setAttribute('/d', 'user.offset', '43');
    expect(await client.attributes('/d')).toEqual(new Map([['user.offset', '43']]));
  });

  it.each<[string, FakeAnswer]>([
    ['on standby', { status: 403, exception: 'StandbyException' }],
    ['still loading its image', { status: 403, exception: 'RetriableException' }],
    ['lost behind a proxy', { status: 502, body: '<html>' }],
  ])('goes to the other NameNode when one is %s, and stays there', async (_name, answer) => {
    standby.intercept = () => answer;
    const client = connect({ urls: [standbyUrl, url] });
    await client.makeDirectory('/one');
    await client.makeDirectory('/two');
    expect(standby.requests).toHaveLength(1);
    expect(fake.requests).toHaveLength(2);
  });

  it('goes to the other NameNode when one cannot be reached', async () => {
    await standby.stop();
    await connect({ urls: [standbyUrl, url] }).makeDirectory('/one');
    expect(fake.directories).toContain('/one');
    standby = new FakeHdfs();
    await standby.start();
  });

  it('gives up for now when all are away', async () => {
    await fake.stop();
    const error: unknown = await connect()
      .makeDirectory('/one')
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ kind: hdfsErrors.away, retriable: true });
    fake = new FakeHdfs();
    await fake.start();
  });

  it('stays at a NameNode in safe mode', async () => {
    fake.intercept = () => ({ status: 403, exception: 'SafeModeException' });
    const client = connect({ urls: [url, standbyUrl] });
    await expect(client.makeDirectory('/one')).rejects.toMatchObject({ kind: hdfsErrors.busy, retriable: true });
    expect(standby.requests).toHaveLength(0);
  });

  it.each<[number, string, keyof typeof hdfsErrors]>([
    [403, 'AccessControlException', 'denied'],
    [401, 'SecurityException', 'denied'],
    [403, 'DSQuotaExceededException', 'quota'],
    [403, 'LeaseExpiredException', 'busy'],
    [403, 'IOException', 'busy'],
    [400, 'IllegalArgumentException', 'invalid'],
    [500, 'RuntimeException', 'busy'],
    [403, 'ParentNotDirectoryException', 'invalid'],
  ])('takes %i %s for %s', async (status, exception, kind) => {
    fake.intercept = () => ({ status, exception });
    const error: unknown = await connect()
      .rename('/a', '/b')
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(HdfsError);
    expect(error).toMatchObject({ kind: hdfsErrors[kind], exception });
  });

  it('reports a DataNode that refuses or breaks off', async () => {
    fake.intercept = ({ method }) => (method === 'DATA' ? { status: 403, exception: 'IOException' } : null);
    await expect(connect().create('/f', bytesOf('x'))).rejects.toMatchObject({ kind: hdfsErrors.busy });
    fake.intercept = ({ method }) => (method === 'DATA' ? { status: 0, lost: true } : null);
    await expect(connect().create('/f', bytesOf('x'))).rejects.toMatchObject({ kind: hdfsErrors.away });
  });

  it('reports content that breaks off, and stays usable', async () => {
    const client = connect();
    const broken = async function* (): AsyncGenerator<Buffer> {
      yield Buffer.alloc(1024 * 1024);
      throw new Error('the spool is gone');
    };
    await expect(client.create('/f', broken())).rejects.toThrow(/the spool is gone/);
    expect(fake.files.has('/f')).toBe(false);
    expect(await client.create('/g', bytesOf('x'))).toBe(1);
  });

  it('times out on a NameNode that does not answer', async () => {
    fake.intercept = () => ({ status: 0, hangs: true });
    await expect(connect({ idleTimeoutMs: 200 }).makeDirectory('/x')).rejects.toMatchObject({ kind: hdfsErrors.away });
  });

  it('reaches DataNodes under other names', async () => {
    const client = connect({ dataNodes: new Map([['127.0.0.1', 'localhost']]) });
    await client.create('/f', bytesOf('x'));
    expect(fake.requests[1]?.headers.host).toMatch(/^localhost:\d+$/);
  });

  it('shows no token in its errors', async () => {
    fake.intercept = () => ({ status: 403, exception: 'AccessControlException' });
    const client = connect({ delegationToken: 'secret-token', doAs: 'bob' });
    const error: unknown = await client.makeDirectory('/x').catch((caught: unknown) => caught);
    expect(fake.requests[0]?.query.get('delegation')).toBe('secret-token');
    expect(fake.requests[0]?.query.get('user.name')).toBeNull();
    expect(String(error)).not.toContain('secret');
  });
});
