import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Channel, ComponentContext } from '#pipeline/collector';
import { ChannelError } from '#pipeline/errors';
import { EventBatch } from '#pipeline/event-batch';
import { describeChannelContract, names, numbered, startChannel, takeAll, textsOf } from '../channel.testkit.js';
import { fileChannel } from './file-channel.js';

let directory: string;
const opened: Channel[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'file-channel-'));
});

afterEach(async () => {
  for (const channel of opened.splice(0)) await channel.stop();
  await rm(directory, { recursive: true });
});

async function open(options: Record<string, string> = {}, context: Partial<ComponentContext> = {}): Promise<Channel> {
  const own = { dataDirs: join(directory, 'data'), minimumRequiredSpace: '1048576', ...options };
  const channel = await startChannel(fileChannel, own, { stateDirectory: join(directory, 'state'), context });
  opened.push(channel);
  return channel;
}

async function reopen(channel: Channel, options: Record<string, string> = {}): Promise<Channel> {
  opened.splice(opened.indexOf(channel), 1);
  await channel.stop();
  return open(options);
}

describeChannelContract('the file channel', {
  open: ({ capacity, transactionCapacity, keepAliveSeconds }) =>
    open({
      capacity: String(capacity),
      transactionCapacity: String(transactionCapacity),
      'keep-alive': String(keepAliveSeconds),
    }),
});

