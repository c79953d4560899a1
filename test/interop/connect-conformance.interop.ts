import { createServer, type Server } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { Cluster } from '#topics/cluster';
import { TopicWriter } from '#topics/topic-writer';
import { sleep, type Child } from '../peers/child.js';
import { startKafkaConnect } from '../peers/kafka-connect.js';
import { eventually, Product } from '../flows/product.js';
import { connectCalls, type ConnectCall, type ConnectPeer } from './connect-script.js';

jest.setTimeout(600_000);

const [topicsPort, httpPort, connectPort, storePort] = [24_800, 24_801, 24_802, 24_803];

/** The same calls to a real Kafka Connect and to ours, over the same topics. */
describe('Kafka Connect’s REST', () => {
  let folder: string;
  let product: Product;
  let connect: Child;
  let store: Server;
  const peers: ConnectPeer[] = [];

  beforeAll(async () => {
    // Takes whatever the sink brings.
    store = createServer((request, response) => request.resume().once('end', () => response.end()));
    store.listen(storePort, '127.0.0.1');
    folder = mkdtempSync(join(tmpdir(), 'millrace-connect-'));
    product = new Product({ directory: folder, topicsPort, httpPort, config: { name: 'connect' } });
    await product.start();
    await product.admin.createTopic({ name: 'conformance', partitions: 1 });
    await writeLines(product.bootstrap);
    connect = await startKafkaConnect({
      bootstrap: product.bootstrap,
      port: connectPort,
      directory: join(folder, 'connect'),
      connectors: [],
      heap: '384m',
      withFiles: true,
    });
    // Its port is open before its paths are there.
    await eventually(
      'Kafka Connect',
      120_000,
      async () => (await fetch(`http://127.0.0.1:${connectPort}/connectors`)).ok,
    );
    const text = { 'key.converter': 'org.apache.kafka.connect.storage.StringConverter' };
    peers.push(
      {
        name: 'kafka',
        url: `http://127.0.0.1:${connectPort}`,
        sinkClass: 'FileStreamSinkConnector',
        sink: {
          'connector.class': 'FileStreamSinkConnector',
          file: join(folder, 'kafka.txt'),
          'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
          ...text,
        },
        source: { 'connector.class': 'FileStreamSourceConnector', file: join(folder, 'in.txt'), topic: 'inlet' },
      },
      {
        name: 'ours',
        url: product.url,
        sinkClass: 'http',
        sink: {
          'connector.class': 'http',
          'http.api.url': `http://127.0.0.1:${storePort}/`,
          'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
          ...text,
        },
        source: { 'connector.class': 'collector', agent: 'a1', 'flume.conf': quietAgent },
      },
    );
  });
  afterAll(async () => {
    store.close();
    await connect?.stop();
    await product?.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  it(`answers ${connectCalls.length} calls as Kafka does, but for the listed differences`, async () => {
    const differences: string[] = [];
    for (const [at, call] of connectCalls.entries()) {
      const answers = await Promise.all(peers.map((peer) => ask(peer, call)));
      const [theirs, ours] = answers;
      if (theirs === undefined || ours === undefined) throw new Error('two peers answer');
      const what = `${at} ${call.method} ${pathOf(call, peers[1])}`;
      differences.push(...compare(what, call, theirs, ours));
    }
    expect(differences).toEqual([]);
  });
});

interface Answer {
  readonly status: number;
  readonly location: string | null;
  readonly body: unknown;
}

async function ask(peer: ConnectPeer, call: ConnectCall): Promise<Answer> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const answer = await askOnce(peer, call);
    if (call.until === undefined || JSON.stringify(answer.body).includes(call.until)) return answer;
    if (Date.now() > deadline) return answer;
    await sleep(100);
  }
}

