import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../flows/product.js';
import { answers, type Child } from '../peers/child.js';
import { startFlume } from '../peers/flume.js';
import { fileRoll, sendLines, startCollector, writeConf, written } from './channels-agent.js';

/** What a real Flume has left in its file channel comes out of ours, started with the same conf. */
describe('the file channel of a Flume that was killed', () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-takeover-'));
  const [port, nobody] = [31_540, 31_541];
  const started: Child[] = [];
  const folders = ['d1', 'd2'].map((name) => join(directory, name)).join(',');

  afterAll(async () => {
    for (const child of started) await child.stop();
    rmSync(directory, { recursive: true, force: true });
  }, 60_000);

  const conf = (name: string, sink: readonly string[]): string =>
    writeConf(directory, name, [
      'sources = r1',
      'channels = c1',
      'sinks = k1',
      'sources.r1.type = netcat',
      'sources.r1.bind = 127.0.0.1',
      `sources.r1.port = ${port}`,
      'sources.r1.channels = c1',
      'sources.r1.interceptors = i1',
      'sources.r1.interceptors.i1.type = static',
      'sources.r1.interceptors.i1.key = agent',
      `sources.r1.interceptors.i1.value = ${name}`,
      'channels.c1.type = file',
      `channels.c1.dataDirs = ${folders}`,
      `channels.c1.checkpointDir = ${join(directory, 'checkpoint')}`,
      'channels.c1.minimumRequiredSpace = 1048576',
      ...sink,
    ]);
  const away = [
    'sinks.k1.type = avro',
    'sinks.k1.channel = c1',
    'sinks.k1.hostname = 127.0.0.1',
    `sinks.k1.port = ${nobody}`,
  ];
  const lines = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => `line ${from + at} ä€`);
  const oks = (count: number) => Array.from({ length: count }, () => 'OK');

  test('has the events that were not taken, in order and with their headers, and those of ours behind them', async () => {
    const taken = join(directory, 'taken');
    const first = await startFlume({
      confPath: conf('first', fileRoll('k1', 'c1', taken)),
      agent: 'a1',
      directory: join(directory, 'flume-1'),
    });
    started.push(first);
    await eventually('the source', 60_000, () => answers(port));
    expect(await sendLines(port, lines(0, 150))).toEqual(oks(150));
    await eventually('150 events', 60_000, () => written(taken).length >= 150);
    await first.stop();
    const second = await startFlume({
      confPath: conf('second', away),
      agent: 'a1',
      directory: join(directory, 'flume-2'),
    });
    started.push(second);
    await eventually('the source', 60_000, () => answers(port));
    expect(await sendLines(port, lines(150, 450))).toEqual(oks(300));

    const out = join(directory, 'out');
    const ourConf = conf('ours', fileRoll('k1', 'c1', out));
    const early = await startCollector(ourConf, join(directory, 'early'));
    started.push(early);
    await eventually('a refusal', 20_000, () => early.output().includes('is in use by a Flume that still runs'));
    await early.kill();
    await second.kill();

    const ours = await startCollector(ourConf, join(directory, 'ours'));
    started.push(ours);
    await eventually('the source', 30_000, () => answers(port));
    expect(await sendLines(port, lines(450, 460))).toEqual(oks(10));
    await eventually('310 events', 30_000, () => written(out).length >= 310);
    expect(written(out)).toEqual([
      ...lines(150, 450).map((line) => `{agent=second} ${line}`),
      ...lines(450, 460).map((line) => `{agent=ours} ${line}`),
    ]);
    await ours.stop();

    const again = await startCollector(ourConf, join(directory, 'ours'), 'again');
    started.push(again);
    await eventually('the source', 30_000, () => answers(port));
    expect(await sendLines(port, lines(460, 461))).toEqual(oks(1));
    await eventually('the last event', 30_000, () => written(out).length >= 311);
    expect(written(out)).toHaveLength(311);
  }, 240_000);
});
