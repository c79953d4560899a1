import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Source } from '#pipeline/collector';
import { ChannelError, pipelineErrors } from '#pipeline/errors';
import type { EventBatch } from '#pipeline/event-batch';
import { systemClock } from '#std/clock';
import { messageOf } from '#std/errors';
import { createSource, TestContext } from '../source-context.testkit.js';
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
  const source = createSource(spooldirSource, { spoolDir: folder, pollDelay: '20', ...options });
  started.push(source);
  await source.start(context);
  return source;
}

/** A file whose time of change is `ageS` seconds ago. */
function put(name: string, content: string | Buffer, ageS = 0): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  const timeS = Date.now() / 1000 - ageS;
  utimesSync(path, timeS, timeS);
  return path;
}

async function eventually(isTrue: () => boolean): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!isTrue()) {
    if (Date.now() > deadline) throw new Error(`not in time: ${isTrue.toString()}`);
    await systemClock.sleep(5);
  }
}

const marked = (name: string): Promise<void> => eventually(() => existsSync(join(folder, `${name}.COMPLETED`)));

test('every line of a file comes in order, a carriage return stays, and the file gets its suffix', async () => {
  put('a.log', 'one\r\ntwö\n\nlast');
  await start();
  await marked('a.log');
  expect(context.bodies).toEqual(['one\r', 'twö', '', 'last']);
  expect(context.events[0]?.headers).toEqual({});
  expect(readdirSync(folder)).toEqual(['a.log.COMPLETED']);
});

test('a file that comes later is taken, also one larger than a read', async () => {
  await start();
  const lines = Array.from({ length: 50_000 }, (_, index) => `line ${index} of a file that is read in pieces`);
  put('b.log', `${lines.join('\n')}\n`);
  await marked('b.log');
  expect(context.bodies).toEqual(lines);
});

test('headers: the path, the name, under chosen keys', async () => {
  const path = put('a.log', 'one\n');
  await start({ fileHeader: 'true', basenameHeader: 'true', basenameHeaderKey: 'name' });
  await context.until(1);
  expect(context.events[0]?.headers).toEqual({ file: path, name: 'a.log' });
});

test.each([
  ['oldest', ['x', 'b', 'c', 'a']],
  ['youngest', ['a', 'b', 'c', 'x']],
])('files are taken %s first, those of one age by name', async (consumeOrder, expected) => {
  put('a', 'a\n', 10);
  put('x', 'x\n', 30);
  for (const name of ['c', 'b']) {
    put(name, `${name}\n`);
    utimesSync(join(folder, name), 1_700_000_000, 1_700_000_000);
  }
  utimesSync(join(folder, 'x'), 1_600_000_000, 1_600_000_000);
  await start({ consumeOrder });
  await context.until(4);
  expect(context.bodies).toEqual(expected);
});

test('includePattern and ignorePattern match whole names, ignore wins, dot files and done files are left alone', async () => {
  for (const name of ['app.log', 'app.log.1', 'app.tmp.log', '.app.log', 'old.log.COMPLETED', 'x.txt']) put(name, name);
  await start({ includePattern: '.*\\.log', ignorePattern: '.*tmp.*' });
  await context.until(1);
  await systemClock.sleep(60);
  expect(context.bodies).toEqual(['app.log']);
});

test('folders below are searched when told so, but not dot folders and ignored ones', async () => {
  for (const below of ['sub', 'sub/deep', '.hidden', 'skip']) {
    mkdirSync(join(folder, below));
    put(`${below}/f`, `${below}\n`);
  }
  const source = await start();
  await systemClock.sleep(60);
  expect(context.bodies).toEqual([]);
  await source.stop();
  await start({ recursiveDirectorySearch: 'true', ignorePattern: 'skip' });
  await context.until(2);
  await systemClock.sleep(40);
  expect([...context.bodies].sort()).toEqual(['sub', 'sub/deep']);
});

test('deletePolicy immediate removes a file that was taken', async () => {
  const path = put('a.log', 'one\n');
  await start({ deletePolicy: 'immediate' });
  await eventually(() => !existsSync(path));
  expect(context.bodies).toEqual(['one']);
});