describe('file channel', () => {
  it('gives what was put after a restart, with its headers', async () => {
    const first = await open();
    await first.put(numbered(0, 3).withHeader('host', 'web1').withHeader('code', ['200', null, '404']));
    const second = await reopen(first);
    expect(second.size()).toBe(3);
    const take = await second.take(10, 0);
    expect(textsOf(take)).toEqual(names(0, 3));
    expect([0, 1, 2].map((index) => take?.batch.headersOf(index))).toEqual([
      { host: 'web1', code: '200' },
      { host: 'web1' },
      { host: 'web1', code: '404' },
    ]);
  });

  it('forgets what was committed, and gives again what was not', async () => {
    let channel = await open();
    await channel.put(numbered(0, 5));
    await channel.put(numbered(5, 10));
    const take = await channel.take(5, 0);
    await take?.commit();
    await channel.take(5, 0);
    channel = await reopen(channel);
    expect(channel.size()).toBe(5);
    expect(await takeAll(channel)).toEqual(names(5, 10));
    channel = await reopen(channel);
    expect(channel.size()).toBe(0);
    expect(await channel.take(10, 0)).toBeNull();
  });

  it('gives a put whole again where only a part of it was committed', async () => {
    let channel = await open();
    await channel.put(numbered(0, 5));
    const take = await channel.take(2, 0);
    await take?.commit();
    expect(channel.size()).toBe(3);
    channel = await reopen(channel);
    expect(await takeAll(channel)).toEqual(names(0, 5));
  });

  it('keeps an earlier take that is still open when a later one commits', async () => {
    let channel = await open();
    await channel.put(numbered(0, 2));
    await channel.put(numbered(2, 4));
    const earlier = await channel.take(2, 0);
    const later = await channel.take(2, 0);
    await later?.commit();
    channel = await reopen(channel);
    expect(await takeAll(channel)).toEqual(names(0, 4));
    expect(textsOf(earlier)).toEqual(names(0, 2));
  });

  it('keeps the order of puts under way at once, also through segment files and when it is read back from disk', async () => {
    let channel = await open({ maxFileSize: '1048576' });
    const puts: Promise<void>[] = [];
    const body = Buffer.alloc(20_000, 'x');
    for (let batch = 0; batch < 100; batch += 1) {
      const events = Array.from({ length: 20 }, (_, index) => ({
        body,
        headers: { number: String(batch * 20 + index) },
      }));
      puts.push(channel.put(EventBatch.of(events)));
    }
    await Promise.all(puts);
    channel = await reopen(channel, { maxFileSize: '1048576' });
    const found: (string | null)[] = [];
    let putMore = 100;
    for (let take = await channel.take(70, 0); take !== null; take = await channel.take(70, 0)) {
      for (let index = 0; index < take.batch.count; index += 1) found.push(take.batch.header(index, 'number'));
      await take.commit();
      if (putMore < 110) {
        await channel.put(EventBatch.of([{ body, headers: { number: String(2000 + putMore - 100) } }]));
        putMore += 1;
      }
    }
    expect(found).toEqual(Array.from({ length: 2010 }, (_, index) => String(index)));
    expect(channel.size()).toBe(0);
  });

  it('spills to disk what sinks do not take, and gives all of it in order', async () => {
    const channel = await open();
    const body = Buffer.alloc(100_000, 'y');
    for (let batch = 0; batch < 30; batch += 1) {
      await channel.put(
        EventBatch.of(
          Array.from({ length: 10 }, (_, index) => ({ body, headers: { number: String(batch * 10 + index) } })),
        ),
      );
    }
    const found: (string | null)[] = [];
    for (let take = await channel.take(25, 0); take !== null; take = await channel.take(25, 0)) {
      for (let index = 0; index < take.batch.count; index += 1) found.push(take.batch.header(index, 'number'));
      await take.commit();
    }
    expect(found).toEqual(Array.from({ length: 300 }, (_, index) => String(index)));
  });

  it('refuses a put beyond its capacity, and a second channel in the same directory', async () => {
    const channel = await open({ capacity: '5', transactionCapacity: '5', 'keep-alive': '0' });
    await channel.put(numbered(0, 4));
    await expect(channel.put(numbered(4, 6))).rejects.toThrow(ChannelError);
    await expect(open()).rejects.toThrow('in use by another channel');
  });

  it('shares its files out over several folders, and finds them all again', async () => {
    const options = { dataDirs: ['a', 'b', 'c'].map((name) => join(directory, name)).join(', '), maxFileSize: '1' };
    let channel = await open(options);
    const body = Buffer.alloc(600_000, 'z');
    for (let index = 0; index < 9; index += 1) {
      await channel.put(EventBatch.of([{ body, headers: { number: String(index) } }]));
    }
    const filesIn = async (name: string): Promise<number> =>
      (await readdir(join(directory, name, 'queue'))).filter((file) => file.endsWith('.queue')).length;
    expect(await Promise.all(['a', 'b', 'c'].map(filesIn))).toEqual([2, 2, 1]);
    channel = await reopen(channel, options);
    const found: (string | null)[] = [];
    for (let take = await channel.take(2, 0); take !== null; take = await channel.take(2, 0)) {
      for (let index = 0; index < take.batch.count; index += 1) found.push(take.batch.header(index, 'number'));
      await take.commit();
    }
    expect(found).toEqual(Array.from({ length: 9 }, (_, index) => String(index)));
  });

  it('does not start where one of its folders is empty all of a sudden, or left out with events in it', async () => {
    const [one, two] = [join(directory, 'a'), join(directory, 'b')];
    const both = { dataDirs: `${one},${two}` };
    const channel = await open(both);
    await channel.put(numbered(0, 3));
    await channel.stop();
    await expect(open({ dataDirs: two })).rejects.toThrow('still holds events of this channel');
    await rm(two, { recursive: true });
    await expect(open(both)).rejects.toThrow('Is its disk mounted?');
  });

  it('without fsyncPerTransaction has everything again after a stop', async () => {
    const options = { fsyncPerTransaction: 'false', fsyncInterval: '1' };
    let channel = await open(options);
    for (let from = 0; from < 100; from += 10) await channel.put(numbered(from, from + 10));
    channel = await reopen(channel, options);
    expect(await takeAll(channel)).toEqual(names(0, 100));
    expect(fileChannel.check?.(options)).toMatchObject([{ severity: 'warning', option: 'fsyncPerTransaction' }]);
  });

  it('starts with more than its capacity, where that was lowered, and takes puts again when there is room', async () => {
    let channel = await open();
    await channel.put(numbered(0, 20));
    channel = await reopen(channel, { capacity: '10', transactionCapacity: '10', 'keep-alive': '0' });
    expect(channel.size()).toBe(20);
    await expect(channel.put(numbered(20, 21))).rejects.toThrow('20 of 10 events');
    expect(await takeAll(channel)).toEqual(names(0, 20));
    await channel.put(numbered(20, 30));
  });

  it('refuses puts while its disks have too little room, and goes on with takes', async () => {
    let channel = await open();
    await channel.put(numbered(0, 3));
    channel = await reopen(channel, { minimumRequiredSpace: String(2 ** 52) });
    await expect(channel.put(numbered(3, 4))).rejects.toThrow('minimumRequiredSpace 4503599627370496');
    expect(await takeAll(channel)).toEqual(names(0, 3));
  });

  it('says what damage has cost it, gives the rest, and has room again for what is gone', async () => {
    const first = await open();
    for (let from = 0; from < 30; from += 10) await first.put(numbered(from, from + 10));
    await first.stop();
    const folder = join(directory, 'data', 'queue');
    const [name = ''] = (await readdir(folder)).filter((file) => file.endsWith('.queue'));
    const errors: unknown[] = [];
    const bytes = await readFile(join(folder, name));
    bytes[bytes.indexOf('line 15')] = 0;
    await writeFile(join(folder, name), bytes);
    const second = await open(
      { capacity: '30', transactionCapacity: '30', 'keep-alive': '0' },
      { reportError: (error) => errors.push(error) },
    );
    expect(second.size()).toBe(20);
    expect(await takeAll(second)).toEqual([...names(0, 10), ...names(20, 30)]);
    expect(String(errors[0])).toContain('is damaged at byte');
    expect(second.size()).toBe(0);
    await second.put(numbered(0, 30));
  });

  it('counts what it loses to damage while it runs', async () => {
    const first = await open();
    for (let from = 0; from < 30; from += 10) await first.put(numbered(from, from + 10));
    const counts = new Map<string, number>();
    opened.splice(opened.indexOf(first), 1);
    await first.stop();
    const second = await open({}, { count: (name, by) => counts.set(name, (counts.get(name) ?? 0) + by) });
    const folder = join(directory, 'data', 'queue');
    const [name = ''] = (await readdir(folder)).filter((file) => file.endsWith('.queue'));
    const bytes = await readFile(join(folder, name));
    bytes[bytes.indexOf('line 15')] = 0;
    await writeFile(join(folder, name), bytes);
    expect(second.size()).toBe(30);
    expect(await takeAll(second)).toEqual([...names(0, 10), ...names(20, 30)]);
    expect(second.size()).toBe(0);
    expect(counts.get('EventTakeErrorCount')).toBe(10);
  });

  it('takes every option that Flume has', () => {
    const options = {
      checkpointDir: '/c',
      dataDirs: '/d1,/d2',
      useDualCheckpoints: 'true',
      backupCheckpointDir: '/b',
      compressBackupCheckpoint: 'true',
      transactionCapacity: '1000',
      checkpointInterval: '30000',
      maxFileSize: '2146435071',
      minimumRequiredSpace: '0',
      capacity: '1000000',
      'keep-alive': '3',
      'use-log-replay-v1': 'false',
      'use-fast-replay': 'true',
      checkpointOnClose: 'false',
      fsyncPerTransaction: 'true',
      fsyncInterval: '5',
    };
    expect(Object.keys(options).filter((name) => !(name in fileChannel.options))).toEqual([]);
    expect(fileChannel.check?.(options)).toEqual([]);
  });
});

