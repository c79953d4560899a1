import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, Product } from '../flows/product.js';
import { answers, sleep, type Child } from '../peers/child.js';
import { startFlumeAgents } from '../peers/flume.js';
import { SinkCollector } from './sinks-collector.js';

const ports = { topics: 31_870, http: 31_871, avro: 31_872, thrift: 31_873 };
const large = `{"n": -1, "pad": "${'x'.repeat(20_000)}"}`;

/** With a topic as channel the sinks to other agents run as sink tasks: what comes back is tried again, and what is too large is put aside. */
describe('sinks to real Flume agents behind a topic channel', () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-sinks-agents-'));
  const product = new Product({
    directory: join(directory, 'product'),
    topicsPort: ports.topics,
    httpPort: ports.http,
    config: {},
  });
  const kinds = ['avro', 'thrift'] as const;
  let flume: Child | null = null;

  beforeAll(async () => {
    await product.start();
    const agents = kinds.map((kind) => {
      const files = join(directory, kind);
      mkdirSync(files);
      const confPath = join(directory, `${kind}.conf`);
      writeFileSync(confPath, receiver(kind, files));
      return { name: `to-${kind}`, confPath };
    });
    flume = await startFlumeAgents({ agents, directory });
    for (const kind of kinds) await flume.until(kind, () => answers(ports[kind]));
  }, 180_000);

  afterAll(async () => {
    await flume?.kill();
    await product.dispose();
    rmSync(directory, { recursive: true, force: true });
  }, 60_000);

  test('every line arrives over kills of the collector, and one that is too large is a dead letter', async () => {
    for (const name of ['a1-c-k1', 'a1-c-k2']) await product.admin.createTopic({ name, partitions: 2 });
    const sinkTo = (kind: (typeof kinds)[number]) => ({
      type: kind,
      hostname: '127.0.0.1',
      port: ports[kind],
      'event.max.bytes': 10_000,
      'errors.deadletterqueue.topic.name': `dead-${kind}`,
    });
    const collector = new SinkCollector({
      directory: join(directory, 'collector'),
      bootstrap: product.bootstrap,
      channel: { type: 'topic' },
      sinks: { k1: sinkTo('avro'), k2: sinkTo('thrift') },
    });
    let next = 0;
    const write = (count: number): void => {
      const numbers = Array.from({ length: count }, (_, at) => next + at);
      appendFileSync(collector.input, numbers.map((n) => `{"n": ${n}}\n`).join(''));
      next += count;
    };
    for (let kill = 0; kill < 2; kill += 1) {
      write(2000);
      if (kill === 0) appendFileSync(collector.input, `${large}\n`);
      await collector.start();
      await sleep(1500);
      await collector.kill();
    }
    write(1000);
    await collector.start();
    for (const kind of kinds) {
      await eventually(`${next} lines by ${kind}`, 90_000, () => Promise.resolve(numbersIn(kind).size >= next));
      expect(Math.min(...numbersIn(kind))).toBe(0);
      await eventually('the dead letter', 30_000, async () => (await lettersOf(kind)) > 0);
    }
    await collector.stop();
  }, 240_000);

  function receiver(kind: (typeof kinds)[number], files: string): string {
    const agent = `to-${kind}`;
    return [
      `${agent}.sources = r`,
      `${agent}.channels = c`,
      `${agent}.sinks = k`,
      `${agent}.sources.r.type = ${kind}`,
      `${agent}.sources.r.bind = 127.0.0.1`,
      `${agent}.sources.r.port = ${ports[kind]}`,
      `${agent}.sources.r.channels = c`,
      `${agent}.channels.c.type = memory`,
      `${agent}.channels.c.capacity = 100000`,
      `${agent}.channels.c.transactionCapacity = 1000`,
      `${agent}.sinks.k.type = file_roll`,
      `${agent}.sinks.k.channel = c`,
      `${agent}.sinks.k.sink.directory = ${files}`,
      `${agent}.sinks.k.sink.rollInterval = 0`,
    ].join('\n');
  }

  /** Numbers of the lines that the agent has written. */
  function numbersIn(kind: string): Set<number> {
    const folder = join(directory, kind);
    const lines = readdirSync(folder).flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'));
    return new Set(lines.flatMap((line) => /^\{"n": (-?\d+)/.exec(line)?.[1] ?? []).map(Number));
  }

  async function lettersOf(kind: string): Promise<number> {
    const found = await product.admin.offsets(`dead-${kind}`, 'latest').catch(() => []);
    return found.reduce((sum, { offset }) => sum + offset, 0);
  }
});
