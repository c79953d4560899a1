import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Source } from '#pipeline/collector';
import { ChannelError, pipelineErrors } from '#pipeline/errors';
import { systemClock } from '#std/clock';
import { createSource, TestContext } from '../source-context.testkit.js';
import { taildirSource } from './taildir-source.js';

let folder: string;
let log: string;
let context: TestContext;
const started: Source[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-taildir-'));
  log = join(folder, 'a.log');
  context = new TestContext();
});
afterEach(async () => {
  for (const source of started.splice(0)) await source.stop();
  rmSync(folder, { recursive: true });
});

async function start(options: Readonly<Record<string, string>> = {}): Promise<Source> {
  const source = createSource(taildirSource, {
    filegroups: 'g',
    'filegroups.g': join(folder, '.*\\.log'),
    positionFile: join(folder, 'positions.json'),
    backoffSleepIncrement: '10',
    maxBackoffSleep: '20',
    ...options,
  });
  started.push(source);
  await source.start(context);
  return source;
}

async function restart(source: Source, options?: Readonly<Record<string, string>>): Promise<Source> {
  await source.stop();
  return start(options);
}

test('lines come in order, without their line ends, bytes untouched', async () => {
  writeFileSync(log, Buffer.from('one\r\ntw\u00f6\n\nfour\n'));
  await start();
  await context.until(4);
  appendFileSync(log, 'five\nsi');
  await context.until(5);
  appendFileSync(log, 'x\n');
  await context.until(6);
  expect(context.bodies).toEqual(['one', 'tw\u00f6', '', 'four', 'five', 'six']);
});

test('a restart goes on after what was committed; the position file has Flume’s form', async () => {
  writeFileSync(log, 'one\ntwo\n');
  const source = await start();
  await context.until(2);
  await source.stop();
  const [entry] = JSON.parse(readFileSync(join(folder, 'positions.json'), 'utf8')) as Record<string, unknown>[];
  expect(entry).toMatchObject({ pos: 8, file: log });
  appendFileSync(log, 'three\n');
  await start();
  await context.until(3);
  expect(context.bodies).toEqual(['one', 'two', 'three']);
});

test('the position does not move while the channel refuses, and nothing is lost or doubled then', async () => {
  writeFileSync(log, 'one\ntwo\n');
  context.refusal = new ChannelError(pipelineErrors.channelFull, 'full');
  const source = await start({ writePosInterval: '10' });
  await systemClock.sleep(100);
  expect(context.error).toBe(context.refusal);
  await source.stop();
  expect(JSON.parse(readFileSync(join(folder, 'positions.json'), 'utf8'))).toMatchObject([{ pos: 0 }]);
  context.refusal = null;
  await start();
  await context.until(2);
  expect(context.bodies).toEqual(['one', 'two']);
});

test('a file renamed within the pattern goes on where it was, and the new file of its old name begins at 0', async () => {
  writeFileSync(log, 'one\n');
  const source = await start();
  await context.until(1);
  appendFileSync(log, 'two\n');
  renameSync(log, join(folder, 'a.1.log'));
  writeFileSync(log, 'three\n');
  await context.until(3);
  expect([...context.bodies].sort()).toEqual(['one', 'three', 'two']);
  renameSync(log, join(folder, 'a.2.log'));
  await restart(source);
  appendFileSync(join(folder, 'a.2.log'), 'four\n');
  await context.until(4);
  expect(context.bodies[3]).toBe('four');
});

test('what was written before a rename out of the pattern is still read', async () => {
  writeFileSync(log, 'one\n');
  await start();
  await context.until(1);
  appendFileSync(log, 'two\n');
  renameSync(log, join(folder, 'a.old'));
  await context.until(2);
});

test('another file that got the inode number of a deleted one is read from its beginning', async () => {
  writeFileSync(log, 'first content\n');
  const source = await start();
  await context.until(1);
  await source.stop();
  writeFileSync(log, 'other text as long\nmore\n');
  await start();
  await context.until(3);
  expect(context.bodies.slice(1)).toEqual(['other text as long', 'more']);
});

test('a file that was cut is read from its beginning', async () => {
  writeFileSync(log, 'one\ntwo\n');
  await start();
  await context.until(2);
  truncateSync(log);
  await systemClock.sleep(100);
  appendFileSync(log, 'new\n');
  await context.until(3);
  expect(context.bodies[2]).toBe('new');
});

test('a last line without line end is held until the file is idle', async () => {
  writeFileSync(log, 'one\ntail');
  await start({ idleTimeout: '200' });
  await context.until(1);
  expect(context.bodies).toEqual(['one']);
  await context.until(2);
  expect(context.bodies[1]).toBe('tail');
  appendFileSync(log, ' end\n');
  await context.until(3);
  expect(context.bodies[2]).toBe(' end');
});

test('skipToEnd passes over what is there at the start, not files that come later', async () => {
  writeFileSync(log, 'old\n');
  await start({ skipToEnd: 'true' });
  writeFileSync(join(folder, 'b.log'), 'new file\n');
  appendFileSync(log, 'new line\n');
  await context.until(2);
  expect([...context.bodies].sort()).toEqual(['new file', 'new line']);
});

test('headers: of the group, the path, the place in the file', async () => {
  writeFileSync(log, 'one\ntwo\n');
  await start({
    'headers.g.site': 'shop',
    'headers.h.site': 'other',
    fileHeader: 'true',
    fileHeaderKey: 'path',
    byteOffsetHeader: 'true',
  });
  await context.until(2);
  expect(context.events.map((event) => event.headers)).toEqual([
    { site: 'shop', path: log, byteoffset: '0' },
    { site: 'shop', path: log, byteoffset: '4' },
  ]);
});

test('a line longer than the read chunk comes whole; one over the limit comes in pieces', async () => {
  const long = 'x'.repeat(1_500_000);
  writeFileSync(log, `${long}\nshort\n`);
  const source = await start();
  await context.until(2);
  expect(context.bodies).toEqual([long, 'short']);
  await source.stop();
  context.events.length = 0;
  writeFileSync(join(folder, 'b.log'), `${'y'.repeat(2_000_000)}\n`);
  await start({ maxLineBytes: '1048576' });
  await context.until(2);
  expect(context.bodies.join('')).toBe('y'.repeat(2_000_000));
});

test('a position file that is none stops the start with a sentence', async () => {
  writeFileSync(join(folder, 'positions.json'), '{oops');
  await expect(start()).rejects.toThrow('is no list of positions');
  started.pop();
});

test('a group without a path, a relative path and a bad pattern are found before the start', () => {
  const remarks = taildirSource.check?.({ filegroups: 'a b c', 'filegroups.b': 'logs/x', 'filegroups.c': '/logs/(' });
  expect(remarks?.map((remark) => remark.message)).toEqual([
    'group a has no path: set filegroups.a',
    'filegroups.b: logs/x is not an absolute path',
    expect.stringContaining('filegroups.c: "(" must be a regular expression'),
  ]);
});
