import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { derValue, derValues } from '#std/der';
import { systemClock, type Clock } from '#std/clock';
import { decrypt, type KerberosKey } from './encryption.js';
import { FakeKdc, fields, keytabOf } from './kdc.testkit.js';
import { kerberosErrors } from './kerberos-errors.js';
import { KerberosLogin } from './kerberos-login.js';
import { readKeytab } from './keytab.js';
import { parseKrb5Conf, realmOfHost, type Krb5Conf } from './krb5-conf.js';

const realm = 'LAKE.TEST';
let kdc: FakeKdc;
let conf: Krb5Conf;
let folder = '';
let keytabPath = '';
const clock: Clock = { ...systemClock, now: () => kdc.nowMs };

beforeEach(async () => {
  kdc = new FakeKdc(realm);
  const address = await kdc.start();
  conf = parseKrb5Conf(`[libdefaults]\ndefault_realm = ${realm}\n[realms]\n${realm} = {\n kdc = ${address}\n}\n`);
  folder = mkdtempSync(join(tmpdir(), 'kerberos-'));
  keytabPath = join(folder, 'ann.keytab');
  keep({ name: 'ann', key: kdc.add('ann') });
  kdc.add('HTTP/nn1');
});

afterEach(async () => {
  await kdc.stop();
  rmSync(folder, { recursive: true, force: true });
});

function keep(...entries: readonly { name: string; key: KerberosKey; version?: number }[]): void {
  writeFileSync(keytabPath, keytabOf(entries.map((entry) => ({ ...entry, realm }))));
}

const login = (principal = 'ann'): KerberosLogin => new KerberosLogin({ conf, principal, keytabPath, clock });

/** The client's name and its authenticator, as the service reads them. */
function opened(token: string): { readonly client: string; readonly micros: number; readonly checksum: number } {
  const outer = derValue(Buffer.from(token, 'base64'));
  const [, init] = derValues(outer.content);
  const kerberosToken = fields(derValue(init?.content ?? Buffer.alloc(0))).get(2);
  const [oid] = derValues(derValue(kerberosToken?.content ?? Buffer.alloc(0)).content.subarray(0, 11));
  const inside = derValue(kerberosToken?.content ?? Buffer.alloc(0)).content;
  const request = fields(derValue(derValue(inside.subarray((oid?.whole.length ?? 0) + 2)).content));
  const [client, session] = kdc.openTicket(request.get(3));
  const sealed = fields(request.get(4)).get(2)?.content ?? Buffer.alloc(0);
  const authenticator = fields(derValue(derValue(decrypt(session, 11, sealed)).content));
  const numberOf = (content: Buffer | undefined): number => content?.readIntBE(0, content.length) ?? -1;
  return {
    client,
    micros: numberOf(authenticator.get(4)?.content),
    checksum: numberOf(fields(authenticator.get(3)).get(0)?.content),
  };
}