test('trackingPolicy tracker_dir leaves the files and marks them in its folder, over restarts', async () => {
  mkdirSync(join(folder, 'sub'));
  put('a.log', 'one\n', 5);
  put('sub/b.log', 'two\n');
  const options = { trackingPolicy: 'tracker_dir', recursiveDirectorySearch: 'true' };
  const source = await start(options);
  await eventually(() => existsSync(join(folder, '.flumespool/sub/b.log.COMPLETED')));
  expect(existsSync(join(folder, '.flumespool/a.log.COMPLETED'))).toBe(true);
  expect(existsSync(join(folder, 'a.log'))).toBe(true);
  await source.stop();
  await start(options);
  await systemClock.sleep(60);
  expect(context.bodies).toEqual(['one', 'two']);
});

test('a zero-byte file is one empty event', async () => {
  put('empty', '');
  await start({ basenameHeader: 'true' });
  await marked('empty');
  expect(context.events).toEqual([{ body: '', headers: { basename: 'empty' } }]);
});

test('a longer line than maxLineLength goes on in further events; one of just that length is one event', async () => {
  put('a.log', '12345678901\n1234567890\nöööööööööööö\n🚀🚀🚀🚀🚀🚀\n');
  await start({ 'deserializer.maxLineLength': '10' });
  await marked('a.log');
  expect(context.bodies).toEqual(['1234567890', '1', '1234567890', 'öööööööööö', 'öö', '🚀🚀🚀🚀🚀', '🚀']);
});

test('a line without end that is longer than a read comes in pieces, none is lost', async () => {
  const long = 'x'.repeat(1_300_000);
  put('a.log', long);
  await start({ bufferMaxLineLength: '100000' });
  await marked('a.log');
  expect(context.bodies.map((body) => body.length)).toEqual([...Array.from({ length: 13 }, () => 100_000)]);
});

test('a restart goes on inside the file', async () => {
  put('a.log', 'one\ntwo\nthree\nfour\n');
  const delivered = context.deliver.bind(context);
  // The channel is full after the first batch.
  context.deliver = (batch: EventBatch) =>
    context.events.length === 0
      ? delivered(batch)
      : Promise.reject(new ChannelError(pipelineErrors.channelFull, 'full'));
  const source = await start({ batchSize: '2' });
  await eventually(() => context.error !== null);
  await source.stop();
  expect(existsSync(join(folder, 'a.log'))).toBe(true);
  context.deliver = delivered;
  await start({ batchSize: '2' });
  await marked('a.log');
  expect(context.bodies).toEqual(['one', 'two', 'three', 'four']);
});

test('another file of the same name begins at its beginning', async () => {
  const path = put('a.log', 'one\ntwo\n');
  const delivered = context.deliver.bind(context);
  context.deliver = (batch: EventBatch) =>
    context.events.length === 0
      ? delivered(batch)
      : Promise.reject(new ChannelError(pipelineErrors.channelFull, 'full'));
  const source = await start({ batchSize: '1' });
  await eventually(() => context.error !== null);
  await source.stop();
  unlinkSync(path);
  put('a.log', 'new one\nnew two\n');
  context.deliver = delivered;
  await start();
  await marked('a.log');
  expect(context.bodies).toEqual(['one', 'new one', 'new two']);
});

test('a refused batch is given again, the same one, and nothing is lost or doubled', async () => {
  put('a.log', 'one\ntwo\n');
  const batches: EventBatch[] = [];
  context.deliver = (batch: EventBatch) => {
    batches.push(batch);
    return batches.length < 3
      ? Promise.reject(new ChannelError(pipelineErrors.channelFull, 'full'))
      : TestContext.prototype.deliver.call(context, batch);
  };
  await start({ maxBackoff: '10' });
  await marked('a.log');
  expect(context.bodies).toEqual(['one', 'two']);
  expect(new Set(batches).size).toBe(1);
  await eventually(() => context.error === null);
});

