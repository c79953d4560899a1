import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import avro from 'avsc';
import { eventually, projectRoot } from '../flows/product.js';
import { Child, sleep } from '../peers/child.js';
import { flumeHdfsSink, startFlume } from '../peers/flume.js';

type Options = Readonly<Record<string, string | number>>;

const hdfs = (more: Options): Options => ({
  type: 'hdfs',
  'hdfs.path': 'file://OUT/%{dc}/%Y-%m-%d/%H%M',
  'hdfs.filePrefix': '%{host}-%[localhost]',
  'hdfs.rollInterval': 0,
  'hdfs.rollSize': 0,
  'hdfs.rollCount': 7,
  'hdfs.timeZone': 'UTC',
  'hdfs.round': 'true',
  'hdfs.roundValue': 10,
  'hdfs.roundUnit': 'minute',
  ...more,
});
const fileRoll = (more: Options): Options => ({
  type: 'file_roll',
  'sink.directory': 'OUT',
  'sink.rollInterval': 0,
  ...more,
});

const sinks: Readonly<Record<string, Options>> = {
  rolled: fileRoll({}),
  headers: fileRoll({ 'sink.serializer': 'HEADER_AND_TEXT' }),
  avro: fileRoll({ 'sink.serializer': 'avro_event', 'sink.serializer.compressionCodec': 'deflate' }),
  text: hdfs({ 'hdfs.fileType': 'DataStream', 'hdfs.fileSuffix': '.log' }),
  size: hdfs({ 'hdfs.fileType': 'DataStream', 'hdfs.rollCount': 0, 'hdfs.rollSize': 50 }),
  gzip: hdfs({ 'hdfs.fileType': 'CompressedStream', 'hdfs.codeC': 'gzip' }),
  sequence: hdfs({}),
  words: hdfs({ 'hdfs.writeFormat': 'Text', 'hdfs.filePrefix': 'x' }),
  events: hdfs({ 'hdfs.fileType': 'DataStream', serializer: 'avro_event', 'hdfs.fileSuffix': '.avro' }),
};
const interceptors: Readonly<Record<string, string>> = {
  dc: 'b1',
  host: 'web1',
  timestamp: '1700000000000',
  Zone: 'z',
  'a-long-name': 'with, commas and = signs',
};
const lines = Array.from({ length: 100 }, (_, at) => `line ${at} zwölf ${'x'.repeat(at % 17)}`);

/** The same flume.conf on a real Flume agent and on ours: the same files, but for what holds a time or comes by chance. */
describe('files of sinks, from Flume and from ours', () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-sinks-sides-'));

  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  test('are the same', async () => {
    const theirs = join(directory, 'flume');
    const ours = join(directory, 'millrace');
    const flume = await startFlume({
      confPath: writeConf(theirs),
      agent: 'a1',
      directory: theirs,
      more: flumeHdfsSink,
    });
    const millrace = new Child({
      command: process.execPath,
      args: [
        join(projectRoot, 'bin', 'millrace.mjs'),
        ...['collector', 'run', '-f', writeConf(ours), '-n', 'a1', '-d', join(ours, 'data')],
      ],
      logPath: join(ours, 'millrace.out'),
    });
    try {
      for (const side of [theirs, ours]) {
        writeFileSync(join(side, 'new.log'), lines.map((line) => `${line}\n`).join(''));
        renameSync(join(side, 'new.log'), join(side, 'input', 'app.log'));
      }
      await eventually('as many files on both sides', 90_000, () =>
        Object.keys(sinks).every((name) => {
          const [left = 0, right = 0] = [theirs, ours].map((side) => pathsOf(side, name).length);
          return left === right && left >= minimum(name);
        }),
      ).catch((error: unknown) => {
        throw new Error(`${flume.output().slice(-2000)}\n${millrace.output().slice(-2000)}`, { cause: error });
      });
      // The last of a batch may still be on its way into a file that is there.
      await sleep(2000);
    } finally {
      // Both finish their files.
      await Promise.all([flume.stop(), millrace.stop()]);
    }
    for (const name of Object.keys(sinks)) {
      const [expected, got] = await Promise.all(
        [theirs, ours].map((side) => Promise.all(filesOf(side, name).map((file) => readable(file)))),
      );
      expect({ sink: name, files: got }).toEqual({ sink: name, files: expected });
    }
  }, 180_000);

  function writeConf(side: string): string {
    const names = Object.keys(sinks);
    const channels = names.map((name) => `c-${name}`).join(' ');
    mkdirSync(join(side, 'input'), { recursive: true });
    for (const name of names) mkdirSync(join(side, name));
    const text = [
      'a1.sources = r1',
      `a1.channels = ${channels}`,
      `a1.sinks = ${names.join(' ')}`,
      'a1.sources.r1.type = spooldir',
      `a1.sources.r1.spoolDir = ${join(side, 'input')}`,
      `a1.sources.r1.channels = ${channels}`,
      `a1.sources.r1.interceptors = ${Object.keys(interceptors).join(' ')}`,
      ...Object.entries(interceptors).flatMap(([name, value]) => [
        `a1.sources.r1.interceptors.${name}.type = static`,
        `a1.sources.r1.interceptors.${name}.key = ${name}`,
        `a1.sources.r1.interceptors.${name}.value = ${value}`,
      ]),
      ...names.flatMap((name) => [
        `a1.channels.c-${name}.type = memory`,
        `a1.channels.c-${name}.capacity = 1000`,
        `a1.sinks.${name}.channel = c-${name}`,
        ...Object.entries(sinks[name] ?? {}).map(
          ([key, value]) => `a1.sinks.${name}.${key} = ${String(value).replace('OUT', join(side, name))}`,
        ),
      ]),
    ];
    const path = join(side, 'flume.conf');
    writeFileSync(path, `${text.join('\n')}\n`);
    return path;
  }
});

