import { jest } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { Cluster } from '#topics/cluster';
import { TopicAdmin } from '#topics/topic-admin';
import { TopicReader } from '#topics/topic-reader';
import { S3Client } from '#wire/s3/s3-client';
import { s3Errors } from '#wire/s3/s3-errors';
import type { AwsCredentials } from '#wire/s3/signature-v4';
import { Ledger } from '../flows/line-writer.js';
import { eventually, projectRoot } from '../flows/product.js';
import { startTopics, type RunningTopics } from '../flows/topic-service.js';
import { Child, sleep } from '../peers/child.js';
import { startS3Proxy } from '../peers/s3proxy.js';

jest.setTimeout(240_000);

const topic = 'from-s3';
const objects = 20;
const linesPerObject = 1000;
const kills = 3;
const ports = { s3: 31_940, topics: 31_941 } as const;
const bucket = 'incoming';
const credentials: AwsCredentials = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'a/secret+Key',
  sessionToken: null,
};

/** A source that polls a real server of S3, which checks its signatures, into a topic, over kills of the collector: each line once. */
describe('polling S3', () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-polling-s3-'));
  const ledger = new Ledger(objects * linesPerObject);
  const client = clientWith(credentials);
  let server: Child;
  let service: RunningTopics;
  let collector: Child | null = null;
  let starts = 0;
  /** Whether each kill came before its round's lines were all there. */
  const midway: boolean[] = [];

  beforeAll(async () => {
    const { accessKeyId, secretAccessKey } = credentials;
    mkdirSync(join(directory, 's3'));
    const s3 = { directory: join(directory, 's3'), port: ports.s3, bucket, accessKeyId, secretAccessKey };
    [server, service] = await Promise.all([startS3Proxy(s3), startTopics(directory, ports.topics)]);
  }, 180_000);

  afterAll(async () => {
    client.close();
    await collector?.stop();
    await service.child.stop();
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  }, 60_000);

  test('the server takes our signature, and no other', async () => {
    await client.put('probe/a b+ü.log', Buffer.from('probe\n'));
    const { objects: listed } = await client.page({ prefix: 'probe/', isFlat: false, after: null });
    expect(listed.map(({ key, bytes }) => [key, bytes])).toEqual([['probe/a b+ü.log', 6]]);
    const stranger = clientWith({ ...credentials, secretAccessKey: 'another' });
    const refused = stranger.page({ prefix: '', isFlat: false, after: null });
    await expect(refused).rejects.toMatchObject({ kind: s3Errors.denied, s3Code: 'SignatureDoesNotMatch' });
    stranger.close();
  });

  test('an object is copied and deleted as long as it is the same', async () => {
    await client.put('moved/a.log', Buffer.from('one\ntwo\n'));
    const [object] = (await client.page({ prefix: 'moved/', isFlat: true, after: null })).objects;
    if (object === undefined) throw new Error('the object is not listed');
    const changed = { ...object, etag: '"00000000000000000000000000000000"' };
    await expect(client.copy(changed, 'moved/c.log')).rejects.toMatchObject({ kind: s3Errors.changed });
    await expect(bytesOf(client.open(changed, 0))).rejects.toMatchObject({ kind: s3Errors.changed });
    await client.copy(object, 'moved/b.log');
    await client.delete(object);
    expect(await client.etag('moved/a.log')).toBeNull();
    expect(await bytesOf(client.open({ ...object, key: 'moved/b.log' }, 4))).toBe('two\n');
  });

  test('lines of objects are in a topic once, over kills of the collector', async () => {
    const cluster = new Cluster({
      bootstrap: [service.bootstrap],
      clientId: 'counter',
      clock: systemClock,
      logger: silentLogger,
    });
    await new TopicAdmin(cluster).createTopic({ name: topic, partitions: 1, replicationFactor: 1 });
    const reader = new TopicReader(cluster, { topics: [topic], isolation: 'read_committed' });
    await reader.start();
    let isDone = false;
    const counting = (async () => {
      while (!isDone) {
        for (const { records } of await reader.poll(100)) {
          for (let index = 0; index < records.count; index += 1) {
            const text = records.value(index)?.toString() ?? '';
            ledger.add(Number(/^\d+(?= a line$)/.exec(text)?.[0]));
          }
        }
      }
    })();
    startCollector();
    for (let round = 0; round <= kills; round += 1) {
      await putObjects(round);
      if (round < kills) await killOnTheWay();
    }
    await eventually('all lines', 120_000, () => ledger.missing() === 0);
    await sleep(500);
    isDone = true;
    await counting;
    await reader.stop();
    await cluster.close();
    expect([ledger.missing(), ledger.repeated()]).toEqual([0, 0]);
    expect(midway).toContain(true);
  });

  function startCollector(): void {
    const confPath = join(directory, 'flume.conf');
    writeFileSync(
      confPath,
      `a1.sources = s
a1.channels = c
a1.sources.s.type = s3_poll
a1.sources.s.channels = c
a1.sources.s.exactly.once.support = required
a1.sources.s.s3.endpoint = http://127.0.0.1:${ports.s3}
a1.sources.s.s3.bucket = ${bucket}
a1.sources.s.s3.prefix = logs/
a1.sources.s.pollDelay = 100
a1.sources.s.minAge = 0
a1.sources.s.batchSize = 50
a1.channels.c.type = topic
a1.channels.c.topic = ${topic}
`,
    );
    starts += 1;
    const words = ['collector', 'run', '--conf', confPath, '--name', 'a1', '--data', join(directory, 'state')];
    collector = new Child({
      command: process.execPath,
      args: [join(projectRoot, 'bin', 'millrace.mjs'), ...words, '--bootstrap', service.bootstrap],
      env: {
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        AWS_SESSION_TOKEN: '',
        AWS_REGION: '',
      },
      logPath: join(directory, `collector-${starts}.out`),
    });
  }

  async function putObjects(round: number): Promise<void> {
    const perRound = objects / (kills + 1);
    for (let object = round * perRound; object < (round + 1) * perRound; object += 1) {
      const lines = Array.from({ length: linesPerObject }, (_, at) => `${object * linesPerObject + at} a line\n`);
      const content = Buffer.from(lines.join(''));
      const isPacked = object % 2 === 1;
      await client.put(
        `logs/day ${object % 3}/${object}.log${isPacked ? '.gz' : ''}`,
        isPacked ? gzipSync(content) : content,
      );
    }
  }

  /** In the middle of an object: when some of a round's lines are there, and not all. */
  async function killOnTheWay(): Promise<void> {
    const before = ledger.missing();
    const deadline = Date.now() + 60_000;
    while (ledger.missing() === before) {
      if (Date.now() > deadline) throw new Error(`no lines came:\n${collector?.output().slice(-3000)}`);
      await sleep(5);
    }
    await collector?.kill();
    midway.push(ledger.missing() % ((objects / (kills + 1)) * linesPerObject) > 0);
    startCollector();
  }
});

function clientWith(keys: AwsCredentials): S3Client {
  return new S3Client({
    endpoint: new URL(`http://127.0.0.1:${ports.s3}`),
    region: 'us-east-1',
    bucket,
    isPathStyle: true,
    credentials: keys,
    now: () => Date.now(),
  });
}

async function bytesOf(chunks: AsyncIterable<Buffer>): Promise<string> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all).toString();
}