describe('a Kerberos login', () => {
  it('gives tokens that the service can read, each another one, with one ticket', async () => {
    const ann = login();
    const [first, second] = [opened(await ann.negotiate('HTTP', 'NN1')), opened(await ann.negotiate('HTTP', 'nn1'))];
    expect([first.client, first.checksum]).toEqual(['ann', 0x8003]);
    expect(second.micros).not.toBe(first.micros);
    expect(kdc.requests).toEqual([`login krbtgt/${realm}`, 'ticket HTTP/nn1']);
  });

  it('gets one ticket for calls at once, and another before it ends', async () => {
    const ann = login('ann@LAKE.TEST');
    await Promise.all([1, 2, 3].map(() => ann.negotiate('HTTP', 'nn1')));
    expect(kdc.requests).toHaveLength(2);
    kdc.nowMs += kdc.lifeMs * 0.7;
    await ann.negotiate('HTTP', 'nn1');
    expect(kdc.requests).toHaveLength(2);
    kdc.nowMs += kdc.lifeMs * 0.15;
    await ann.negotiate('HTTP', 'nn1');
    expect(kdc.requests).toHaveLength(4);
  });

  it('takes up a new keytab, and its newest key', async () => {
    const ann = login();
    await ann.negotiate('HTTP', 'nn1');
    const old = kdc.keys.get('ann');
    const key = kdc.add('ann', 20);
    ann.forget();
    await expect(ann.negotiate('HTTP', 'nn1')).rejects.toMatchObject({
      kind: kerberosErrors.denied,
      message: expect.stringMatching(/^The Kerberos login of ann@LAKE.TEST was refused: the key is wrong: .*error 24/),
    });
    if (old !== undefined) keep({ name: 'ann', key: old, version: 1 }, { name: 'ann', key, version: 300 });
    expect(opened(await ann.negotiate('HTTP', 'nn1')).client).toBe('ann');
  });

  it.each<[string, () => Promise<unknown>, keyof typeof kerberosErrors, RegExp]>([
    ['a service that is not there', () => login().negotiate('HTTP', 'nn9'), 'denied', /no such service.*error 7/],
    [
      'a principal that is not in the keytab',
      () => login('bob').negotiate('HTTP', 'nn1'),
      'invalid',
      /has no key of bob@LAKE.TEST; it has those of ann@LAKE.TEST/,
    ],
    [
      'a principal that the KDC does not know',
      () => (kdc.keys.delete('ann'), login().negotiate('HTTP', 'nn1')),
      'denied',
      /no such client/,
    ],
    [
      'a keytab that is none',
      () => (writeFileSync(keytabPath, 'x'), login().negotiate('HTTP', 'nn1')),
      'invalid',
      /is not a keytab/,
    ],
    [
      'a keytab that is not there',
      () => (rmSync(keytabPath), login().negotiate('HTTP', 'nn1')),
      'invalid',
      /keytab cannot be read: /,
    ],
    [
      'a KDC that is away',
      async () => (await kdc.stop(), login().negotiate('HTTP', 'nn1')),
      'away',
      /No KDC of LAKE.TEST answered: 127/,
    ],
    [
      'a clock that is wrong',
      () =>
        new KerberosLogin({
          conf,
          principal: 'ann',
          keytabPath,
          clock: { ...clock, now: () => kdc.nowMs + 7000 },
        }).negotiate('HTTP', 'nn1'),
      'away',
      /clocks .*the clock here is 7 s ahead/,
    ],
  ])('says of %s', async (_name, work, kind, message) => {
    const error: unknown = await work().catch((caught: unknown) => caught);
    expect(error).toMatchObject({ kind: kerberosErrors[kind], message: expect.stringMatching(message) });
  });

  it('cannot be of a principal without a realm where there is no default', () => {
    const without = { ...conf, defaultRealm: null };
    expect(() => new KerberosLogin({ conf: without, principal: 'ann', keytabPath, clock })).toThrow(/names no realm/);
  });
});

describe('a keytab', () => {
  it('that breaks off is told', () => {
    const whole = keytabOf([{ name: 'HTTP/nn1', realm, key: { type: 18, bytes: Buffer.alloc(32) }, version: 2 }]);
    expect(readKeytab(whole, 'k')).toEqual([
      { principal: { parts: ['HTTP', 'nn1'], realm }, version: 2, type: 18, key: Buffer.alloc(32) },
    ]);
    for (const end of [0, 1, 15, 30, whole.length - 20])
      expect(() => readKeytab(whole.subarray(0, end), 'k')).toThrow(/not a keytab/);
  });
});

describe('krb5.conf', () => {
  const text = `
# comment
[libdefaults]
  default_realm = A.TEST
[realms]
  A.TEST = {
    kdc = kdc1.a.test
    kdc = tcp/kdc2.a.test:750
    admin_server = x
    auth_to_local_names = {
      kdc = not.one
    }
  }
  B.TEST = { 
    kdc = [::1]:88
  }
[domain_realm]
  .b.test = B.TEST
  host.a.test = C.TEST
`;

  it('names KDCs and the realms of hosts', () => {
    const parsed = parseKrb5Conf(text);
    expect([...parsed.kdcs]).toEqual([
      ['A.TEST', ['kdc1.a.test:88', 'kdc2.a.test:750']],
      ['B.TEST', ['[::1]:88']],
    ]);
    const realms = ['nn.b.test', 'nn.x.B.test', 'b.test', 'host.a.test', 'other'].map((host) =>
      realmOfHost(parsed, host),
    );
    expect(realms).toEqual(['B.TEST', 'B.TEST', 'A.TEST', 'C.TEST', 'A.TEST']);
  });
});