interface Written {
  /** Path below the sink's folder, without the counter or time in its name. */
  readonly name: string;
  readonly path: string;
}

/** Hadoop's checksum files apart. A file that is still open may be empty, as Java keeps bytes back. */
function pathsOf(side: string, sink: string): string[] {
  return readdirSync(join(side, sink), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.crc'))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** In the order in which they were written. */
function filesOf(side: string, sink: string): Written[] {
  return pathsOf(side, sink)
    .toSorted((left, right) => counterOf(left) - counterOf(right))
    .map((path) => ({ path, name: path.slice(join(side, sink).length + 1).replaceAll(/\d{13}/g, 'N') }));
}

function counterOf(path: string): number {
  return Number(/\d{13}/.exec(path.slice(path.lastIndexOf('/')))?.[0] ?? 0);
}

/** How many files there are at least once all events are written. */
function minimum(sink: string): number {
  if ('sink.directory' in (sinks[sink] ?? {})) return 1;
  return sink === 'size' ? 20 : Math.floor(lines.length / 7);
}

async function readable({ name, path }: Written): Promise<{ name: string; content: unknown }> {
  const bytes = readFileSync(path);
  if (bytes.subarray(0, 3).toString('latin1') === 'SEQ') return { name, content: withoutMarker(bytes) };
  if (bytes.subarray(0, 3).toString('latin1') === 'Obj') return { name, content: await avroRecords(bytes) };
  return { name, content: (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString() };
}

/**
 * The marker is by chance; it ends the header, behind four bytes that say that there is no metadata. Flume also sets it after each flush, which
 * readers pass over.
 */
function withoutMarker(bytes: Buffer): string {
  const keyClassBytes = bytes[4] ?? 0;
  const valueClassBytes = bytes[5 + keyClassBytes] ?? 0;
  const at = 6 + keyClassBytes + valueClassBytes + 2 + 4;
  const marker = bytes.toString('latin1', at, at + 16);
  return bytes.toString('latin1').replaceAll(`\xff\xff\xff\xff${marker}`, '').replace(marker, '');
}

function avroRecords(bytes: Buffer): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const records: unknown[] = [];
    const schemas: string[] = [];
    const decoder = new avro.streams.BlockDecoder();
    decoder.on('metadata', (type: avro.Type) => schemas.push(JSON.stringify(type)));
    decoder.on('data', (record: unknown) => records.push(JSON.parse(JSON.stringify(record))));
    decoder.on('end', () => resolve({ schemas, records }));
    decoder.on('error', reject);
    decoder.end(bytes);
  });
}
