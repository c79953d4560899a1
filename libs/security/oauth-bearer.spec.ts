import { constants, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { systemClock, type Clock } from '#std/clock';
import { KeySet } from './key-set.js';
import { OauthBearerMechanism } from './oauth-bearer.js';

const nowMs = 1_800_000_000_000;
const now = nowMs / 1000;
const clock: Clock = { ...systemClock, now: () => nowMs };
const keys = {
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  PS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
};
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });
type Alg = keyof typeof keys;

const jwks = JSON.stringify({
  keys: [
    ...Object.entries(keys).map(([kid, { publicKey }]) => ({
      ...publicKey.export({ format: 'jwk' }),
      kid,
      use: 'sig',
    })),
    { kty: 'oct', k: 'c2VjcmV0', kid: 'HS256' },
    { kty: 'RSA', n: 'broken', kid: 'broken' },
  ],
});
const good = { iss: 'https://issuer', aud: 'topics', sub: 'carol', exp: now + 60 };

function token(alg: string, claims: object, { key, kid = alg }: { key: KeyObject; kid?: string }): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg, kid })}.${part(claims)}`;
  const padding = alg === 'PS256' ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } : {};
  const ec = alg === 'ES256' ? { dsaEncoding: 'ieee-p1363' as const } : {};
  return `${signed}.${sign('sha256', Buffer.from(signed), { key, ...padding, ...ec }).toString('base64url')}`;
}

const first = (text: string): Buffer => Buffer.from(`n,,\u0001auth=Bearer ${text}\u0001\u0001`);

describe('OAUTHBEARER', () => {
  let folder: string;
  const refused: string[] = [];
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'oauth-'));
    writeFileSync(join(folder, 'jwks.json'), jwks);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const begin = (url = pathToFileURL(join(folder, 'jwks.json')).href) =>
    new OauthBearerMechanism({
      keys: new KeySet({ url, refreshMs: 60_000, clock }),
      expectations: {
        issuer: 'https://issuer',
        audiences: ['topics', 'more'],
        subjectClaim: 'sub',
        clockSkewMs: 30_000,
      },
      clock,
      onRefused: (reason) => refused.push(reason),
    }).begin();

  test.each(['RS256', 'PS256', 'ES256'] as Alg[])('lets in the subject of a token signed by %s', async (alg) => {
    const step = await begin().respond(first(token(alg, good, { key: keys[alg].privateKey })));
    expect(step).toEqual({ kind: 'done', bytes: Buffer.alloc(0), name: 'carol', expiresAtMs: (now + 60) * 1000 });
  });

  test.each<[string, string, RegExp]>([
    ['of nobody known', token('RS256', good, { key: stranger.privateKey }), /No known key/],
    ['that names another key', token('RS256', good, { key: keys.RS256.privateKey, kid: 'PS256' }), /No known key/],
    [
      'without a signature',
      `${token('none', good, { key: keys.RS256.privateKey, kid: 'RS256' }).replace(/[^.]*$/, '')}`,
      /No known key/,
    ],
    ['by a shared secret', token('HS256', good, { key: keys.RS256.privateKey, kid: 'RS256' }), /No known key/],
    ['that has expired', token('RS256', { ...good, exp: now - 31 }, { key: keys.RS256.privateKey }), /expired/],
    ['without an end', token('RS256', { ...good, exp: undefined }, { key: keys.RS256.privateKey }), /no exp/],
    ['of tomorrow', token('RS256', { ...good, nbf: now + 31 }, { key: keys.RS256.privateKey }), /not valid yet/],
    ['of another issuer', token('RS256', { ...good, iss: 'x' }, { key: keys.RS256.privateKey }), /another issuer/],
    [
      'for another audience',
      token('RS256', { ...good, aud: ['x'] }, { key: keys.RS256.privateKey }),
      /another audience/,
    ],
    ['of nobody', token('RS256', { ...good, sub: '' }, { key: keys.RS256.privateKey }), /no sub claim/],
    ['that is none', 'abc', /no signed JWT/],
  ])('refuses a token %s after one more word of the client', async (_what, text, reason) => {
    const exchange = begin();
    const step = await exchange.respond(first(text));
    expect(step).toEqual({ kind: 'challenge', bytes: Buffer.from('{"status":"invalid_token"}') });
    expect(refused.at(-1)).toMatch(reason);
    await expect(exchange.respond(Buffer.from('\u0001'))).rejects.toThrow('{"status":"invalid_token"}');
  });

  test.each(['', 'n,,', 'n,,\u0001auth=Basic x\u0001\u0001', 'n,,\u0001auth=Bearer \u0001\u0001'])(
    'refuses a first message %j at once',
    async (message) => {
      await expect(begin().respond(Buffer.from(message))).rejects.toThrow('Invalid OAUTHBEARER client first message');
    },
  );

  test('takes a skew of clocks into account', async () => {
    const text = token('RS256', { ...good, exp: now - 29, nbf: now + 29 }, { key: keys.RS256.privateKey });
    expect(await begin().respond(first(text))).toMatchObject({ kind: 'done' });
  });

  test('asks an address for the keys once, and again for a key that it does not know', async () => {
    let asked = 0;
    const server = createServer((_request, response) => {
      asked += 1;
      response.end(jwks);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      let elapsedMs = 0;
      const ticking: Clock = { ...clock, monotonic: () => elapsedMs };
      const set = new KeySet({ url: `http://127.0.0.1:${port}/keys`, refreshMs: 60_000, clock: ticking });
      await Promise.all([set.for('RS256'), set.for('ES256')]);
      await set.for('unknown');
      expect(asked).toBe(1);
      elapsedMs = 20_000;
      await set.for('unknown');
      expect(asked).toBe(2);
      elapsedMs = 90_000;
      expect(await set.for('RS256')).toHaveLength(3);
      expect(asked).toBe(3);
    } finally {
      server.close();
    }
  });

  test('says where keys cannot be read, without the secrets of the address', async () => {
    const set = new KeySet({ url: 'http://user:marker@127.0.0.1:1/keys?token=marker', refreshMs: 1000, clock });
    const asked = set.for(null);
    await expect(asked).rejects.toThrow(/^The keys at http:\/\/127\.0\.0\.1:1\/keys cannot be read/);
    await expect(asked).rejects.not.toThrow(/marker/);
  });
});
