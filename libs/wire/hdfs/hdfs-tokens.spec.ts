import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '#std/clock';
import { hdfsErrors, HdfsError } from './hdfs-errors.js';
import { FetchedTokens, TokenFile, type TokenCalls } from './hdfs-tokens.js';
import { findHdfsToken } from './token-storage.js';
import { WebHdfsClient } from './webhdfs-client.js';
import { FakeHdfs } from './webhdfs.testkit.js';

describe('delegation tokens of a login', () => {
  let nowMs = 0;
  let calls: string[] = [];
  let lifeEndMs = 0;
  let failure: Error | null = null;
  let tokens: FetchedTokens;

  beforeEach(() => {
    [nowMs, calls, lifeEndMs, failure] = [0, [], 250, null];
    let fetched = 0;
    const hdfs: TokenCalls = {
      fetch(base) {
        fetched += 1;
        calls.push(`fetch ${base}`);
        lifeEndMs = nowMs + 250;
        return Promise.resolve(`t${fetched}`);
      },
      renew(_base, token) {
        calls.push(`renew ${token}`);
        if (failure !== null) return Promise.reject(failure);
        return Promise.resolve(Math.min(nowMs + 100, lifeEndMs));
      },
    };
    tokens = new FetchedTokens(hdfs, { ...systemClock, now: () => nowMs });
  });

  it('are renewed before they end, and fetched again at the end of their life', async () => {
    const seen: string[] = [];
    for (nowMs = 0; nowMs <= 320; nowMs += 40) seen.push(await tokens.current('nn'));
    expect(seen.join(' ')).toBe('t1 t1 t1 t1 t1 t1 t2 t2 t2');
    expect(calls.filter((call) => call.startsWith('fetch'))).toHaveLength(2);
    expect(calls.filter((call) => call === 'renew t1').length).toBeGreaterThan(2);
  });

  it('are fetched once for calls at once, and again after HDFS refused one', async () => {
    expect(await Promise.all([1, 2, 3].map(() => tokens.current('nn')))).toEqual(['t1', 't1', 't1']);
    expect(tokens.refused()).toBe(true);
    expect(await tokens.current('nn')).toBe('t2');
  });

  it('stay where HDFS is away, and are given up where it will not renew them', async () => {
    await tokens.current('nn');
    nowMs = 90;
    failure = new HdfsError(hdfsErrors.away, 'gone');
    await expect(tokens.current('nn')).rejects.toThrow('gone');
    failure = null;
    expect(await tokens.current('nn')).toBe('t2');
  });
});

describe('a file with a token', () => {
  const storage = Buffer.from(
    [
      '48445453 00 02',
      // Another kind first: alias, identifier, password, kind, service.
      `01 61 01 01 01 02 04 ${Buffer.from('YARN').toString('hex')} 00`,
      `01 62 02 0102 03 030405 15 ${Buffer.from('HDFS_DELEGATION_TOKEN').toString('hex')} 03 ${Buffer.from('nn1').toString('hex')}`,
    ]
      .join('')
      .replaceAll(' ', ''),
    'hex',
  );

  it("may be Hadoop's storage of tokens", () => {
    const token = Buffer.from(findHdfsToken(storage), 'base64url');
    expect(token.subarray(0, 7).toString('hex')).toBe('02010203030405');
    expect(token.subarray(8, 29).toString()).toBe('HDFS_DELEGATION_TOKEN');
    expect(() => findHdfsToken(storage.subarray(0, 30))).toThrow(/breaks off|out of range/);
    expect(() => findHdfsToken(Buffer.from('4844545300 00'.replace(' ', ''), 'hex'))).toThrow(/no token of HDFS/);
    expect(() => findHdfsToken(Buffer.from('two words'))).toThrow(/neither/);
  });

  it('is read anew when it changes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'token-'));
    const path = join(folder, 'token');
    try {
      const file = new TokenFile(path);
      await expect(file.current()).rejects.toMatchObject({ kind: hdfsErrors.denied });
      writeFileSync(path, 'abc-1\n');
      expect(await file.current()).toBe('abc-1');
      writeFileSync(path, 'longer_2\n');
      expect(await file.current()).toBe('longer_2');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('a WebHDFS client with a login', () => {
  it('fetches a token by Negotiate, carries it, and gets another when HDFS refuses it', async () => {
    const fake = new FakeHdfs();
    const url = await fake.start();
    let valid = '';
    let given = 0;
    fake.intercept = ({ query, headers }) => {
      const op = query.get('op');
      const isLoggedIn = headers.authorization?.startsWith('Negotiate token-127.0.0.1-') === true;
      if (op === 'GETDELEGATIONTOKEN') {
        if (!isLoggedIn) return { status: 401, body: '<html>' };
        given += 1;
        valid = `t${given}`;
        return { status: 200, body: JSON.stringify({ Token: { urlString: valid } }) };
      }
      if (op === 'RENEWDELEGATIONTOKEN') {
        if (!isLoggedIn) return { status: 401, body: '<html>' };
        return { status: 200, body: JSON.stringify({ long: Date.now() + 60_000 }) };
      }
      return query.get('delegation') === valid ? null : { status: 403, exception: 'InvalidToken' };
    };
    let logins = 0;
    const login = {
      clock: systemClock,
      negotiate: (host: string) => Promise.resolve(`token-${host}-${(logins += 1)}`),
    };
    const client = new WebHdfsClient({ urls: [url], login, user: 'not-used' });
    await client.makeDirectory('/one');
    valid = 'another';
    await client.makeDirectory('/two');
    expect(fake.directories).toContain('/two');
    expect(given).toBe(2);
    expect(fake.requests.some(({ query }) => query.has('user.name'))).toBe(false);
    client.close();
    await fake.stop();
  });

  it('says that a login is wanted where none was given', async () => {
    const fake = new FakeHdfs();
    const client = new WebHdfsClient({ urls: [await fake.start()] });
    fake.intercept = () => ({ status: 401, body: '<html>' });
    await expect(client.status('/')).rejects.toMatchObject({
      kind: hdfsErrors.denied,
      message: expect.stringContaining('wants a login'),
    });
    client.close();
    await fake.stop();
  });
});
