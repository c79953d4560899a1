import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type ConnectionOptions, type Server } from 'node:tls';
import { parseOptions } from '#config/options';
import { clientTls, serverTls, serverTlsRemarks, type ServerTls } from './component-tls.js';
import { readJavaKeyStore } from './java-key-store.js';
import { storePassword, writeTestStores, type TestStores } from './key-stores.testkit.js';
import { tlsGlobals, type Environment } from './tls-globals.js';
import { clientTlsOptions, serverTlsOptions } from './tls-options.js';
import { enabledCiphers, enabledProtocols } from './tls-selection.js';

type Options = Readonly<Record<string, string>>;

let folder: string;
let stores: TestStores;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-tls-'));
  stores = writeTestStores(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const serverValues = (options: Options) => parseOptions(serverTlsOptions, { ssl: 'true', ...options }).values;
const server = (options: Options, environment: Environment = {}): ServerTls | null =>
  serverTls(serverValues(options), tlsGlobals(environment));
const client = (options: Options, environment: Environment = {}): ConnectionOptions | null =>
  clientTls(parseOptions(clientTlsOptions, { ssl: 'true', ...options }).values, tlsGlobals(environment));

/** The protocol that both sides agree on, or the code or message of why they do not. */
async function handshake(forServer: ServerTls | null, forClient: ConnectionOptions | null): Promise<string> {
  const listener: Server = createServer({ ...forServer });
  listener.on('tlsClientError', () => undefined);
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  try {
    return await new Promise<string>((resolve) => {
      const socket = connect({ port, host: '127.0.0.1', ...forClient });
      socket.once('secureConnect', () => {
        resolve(socket.getProtocol() ?? '');
        socket.destroy();
      });
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    });
  } finally {
    listener.close();
  }
}

const own = (): Options => ({ keystore: stores.keyStore, 'keystore-password': storePassword });
const trusting = (): Options => ({ truststore: stores.trustStore, 'truststore-password': storePassword });

test('key and trust stores of keytool lead to a connection', async () => {
  expect(await handshake(server(own()), client(trusting()))).toBe('TLSv1.3');
});

test('PKCS12 and PEM are read whatever the type says', async () => {
  const pkcs12 = { keystore: stores.pkcs12, 'keystore-password': storePassword, 'keystore-type': 'JKS' };
  const { cert, key } = server(own()) ?? {};
  const path = join(folder, 'both.pem');
  writeFileSync(path, `${key}${cert}`);
  expect(await handshake(server(pkcs12), client(trusting()))).toBe('TLSv1.3');
  expect(await handshake(server({ keystore: path }), client({ truststore: path }))).toBe('TLSv1.3');
});

test('a trust store in JKS is read without a password', async () => {
  expect(await handshake(server(own()), client({ truststore: stores.trustStore }))).toBe('TLSv1.3');
});

test('a certificate that nobody trusts is refused unless all are trusted', async () => {
  expect(await handshake(server(own()), client({}))).toBe('DEPTH_ZERO_SELF_SIGNED_CERT');
  expect(await handshake(server(own()), client({ 'trust-all-certs': 'true' }))).toBe('TLSv1.3');
});

test('without ssl there are no TLS options, whatever the environment says', () => {
  expect(server({ ssl: 'false' }, { FLUME_SSL_KEYSTORE_PATH: stores.keyStore })).toBeNull();
  expect(client({ ssl: 'false' })).toBeNull();
});

test.each<[string, Environment]>([
  ['environment variables', { FLUME_SSL_KEYSTORE_PATH: 'STORE', FLUME_SSL_KEYSTORE_PASSWORD: storePassword }],
  [
    'system properties before them',
    {
      JAVA_OPTS: `-Xmx1g -Djavax.net.ssl.keyStore="STORE" -Djavax.net.ssl.keyStorePassword=${storePassword}`,
      FLUME_SSL_KEYSTORE_PATH: '/nowhere',
    },
  ],
])('a key store comes from %s where the component names none', async (_, environment) => {
  const filled = Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [name, value?.replace('STORE', stores.keyStore)]),
  );
  expect(await handshake(server({}, filled), client(trusting()))).toBe('TLSv1.3');
});

test.each([
  [{ include: [], exclude: [] }, ['TLSv1.2', 'TLSv1.3']],
  [{ include: [], exclude: ['SSLv3', 'TLSv1.3'] }, ['TLSv1.2']],
  [{ include: ['tlsv1', 'TLSv1.2', 'TLSv1.3'], exclude: ['TLSv1.3'] }, ['TLSv1', 'TLSv1.2']],
])('of protocols %j are left %j', (selection, expected) => {
  expect(enabledProtocols(selection)).toEqual(expected);
});

