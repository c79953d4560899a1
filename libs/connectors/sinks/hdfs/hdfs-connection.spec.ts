import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Certificates } from '#net/testing/certificates';
import { hdfsSink } from './hdfs-sink.js';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hdfs-connection-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const base = { 'hdfs.url': 'http://nn:9870', 'hdfs.fileType': 'DataStream' };
const problems = (options: Record<string, string>): readonly string[] =>
  (hdfsSink.check?.({ ...base, ...options }) ?? []).map(({ name }) => name);

describe('options of the way to HDFS', () => {
  it.each<[string, Record<string, string>]>([
    ['hdfs.kerberosKeytab', { 'hdfs.kerberosPrincipal': 'ann' }],
    ['hdfs.kerberosPrincipal', { 'hdfs.authentication.kerberos': 'true' }],
    [
      'hdfs.kerberosPrincipal',
      { 'connect.hdfs.principal': 'ann', 'connect.hdfs.keytab': '/k', 'hdfs.delegationToken': 't' },
    ],
    ['hdfs.delegationTokenFile', { 'hdfs.delegationToken': 't', 'hdfs.delegationTokenFile': '/t' }],
    ['ssl.truststore.location', { 'ssl.truststore.location': '/nowhere/at/all.pem' }],
  ])('have a problem at %s', (name, options) => {
    expect(problems(options)).toContain(name);
  });

  it('go together as other sinks have them', () => {
    expect(problems({ 'connect.hdfs.principal': 'ann', 'connect.hdfs.keytab': '/k' })).toEqual([]);
    expect(problems({ 'hdfs.kerberosPrincipal': 'ann', 'hdfs.authentication.kerberos': 'false' })).toEqual([]);
  });

  it('name a nameservice, whose NameNodes are in Hadoop’s configuration', async () => {
    const property = (name: string, value: string): string =>
      `<property><name>${name}</name><value>${value}</value></property>`;
    const rows = [
      property('dfs.ha.namenodes.lake', 'a,b'),
      property('dfs.namenode.http-address.lake.a', '127.0.0.1:1'),
      property('dfs.namenode.http-address.lake.b', '127.0.0.1:2'),
    ];
    writeFileSync(join(folder, 'hdfs-site.xml'), `<configuration>${rows.join('')}</configuration>`);
    const options = { ...base, 'hdfs.url': 'hdfs://lake', 'hadoop.conf.dir': folder };
    expect(problems(options)).toEqual([]);
    const found = (await hdfsSink.verify?.(options)) ?? [];
    expect(found.map(({ name, message }) => `${name}: ${message}`)).toEqual([
      expect.stringMatching(/^hdfs.url: No answer from 127.0.0.1:2 /),
    ]);
  });
});

describe('HDFS over TLS', () => {
  let server: Server;

  afterEach(() => server.close());

  it('is trusted by the authority that is given, and only by it', async () => {
    const certificates = new Certificates(folder);
    const identity = certificates.issue('nn', '/CN=localhost', 'subjectAltName=DNS:localhost');
    server = createServer(
      { key: readFileSync(identity.keyPath), cert: readFileSync(identity.certificatePath) },
      (_request, response) => response.end('{"FileStatus":{"type":"DIRECTORY","length":0}}'),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `swebhdfs://localhost:${(server.address() as AddressInfo).port}`;
    const options = { ...base, 'hdfs.url': url };
    expect(await hdfsSink.verify?.({ ...options, 'ssl.truststore.location': certificates.authorityPath })).toEqual([]);
    expect(await hdfsSink.verify?.(options)).toEqual([
      expect.objectContaining({ name: 'hdfs.url', message: expect.stringMatching(/certificate/) }),
    ]);
  });
});
