import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Source } from '#pipeline/collector';
import { ChannelError, pipelineErrors } from '#pipeline/errors';
import { seededRandom } from '#std/random';
import { systemClock } from '#std/clock';
import { eventually, portOf } from '../socket.testkit.js';
import { createSource, TestContext } from '../source-context.testkit.js';
import { JournalExportReader, type JournalEntry } from './journal-export.js';
import { journaldSource } from './journald-source.js';

let context: TestContext;
const started: Source[] = [];
const folder = mkdtempSync(join(tmpdir(), 'millrace-journald-'));

beforeEach(() => {
  context = new TestContext();
});
afterEach(async () => {
  for (const source of started.splice(0)) await source.stop();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function start(options: Readonly<Record<string, string>>): Promise<Source> {
  const source = createSource(journaldSource, options);
  started.push(source);
  await source.start(context);
  return source;
}

function binary(name: string, value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([Buffer.from(`${name}\n`), size, bytes, Buffer.from('\n')]);
}

function entry(number: number, message: string): Buffer {
  const time = `${1_700_000_000_000 + number}123`;
  const head = `__CURSOR=s=1;i=${number}\n__REALTIME_TIMESTAMP=${time}\n_HOSTNAME=h1\nPRIORITY=6\n_PID=${number}\n`;
  const body = message.includes('\n') ? binary('MESSAGE', message) : Buffer.from(`MESSAGE=${message}\n`);
  return Buffer.concat([Buffer.from(head), body, Buffer.from('\n')]);
}

function entries(from: number, to: number): Buffer {
  return Buffer.concat(Array.from({ length: to - from }, (_, index) => entry(from + index, `m${from + index}`)));
}

function read(bytes: Buffer, pieces: (rest: number) => number, entryBytesMax = 10_000): JournalEntry[] {
  const reader = new JournalExportReader(entryBytesMax);
  const found: JournalEntry[] = [];
  for (let at = 0; at < bytes.length;) {
    const next = at + Math.max(1, pieces(bytes.length - at));
    found.push(...reader.push(bytes.subarray(at, next)));
    at = next;
  }
  const last = reader.finish();
  return last === null ? found : [...found, last];
}

test('entries are read the same however their bytes come', () => {
  const bytes = Buffer.concat([
    entry(1, 'one'),
    entry(2, 'two\n\nlines'),
    Buffer.from('\n\n'),
    entry(3, ''),
    binary('A', 'last'),
  ]);
  const random = seededRandom(1);
  const whole = read(bytes, (rest) => rest);
  expect(whole.map(({ fields }) => fields.at(-1)?.[1].toString())).toEqual(['one', 'two\n\nlines', '', 'last']);
  expect(read(bytes, () => 1)).toEqual(whole);
  for (let round = 0; round < 50; round += 1) expect(read(bytes, () => random.next() * 30)).toEqual(whole);
});

test('fields over the limit are left out and not kept, whichever way they are written', () => {
  const bytes = Buffer.concat([
    Buffer.from('A=1\n'),
    binary('BIG', 'x'.repeat(5000)),
    Buffer.from(`LINE=${'y'.repeat(5000)}\n`),
    Buffer.from('B=2\n\n'),
    entry(2, 'next'),
  ]);
  for (const piece of [10_000, 100, 1]) {
    const [cut, next] = read(bytes, () => piece, 500);
    expect(cut?.fields.map(([name]) => name)).toEqual(['A', 'B']);
    expect([cut?.isCut, next?.isCut]).toEqual([true, false]);
  }
});

test.each(['lower=x\n', 'NO VALUE\n........\n', `${'N'.repeat(65)}=x\n`, '=x\n'])('%j is no export', (text) => {
  expect(() => new JournalExportReader(1000).push(Buffer.from(text))).toThrow('the field');
});

test('garbage ends with an error or is held within the limit', () => {
  const random = seededRandom(2);
  for (let round = 0; round < 200; round += 1) {
    const bytes = Buffer.from(Array.from({ length: 500 }, () => 'AB_=\n\0x'.charCodeAt(Math.floor(random.next() * 7))));
    try {
      read(bytes, () => 50, 1000);
    } catch (error) {
      expect((error as Error).message).toMatch(/^(the field|no line end|an end)/);
    }
  }
});

test('upload: entries are events, MESSAGE their body, and are answered 202', async () => {
  const source = await start({ from: 'upload', port: '0' });
  const post = async (body: Buffer, headers: Record<string, string> = {}): Promise<number> => {
    const response = await fetch(`http://127.0.0.1:${portOf(source)}/upload`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/vnd.fdo.journal', ...headers },
      body: new Uint8Array(body),
    });
    await response.text();
    return response.status;
  };
  expect(await post(Buffer.concat([entry(1, 'one'), entry(2, 'two\nlines')]))).toBe(202);
  expect(context.events).toEqual([
    { body: 'one', headers: { host: 'h1', PRIORITY: '6', _PID: '1', timestamp: '1700000000001' } },
    { body: 'two\nlines', headers: { host: 'h1', PRIORITY: '6', _PID: '2', timestamp: '1700000000002' } },
  ]);
  expect(await post(gzipSync(entry(3, 'three')), { 'Content-Encoding': 'gzip' })).toBe(202);
  expect(await post(Buffer.from('garbage'), {})).toBe(400);
  expect(await post(Buffer.from('no gzip'), { 'Content-Encoding': 'gzip' })).toBe(400);
  expect(await post(entry(4, 'x'), { 'Content-Type': 'text/plain' })).toBe(415);
  expect(context.bodies.slice(2)).toEqual(['three']);
});

test('upload: while the channels are full the peer waits', async () => {
  const source = await start({ from: 'upload', port: '0', batchSize: '10' });
  context.refusal = new ChannelError(pipelineErrors.channelFull, 'full');
  const answer = fetch(`http://127.0.0.1:${portOf(source)}/upload`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/vnd.fdo.journal' },
    body: new Uint8Array(entries(0, 100)),
  });
  await eventually(() => context.error === context.refusal);
  context.refusal = null;
  expect((await answer).status).toBe(202);
  expect(context.bodies).toEqual(Array.from({ length: 100 }, (_, index) => `m${index}`));
});