/** Made by the JDK's keytool: AES keys `key-0` (128 bits, password keyPassword0) and `Key-1` (256 bits, keyPassword1). */
const keyStore = [
  'zs7OzgAAAAIAAAACAAAAAwAFa2V5LTEAAAGiA2Aj6KztAAVzcgAzY29tLnN1bi5jcnlwdG8ucHJvdmlkZXIuU2VhbGVkT2JqZWN0Rm9yS2V5UH',
  'JvdGVjdG9yzVfKWecwu1MCAAB4cgAZamF2YXguY3J5cHRvLlNlYWxlZE9iamVjdD42PabDt1RwAgAEWwANZW5jb2RlZFBhcmFtc3QAAltCWwAQ',
  'ZW5jcnlwdGVkQ29udGVudHEAfgACTAAJcGFyYW1zQWxndAASTGphdmEvbGFuZy9TdHJpbmc7TAAHc2VhbEFsZ3EAfgADeHB1cgACW0Ks8xf4Bg',
  'hU4AIAAHhwAAAAEDAOBAjYSPfRsTeuagICJxB1cQB+AAUAAACgauvU4OP7HblCBFUXq92gAdcQ8J5i9Sw8w8FtEXE+9NAml974MWe1YX50vcSu',
  '+0+ZVaR3TxUlSs4RoiNO2dJBm/xB0hc+Saz2g/kpzI9luluqczaZuqH849KHUHImkLh0IqSRZjIRls5EWxoZGJLkCmlUlTzeMZEo6Wkn98aN/X',
  'ebEjxwR+NiAdEkE0b2rZ+nl+Szo1gOMQ8X/MPQQIvIl3QAFlBCRVdpdGhNRDVBbmRUcmlwbGVERVN0ABZQQkVXaXRoTUQ1QW5kVHJpcGxlREVT',
  'AAAAAwAFa2V5LTAAAAGiA2AWw6ztAAVzcgAzY29tLnN1bi5jcnlwdG8ucHJvdmlkZXIuU2VhbGVkT2JqZWN0Rm9yS2V5UHJvdGVjdG9yzVfKWe',
  'cwu1MCAAB4cgAZamF2YXguY3J5cHRvLlNlYWxlZE9iamVjdD42PabDt1RwAgAEWwANZW5jb2RlZFBhcmFtc3QAAltCWwAQZW5jcnlwdGVkQ29u',
  'dGVudHEAfgACTAAJcGFyYW1zQWxndAASTGphdmEvbGFuZy9TdHJpbmc7TAAHc2VhbEFsZ3EAfgADeHB1cgACW0Ks8xf4BghU4AIAAHhwAAAAED',
  'AOBAg8QT5ThZruHAICJxB1cQB+AAUAAACQpgFI6jqdegpRtzi0WS6WmCwncmg3m6qHr01z0k6OTQVrA9iEyk/o8a9VHMy1lrcD9Ca0oJzqCWWX',
  '7pCbupOKkLrvFgh+tGvPu3qkC3CSs5ntvl8Q2FVTXsLwkWNO1UAeunZk3/bj+WIszmam0CGYqxkfYFcGkwTyJx9ptMCeMRoyEHutuLaDPtUh3v',
  'j0+OOPdAAWUEJFV2l0aE1ENUFuZFRyaXBsZURFU3QAFlBCRVdpdGhNRDVBbmRUcmlwbGVERVPVwW+7+ajtKoxW3X4KnwNbwoqbxQ==',
].join('');

