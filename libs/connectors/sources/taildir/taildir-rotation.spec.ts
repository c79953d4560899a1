import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Source } from '#pipeline/collector';
import { ChannelError, pipelineErrors } from '#pipeline/errors';
import { systemClock } from '#std/clock';
import { createSource, TestContext } from '../source-context.testkit.js';
import { taildirSource } from './taildir-source.js';

let folder: string;
let log: string;
let positionFile: string;
let context: TestContext;
const started: Source[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-taildir-'));
  log = join(folder, 'a.log');
  positionFile = join(folder, 'positions.json');
  context = new TestContext();
});
afterEach(async () => {
  for (const source of started.splice(0)) await source.stop();
  rmSync(folder, { recursive: true });
});

async function start(options: Readonly<Record<string, string>> = {}): Promise<Source> {
  const source = createSource(taildirSource, {
    filegroups: 'g',
    'filegroups.g': join(folder, '.*\\.log(\\.\\d+)?'),
    positionFile,
    backoffSleepIncrement: '5',
    maxBackoffSleep: '10',
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

const rows = () => JSON.parse(readFileSync(positionFile, 'utf8')) as Record<string, unknown>[];
const long = (text: string) => text.repeat(40);

/** Files of the folder that this process holds open, the position file left out. */
function openFiles(): string[] {
  const paths = readdirSync('/proc/self/fd').map((name) => {
    try {
      return readlinkSync(join('/proc/self/fd', name));
    } catch {
      return '';
    }
  });
  return paths.filter((path) => path.startsWith(folder) && !path.startsWith(positionFile));
}

/** Nothing more comes. */
async function quiet(): Promise<void> {
  await systemClock.sleep(80);
}

describe('a file that was cut and has grown again', () => {
  it('is read from its beginning when it is longer than before', async () => {
    writeFileSync(log, `${long('one')}\n`);
    await start();
    await context.until(1);
    writeFileSync(log, `${long('two')}\n${long('three')}\n${long('four')}\n`);
    await context.until(4);
    expect(context.bodies.slice(1)).toEqual([long('two'), long('three'), long('four')]);
    expect(context.counters.get('FileRewrittenCount')).toBe(1);
  });

  it('is read from its beginning when it has the very same size', async () => {
    writeFileSync(log, `${long('one')}\n`);
    await start();
    await context.until(1);
    await systemClock.sleep(20);
    writeFileSync(log, `${long('two')}\n`);
    await context.until(2);
    expect(context.bodies).toEqual([long('one'), long('two')]);
  });

  it('is read from its beginning after a restart', async () => {
    writeFileSync(log, `${long('one')}\n`);
    const source = await start();
    await context.until(1);
    await source.stop();
    writeFileSync(log, `${long('two')}\n${long('three')}\n`);
    await start();
    await context.until(3);
    expect(context.bodies.slice(1)).toEqual([long('two'), long('three')]);
  });

  it('gives the line that it had begun before it was cut', async () => {
    writeFileSync(log, 'one\nbegun');
    await start();
    await context.until(1);
    truncateSync(log);
    await context.until(2);
    appendFileSync(log, 'new\n');
    await context.until(3);
    expect(context.bodies).toEqual(['one', 'begun', 'new']);
  });

  it('and a file that was only touched is not read again', async () => {
    writeFileSync(log, 'one\n');
    await start();
    await context.until(1);
    utimesSync(log, new Date(), new Date(Date.now() + 5000));
    await quiet();
    expect(context.bodies).toEqual(['one']);
  });
});

describe('a file that was deleted', () => {
  it('is read to its end, and its successor of the same name from the beginning', async () => {
    writeFileSync(log, 'one\n');
    await start();
    await context.until(1);
    appendFileSync(log, 'two\n');
    unlinkSync(log);
    writeFileSync(log, 'three\n');
    await context.until(3);
    expect([...context.bodies].sort()).toEqual(['one', 'three', 'two']);
  });

  it('and recreated with the same inode while the source was down is read from the beginning', async () => {
    writeFileSync(log, `${long('one')}\n`);
    const source = await start();
    await context.until(1);
    await source.stop();
    unlinkSync(log);
    writeFileSync(log, `${long('two')}\n${long('more')}\n`);
    await start();
    await context.until(3);
    expect(context.bodies.slice(1)).toEqual([long('two'), long('more')]);
  });

  it('gives its handle back', async () => {
    writeFileSync(log, 'one\n');
    await start();
    await context.until(1);
    expect(openFiles()).toEqual([log]);
    unlinkSync(log);
    await quiet();
    expect(openFiles()).toEqual([]);
  });
});

describe('names', () => {
  it('change through a whole chain of rotations, and every line comes once', async () => {
    await start();
    const wanted: string[] = [];
    for (let round = 0; round < 12; round += 1) {
      for (let number = 4; number >= 1; number -= 1) {
        const from = number === 1 ? log : `${log}.${number - 1}`;
        if (statSync(from, { throwIfNoEntry: false }) !== undefined) renameSync(from, `${log}.${number}`);
      }
      writeFileSync(log, `round ${round}\n`);
      wanted.push(`round ${round}`);
      if (round % 3 === 0) await systemClock.sleep(15);
      await context.until(wanted.length);
    }
    expect([...context.bodies].sort()).toEqual(wanted.sort());
  });

  it('below the directory are found where that is asked for', async () => {
    mkdirSync(join(folder, 'x', 'y'), { recursive: true });
    mkdirSync(join(folder, '.hidden'));
    writeFileSync(log, 'top\n');
    writeFileSync(join(folder, 'x', 'y', 'b.log'), 'below\n');
    writeFileSync(join(folder, '.hidden', 'c.log'), 'hidden\n');
    const source = await start();
    await context.until(1);
    await quiet();
    expect(context.bodies).toEqual(['top']);
    await restart(source, { recursiveDirectorySearch: 'true' });
    await context.until(2);
    mkdirSync(join(folder, 'z'));
    writeFileSync(join(folder, 'z', 'd.log'), 'later\n');
    await context.until(3);
    expect(context.bodies).toEqual(['top', 'below', 'later']);
  });
});

describe('many files', () => {
  it('are all read with few handles', async () => {
    for (let n = 0; n < 1000; n += 1) writeFileSync(join(folder, `${n}.log`), `line ${n}\n`);
    await start({ maxOpenFiles: '16' });
    await context.until(1000);
    expect(openFiles().filter((path) => path.endsWith('.log')).length).toBeLessThanOrEqual(16);
    appendFileSync(join(folder, '0.log'), 'more\n');
    await context.until(1001);
  });

  it('have their turn beside a busy one', async () => {
    writeFileSync(log, 'busy\n'.repeat(100_000));
    await systemClock.sleep(10);
    writeFileSync(join(folder, 'b.log'), 'quiet\n');
    await start({ maxBatchCount: '3', batchSize: '100' });
    await context.until(1000);
    expect(context.bodies.slice(0, 1000)).toContain('quiet');
  });
});

describe('several lines in one event', () => {
  const trace = 'ERROR one\n  at a\n  at b\nINFO two\nERROR three\n  at c\n';

  it('belong to the line before them; the last event waits a while for more', async () => {
    writeFileSync(log, trace);
    await start({ multiline: 'true', multilinePattern: '^\\s', multilineEventTimeoutSeconds: '0' });
    await context.until(3);
    expect(context.bodies).toEqual(['ERROR one\n  at a\n  at b', 'INFO two', 'ERROR three\n  at c']);
  });

  it('begin with what matches where multilineMatched is false', async () => {
    writeFileSync(log, `${trace}INFO four\n`);
    await start({ multiline: 'true', multilinePattern: '^[A-Z]', multilineMatched: 'false' });
    await context.until(3);
    expect(context.bodies).toEqual(['ERROR one\n  at a\n  at b', 'INFO two', 'ERROR three\n  at c']);
  });

  it('belong to the line after them', async () => {
    writeFileSync(log, 'a \\\nb \\\nc\nd\n');
    await start({ multiline: 'true', multilinePattern: '\\\\$', multilinePatternBelong: 'next' });
    await context.until(2);
    expect(context.bodies).toEqual(['a \\\nb \\\nc', 'd']);
  });

  it('come in pieces where there are too many', async () => {
    writeFileSync(log, `start\n${' x\n'.repeat(5)}end\n`);
    await start({
      multiline: 'true',
      multilinePattern: '^\\s',
      multilineMaxLines: '3',
      multilineEventTimeoutSeconds: '0',
    });
    await context.until(3);
    expect(context.bodies.slice(0, 2)).toEqual(['start\n x\n x', ' x\n x\n x']);
  });

  it('are not lost where a restart comes between them', async () => {
    writeFileSync(log, 'ERROR one\n  at a\n');
    const options = { multiline: 'true', multilineEventTimeoutSeconds: '60' };
    const source = await start(options);
    await quiet();
    await source.stop();
    appendFileSync(log, '  at b\nINFO two\n');
    await start({ ...options, multilineEventTimeoutSeconds: '0' });
    await context.until(2);
    expect(context.bodies).toEqual(['ERROR one\n  at a\n  at b', 'INFO two']);
  });
});

describe('what is in a file', () => {
  it('is read decompressed from a .gz file, once', async () => {
    const options = { 'filegroups.g': join(folder, '.*\\.gz') };
    writeFileSync(join(folder, 'a.gz'), gzipSync('one\ntwo\nlast without end'));
    const source = await start({ ...options, idleTimeout: '50' });
    await context.until(3);
    await restart(source, { ...options, idleTimeout: '50' });
    await quiet();
    writeFileSync(join(folder, 'b.gz'), gzipSync('three\n'));
    await context.until(4);
    expect(context.bodies).toEqual(['one', 'two', 'last without end', 'three']);
  });

  it('is read from a .gz file that is still being written', async () => {
    const whole = gzipSync(Array.from({ length: 5000 }, (_, n) => `line ${n} ${Math.sin(n)}\n`).join(''));
    const path = join(folder, 'a.gz');
    writeFileSync(path, whole.subarray(0, 20_000));
    await start({ 'filegroups.g': join(folder, '.*\\.gz') });
    await systemClock.sleep(60);
    appendFileSync(path, whole.subarray(20_000));
    await context.until(5000);
    await quiet();
    expect(context.bodies.map((body) => Number(body.split(' ')[1]))).toEqual(Array.from({ length: 5000 }, (_, n) => n));
  });

  it('is not read again when a file that was read is compressed, only what came since', async () => {
    const options = { 'filegroups.g': join(folder, 'a\\.log.*') };
    const text = Array.from({ length: 50 }, (_, n) => `line ${n} ${n * n}\n`).join('');
    writeFileSync(log, text);
    const source = await start(options);
    await context.until(50);
    renameSync(log, `${log}.1`);
    await quiet();
    writeFileSync(`${log}.1.gz`, gzipSync(`${text}unseen\n`));
    unlinkSync(`${log}.1`);
    await context.until(51);
    await restart(source, options);
    writeFileSync(`${log}.2.gz`, gzipSync('another file\n'));
    await context.until(52);
    expect(context.bodies.slice(50)).toEqual(['unseen', 'another file']);
  });

  it('becomes UTF-8 from the charset that is given', async () => {
    writeFileSync(log, Buffer.from('caf\u00e9\n', 'latin1'));
    const source = await start({ charset: 'ISO-8859-1' });
    await context.until(1);
    await source.stop();
    writeFileSync(join(folder, 'w.log'), Buffer.from('\u010a1\r\n\u0a0d2\n', 'utf16le'));
    unlinkSync(log);
    await start({ charset: 'UTF-16LE' });
    await context.until(3);
    expect(context.bodies).toEqual(['caf\u00e9', '\u010a1', '\u0a0d2']);
  });

  it('may be written in pieces that end within a character', async () => {
    const line = Buffer.from('pr\u0159\u00edli\u0161 \u20ac20\n');
    await start();
    for (const byte of line) {
      appendFileSync(log, Buffer.of(byte));
      await systemClock.sleep(2);
    }
    await context.until(1);
    expect(context.bodies).toEqual(['pr\u0159\u00edli\u0161 \u20ac20']);
  });

  it('a last line without line end comes after lastLineTimeout, and what follows is another event', async () => {
    writeFileSync(log, 'one\ntail');
    await start({ lastLineTimeout: '60' });
    await context.until(2);
    appendFileSync(log, ' end\n');
    await context.until(3);
    expect(context.bodies).toEqual(['one', 'tail', ' end']);
  });
});

describe('positions', () => {
  it('come with the events where channels keep them, and a start goes on there', async () => {
    context.keepPositions();
    writeFileSync(log, 'one\ntwo\n');
    const source = await start();
    await context.until(2);
    expect([...context.kept.values()].map((text) => JSON.parse(text) as unknown)).toMatchObject([
      { pos: 8, file: log },
    ]);
    await source.stop();
    rmSync(positionFile);
    rmSync(context.stateDirectory, { recursive: true, force: true });
    appendFileSync(log, 'three\n');
    await start();
    await context.until(3);
    expect(context.bodies).toEqual(['one', 'two', 'three']);
  });

  it('that channels keep win over older ones on disk, also where those know a newer name', async () => {
    context.keepPositions();
    writeFileSync(log, 'one\n');
    const source = await start();
    await context.until(1);
    renameSync(log, `${log}.1`);
    await quiet();
    await source.stop();
    // As if the process had been killed before it wrote its copy of what was committed last.
    appendFileSync(`${log}.1`, 'two\n');
    for (const [key, text] of context.kept) context.kept.set(key, text.replace('"pos":4', '"pos":8'));
    await start();
    appendFileSync(`${log}.1`, 'three\n');
    await context.until(2);
    expect(context.bodies).toEqual(['one', 'three']);
  });

  it('go back where the channels refuse, and everything comes again in order', async () => {
    context.keepPositions();
    await start();
    context.refusal = new ChannelError(pipelineErrors.channelFull, 'full');
    writeFileSync(log, 'one\ntwo\n');
    await systemClock.sleep(60);
    appendFileSync(log, 'three\n');
    expect(context.error).toBe(context.refusal);
    context.refusal = null;
    await context.until(3);
    expect(context.bodies).toEqual(['one', 'two', 'three']);
  });

  it('of files that begin at their end are kept at once', async () => {
    context.keepPositions();
    writeFileSync(log, 'old\n');
    const source = await start({ skipToEnd: 'true' });
    await quiet();
    expect(context.kept.size).toBe(1);
    await source.stop();
    appendFileSync(log, 'new\n');
    await start({ skipToEnd: 'true' });
    await context.until(1);
    expect(context.bodies).toEqual(['new']);
  });

  it('lie in a file that has what Flume reads, and nothing else', async () => {
    writeFileSync(log, 'one\n');
    const source = await start();
    await context.until(1);
    await source.stop();
    expect(rows()).toEqual([{ inode: statSync(log).ino, pos: 4, file: log }]);
  });

  it('that Flume has written since count, with or without channels that keep them', async () => {
    for (const isKept of [false, true]) {
      if (isKept) context.keepPositions();
      writeFileSync(log, 'one\ntwo\nthree\n');
      const source = await start();
      await context.until(3);
      await source.stop();
      appendFileSync(log, 'by flume\nfour\n');
      const pos = statSync(log).size - 'four\n'.length;
      writeFileSync(positionFile, JSON.stringify([{ inode: statSync(log).ino, pos, file: log }]));
      const again = await start();
      await context.until(4);
      expect(context.bodies).toEqual(['one', 'two', 'three', 'four']);
      await again.stop();
      started.length = 0;
      context.events.length = 0;
      unlinkSync(log);
      rmSync(positionFile);
      rmSync(context.stateDirectory, { recursive: true, force: true });
    }
  });

  it('of Flume hold for the same inode and path only', async () => {
    writeFileSync(log, 'one\ntwo\n');
    copyFileSync(log, join(folder, 'b.log'));
    writeFileSync(
      positionFile,
      JSON.stringify([
        { inode: statSync(log).ino, pos: 4, file: log },
        { inode: statSync(join(folder, 'b.log')).ino, pos: 4, file: join(folder, 'other.log') },
      ]),
    );
    await start();
    await context.until(3);
    expect([...context.bodies].sort()).toEqual(['one', 'two', 'two']);
  });
});
