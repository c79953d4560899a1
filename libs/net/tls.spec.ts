import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { systemClock } from '#std/clock';
import { opensslCipher } from './cipher-names.js';
import type { Connection } from './connection.js';
import { ConnectionQuota } from './connection-quota.js';
import { Listener } from './listener.js';
import { readKeyStore, readTrustStore } from './key-store.js';
import { ReceiveBudget } from './receive-budget.js';
import { Certificates, type Identity } from './testing/certificates.js';
import { echo, frame, listenerOptions } from './testing/echo-listener.js';
import { TlsContext, type TlsSettings } from './tls-context.js';

const keyStore = { type: null, location: null, password: null, certificateChain: null, key: null, keyPassword: null };
const trustStore = { type: null, location: null, password: null, certificates: null };

describe('TLS', () => {
  let folder: string;
  let certificates: Certificates;
  let server: Identity;
  let client: Identity;
  let stranger: Identity;
  const open: Listener[] = [];
  const sockets: TLSSocket[] = [];
  const failures: string[] = [];
  const reloads: string[] = [];
  let budget: ReceiveBudget;
  let quota: ConnectionQuota;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tls-'));
    certificates = new Certificates(folder);
    server = certificates.issue('server', '/CN=server');
    client = certificates.issue('client', '/O=example/CN=client');
    const elsewhere = mkdtempSync(join(folder, 'elsewhere-'));
    stranger = new Certificates(elsewhere).issue('stranger', '/CN=stranger');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const listener of open.splice(0)) await listener.stop(100);
  });

  const settingsOf = (given: Partial<TlsSettings>): TlsSettings => ({
    keyStore: { ...keyStore, location: server.storePath },
    trustStore: { ...trustStore, location: certificates.authorityPath },
    clientAuth: 'none',
    protocols: ['TLSv1.2', 'TLSv1.3'],
    cipherSuites: [],
    reloadMs: 60_000,
    ...given,
  });

  function make(
    given: Partial<TlsSettings>,
    serve: (connection: Connection) => void = echo,
    handshakeMs = 2_000,
  ): Listener {
    const tls = new TlsContext(settingsOf(given), systemClock, {
      onReload: () => reloads.push('done'),
      onReloadFailed: (error) => reloads.push(error.message),
    });
    quota = new ConnectionQuota(100, 100);
    budget = new ReceiveBudget(1 << 24, () => listener.regulate());
    const listener: Listener = new Listener(
      listenerOptions({ name: 'SSL', exposure: null, quota, budget, tls, handshakeMs }),
      systemClock,
      { onConnection: serve, onHandshakeFailed: (_host, error) => failures.push(error.message) },
    );
    return listener;
  }

  async function listen(...given: Parameters<typeof make>): Promise<Listener> {
    const listener = make(...given);
    await listener.start();
    open.push(listener);
    return listener;
  }

  function dial(listener: Listener, more: ConnectionOptions = {}): TLSSocket {
    const ca = readFileSync(certificates.authorityPath);
    const socket = connect({ port: listener.port, host: '127.0.0.1', ca, ...more });
    socket.on('error', () => undefined);
    sockets.push(socket);
    return socket;
  }

  const shows = ({ certificatePath, keyPath }: Identity): ConnectionOptions => ({
    cert: readFileSync(certificatePath),
    key: readFileSync(keyPath),
  });

  /** What comes back, or null where the connection is closed instead. */
  async function echoed(socket: TLSSocket, text: string): Promise<string | null> {
    socket.write(frame(text));
    const ended = once(socket, 'close').catch(() => [null]);
    const [answer] = (await Promise.race([once(socket, 'data').catch(() => [null]), ended])) as [unknown];
    return Buffer.isBuffer(answer) ? answer.subarray(4).toString() : null;
  }

  test.each<['none' | 'requested' | 'required', string, string | null]>([
    ['none', 'nothing', 'anonymous'],
    ['none', 'own', 'anonymous'],
    ['requested', 'nothing', 'anonymous'],
    ['requested', 'own', 'CN=client'],
    ['requested', 'foreign', null],
    ['required', 'nothing', null],
    ['required', 'own', 'CN=client'],
    ['required', 'foreign', null],
  ])('with client certificates %s, one who shows %s is %s', async (clientAuth, shown, expected) => {
    let seen: string | null = null;
    const listener = await listen({ clientAuth }, (connection) => {
      const { peerCertificate } = connection;
      seen = peerCertificate === null ? 'anonymous' : peerCertificate.includes('client') ? 'CN=client' : 'somebody';
      echo(connection);
    });
    const identity = { nothing: {}, own: shows(client), foreign: shows(stranger) }[shown];
    const socket = dial(listener, identity);
    expect(await echoed(socket, 'hello')).toBe(expected === null ? null : 'hello');
    expect(seen).toBe(expected);
  });

  test('counts a connection from its first byte until it is closed', async () => {
    const listener = await listen({});
    const held = () => Array.from({ length: 100 }, () => quota.admit('x')).filter(Boolean).length;
    const socket = dial(listener);
    await echoed(socket, 'hello');
    expect(held()).toBe(99);
    for (let count = 0; count < 99; count += 1) quota.release('x');
    socket.destroy();
    for (let round = 0; round < 200 && listener.connections.size > 0; round += 1) await systemClock.sleep(5);
    await systemClock.sleep(20);
    expect(held()).toBe(100);
  });

  test('breaks off a handshake that takes too long, or is none', async () => {
    const listener = await listen({}, echo, 150);
    const silent = connectPlain(listener.port, '127.0.0.1');
    const plain = connectPlain(listener.port, '127.0.0.1');
    plain.write(frame('no TLS'));
    await Promise.all([once(silent.resume(), 'close'), once(plain.resume(), 'close')]);
    expect(listener.connections.size).toBe(0);
    expect(failures.join()).toMatch(/TLS handshake timeout/);
  });

  test('reads no further while too many requests have no answer', async () => {
    let frames = 0;
    const begun: { connection: Connection; bytes: number }[] = [];
    const listener = await listen({}, (connection) =>
      connection.start({
        onFrame(bytes) {
          frames += 1;
          begun.push({ connection, bytes: bytes.length });
        },
        onClose: () => undefined,
      }),
    );
    const socket = dial(listener);
    await once(socket, 'secureConnect');
    for (let count = 0; count < 40; count += 1) socket.write(frame('x'.repeat(100_000)));
    await systemClock.sleep(300);
    expect(frames).toBeLessThan(14);
    for (let round = 0; round < 400 && frames < 40; round += 1) {
      for (const { connection, bytes } of begun.splice(0)) connection.settle(bytes);
      await systemClock.sleep(5);
    }
    expect(frames).toBe(40);
    for (const { connection, bytes } of begun.splice(0)) connection.settle(bytes);
    expect(budget.usedBytes).toBe(0);
  });

  test('speaks only the versions and suites that it is told', async () => {
    const listener = await listen({
      protocols: ['TLSv1.2'],
      cipherSuites: ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'],
    });
    const socket = dial(listener);
    expect(await echoed(socket, 'hello')).toBe('hello');
    expect([socket.getProtocol(), socket.getCipher().name]).toEqual(['TLSv1.2', 'ECDHE-ECDSA-AES128-GCM-SHA256']);
    expect(await echoed(dial(listener, { minVersion: 'TLSv1.3' }), 'hello')).toBeNull();
  });

  test('uses changed files for new connections, and keeps the old ones where the new cannot be used', async () => {
    const location = join(folder, 'renewed.pem');
    copyFileSync(server.storePath, location);
    const listener = await listen({ keyStore: { ...keyStore, location }, reloadMs: 20 });
    const subject = async (): Promise<string | undefined> => {
      const socket = dial(listener);
      await once(socket, 'secureConnect');
      return socket.getPeerX509Certificate()?.subject;
    };
    const first = dial(listener);
    expect(await echoed(first, 'hello')).toBe('hello');
    writeFileSync(`${location}.new`, readFileSync(certificates.issue('second', '/CN=second').storePath));
    renameSync(`${location}.new`, location);
    for (let round = 0; round < 200 && reloads.length === 0; round += 1) await systemClock.sleep(10);
    expect(reloads).toEqual(['done']);
    expect(await subject()).toBe('CN=second');
    expect(await echoed(first, 'still here')).toBe('still here');
    writeFileSync(location, 'rubbish');
    for (let round = 0; round < 200 && reloads.length === 1; round += 1) await systemClock.sleep(10);
    expect(reloads[1]).toMatch(/ssl\.keystore/);
    expect(await subject()).toBe('CN=second');
  });

  test('takes PKCS12 with its password, and PEM in settings', async () => {
    const path = join(folder, 'server.p12');
    certificates.pkcs12(server, path, 'marker');
    const inPkcs12 = await listen({ keyStore: { ...keyStore, location: path, password: 'marker' } });
    expect(await echoed(dial(inPkcs12), 'hello')).toBe('hello');
    const [certificateChain, key] = [server.certificatePath, server.keyPath].map((file) =>
      readFileSync(file, 'utf8').replaceAll('\n', ' '),
    );
    const inline = { ...keyStore, certificateChain: certificateChain ?? '', key: key ?? '' };
    expect(await echoed(dial(await listen({ keyStore: inline })), 'hello')).toBe('hello');
    const wrong = make({ keyStore: { ...keyStore, location: path, password: 'wrong' } });
    await expect(wrong.start()).rejects.toThrow(/^ssl\.keystore: .*password/);
  });

  test('takes an encrypted key with its password', async () => {
    const path = join(folder, 'encrypted.pem');
    const out = ['-out', path, '-passout', 'pass:marker'];
    execFileSync('openssl', ['pkcs8', '-topk8', '-in', server.keyPath, ...out], { stdio: 'pipe' });
    writeFileSync(path, readFileSync(path, 'utf8') + readFileSync(server.certificatePath, 'utf8'));
    const listener = await listen({ keyStore: { ...keyStore, location: path, keyPassword: 'marker' } });
    expect(await echoed(dial(listener), 'hello')).toBe('hello');
  });

  test('reads certificates out of a PKCS12 trust store without a key', () => {
    const path = join(folder, 'trust.p12');
    const store = ['-export', '-nokeys', '-in', certificates.authorityPath, '-out', path, '-passout', 'pass:marker'];
    execFileSync('openssl', ['pkcs12', ...store], { stdio: 'pipe' });
    const plain = readFileSync(certificates.authorityPath, 'utf8').replaceAll(/\s/g, '');
    const [found = ''] = readTrustStore({ ...trustStore, location: path, password: 'marker' }) ?? [];
    expect(found.replaceAll(/\s/g, '')).toBe(plain);
    expect(() => readTrustStore({ ...trustStore, location: path, password: 'wrong' })).toThrow(
      /no certificate can be read from this PKCS12 file; is ssl\.truststore\.password right\?(?!.*wrong)/,
    );
  });

  test.each<[string, () => unknown, RegExp]>([
    ['no key store', () => readKeyStore(keyStore), /needs ssl\.keystore\.location/],
    [
      'a file that is not there',
      () => readKeyStore({ ...keyStore, location: '/nowhere/x' }),
      /nowhere\/x: the file cannot be read/,
    ],
    ['half of PEM', () => readKeyStore({ ...keyStore, key: 'marker' }), /must both be set, or neither/],
    ['PEM without a key', () => readKeyStore({ ...keyStore, location: certificates.authorityPath }), /no private key/],
    [
      'a Java key store',
      () => readKeyStore({ ...keyStore, type: 'JKS', location: server.storePath }),
      /keytool -importkeystore -srckeystore/,
    ],
    [
      'a trust store without a certificate',
      () => readTrustStore({ ...trustStore, location: server.keyPath }),
      /no certificate/,
    ],
    [
      'client certificates without a trust store',
      () => make({ clientAuth: 'required', trustStore }).start(),
      /set ssl\.truststore\.location/,
    ],
  ])('says what to do about %s', async (_what, work, says) => {
    await expect((async () => work())()).rejects.toThrow(says);
  });

  test.each([
    ['TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', 'ECDHE-RSA-AES256-GCM-SHA384'],
    ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-ECDSA-CHACHA20-POLY1305'],
    ['TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256', 'ECDHE-RSA-AES128-SHA256'],
    ['TLS_RSA_WITH_AES_128_GCM_SHA256', 'AES128-GCM-SHA256'],
    ['TLS_AES_256_GCM_SHA384', 'TLS_AES_256_GCM_SHA384'],
    ['ECDHE-RSA-AES128-SHA', 'ECDHE-RSA-AES128-SHA'],
  ])('knows %s as %s', (java, openssl) => {
    expect(opensslCipher(java)).toBe(openssl);
  });
});