describe('an encrypted file channel', () => {
  async function keys(active: string | null, aliases: string): Promise<Record<string, string>> {
    await mkdir(join(directory, 'keys'), { recursive: true });
    const path = (name: string) => join(directory, 'keys', name);
    await writeFile(path('store'), Buffer.from(keyStore, 'base64'));
    for (const [name, text] of Object.entries({
      store: 'storePassword',
      'key-0': 'keyPassword0',
      'Key-1': 'keyPassword1',
    }))
      await writeFile(path(`${name}.password`), `${text}\n`);
    return {
      ...(active === null ? {} : { 'encryption.activeKey': active, 'encryption.cipherProvider': 'AESCTRNOPADDING' }),
      'encryption.keyProvider': 'JCEKSFILE',
      'encryption.keyProvider.keyStoreFile': path('store'),
      'encryption.keyProvider.keyStorePasswordFile': path('store.password'),
      'encryption.keyProvider.keys': aliases,
      ...Object.fromEntries(
        aliases
          .split(' ')
          .map((alias) => [`encryption.keyProvider.keys.${alias}.passwordFile`, path(`${alias}.password`)]),
      ),
    };
  }

  const fileBytes = async (): Promise<Buffer> => {
    const folder = join(directory, 'data', 'queue');
    const files = (await readdir(folder)).filter((file) => file.endsWith('.queue'));
    return Buffer.concat(await Promise.all(files.map((file) => readFile(join(folder, file)))));
  };

  it('reads plain events of before, and of each key, while new ones are under the active key', async () => {
    let channel = await open();
    await channel.put(numbered(0, 3));
    channel = await reopen(channel, await keys('key-0', 'key-0'));
    await channel.put(EventBatch.of([{ body: Buffer.from('secret 1'), headers: { user: 'alice' } }]));
    channel = await reopen(channel, await keys('Key-1', 'key-0 Key-1'));
    await channel.put(EventBatch.of([{ body: Buffer.from('secret 2') }]));
    channel = await reopen(channel, await keys(null, 'key-0 Key-1'));
    await channel.put(numbered(3, 4));
    expect(channel.size()).toBe(6);
    const written = await fileBytes();
    expect(written.includes('line 0')).toBe(true);
    for (const text of ['secret', 'alice']) expect(written.includes(text)).toBe(false);
    expect(await takeAll(channel)).toEqual([...names(0, 3), 'secret 1', 'secret 2', 'line 3']);
  });

  it('keeps events whose key is gone, and says which one is missing', async () => {
    let channel = await open(await keys('key-0', 'key-0'));
    await channel.put(numbered(0, 3));
    channel = await reopen(channel, await keys('Key-1', 'Key-1'));
    expect(channel.size()).toBe(3);
    await expect(channel.take(10, 0)).rejects.toThrow('has events under the key "key-0"');
    channel = await reopen(channel, await keys('Key-1', 'Key-1 key-0'));
    expect(await takeAll(channel)).toEqual(names(0, 3));
  });

  it('does not start with a wrong password or an unknown key', async () => {
    const good = await keys('key-0', 'key-0');
    const wrong = join(directory, 'keys', 'Key-1.password');
    await expect(open({ ...good, 'encryption.keyProvider.keyStorePasswordFile': wrong })).rejects.toThrow(
      'the password is wrong',
    );
    await expect(open({ ...good, 'encryption.keyProvider.keys.key-0.passwordFile': wrong })).rejects.toThrow(
      'cannot be opened',
    );
    const other = { 'encryption.activeKey': 'key-9', 'encryption.keyProvider.keys': 'key-9' };
    await expect(open({ ...good, ...other })).rejects.toThrow('has no key "key-9"; it has key-');
  });

  it.each<[string, Record<string, string>, string]>([
    ['a key without a cipher', { 'encryption.activeKey': 'k' }, 'both or neither'],
    ['a cipher without a key', { 'encryption.cipherProvider': 'AESCTRNOPADDING' }, 'both or neither'],
    [
      'another cipher',
      { 'encryption.activeKey': 'k', 'encryption.cipherProvider': 'ROT13' },
      'there is no cipher "ROT13"',
    ],
    [
      'no key provider',
      { 'encryption.activeKey': 'k', 'encryption.cipherProvider': 'AESCTRNOPADDING' },
      'encryption.keyProvider is missing',
    ],
  ])('is refused with %s', (_what, options, expected) => {
    const messages = (fileChannel.check?.(options) ?? []).map((remark) => remark.message).join(' ');
    expect(messages).toContain(expected);
  });
});
