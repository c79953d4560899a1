import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import avro from 'avsc';
import type { Source } from '#pipeline/collector';
import { ChannelError, pipelineErrors } from '#pipeline/errors';
import { systemClock } from '#std/clock';
import { createSource, TestContext } from '../source-context.testkit.js';
import { rabinFingerprint } from './avro-fingerprint.js';
import { spooldirSource } from './spooldir-source.js';

let folder: string;
let context: TestContext;
const started: Source[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-spooldir-'));
  context = new TestContext();
});
afterEach(async () => {
  for (const source of started.splice(0)) await source.stop();
  rmSync(folder, { recursive: true });
});

async function start(options: Readonly<Record<string, string>> = {}): Promise<Source> {
  const source = createSource(spooldirSource, { spoolDir: folder, pollDelay: '10', maxBackoff: '20', ...options });
  started.push(source);
  await source.start(context);
  return source;
}

async function taken(...names: string[]): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!names.every((name) => existsSync(join(folder, `${name}.COMPLETED`)))) {
    if (Date.now() > deadline) throw new Error(`not taken: ${readdirSync(folder).join(', ')}`);
    await systemClock.sleep(10);
  }
}

const userType = avro.Type.forSchema({
  type: 'record',
  name: 'User',
  namespace: 'test',
  fields: [
    { name: 'name', type: 'string' },
    { name: 'age', type: 'int' },
  ],
});

function container(users: readonly { name: string; age: number }[], codec: 'null' | 'deflate'): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const encoder = new avro.streams.BlockEncoder(userType, { codec, blockSize: 512 });
    const pieces: Buffer[] = [];
    encoder.on('data', (piece: Buffer) => pieces.push(piece));
    encoder.on('end', () => resolve(Buffer.concat(pieces)));
    encoder.on('error', reject);
    for (const user of users) encoder.write(user);
    encoder.end();
  });
}

describe('positions that channels keep', () => {
  it('come with the events, and a start goes on within the file', async () => {
    context.keepPositions();
    writeFileSync(join(folder, 'a'), 'one\ntwo\n');
    const path = join(folder, 'a');
    await start();
    await taken('a');
    expect(context.kept.get(path)).toContain('"position":8');
    writeFileSync(join(folder, 'b'), 'three\n');
    await taken('b');
    expect([...context.kept.keys()]).toEqual([join(folder, 'b')]);
    expect(context.bodies).toEqual(['one', 'two', 'three']);
  });

  it('go back with a refusal, and everything comes once', async () => {
    context.keepPositions();
    context.refusal = new ChannelError(pipelineErrors.channelFull, 'full');
    writeFileSync(join(folder, 'a'), 'one\ntwo\n');
    await start();
    await systemClock.sleep(60);
    context.refusal = null;
    await taken('a');
    expect(context.bodies).toEqual(['one', 'two']);
  });

  it('say of a file that was delivered and not yet marked that nothing of it is left, also of an empty one', async () => {
    context.keepPositions();
    for (const [name, text] of [['a', 'one\n'] as const, ['empty', ''] as const]) {
      writeFileSync(join(folder, name), text);
    }
    // Their marks are there already, so that they cannot be marked as done.
    for (const name of ['a', 'empty']) writeFileSync(join(folder, `${name}.COMPLETED`), '');
    const source = await start();
    await context.until(2);
    await systemClock.sleep(50);
    await source.stop();
    for (const name of ['a', 'empty']) rmSync(join(folder, `${name}.COMPLETED`));
    await start();
    await taken('a', 'empty');
    expect([...context.bodies].sort()).toEqual(['', 'one']);
  });

  it('of an agent of Flume that stopped within a file are taken over, once', async () => {
    const path = join(folder, 'a');
    writeFileSync(path, 'one\ntwo\nthree\n');
    const metaType = avro.Type.forSchema({
      type: 'record',
      name: 'TransferStateFileMeta',
      namespace: 'org.apache.flume.serialization',
      fields: [{ name: 'offset', type: 'long' }],
    });
    const mark = await new Promise<Buffer>((resolve) => {
      const options = { codec: 'null', metadata: { file: Buffer.from(path) } };
      const encoder = new avro.streams.BlockEncoder(metaType, options);
      const pieces: Buffer[] = [];
      encoder.on('data', (piece: Buffer) => pieces.push(piece));
      encoder.on('end', () => resolve(Buffer.concat(pieces)));
      for (const offset of [0, 4, 8]) encoder.write({ offset });
      encoder.end();
    });
    mkdirSync(join(folder, '.flumespool'));
    writeFileSync(join(folder, '.flumespool', '.flumespool-main.meta'), mark);
    await start();
    await taken('a');
    expect(context.bodies).toEqual(['three']);
    expect(existsSync(join(folder, '.flumespool', '.flumespool-main.meta'))).toBe(false);
  });
});

