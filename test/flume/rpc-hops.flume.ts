import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answers, type Child } from '../peers/child.js';
import { startFlumeAgents } from '../peers/flume.js';
import { confOf, marked, rolled, type AgentConf, type Properties } from './rpc/conf.js';
import { makeStores, type KeyToolStores } from './rpc/key-tool.js';
import { startOwnAgent } from './rpc/own-agent.js';
import { untilRolled, type RolledEvent } from './rpc/rolled-events.js';
import { sendTcp } from './side-by-side/senders.js';

/**
 * Events on their way through several agents: real ones take lines, ours takes their events in and passes all of them on over each
 * protocol, real ones file them.
 *
 *     edge1 netcat → avro                  ┐          ┌ avro            → centre → plain
 *     edge2 netcat → avro, deflate and TLS ├→ ours  →─┼ avro, deflate   → centre → deflate
 *     edge3 netcat → thrift                │          ├ avro, both      → centre → secured
 *     edge4 netcat → avro, TLS             ┘          ├ thrift, TLS     → centre → thrift
 *                                                     └ thrift, binary  → centre → binary
 */
const lineCount = 700;
const edges = ['edge1', 'edge2', 'edge3', 'edge4'] as const;
const ends = ['plain', 'deflate', 'secured', 'thrift', 'binary'] as const;
const ports = {
  edge: [31_110, 31_111, 31_112, 31_113],
  own: { avro: 31_120, both: 31_121, thrift: 31_122, tls: 31_123 },
  centre: { plain: 31_130, deflate: 31_131, secured: 31_132, thrift: 31_133, binary: 31_134 },
} as const;
const host = '127.0.0.1';

describe('several hops between real agents and ours', () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-rpc-hops-'));
  const out = (name: string): string => join(directory, 'out', name);
  const rolledBy: Partial<Record<string, RolledEvent[]>> = {};
  let flume: Child | null = null;
  let own: Child | null = null;

  beforeAll(async () => {
    const stores = makeStores(directory, 'JKS');
    for (const end of ends) mkdirSync(out(end), { recursive: true });
    const agents = [centreConf(stores), ...edgeConfs(stores)].map((conf) => {
      const confPath = join(directory, `${conf.name}.conf`);
      writeFileSync(confPath, confOf(conf));
      return { name: conf.name, confPath };
    });
    [flume, own] = await Promise.all([
      startFlumeAgents({ agents, directory: join(directory, 'flume') }),
      startOwnAgent(join(directory, 'own'), ownConf(stores), Object.values(ports.own)),
    ]);
    const all = [...ports.edge, ...Object.values(ports.centre)];
    await flume.until('all ports', async () => (await Promise.all(all.map((port) => answers(port)))).every(Boolean));
    await Promise.all(
      edges.map(async (edge, at) => {
        const lines = linesOf(edge).map((line) => `${line}\n`);
        await sendTcp(ports.edge[at] ?? 0, lines.join(''), lines.length);
      }),
    );
    for (const end of ends) rolledBy[end] = await untilRolled(out(end), edges.length * lineCount, 30_000);
  }, 150_000);

  afterAll(async () => {
    await Promise.all([flume?.kill(), own?.stop()]);
    rmSync(directory, { recursive: true, force: true });
  });

  test.each(ends)('%s: every event of every edge, with its headers, in order', (end) => {
    const events = rolledBy[end] ?? [];
    for (const edge of edges) {
      const expected = linesOf(edge).map((body) => ({ headers: { edge, passed: 'ours', end }, body }));
      expect(events.filter(({ headers }) => headers['edge'] === edge)).toEqual(expected);
    }
    expect(events).toHaveLength(edges.length * lineCount);
  });
});

function linesOf(edge: string): string[] {
  return Array.from({ length: lineCount }, (_, n) => `${edge} line ${n} zwölf`);
}

function trusting({ trustStore, password }: KeyToolStores): Properties {
  return { ssl: true, truststore: trustStore, 'truststore-password': password, 'truststore-type': 'JKS' };
}

function serving({ keyStore, password }: KeyToolStores): Properties {
  return { ssl: true, keystore: keyStore, 'keystore-password': password, 'keystore-type': 'JKS' };
}

const deflate: Properties = { 'compression-type': 'deflate' };

function edgeConfs(stores: KeyToolStores): AgentConf[] {
  const { avro, both, thrift, tls } = ports.own;
  const sinks: Readonly<Record<(typeof edges)[number], Properties>> = {
    edge1: { type: 'avro', port: avro, 'batch-size': 100 },
    edge2: { type: 'avro', port: both, ...deflate, ...trusting(stores), 'batch-size': 500 },
    edge3: { type: 'thrift', port: thrift, 'batch-size': 100 },
    edge4: { type: 'avro', port: tls, ...trusting(stores), 'batch-size': 7 },
  };
  return edges.map((name, at) => ({
    name,
    sources: {
      r1: { type: 'netcat', bind: host, port: ports.edge[at] ?? 0, channels: 'c1', ...marked('edge', name) },
    },
    channels: ['c1'],
    sinks: { k1: { hostname: host, channel: 'c1', ...sinks[name] } },
  }));
}

function ownConf(stores: KeyToolStores): AgentConf {
  const at = { bind: host, channels: ends.join(' '), ...marked('passed', 'ours') };
  const { avro, both, thrift, tls } = ports.own;
  const to = (end: (typeof ends)[number]): Properties => ({ hostname: host, port: ports.centre[end], channel: end });
  return {
    name: 'ours',
    sources: {
      avro: { type: 'avro', port: avro, ...at },
      both: { type: 'avro', port: both, ...deflate, ...serving(stores), ...at },
      thrift: { type: 'thrift', port: thrift, ...at },
      tls: { type: 'avro', port: tls, ...serving(stores), ...at },
    },
    channels: ends,
    sinks: {
      plain: { type: 'avro', 'batch-size': 100, ...to('plain') },
      deflate: { type: 'avro', 'batch-size': 1000, ...deflate, 'compression-level': 9, ...to('deflate') },
      secured: { type: 'avro', 'batch-size': 100, ...deflate, ...trusting(stores), ...to('secured') },
      thrift: { type: 'thrift', 'batch-size': 100, ...trusting(stores), ...to('thrift') },
      binary: { type: 'thrift', protocol: 'binary', 'requests-in-flight': 4, ...to('binary') },
    },
  };
}

function centreConf(stores: KeyToolStores): AgentConf {
  const types: Readonly<Record<(typeof ends)[number], Properties>> = {
    plain: { type: 'avro' },
    deflate: { type: 'avro', ...deflate },
    secured: { type: 'avro', ...deflate, ...serving(stores) },
    thrift: { type: 'thrift', ...serving(stores) },
    binary: { type: 'thrift', protocol: 'binary' },
  };
  const folders = Object.fromEntries(ends.map((end) => [end, join(stores.trustStore, '..', 'out', end)]));
  return {
    name: 'centre',
    sources: Object.fromEntries(
      ends.map((end) => [
        end,
        { ...types[end], bind: host, port: ports.centre[end], channels: end, ...marked('end', end) },
      ]),
    ),
    channels: ends,
    sinks: Object.fromEntries(ends.map((end) => [end, { ...rolled(folders[end] ?? ''), channel: end }])),
  };
}
