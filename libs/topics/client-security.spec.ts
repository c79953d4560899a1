import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readClientSecurity } from '#topics/client-security';

const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule';
const login = { 'security.protocol': 'SASL_PLAINTEXT', 'sasl.mechanism': 'SCRAM-SHA-512' };
const read = (properties: Record<string, string>, environment: Record<string, string> = {}) =>
  readClientSecurity('client.properties', properties, environment);

test('without settings there is neither TLS nor login, and other settings of clients are left alone', () => {
  expect(read({ 'client.id': 'x', 'bootstrap.servers': 'a:1' })).toEqual({ tls: null, login: null });
});

test('a login is read from JAAS, with values that may be references', () => {
  const text = `${scram} required username="ann" password="\${env:PASSWORD}";`;
  const expected = { mechanism: 'SCRAM-SHA-512', user: 'ann', password: 'a"b' };
  expect(read({ ...login, 'sasl.jaas.config': text }, { PASSWORD: 'a"b' }).login).toEqual(expected);
  const whole = { JAAS: `${scram} required username=ann password="a\\"b";` };
  expect(read({ ...login, 'sasl.jaas.config': '${env:JAAS}' }, whole).login).toEqual(expected);
});

test('with SSL there is TLS, and an empty algorithm takes any name in the certificate', () => {
  expect(read({ 'security.protocol': 'SSL' })).toMatchObject({ login: null, tls: { checkHost: true } });
  const any = { 'security.protocol': 'ssl', 'ssl.endpoint.identification.algorithm': '' };
  expect(read(any).tls?.checkHost).toBe(false);
});

test.each([
  ['a mechanism is missing', { 'security.protocol': 'SASL_SSL' }, /needs sasl\.mechanism/],
  ['a login is missing', login, /needs sasl\.jaas\.config/],
  [
    'the module is that of another mechanism',
    { ...login, 'sasl.mechanism': 'PLAIN', 'sasl.jaas.config': `${scram} required username="ann" password="secret";` },
    /does not log in by PLAIN/,
  ],
  [
    'there is no password',
    { ...login, 'sasl.jaas.config': `${scram} required username="secret";` },
    /username and password must both/,
  ],
  ['JAAS cannot be read', { ...login, 'sasl.jaas.config': `${scram} required password="secret"` }, /semicolon/],
  [
    'a reference names nothing',
    { ...login, 'sasl.jaas.config': `${scram} required username=secret password="\${env:NONE}";` },
    /\$\{env:NONE\} names nothing/,
  ],
  ['a security setting is not known', { 'sasl.mechanisms': 'PLAIN' }, /sasl\.mechanisms is not supported/],
  ['the protocol is not known', { 'security.protocol': 'TLS' }, /PLAINTEXT/],
])('where %s the error says so, without a secret', (_what, properties, message) => {
  expect(() => read(properties as Record<string, string>)).toThrow(message);
  try {
    read(properties as Record<string, string>);
  } catch (error) {
    expect(String(error)).not.toContain('secret');
  }
});

describe('files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-client-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('that hold no certificate, or cannot be read, are named', () => {
    const path = join(folder, 'empty.pem');
    writeFileSync(path, '-----BEGIN nothing');
    const ssl = { 'security.protocol': 'SSL' };
    expect(() => read({ ...ssl, 'ssl.truststore.location': path })).toThrow(/empty\.pem: there is no certificate/);
    expect(() => read({ ...ssl, 'ssl.keystore.location': join(folder, 'none') })).toThrow(/none: the file cannot be/);
  });
});