describe('files of a format', () => {
  it('that are compressed give their lines, the last one without end too', async () => {
    writeFileSync(join(folder, 'a.gz'), gzipSync('one\ntwo\nthree'));
    await start();
    await taken('a.gz');
    expect(context.bodies).toEqual(['one', 'two', 'three']);
  });

  it('that are compressed give a BLOB of what they hold', async () => {
    writeFileSync(join(folder, 'a.gz'), gzipSync('x'.repeat(2_000_000)));
    await start({ deserializer: 'BLOB' });
    await taken('a.gz');
    expect(context.bodies.map((body) => body.length)).toEqual([2_000_000]);
  });

  it('that say gz and are none are set aside, and others go on', async () => {
    writeFileSync(join(folder, 'a.gz'), 'no gzip at all\n');
    writeFileSync(join(folder, 'b'), 'one\n');
    await start();
    await taken('b');
    expect(context.counters.get('EventReadFail')).toBe(1);
    expect(String(context.error)).toContain('a.gz was set aside');
  });

  for (const codec of ['null', 'deflate'] as const) {
    it(`AVRO (${codec}) gives each datum in binary, with the hash of its schema`, async () => {
      const users = Array.from({ length: 500 }, (_, age) => ({ name: `user ${age}`, age: age % 60 }));
      writeFileSync(join(folder, 'a.avro'), await container(users, codec));
      await start({ deserializer: 'AVRO' });
      await taken('a.avro');
      const found = context.bodies.map(
        (body) => userType.fromBuffer(Buffer.from(body)) as { name: string; age: number },
      );
      expect(found.map(({ name, age }) => ({ name, age }))).toEqual(users);
      expect(context.events[0]?.headers).toEqual({
        'flume.avro.schema.hash': rabinFingerprint(Buffer.from(JSON.stringify(userType.schema()))),
      });
    });
  }

  it('AVRO can give the schema itself, and sets aside what is cut off', async () => {
    const whole = await container([{ name: 'a', age: 1 }], 'null');
    writeFileSync(join(folder, 'a.avro'), whole.subarray(0, -4));
    writeFileSync(join(folder, 'b.avro'), whole);
    await start({ deserializer: 'AVRO', 'deserializer.schemaType': 'LITERAL' });
    await taken('b.avro');
    expect(JSON.parse(context.events[0]?.headers['flume.avro.schema.literal'] ?? '')).toMatchObject({
      name: 'test.User',
    });
    expect(String(context.error)).toContain('ends within an Avro block');
    expect(statSync(join(folder, 'a.avro')).size).toBeGreaterThan(0);
  });

  it('AVRO fingerprints are those of the specification', () => {
    expect(['"null"', '"boolean"', '"int"'].map((schema) => rabinFingerprint(Buffer.from(schema)))).toEqual([
      '8a8f25cce724dd63',
      '64f7d4a478fc429f',
      '8f5c393f1ad57572',
    ]);
  });
});
