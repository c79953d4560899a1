import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../flows/product.js';
import { Child, sleep } from '../peers/child.js';
import { startFlume } from '../peers/flume.js';

/** One flume.conf and one position file, used by a real Flume agent and by our collector in turn. */
describe('a position file that real Flume and a collector hand to each other', () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-handover-'));
  const logs = join(directory, 'logs');
  const out = join(directory, 'out');
  const confPath = join(directory, 'flume.conf');
  const positionFile = join(directory, 'position.json');
  const wanted: string[] = [];

  beforeAll(() => {
    mkdirSync(logs);
    mkdirSync(out);
    const lines = [
      'sources = r',
      'channels = c',
      'sinks = k',
      'sources.r.type = TAILDIR',
      'sources.r.channels = c',
      'sources.r.filegroups = f',
      `sources.r.filegroups.f = ${logs}/.*\\\\.log`,
      `sources.r.positionFile = ${positionFile}`,
      'channels.c.type = memory',
      'sinks.k.type = file_roll',
      'sinks.k.channel = c',
      `sinks.k.sink.directory = ${out}`,
    ];
    writeFileSync(confPath, lines.map((line) => `a1.${line}\n`).join(''));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  const seen = (): string[] =>
    readdirSync(out)
      .flatMap((name) => readFileSync(join(out, name), 'utf8').split('\n'))
      .filter((line) => line !== '');

  /** Runs one agent over what is there and over what comes, until all of it is out, and stops it. */
  async function turn(name: string, start: () => Promise<Child>): Promise<void> {
    const write = (file: string, text: string): void => {
      appendFileSync(join(logs, file), `${text}\n`);
      wanted.push(text);
    };
    for (const file of ['a.log', 'b.log']) write(file, `before ${name} ${file}`);
    const agent = await start();
    try {
      for (let n = 0; n < 20; n += 1) write(n % 2 === 0 ? 'a.log' : 'b.log', `${name} ${n}`);
      await agent.until('all lines', () => seen().length >= wanted.length, 60_000);
    } finally {
      await agent.stop();
    }
  }

  const flume = (): Promise<Child> => startFlume({ confPath, agent: 'a1', directory, heap: '256m' });
  const ours = (): Promise<Child> =>
    Promise.resolve(
      new Child({
        command: process.execPath,
        args: [
          join(projectRoot, 'bin', 'millrace.mjs'),
          ...['collector', 'run', '--conf', confPath, '--name', 'a1', '--data', join(directory, 'state')],
        ],
        logPath: join(directory, 'collector.out'),
      }),
    );

  test('is read by each where the other stopped: every line comes once', async () => {
    await turn('flume 1', flume);
    await turn('ours 1', ours);
    await turn('flume 2', flume);
    // Renamed while nobody looks: ours knows the file again, and so does Flume by what ours writes.
    renameSync(join(logs, 'b.log'), join(logs, 'renamed.log'));
    await turn('ours 2', ours);
    await turn('flume 3', flume);
    await sleep(500);
    expect(seen().sort()).toEqual([...wanted].sort());
    const rows = JSON.parse(readFileSync(positionFile, 'utf8')) as Record<string, unknown>[];
    expect(rows.map((row) => Object.keys(row).sort())).toEqual(rows.map(() => ['file', 'inode', 'pos']));
  }, 240_000);
});
