import { jest } from '@jest/globals';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { handlers } from '#broker/handlers/index';
import { batchOf } from '#log/testing/engine-fixture';
import { seededRandom } from '#std/random';
import { apis } from '#wire/kafka/apis';
import { encodeRequest } from '#wire/kafka/frame';
import { createTopic, fetchOne, produce, type TestTopic } from '../conformance/target.js';
import { RawClient } from '../conformance/raw-client.js';
import { projectRoot } from '../flows/product.js';
import { answers, Child } from '../peers/child.js';
import { usageOf } from '../peers/usage.js';
import type { CrowdSpec } from './crowd.js';
import { mutateFrame } from './mutations.js';
import { RandomMessages } from './random-message.js';

jest.setTimeout(300_000);

/** A handle a connection on each side; the crowd comes in several processes, from several addresses. */
const port = 30_192;
const folder = mkdtempSync(join(tmpdir(), 'millrace-crowd-'));
let server: Child;
let topic: TestTopic;
const crowds: Child[] = [];

beforeAll(async () => {
  server = new Child({
    command: process.execPath,
    args: ['--initial-heap-size=256', join(projectRoot, 'bin', 'millrace.mjs'), 'role', 'topics'],
    env: { MILLRACE_DATA: join(folder, 'data'), HOST: '127.0.0.1', PORT: String(port), DATABASE_URL: '' },
    logPath: join(folder, 'server.out'),
  });
  await server.until('the topic service', () => answers(port));
  const client = await RawClient.connect(`127.0.0.1:${port}`);
  topic = await createTopic(client);
  for (let count = 0; count < 20; count += 1) {
    const added = await produce(client, { topic, batch: batchOf(['x'.repeat(900_000)]) });
    expect(added.errorCode).toBe(0);
  }
  client.close();
});
afterEach(async () => {
  await Promise.all(crowds.splice(0).map((crowd) => crowd.kill()));
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function gather(spec: Partial<CrowdSpec>): Promise<void> {
  const source = crowds.length + 2;
  const whole: CrowdSpec = {
    ...{ idle: 0, slowReaders: 0, halfFrames: 0, frameBytes: 0, topic: topic.name, source },
    ...spec,
  };
  const crowd = new Child({
    command: process.execPath,
    args: [join(projectRoot, 'dist', 'test', 'fuzz', 'crowd.js'), `127.0.0.1:${port}`, JSON.stringify(whole)],
    logPath: join(folder, `crowd-${source}.out`),
  });
  crowds.push(crowd);
  await crowd.until('the crowd', () => crowd.output().includes('ready'), 60_000);
}

/** A client that connects, produces and reads back what it produced, a hundred times. */
async function serveGoodClient(): Promise<void> {
  const client = await RawClient.connect(`127.0.0.1:${port}`);
  for (let count = 0; count < 100; count += 1) {
    const added = await produce(client, { topic, batch: batchOf([`good-${count}`.padEnd(1000)]) });
    expect(added.errorCode).toBe(0);
    const found = await fetchOne(client, { topic, offset: added.baseOffset });
    expect(found.records?.length).toBeGreaterThan(1000);
  }
  client.close();
}

test('9,000 idle connections and readers that do not read leave others served, in bounded memory', async () => {
  for (let part = 0; part < 3; part += 1) await gather({ idle: 3000 });
  await gather({ slowReaders: 100 });
  await serveGoodClient();
  const { peakMiB } = usageOf(server.pid);
  process.stderr.write(
    `crowd: 9000 idle connections, 100 slow readers: peak ${peakMiB.toFixed(0)} MiB with the database\n`,
  );
  expect(peakMiB).toBeLessThan(1200);
});

test('200 half-sent frames of 15 MiB leave others served', async () => {
  await gather({ halfFrames: 200, frameBytes: 15 * 1024 * 1024 });
  await serveGoodClient();
});

test('20,000 damaged frames on sockets close their connections and nothing else', async () => {
  const dice = new RandomMessages(seededRandom(7), {
    names: [topic.name, 'g', 'tx'],
    uuids: [topic.id, 'AAAAAAAAAAAAAAAAAAAAAA'],
    records: () => batchOf(['fuzz']),
  });
  const address = { host: '127.0.0.1', port };
  for (let round = 0; round < 1000; round += 1) {
    const socket = connect(address);
    socket.on('error', () => undefined);
    socket.resume();
    await once(socket, 'connect');
    for (let count = 0; count < 20; count += 1) {
      const { api } = dice.pick(handlers);
      const version = api.minVersion + dice.below(api.maxVersion - api.minVersion + 1);
      const header = { correlationId: count, clientId: 'fuzz' };
      const frame = Buffer.concat(encodeRequest(api, version, header, dice.body(api.request.fields, version)));
      const bytes = mutateFrame(Buffer.from(frame.subarray(4)), dice);
      const size = Buffer.alloc(4);
      size.writeInt32BE(dice.below(50) === 0 ? dice.below(2 ** 31) : bytes.length);
      socket.write(Buffer.concat([size, bytes]));
    }
    socket.destroy();
  }
  // What they did to the topic, they may do.
  const maker = await RawClient.connect(`127.0.0.1:${port}`);
  topic = await createTopic(maker);
  maker.close();
  await serveGoodClient();
  expect(server.exitCode).toBeUndefined();
  expect(server.output()).not.toContain('nobody foresaw');
  const client = await RawClient.connect(`127.0.0.1:${port}`);
  expect((await client.call(apis.apiVersions, 0, {})).errorCode).toBe(0);
  client.close();
});