test('file: is read once, and a later start goes on behind the last entry', async () => {
  const file = join(folder, 'journal.export');
  writeFileSync(file, entries(0, 25));
  const source = await start({ from: 'file', file, batchSize: '10', fields: '*' });
  await context.until(25);
  expect(Object.keys(context.events[0]?.headers ?? {})).toEqual(['host', '_HOSTNAME', 'PRIORITY', '_PID', 'timestamp']);
  await eventually(() => readCursor() === 's=1;i=24');
  await source.stop();
  writeFileSync(file, entries(0, 30));
  await source.start(context);
  await context.until(30);
  expect(context.bodies.slice(25)).toEqual(['m25', 'm26', 'm27', 'm28', 'm29']);
  await source.stop();
  writeFileSync(file, entries(100, 103));
  await source.start(context);
  await context.until(33);
  expect(context.bodies.slice(30)).toEqual(['m100', 'm101', 'm102']);
});

function readCursor(): string {
  try {
    return readFileSync(join(context.stateDirectory, 'cursor'), 'utf8').trim();
  } catch {
    return '';
  }
}

/** Prints two entries behind the cursor that it is given, as journalctl does, and ends. */
function fakeJournalctl(): string {
  const path = join(folder, 'journalctl');
  const script = [
    '#!/bin/sh',
    'first=0',
    'for last in "$@"; do :; done',
    'case "$last" in --after-cursor=*) first=$((${last##*=} + 1));; esac',
    'second=$((first + 1))',
    'echo "$*" >&2',
    'printf \'__CURSOR=s=1;i=%d\\nMESSAGE=m%d %s\\n\\n\' $first $first "$last" $second $second "$last"',
  ];
  writeFileSync(path, `${script.join('\n')}\n`);
  chmodSync(path, 0o755);
  return `${path} --quiet`;
}

test('command: is started again behind the last entry when it has ended', async () => {
  await start({ command: fakeJournalctl(), restartThrottle: '20' });
  await context.until(6);
  expect(context.bodies.slice(0, 6)).toEqual([
    'm0 --no-tail',
    'm1 --no-tail',
    'm2 --after-cursor=s=1;i=1',
    'm3 --after-cursor=s=1;i=1',
    'm4 --after-cursor=s=1;i=3',
    'm5 --after-cursor=s=1;i=3',
  ]);
  expect(String(context.error)).toContain('--quiet -o export -f');
});

test('command: the cursor comes with the events where the channels keep positions', async () => {
  context.keepPositions();
  context.kept.set('cursor', 's=1;i=41');
  const source = await start({ command: fakeJournalctl(), restartThrottle: '100000' });
  await context.until(2);
  expect(context.bodies[0]).toBe('m42 --after-cursor=s=1;i=41');
  expect(context.kept.get('cursor')).toBe('s=1;i=43');
  await source.stop();
  expect(readCursor()).toBe('');
});

test('command: one that there is not is reported, and tried again', async () => {
  await start({ command: 'no-such-program', restartThrottle: '20' });
  await eventually(() => context.error !== null);
  expect(String(context.error)).toContain('no-such-program');
});

test('command: a stop ends a command that goes on', async () => {
  const path = join(folder, 'endless');
  writeFileSync(path, "#!/bin/sh\nprintf 'MESSAGE=x\\n\\n'\nexec sleep 1000\n");
  chmodSync(path, 0o755);
  const source = await start({ command: path });
  await context.until(1);
  const startedAt = systemClock.monotonic();
  await source.stop();
  expect(systemClock.monotonic() - startedAt).toBeLessThan(1500);
});

test('file needs its path, and an address that others reach needs insecure or a login', () => {
  const errorsOf = (options: Record<string, string>): string[] =>
    (journaldSource.check?.(options) ?? []).map((remark) => remark.option);
  expect(errorsOf({ from: 'file' })).toEqual(['file']);
  expect(errorsOf({ from: 'upload', bind: '0.0.0.0' })).toEqual(['bind']);
  expect(errorsOf({ from: 'upload', bind: '0.0.0.0', bearerToken: 'x' })).toEqual([]);
});
