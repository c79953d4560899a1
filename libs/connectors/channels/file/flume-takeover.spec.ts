import { createCipheriv } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Channel, ComponentContext } from '#pipeline/collector';
import { numbered, startChannel, takeAll } from '../channel.testkit.js';
import { fileChannel } from './file-channel.js';

let directory: string;
const opened: Channel[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'flume-takeover-'));
});

afterEach(async () => {
  for (const channel of opened.splice(0)) await channel.stop();
  await rm(directory, { recursive: true });
});

async function open(context: Partial<ComponentContext> = {}): Promise<Channel> {
  const options = { dataDirs: `${join(directory, 'd1')},${join(directory, 'd2')}`, minimumRequiredSpace: '1048576' };
  const channel = await startChannel(fileChannel, options, { stateDirectory: join(directory, 'state'), context });
  opened.push(channel);
  return channel;
}

async function stop(channel: Channel): Promise<void> {
  opened.splice(opened.indexOf(channel), 1);
  await channel.stop();
}

const varint = (value: number): Buffer =>
  Buffer.from(value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]);
const delimited = (bytes: Buffer): Buffer => Buffer.concat([varint(bytes.length), bytes]);
const bytesField = (number: number, bytes: Buffer): Buffer =>
  Buffer.concat([varint((number << 3) | 2), delimited(bytes)]);
function fixed32(number: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return Buffer.concat([varint((number << 3) | 5), bytes]);
}
function fixed64(number: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(value));
  return Buffer.concat([varint((number << 3) | 1), bytes]);
}

/** One of Flume's logs, record by record; the order rises over all logs of a test. */
class LogWriter {
  static order = 1_700_000_000_000;
  private readonly records: Buffer[] = [];
  private at = 0;

  constructor(
    private readonly number: number,
    private readonly seal: (bytes: Buffer) => Buffer = (bytes) => bytes,
    private readonly encryption: Buffer | null = null,
  ) {}

  /** Gives the place by which a take refers to it. */
  put(transaction: number, text: string, headers: Readonly<Record<string, string>> = {}) {
    const fields = Object.entries(headers).map(([key, value]) =>
      bytesField(1, Buffer.concat([bytesField(1, Buffer.from(key)), bytesField(2, Buffer.from(value))])),
    );
    const body = Buffer.from(text);
    const event = Buffer.concat([...fields, bytesField(2, body)]);
    const place = { file: this.number, offset: this.at };
    this.add(1, transaction, Buffer.concat([bytesField(1, event), fixed64(2, crc32(body))]));
    return place;
  }

  take(transaction: number, { file, offset }: { file: number; offset: number }): void {
    this.add(2, transaction, Buffer.concat([fixed32(1, file), fixed32(2, offset)]));
  }

  rollback(transaction: number): void {
    this.add(3, transaction, Buffer.alloc(0));
  }

  commit(transaction: number, of: 'put' | 'take'): void {
    this.add(4, transaction, fixed32(1, of === 'put' ? 1 : 2));
  }

  /** The next record was struck out. */
  strikeLast(): void {
    this.records.at(-1)?.writeUInt8(0, 0);
  }

  async write(folder: string, tail: Buffer = Buffer.alloc(100, 0x80)): Promise<void> {
    await mkdir(folder, { recursive: true });
    const meta = Buffer.concat([
      fixed32(1, 3),
      fixed32(2, this.number),
      fixed64(3, 0),
      fixed64(4, 0),
      ...(this.encryption === null ? [] : [bytesField(5, this.encryption)]),
    ]);
    await writeFile(join(folder, `log-${this.number}.meta`), delimited(meta));
    await writeFile(join(folder, `log-${this.number}`), Buffer.concat([...this.records, tail]));
  }

  private add(type: number, transaction: number, content: Buffer): void {
    LogWriter.order += 1;
    const header = Buffer.concat([fixed32(1, type), fixed64(2, transaction), fixed64(3, LogWriter.order)]);
    const bytes = this.seal(Buffer.concat([delimited(header), delimited(content), delimited(Buffer.alloc(0))]));
    const head = Buffer.alloc(5);
    head[0] = 127;
    head.writeUInt32BE(bytes.length, 1);
    this.records.push(Buffer.concat([head, bytes]));
    this.at += 5 + bytes.length;
  }
}

