import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, Product } from '../flows/product.js';
import { answers, type Child } from '../peers/child.js';
import { startFlumeAgents } from '../peers/flume.js';
import { fileRoll, sendLines, startCollector, writeConf, written } from './channels-agent.js';

/** One topic, two agents: what a real Flume puts into its Kafka channel ours takes from it, and the other way round. */
describe('a Kafka channel that real Flume and a collector share', () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-kafka-channel-'));
  const product = new Product({
    directory: join(directory, 'product'),
    topicsPort: 31_510,
    httpPort: 31_511,
    config: {},
  });
  const [flumePort, ourPort] = [31_512, 31_513];
  const [fromFlume, fromOurs] = [join(directory, 'from-flume'), join(directory, 'from-ours')];
  const started: Child[] = [];

  const channel = (name: string, topic: string, group: string): string[] => [
    `channels.${name}.type = org.apache.flume.channel.kafka.KafkaChannel`,
    `channels.${name}.kafka.bootstrap.servers = ${product.bootstrap}`,
    `channels.${name}.kafka.topic = ${topic}`,
    `channels.${name}.kafka.consumer.group.id = ${group}`,
    `channels.${name}.parseAsFlumeEvent = true`,
  ];
  /** Puts what arrives at `port` into one topic, and takes from the other one into files. */
  const conf = (name: string, place: { port: number; into: string; outOf: string; folder: string }): string =>
    writeConf(directory, name, [
      'sources = r1',
      'channels = put taken',
      'sinks = k1',
      'sources.r1.type = netcat',
      'sources.r1.bind = 127.0.0.1',
      `sources.r1.port = ${place.port}`,
      'sources.r1.channels = put',
      'sources.r1.interceptors = i1 i2',
      'sources.r1.interceptors.i1.type = static',
      'sources.r1.interceptors.i1.key = agent',
      `sources.r1.interceptors.i1.value = ${name}`,
      'sources.r1.interceptors.i2.type = static',
      'sources.r1.interceptors.i2.key = key',
      'sources.r1.interceptors.i2.value = k-7',
      ...channel('put', place.into, 'unused'),
      ...channel('taken', place.outOf, 'takers'),
      ...fileRoll('k1', 'taken', place.folder),
    ]);

  beforeAll(async () => {
    await product.start();
    for (const name of ['flume-to-ours', 'ours-to-flume']) await product.admin.createTopic({ name, partitions: 3 });
    const flumeConf = conf('flume', {
      port: flumePort,
      into: 'flume-to-ours',
      outOf: 'ours-to-flume',
      folder: fromOurs,
    });
    const ourConf = conf('ours', { port: ourPort, into: 'ours-to-flume', outOf: 'flume-to-ours', folder: fromFlume });
    const [flume, ours] = await Promise.all([
      startFlumeAgents({ agents: [{ name: 'a1', confPath: flumeConf }], directory: join(directory, 'flume') }),
      startCollector(ourConf, directory),
    ]);
    started.push(flume, ours);
    await flume.until('the netcat source of Flume', () => answers(flumePort));
  }, 180_000);

  afterAll(async () => {
    await Promise.all(started.map((child) => child.stop()));
    await product.dispose();
    rmSync(directory, { recursive: true, force: true });
  }, 60_000);

  const lines = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => `line ${from + at} ä€`);
  const numberOf = (line: string) => Number(/ line (\d+) ä€/.exec(line)?.[1]);

  test.each([
    ['flume', flumePort, fromFlume],
    ['ours', ourPort, fromOurs],
  ])(
    'what %s puts is taken by the other one, each event once, with its headers',
    async (name, port, folder) => {
      expect(await sendLines(port, lines(0, 60))).toEqual(Array.from({ length: 60 }, () => 'OK'));
      await eventually('60 events', 60_000, () => written(folder).length >= 60);
      const got = written(folder);
      expect(got.map(numberOf).toSorted((left, right) => left - right)).toEqual(lines(0, 60).map((_, at) => at));
      for (const line of got) {
        expect(line).toContain(`agent=${name}`);
        expect(line).toContain('key=k-7');
      }
    },
    120_000,
  );

  test('ours goes on in the group of a Flume that has ended, where that one had got to', async () => {
    await product.untilCaughtUp('takers', 'ours-to-flume', 30_000);
    const before = written(fromOurs).length;
    await started[0]?.stop();
    expect(await sendLines(ourPort, lines(100, 140))).toEqual(Array.from({ length: 40 }, () => 'OK'));
    const folder = join(directory, 'moved');
    const movedConf = writeConf(directory, 'moved', [
      'channels = taken',
      'sinks = k1',
      ...channel('taken', 'ours-to-flume', 'takers'),
      ...fileRoll('k1', 'taken', folder),
    ]);
    started.push(await startCollector(movedConf, join(directory, 'moved-state')));
    await eventually('40 events', 60_000, () => written(folder).length >= 40);
    expect(
      written(folder)
        .map(numberOf)
        .toSorted((left, right) => left - right),
    ).toEqual(Array.from({ length: 40 }, (_, at) => 100 + at));
    expect(written(fromOurs)).toHaveLength(before);
  }, 120_000);
});
