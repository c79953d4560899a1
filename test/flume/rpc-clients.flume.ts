import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Child } from '../peers/child.js';
import { runAvroClient, sendByFlume, sendByScribe, type ClientProperties } from '../peers/flume-client.js';
import { marked, rolled, type AgentConf } from './rpc/conf.js';
import { makeStores } from './rpc/key-tool.js';
import { startOwnAgent } from './rpc/own-agent.js';
import { untilRolled } from './rpc/rolled-events.js';

const count = 1203;
const port = {
  avro: 31_101,
  deflate: 31_102,
  tls: 31_103,
  thrift: 31_104,
  binary: 31_105,
  thriftTls: 31_106,
  scribe: 31_107,
  away: 31_109,
};

/** Flume's own Java clients against our sources. */
describe('Flume’s own clients', () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-rpc-clients-'));
  const out = join(directory, 'out');
  let agent: Child | null = null;
  let said: string[] = [];

  beforeAll(async () => {
    mkdirSync(out);
    const stores = makeStores(directory, 'JKS');
    agent = await startOwnAgent(join(directory, 'own'), confOfSources(stores.keyStore, stores.password), [
      ...Object.values(port).filter((at) => at !== port.away),
    ]);
    said = await sendByFlume({ directory: join(directory, 'clients'), clients: clientsOf(stores.trustStore), count });
  }, 120_000);

  afterAll(async () => {
    await agent?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  function confOfSources(keystore: string, password: string): AgentConf {
    const at = { bind: '127.0.0.1', channels: 'c1' };
    const tls = { ssl: true, keystore, 'keystore-password': password };
    return {
      name: 'a1',
      sources: {
        avro: { type: 'avro', port: port.avro, ...at, ...marked('via', 'avro') },
        deflate: {
          type: 'avro',
          port: port.deflate,
          'compression-type': 'deflate',
          ...at,
          ...marked('via', 'deflate'),
        },
        tls: { type: 'avro', port: port.tls, 'compression-type': 'deflate', ...tls, ...at, ...marked('via', 'tls') },
        thrift: { type: 'thrift', port: port.thrift, ...at, ...marked('via', 'thrift') },
        binary: { type: 'thrift', port: port.binary, protocol: 'binary', ...at, ...marked('via', 'binary') },
        scribe: {
          type: 'org.apache.flume.source.scribe.ScribeSource',
          port: port.scribe,
          channels: 'c1',
          ...marked('via', 'scribe'),
        },
        thriftTls: { type: 'thrift', port: port.thriftTls, ...tls, ...at, ...marked('via', 'thriftTls') },
      },
      channels: ['c1'],
      sinks: { k1: { ...rolled(out), channel: 'c1' } },
    };
  }

  function clientsOf(truststore: string): Record<string, ClientProperties> {
    const host = (at: number) => ({ hosts: 'h1', 'hosts.h1': `127.0.0.1:${at}` });
    const trust = { ssl: true, truststore, 'truststore-password': 'changeit', 'truststore-type': 'JKS' };
    const deflate = { 'compression-type': 'deflate' };
    const two = (first: number, second: number) => ({
      hosts: 'h1 h2',
      'hosts.h1': `127.0.0.1:${first}`,
      'hosts.h2': `127.0.0.1:${second}`,
    });
    return {
      avro: { 'client.type': 'default', 'batch-size': 100, ...host(port.avro) },
      deflate: { 'client.type': 'default', 'batch-size': 1000, ...deflate, ...host(port.deflate) },
      tls: { 'client.type': 'default', 'batch-size': 100, ...deflate, ...trust, ...host(port.tls) },
      thrift: { 'client.type': 'thrift', 'batch-size': 100, ...host(port.thrift) },
      binary: { 'client.type': 'thrift', protocol: 'binary', 'batch-size': 100, ...host(port.binary) },
      thriftTls: { 'client.type': 'thrift', 'batch-size': 100, ...trust, ...host(port.thriftTls) },
      failover: { 'client.type': 'default_failover', 'batch-size': 100, ...two(port.away, port.avro) },
      balance: {
        'client.type': 'default_loadbalance',
        'host-selector': 'round_robin',
        backoff: true,
        'batch-size': 50,
        ...two(port.avro, port.avro),
        hosts: 'h1 h2 h3',
        'hosts.h3': `127.0.0.1:${port.away}`,
      },
    };
  }

  const via: Readonly<Record<string, string>> = { failover: 'avro', balance: 'avro' };
  const names = ['avro', 'deflate', 'tls', 'thrift', 'binary', 'thriftTls', 'failover', 'balance'];

  test('all have sent', () => {
    expect(said.map((line) => line.replace(/ in .*/, ''))).toEqual(names.map((name) => `${name} sent ${count}`));
  });

  test.each(names)('%s: events come as they were sent, and in order', async (name) => {
    const events = await untilRolled(out, count * names.length);
    const own = events.filter(({ headers }) => headers['client'] === name);
    expect(own).toEqual(
      Array.from({ length: count }, (_, n) => ({
        headers: { client: name, n: `№${n}`, via: via[name] ?? name },
        body: `${name}-${n}-zwölf`,
      })),
    );
  });

  test('avro-client sends the lines of a file, with the headers of another', async () => {
    const [input, headers] = [join(directory, 'lines'), join(directory, 'headers')];
    const lines = Array.from({ length: 500 }, (_, n) => `line ${n} zwölf`);
    writeFileSync(input, `${lines.join('\n')}\n`);
    writeFileSync(headers, 'kind=file\nplace=here\n');
    const at = ['-H', '127.0.0.1', '-p', String(port.avro)];
    await runAvroClient(join(directory, 'avro-client'), [...at, '-F', input, '-R', headers]);
    const events = await untilRolled(out, count * names.length + lines.length);
    expect(events.filter((event) => event.headers['kind'] === 'file')).toEqual(
      lines.map((body) => ({ headers: { kind: 'file', place: 'here', via: 'avro' }, body })),
    );
  }, 60_000);

  test('the Scribe client that comes with Flume is answered OK', async () => {
    expect(await sendByScribe(join(directory, 'scribe'), port.scribe, 550)).toBe('OK');
    const events = await untilRolled(out, count * names.length + 500 + 550);
    expect(events.filter(({ headers }) => headers['via'] === 'scribe')).toEqual(
      Array.from({ length: 550 }, (_, n) => ({
        headers: { category: n % 2 === 0 ? 'even' : 'odd', via: 'scribe' },
        body: `entry ${n}`,
      })),
    );
  }, 60_000);
});