/** A 409 of a worker that rebalances is asked again, as Connect's clients do. */
async function askOnce(peer: ConnectPeer, call: ConnectCall): Promise<Answer> {
  const body = call.raw ?? (call.body === undefined ? undefined : JSON.stringify(call.body(peer)));
  const response = await fetch(peer.url + pathOf(call, peer), {
    method: call.method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...call.headers },
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  return { status: response.status, location: response.headers.get('location'), body: parsed(text) };
}

function pathOf({ path }: ConnectCall, peer: ConnectPeer | undefined): string {
  if (typeof path === 'string') return path;
  if (peer === undefined) throw new Error('a path needs its peer');
  return path(peer);
}

function parsed(text: string): unknown {
  try {
    return text === '' ? null : (JSON.parse(text) as unknown);
  } catch {
    return text;
  }
}

function compare(what: string, call: ConnectCall, theirs: Answer, ours: Answer): string[] {
  if (call.differs !== undefined) {
    const isAsListed = ours.status === call.differs.status && theirs.status !== ours.status;
    return isAsListed
      ? []
      : [`${what}: listed as another answer than Connect's, and is ${ours.status} beside ${theirs.status}`];
  }
  if (ours.status !== theirs.status) {
    return [
      `${what}: ${ours.status} ${JSON.stringify(ours.body)}, Connect answers ${theirs.status} ${JSON.stringify(theirs.body)}`,
    ];
  }
  if (call.compare === 'status') return [];
  const view = call.compare === 'form' ? formOf : (value: unknown): unknown => value;
  const [left, right] = [view(common(ours)), view(common(theirs))].map((value) => JSON.stringify(value));
  return left === right ? [] : [`${what}: ${left}, Connect answers ${right}`];
}

/** Without what has to be another one: addresses, versions, the classes and their own keys. */
function common({ location, body }: Answer): unknown {
  const place = location === null ? null : location.replace(/^http:\/\/[^/]+/, '');
  return { place, body: withoutOwn(body) };
}

const own = new Set(['connector.class', 'consumer.override.group.id', 'worker_id', 'version', 'trace']);
/** Each class has one of these, and the task of a real sink one more. */
const ownOptions = new Set(['file', 'http.api.url', 'agent', 'flume.conf', 'topic', 'task.class']);
/** What we add behind Connect's keys. */
const added = new Set(['verified', 'guarantee', 'product_version', 'activity', 'last_error', 'restart']);

function withoutOwn(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutOwn);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([name]) => !added.has(name) && !ownOptions.has(name));
  const isConfig = entries.some(([name]) => name === 'connector.class');
  // Java's maps have an order of their own.
  const ordered = isConfig ? entries.toSorted(([a], [b]) => (a < b ? -1 : 1)) : entries;
  return Object.fromEntries(ordered.map(([name, each]) => [name, own.has(name) ? '…' : withoutOwn(each)]));
}

/** Keys and kinds of values; of a list what its first one has. */
function formOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(formOf);
  if (typeof value !== 'object' || value === null) return value === null ? 'string' : typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, formOf(each)]));
}

const quietAgent = [
  ['a1.sources', 'r1'],
  ['a1.channels', 'c1'],
  ['a1.sinks', 'k1'],
  ['a1.sources.r1.type', 'netcat'],
  ['a1.sources.r1.bind', '127.0.0.1'],
  ['a1.sources.r1.port', '0'],
  ['a1.sources.r1.channels', 'c1'],
  ['a1.channels.c1.type', 'memory'],
  ['a1.sinks.k1.type', 'logger'],
  ['a1.sinks.k1.channel', 'c1'],
]
  .map((line) => line.join(' = '))
  .join('\n');

async function writeLines(bootstrap: string): Promise<void> {
  const cluster = new Cluster({ bootstrap: [bootstrap], clientId: 'lines', clock: systemClock, logger: silentLogger });
  const writer = new TopicWriter(cluster);
  for (const line of ['one', 'two', 'three']) {
    await writer.writeRecord('conformance', { key: null, value: Buffer.from(line) });
  }
  await writer.close();
  await cluster.close();
}
