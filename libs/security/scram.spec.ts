import { createHash, createHmac } from 'node:crypto';
import { ScramClient } from './scram-client.testkit.js';
import type { SaslStep } from './sasl.js';
import { scramCredential, scramDecoy, ScramMechanism, type ScramName } from './scram.js';
import { parseScramUsers } from './scram-bootstrap.js';

const hashOf = { 'SCRAM-SHA-256': 'sha256', 'SCRAM-SHA-512': 'sha512' } as const;
const mechanisms = Object.keys(hashOf) as ScramName[];

const mechanismFor = (name: ScramName, users: Readonly<Record<string, string>>) =>
  new ScramMechanism(name, {
    find: (mechanism, user) => (users[user] === undefined ? null : scramCredential(mechanism, users[user])),
    decoy: (mechanism, user) => scramDecoy(mechanism, user, Buffer.from('seed'), 4096),
  });

function bytesOf(step: SaslStep | Promise<SaslStep>): Buffer {
  if (step instanceof Promise) throw new Error('it should answer at once');
  return step.bytes;
}

describe('SCRAM', () => {
  test('makes the verifier of the example in RFC 7677', () => {
    const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
    const { storedKey, serverKey } = scramCredential('SCRAM-SHA-256', 'pencil', { salt, iterations: 4096 });
    const signed =
      'n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,' +
      's=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
    const signature = createHmac('sha256', storedKey).update(signed).digest();
    const proof = Buffer.from('dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=', 'base64');
    const clientKey = proof.map((byte, at) => byte ^ (signature[at] ?? 0));
    expect(createHash('sha256').update(clientKey).digest()).toEqual(storedKey);
    const answer = createHmac('sha256', serverKey).update(signed).digest('base64');
    expect(answer).toBe('6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
  });

  test.each(mechanisms)('lets in who knows the password, by %s, and shows that it knows it too', (name) => {
    for (const user of ['alice', 'a=b,c', 'Ürsula']) {
      const exchange = mechanismFor(name, { [user]: 'secret' }).begin();
      const client = new ScramClient(hashOf[name], { user, password: 'secret' });
      const step = exchange.respond(client.final(bytesOf(exchange.respond(client.first()))));
      expect(step).toMatchObject({ kind: 'done', name: user, expiresAtMs: null });
      expect(client.trusts(bytesOf(step))).toBe(true);
    }
  });

  test.each([
    ['a wrong password', 'alice', 'wrong'],
    ['a user that is not there', 'mallory', 'secret'],
  ])('refuses %s in the same words after the same messages', (_what, user, password) => {
    const exchange = mechanismFor('SCRAM-SHA-256', { alice: 'secret' }).begin();
    const client = new ScramClient('sha256', { user, password });
    const first = bytesOf(exchange.respond(client.first())).toString();
    expect(first).toMatch(/^r=a-nonce-of-the-client[\w-]{24},s=[\w+/]{32},i=4096$/);
    expect(() => exchange.respond(client.final(Buffer.from(first)))).toThrow(
      'Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-256',
    );
  });

  test('shows a user that is not there the same salt each time', () => {
    const saltOf = (user: string): string | undefined => {
      const client = new ScramClient('sha256', { user, password: '' });
      return bytesOf(mechanismFor('SCRAM-SHA-256', {}).begin().respond(client.first())).toString().split(',')[1];
    };
    expect(saltOf('nobody')).toBe(saltOf('nobody'));
    expect(saltOf('nobody')).not.toBe(saltOf('nobody else'));
  });

  test('lets in a client that repeats its nonce, as old librdkafka does, if it signs it so', () => {
    const exchange = mechanismFor('SCRAM-SHA-256', { alice: 'secret' }).begin();
    const client = new ScramClient('sha256', { user: 'alice', password: 'secret', repeatsNonce: true });
    const step = exchange.respond(client.final(bytesOf(exchange.respond(client.first()))));
    expect(step).toMatchObject({ kind: 'done', name: 'alice' });
  });

  test.each([
    ['nothing', ''],
    ['no nonce', 'n,,n=alice'],
    ['channel binding', 'p=tls-unique,,n=alice,r=x'],
    ['another identity', 'n,a=root,n=alice,r=x'],
    ['bytes', '\0\0\0'],
  ])('refuses a first message with %s', (_what, message) => {
    const exchange = mechanismFor('SCRAM-SHA-256', { alice: 'secret' }).begin();
    expect(() => exchange.respond(Buffer.from(message))).toThrow('Invalid SASL/SCRAM first message');
  });

  test.each([
    ['another nonce', (text: string) => text.replace('r=a', 'r=b')],
    ['another header', (text: string) => text.replace('c=biws', 'c=eSws')],
    ['no proof', (text: string) => text.replace(/,p=.*/, '')],
    ['a short proof', (text: string) => text.replace(/,p=.*/, ',p=AAAA')],
  ])('refuses a final message with %s', (_what, change) => {
    const exchange = mechanismFor('SCRAM-SHA-256', { alice: 'secret' }).begin();
    const client = new ScramClient('sha256', { user: 'alice', password: 'secret' });
    const final = client.final(bytesOf(exchange.respond(client.first()))).toString();
    expect(() => exchange.respond(Buffer.from(change(final)))).toThrow(/Invalid SASL|Authentication failed/);
  });
});

describe('users of the first start', () => {
  test('are read in the words of kafka-storage', () => {
    const salt = Buffer.from('salt').toString('base64');
    const users = parseScramUsers(
      `SCRAM-SHA-256=[name=alice,password=a=b], SCRAM-SHA-512=[name="bob",password="two words",iterations=8192] SCRAM-SHA-256=[name=carol,salt=${salt},saltedpassword=${salt}]`,
    );
    expect(users.map(({ mechanism, user, credential }) => [mechanism, user, credential().iterations])).toEqual([
      ['SCRAM-SHA-256', 'alice', 4096],
      ['SCRAM-SHA-512', 'bob', 8192],
      ['SCRAM-SHA-256', 'carol', 4096],
    ]);
  });

  test.each([
    'alice=marker',
    'SCRAM-SHA-1=[name=alice,password=marker]',
    'SCRAM-SHA-256=[password=marker]',
    'SCRAM-SHA-256=[name=alice]',
    'SCRAM-SHA-256=[name=alice,password=marker,iterations=1]',
    'SCRAM-SHA-256=[name=alice,password=marker',
  ])('are refused where they cannot be read, without a word of the secret: %s', (text) => {
    expect(() => parseScramUsers(text)).toThrow(/^scram.bootstrap.users cannot be read(?!.*marker)/);
  });
});