test('excluded protocols and included ciphers hold', async () => {
  const narrow = {
    'exclude-protocols': 'TLSv1.3',
    'include-cipher-suites': 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 NO_SUCH',
  };
  const other = { 'include-cipher-suites': 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256' };
  expect(await handshake(server({ ...own(), ...narrow }), client(trusting()))).toBe('TLSv1.2');
  expect(await handshake(server({ ...own(), ...narrow }), client({ ...trusting(), ...other }))).toMatch(/HANDSHAKE/);
});

test('TLS of a version that is outdated works where it is named', async () => {
  const old = { 'include-protocols': 'TLSv1' };
  expect(await handshake(server({ ...own(), ...old }), client({ ...trusting(), ...old }))).toBe('TLSv1');
});

test('of the ciphers as they come the excluded are taken out', () => {
  const left =
    enabledCiphers({ include: [], exclude: ['TLS_AES_128_GCM_SHA256', 'TLS_RSA_WITH_AES_128_CBC_SHA'] }) ?? [];
  expect(left).not.toContain('TLS_AES_128_GCM_SHA256');
  expect(left).toContain('TLS_AES_256_GCM_SHA384');
  expect(left.at(-1)).toBe('!AES128-SHA');
});

describe('what cannot be used is said precisely', () => {
  test.each<[string, () => unknown, RegExp]>([
    ['no key store', () => server({}), /^ssl = true needs a key store: set keystore/],
    ['no such file', () => server({ keystore: '/nowhere' }), /key store \/nowhere cannot be used: ENOENT/],
    ['no password', () => server({ keystore: stores.keyStore }), /cannot be read without a password/],
    [
      'a wrong password',
      () => server({ ...own(), 'keystore-password': 'wrong' }),
      /its password is wrong, or it was changed/,
    ],
    [
      'a wrong PKCS12 password',
      () => server({ keystore: stores.pkcs12, 'keystore-password': 'x' }),
      /its password is wrong/,
    ],
    [
      'another password of the key',
      () => server({ keystore: stores.otherKeyPassword, 'keystore-password': storePassword }),
      /the password of its key "server" is another than the store's/,
    ],
    [
      'no key in it',
      () => server({ keystore: stores.trustStore, 'keystore-password': storePassword }),
      /there is no key in it/,
    ],
    [
      'no protocol left',
      () => server({ ...own(), 'exclude-protocols': 'TLSv1.2 TLSv1.3' }),
      /no protocol version is left/,
    ],
  ])('%s', (_, make, expected) => {
    expect(make).toThrow(expected);
  });

  test('a file that is none of the three', () => {
    const path = join(folder, 'garbage');
    writeFileSync(path, 'garbage of some length');
    expect(() => server({ keystore: path })).toThrow('no JKS, PKCS12 or PEM file, or damaged');
    expect(() => client({ truststore: path })).toThrow('no JKS, PKCS12 or PEM file, or damaged');
  });

  test('a missing key store is found before the start', () => {
    expect(serverTlsRemarks(serverValues({}), tlsGlobals({})).map(({ option }) => option)).toEqual(['ssl']);
    expect(serverTlsRemarks(serverValues(own()), tlsGlobals({}))).toEqual([]);
    const [remark] = serverTlsRemarks(serverValues({ keystore: '/nowhere' }), tlsGlobals({}));
    expect(remark).toMatchObject({ severity: 'warning', option: 'keystore' });
    expect(remark?.message).toContain('The key store /nowhere cannot be used');
  });
});

test('a damaged Java key store is an error and nothing else, wherever it is damaged', () => {
  const file = readFileSync(stores.keyStore);
  for (let at = 4; at < file.length; at += 1) {
    const damaged = Buffer.from(file);
    damaged.writeUInt8(damaged.readUInt8(at) ^ 0xff, at);
    expect(() => readJavaKeyStore(damaged, storePassword)).toThrow('its password is wrong, or it was changed');
    try {
      readJavaKeyStore(damaged, null);
      readJavaKeyStore(damaged.subarray(0, at), null);
    } catch (error) {
      expect((error as Error).message).toMatch(/damaged|unknown kind|of version|JCEKS|cut off/);
    }
  }
});
