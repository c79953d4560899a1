import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type ConnectionOptions, type Server } from 'node:tls';
import { parseOptions, redactOptions } from '#config/options';
import { Certificates, type Identity } from '#net/testing/certificates';
import { storePassword, writeTestStores, type TestStores } from '../../tls/key-stores.testkit.js';
import { clientTls, clientTlsProblems, namesClientTls } from './client-tls.js';
import { clientTlsOptions } from './client-tls-options.js';

describe('TLS options of sinks', () => {
  let folder: string;
  let stores: TestStores;
  let certificates: Certificates;
  let server: Identity;
  let client: Identity;
  let listener: Server;
  let port: number;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'client-tls-'));
    stores = writeTestStores(folder);
    certificates = new Certificates(folder);
    server = certificates.issue('server', '/CN=elsewhere', 'subjectAltName=DNS:elsewhere');
    client = certificates.issue('client', '/CN=client');
    listener = createServer({
      key: readFileSync(server.keyPath),
      cert: readFileSync(server.certificatePath),
      ca: readFileSync(certificates.authorityPath),
      requestCert: true,
      rejectUnauthorized: false,
    });
    listener.on('secureConnection', (socket) => {
      socket.on('error', () => undefined);
      socket.end(socket.authorized ? String(socket.getPeerCertificate().subject.CN) : 'nobody');
    });
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    port = (listener.address() as AddressInfo).port;
  });
  afterAll(() => {
    listener.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Whom the server saw, or why there was no connection. */
  function shake(options: ConnectionOptions): Promise<string> {
    return new Promise((resolve) => {
      const socket = connect({ ...options, host: '127.0.0.1', port });
      socket.once('data', (bytes) => resolve(bytes.toString()));
      socket.once('error', (error) => resolve(`failed: ${error.message}`));
    });
  }

  it('trusts the authority of the trust store, checks the name, and shows the key of the key store', async () => {
    const trust = { 'ssl.truststore.location': certificates.authorityPath };
    await expect(shake(clientTls({}))).resolves.toMatch(/^failed: /);
    await expect(shake(clientTls(trust))).resolves.toMatch(/^failed: .*altnames/);
    const unnamed = { ...trust, 'ssl.endpoint.identification.algorithm': '' };
    await expect(shake(clientTls(unnamed))).resolves.toBe('nobody');
    await expect(shake(clientTls({ ...unnamed, 'ssl.keystore.location': client.storePath }))).resolves.toBe('client');
    const path = join(folder, 'client.p12');
    certificates.pkcs12(client, path, 'secret');
    const pkcs12 = { 'ssl.keystore.location': path, 'ssl.keystore.password': 'secret' };
    await expect(shake(clientTls({ ...unnamed, ...pkcs12 }))).resolves.toBe('client');
  });

  it('takes certificates and keys as text', async () => {
    const options = {
      'ssl.truststore.certificates': readFileSync(certificates.authorityPath, 'utf8'),
      'ssl.keystore.certificate.chain': readFileSync(client.certificatePath, 'utf8'),
      'ssl.keystore.key': readFileSync(client.keyPath, 'utf8').replaceAll('\n', '\\n'),
      'ssl.endpoint.identification.algorithm': '',
    };
    expect(clientTlsProblems(options)).toEqual([]);
    await expect(shake(clientTls(options))).resolves.toBe('client');
  });

  it('reads Java key stores, also with another password for the key', () => {
    const java = { 'ssl.truststore.location': stores.trustStore, 'ssl.truststore.password': storePassword };
    expect(clientTls(java).ca).toEqual([expect.stringContaining('BEGIN CERTIFICATE')]);
    const keys = { 'ssl.keystore.location': stores.keyStore, 'ssl.keystore.password': storePassword };
    expect(clientTls(keys).key).toContain('BEGIN PRIVATE KEY');
    const other = { ...keys, 'ssl.keystore.location': stores.otherKeyPassword };
    expect(clientTlsProblems(other)[0]).toMatchObject({ name: 'ssl.keystore.location' });
  });

  it('tells what cannot be used under the option that it comes from', () => {
    const problems = (options: Record<string, string>, prefix?: string) =>
      clientTlsProblems(options, prefix).map(({ name, message }) => `${name}: ${message}`);
    expect(problems({ 'ssl.truststore.location': join(folder, 'none.jks') })).toEqual([
      expect.stringMatching(/^ssl\.truststore\.location: .*ENOENT/),
    ]);
    expect(problems({ 'ssl.truststore.location': stores.trustStore, 'ssl.truststore.password': 'wrong' })).toEqual([
      expect.stringMatching(/^ssl\.truststore\.location: .*its password is wrong/),
    ]);
    expect(problems({ 'x.ssl.keystore.location': stores.pkcs12, 'x.ssl.keystore.password': 'wrong' }, 'x.')).toEqual([
      expect.stringMatching(/^x\.ssl\.keystore\.location: .*its password is wrong/),
    ]);
    expect(problems({ 'ssl.keystore.key': readFileSync(client.keyPath, 'utf8') })).toEqual([
      expect.stringMatching(/^ssl\.keystore\.key: .*must both be set/),
    ]);
    expect(clientTlsProblems({ 'ssl.keystore.key': 'hidden' })[0]?.value).toBeNull();
    expect(problems({ 'ssl.cipher.suites': 'NOPE' })).toEqual([expect.stringMatching(/^ssl\.cipher\.suites: /)]);
  });

  it('goes under a prefix', () => {
    const specs = clientTlsOptions('elastic.https.');
    const input = { 'elastic.https.ssl.truststore.password': 'secret', 'elastic.https.ssl.enabled.protocols': 'SSLv3' };
    expect(redactOptions(specs, input)['elastic.https.ssl.truststore.password']).toBe('***');
    expect(parseOptions(specs, input).problems[0]?.name).toBe('elastic.https.ssl.enabled.protocols');
    expect(namesClientTls(input, 'elastic.https.')).toBe(true);
    expect(namesClientTls(input)).toBe(false);
  });
});
