import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { systemClock } from '#std/clock';
import { MillraceError } from '#std/errors';
import { seededRandom, type Random } from '#std/random';
import { subjectOf } from './distinguished-name.js';
import { securityErrors } from './errors.js';
import { KeySet } from './key-set.js';
import { OauthBearerMechanism } from './oauth-bearer.js';
import { PlainMechanism } from './plain.js';
import type { SaslMechanism } from './sasl.js';
import { ScramClient } from './scram-client.testkit.js';
import { scramCredential, scramDecoy, ScramMechanism } from './scram.js';

const seed = Number(process.env['FUZZ_SEED'] ?? 20_261_122);
const rounds = Number(process.env['FUZZ_ROUNDS'] ?? 3_000);

/** Some bytes changed, cut out, doubled or put in. */
function damaged(bytes: Buffer, random: Random): Buffer {
  let result = Buffer.from(bytes);
  const at = (): number => Math.floor(random.next() * (result.length + 1));
  for (let count = Math.floor(random.next() * 4); count >= 0; count -= 1) {
    const [from, to] = [at(), at()].sort((a, b) => a - b) as [number, number];
    const kind = Math.floor(random.next() * 4);
    const byte = Buffer.from([Math.floor(random.next() * 256)]);
    if (kind === 0) result = Buffer.concat([result.subarray(0, from), byte, result.subarray(from + 1)]);
    else if (kind === 1) result = Buffer.concat([result.subarray(0, from), result.subarray(to)]);
    else if (kind === 2) result = Buffer.concat([result, result.subarray(from, to)]);
    else result = Buffer.concat([result.subarray(0, from), byte, result.subarray(from)]);
  }
  return result;
}

describe(`damaged logins (FUZZ_SEED=${seed})`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'login-fuzz-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...keys.publicKey.export({ format: 'jwk' }), kid: 'one' };
  const jwksPath = join(folder, 'jwks.json');
  writeFileSync(jwksPath, JSON.stringify({ keys: [jwk] }));
  const credential = scramCredential('SCRAM-SHA-256', 'secret');

  function token(): Buffer {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const signed = `${part({ alg: 'ES256', kid: 'one' })}.${part({ sub: 'carol', exp: 4_000_000_000 })}`;
    const signature = sign('sha256', Buffer.from(signed), { key: keys.privateKey, dsaEncoding: 'ieee-p1363' });
    return Buffer.from(`n,,\u0001auth=Bearer ${signed}.${signature.toString('base64url')}\u0001\u0001`);
  }

  const mechanisms: [string, SaslMechanism, Buffer][] = [
    ['PLAIN', new PlainMechanism(new Map([['alice', 'secret']])), Buffer.from('\0alice\0secret')],
    [
      'SCRAM',
      new ScramMechanism('SCRAM-SHA-256', {
        find: (_mechanism, user) => (user === 'alice' ? credential : null),
        decoy: (mechanism, user) => scramDecoy(mechanism, user, Buffer.from('seed'), 4096),
      }),
      new ScramClient('sha256', { user: 'alice', password: 'secret' }).first(),
    ],
    [
      'OAUTHBEARER',
      new OauthBearerMechanism({
        keys: new KeySet({ url: pathToFileURL(jwksPath).href, refreshMs: 1e9, clock: systemClock }),
        expectations: { issuer: null, audiences: null, subjectClaim: 'sub', clockSkewMs: 0 },
        clock: systemClock,
        onRefused: () => undefined,
      }),
      token(),
    ],
  ];

  test.each(mechanisms)('by %s are answered or refused, never anything else', async (_name, mechanism, good) => {
    const random = seededRandom(seed);
    for (let round = 0; round < rounds; round += 1) {
      const exchange = mechanism.begin();
      try {
        const first = round % 2 === 0 ? good : damaged(good, random);
        const step = await exchange.respond(first);
        if (step.kind === 'challenge') await exchange.respond(damaged(step.bytes, random));
        // What is let in was not damaged where it counts.
        expect(['alice', 'carol']).toContain(step.kind === 'done' ? step.name : 'alice');
      } catch (error) {
        if (!(error instanceof MillraceError)) throw error;
        expect(error.kind).toBe(securityErrors.loginFailed);
      }
    }
  });

  test('names in certificates are read, or the bytes are cut off', () => {
    const random = seededRandom(seed);
    const name = Buffer.from('300f310d300b06035504030c0462726f6b', 'hex');
    const certificate = Buffer.concat([Buffer.from('3030302e020101300030003000', 'hex'), name, Buffer.alloc(20)]);
    for (let round = 0; round < rounds; round += 1) {
      try {
        expect(typeof subjectOf(damaged(certificate, random))).toBe('string');
      } catch (error) {
        expect((error as Error).name).toBe('RangeError');
      }
    }
  });
});