/** Two logs in two folders: of eight events c, f, g and h are left. */
async function writeTwoLogs(): Promise<void> {
  const one = new LogWriter(1);
  const two = new LogWriter(2);
  const a = one.put(11, 'a');
  const b = one.put(11, 'b');
  one.commit(11, 'put');
  two.put(12, 'c', { host: 'web1' });
  const f = one.put(15, 'f');
  two.commit(12, 'put');
  one.take(13, a);
  one.take(13, b);
  two.put(14, 'd: rolled back');
  two.rollback(14);
  one.commit(13, 'take');
  one.commit(15, 'put');
  two.take(16, f);
  two.rollback(16);
  two.put(17, 'e: never committed');
  one.put(18, 'g');
  const struck = one.put(18, 'struck out');
  one.strikeLast();
  two.put(18, 'h');
  one.commit(18, 'put');
  two.take(19, struck);
  await one.write(join(directory, 'd1'));
  await two.write(join(directory, 'd2'), Buffer.from([127, 0, 0, 0, 50, 1, 2]));
}

describe("the takeover of a Flume's file channel", () => {
  it('finds what was committed and not taken, in the order of the commits, once', async () => {
    await writeTwoLogs();
    const first = await open();
    expect(first.size()).toBe(4);
    const take = await first.take(1, 0);
    expect(take?.batch.headersOf(0)).toEqual({ host: 'web1' });
    await take?.rollback();
    await first.put(numbered(0, 1));
    expect(await takeAll(first)).toEqual(['c', 'f', 'g', 'h', 'line 0']);
    await stop(first);
    const second = await open();
    expect(second.size()).toBe(0);
  });

  it('begins anew where it was interrupted', async () => {
    await writeTwoLogs();
    const first = await open();
    await stop(first);
    const state = join(directory, 'd1', 'queue', 'flume.json');
    await writeFile(state, (await readFile(state, 'utf8')).replace('true', 'false'));
    expect(await takeAll(await open())).toEqual(['c', 'f', 'g', 'h']);
  });

  it('leaves logs alone that appear beside events of its own, and says so', async () => {
    const warnings: string[] = [];
    const first = await open();
    await first.put(numbered(0, 2));
    await stop(first);
    await writeTwoLogs();
    const silent = { debug() {}, info() {}, error() {}, warn: (message: string) => void warnings.push(message) };
    const logger = { ...silent, child: () => logger };
    expect(await takeAll(await open({ logger }))).toEqual(['line 0', 'line 1']);
    expect(warnings.join()).toContain("Flume's are not read");
  });

  it('passes over a damaged event, with a count, and refuses a format that it does not know', async () => {
    const log = new LogWriter(1);
    for (const text of ['first', 'second', 'third']) log.put(1, text);
    log.commit(1, 'put');
    await log.write(join(directory, 'd1'));
    const path = join(directory, 'd1', 'log-1');
    const bytes = await readFile(path);
    bytes.write('X', bytes.indexOf('second'));
    await writeFile(path, bytes);
    const counts: string[] = [];
    expect(await takeAll(await open({ count: (name) => counts.push(name) }))).toEqual(['first', 'third']);
    expect(counts).toContain('EventTakeErrorCount');
    await mkdir(join(directory, 'old'));
    await writeFile(join(directory, 'old', 'log-1'), 'x');
    const old = startChannel(fileChannel, { dataDirs: join(directory, 'old') }, { stateDirectory: directory });
    await expect(old).rejects.toThrow('it has no .meta file');
  });

  it('names the key of an encrypted log that it was not given', async () => {
    const key = Buffer.alloc(16, 7);
    const counter = Buffer.alloc(16, 9);
    const seal = (bytes: Buffer): Buffer => createCipheriv('aes-128-ctr', key, counter).update(bytes);
    const encryption = Buffer.concat([
      bytesField(1, Buffer.from('AESCTRNOPADDING')),
      bytesField(2, Buffer.from('key-0')),
      bytesField(3, counter),
    ]);
    const log = new LogWriter(1, seal, encryption);
    log.put(1, 'secret');
    log.commit(1, 'put');
    await log.write(join(directory, 'd1'));
    await expect(open()).rejects.toThrow('its key "key-0" is not in encryption.keyProvider.keys');
    const { FlumeLog } = await import('./flume-log.js');
    const read = await FlumeLog.open(join(directory, 'd1', 'log-1'), new Map([['key-0', key]]));
    const records = [];
    for await (const record of read.records()) records.push(record.type);
    expect(records).toEqual(['put', 'commit']);
    expect((await read.event(0)).body.toString()).toBe('secret');
    await read.close();
  });
});