test('a file that changed after it was read is set aside with an error, and the others go on', async () => {
  const path = put('a.log', 'one\n', 60);
  const delivered = context.deliver.bind(context);
  context.deliver = async (batch: EventBatch) => {
    if (context.events.length === 0) appendFileSync(path, 'late\n');
    await delivered(batch);
  };
  const source = await start();
  await eventually(() => context.error !== null);
  put('b.log', 'two\n');
  await marked('b.log');
  expect(context.bodies).toEqual(['one', 'two']);
  expect(messageOf(context.error)).toContain(
    'a.log was set aside: it has changed after it was put there (from 4 to 9 bytes)',
  );
  expect(context.counters.get('EventReadFail')).toBe(1);
  expect(existsSync(path)).toBe(true);
  await source.stop();
  await start();
  await marked('a.log');
  expect(context.bodies).toEqual(['one', 'two', 'late']);
  await eventually(() => context.error === null);
});

test('a file whose mark is there already is set aside after its events, and comes no second time after a restart', async () => {
  writeFileSync(join(folder, 'a.log.COMPLETED'), 'former');
  put('a.log', 'one\n');
  const source = await start();
  await eventually(() => context.error !== null);
  expect(messageOf(context.error)).toContain('a file of its name was taken before');
  expect(readFileSync(join(folder, 'a.log.COMPLETED'), 'utf8')).toBe('former');
  await source.stop();
  await start();
  await systemClock.sleep(60);
  expect(context.bodies).toEqual(['one']);
});

const badText = Buffer.concat([Buffer.from('good\nb'), Buffer.from([0xff]), Buffer.from('d \ufffd\nmore\n')]);

test('decodeErrorPolicy FAIL delivers what lies before, and sets the file aside', async () => {
  put('a.log', badText, 60);
  put('b.log', 'two\n');
  await start();
  await marked('b.log');
  expect(context.bodies).toEqual(['good', 'two']);
  expect(messageOf(context.error)).toContain('the line at byte 5 has bytes that are no UTF-8');
});

test.each([
  ['REPLACE', ['good', 'b\ufffdd \ufffd', 'more']],
  ['IGNORE', ['good', 'bd \ufffd', 'more']],
])('decodeErrorPolicy %s takes the file', async (decodeErrorPolicy, expected) => {
  put('a.log', badText);
  await start({ decodeErrorPolicy });
  await marked('a.log');
  expect(context.bodies).toEqual(expected);
});

test.each([
  ['ISO-8859-1', Buffer.from('zwölf\nü', 'latin1')],
  ['windows-1252', Buffer.from('zw\u00f6lf\nü', 'latin1')],
  ['UTF-16', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('zwölf\nü', 'utf16le')])],
  ['UTF-16BE', Buffer.from('zwölf\nü', 'utf16le').swap16()],
  ['UTF-32', Buffer.concat(Array.from('zwölf\nü', (character) => Buffer.from([0, 0, 0, character.charCodeAt(0)])))],
])('a file in %s comes as UTF-8', async (inputCharset, content) => {
  put('a.log', content);
  await start({ inputCharset });
  await marked('a.log');
  expect(context.bodies).toEqual(['zwölf', 'ü']);
});

test('outputCharset is the charset of the bodies', async () => {
  put('a.log', 'ö€\n');
  await start({ 'deserializer.outputCharset': 'ISO-8859-1' });
  const bodies: string[] = [];
  context.deliver = (batch: EventBatch) => {
    bodies.push(batch.body(0).toString('latin1'));
    return Promise.resolve();
  };
  await marked('a.log');
  expect(bodies).toEqual(['ö?']);
});

test('the blob deserializer gives the whole file, in pieces of maxBlobLength', async () => {
  put('a.bin', 'one\ntwo\nthree');
  await start({
    deserializer: 'org.apache.flume.sink.solr.morphline.BlobDeserializer$Builder',
    'deserializer.maxBlobLength': '10',
  });
  await marked('a.bin');
  expect(context.bodies).toEqual(['one\ntwo\nth', 'ree']);
});

test('a folder that is not there stops the start with a sentence', async () => {
  await expect(start({ spoolDir: join(folder, 'none') })).rejects.toThrow('is not there');
  started.pop();
});

test('what options together get wrong is found before the start', () => {
  expect(
    spooldirSource
      .check?.({ spoolDir: '/s', deletePolicy: 'immediate', trackingPolicy: 'tracker_dir', fileSuffix: '' })
      .map((remark) => remark.option),
  ).toEqual(['trackingPolicy', 'fileSuffix']);
});
