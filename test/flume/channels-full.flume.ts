import { appendFileSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../flows/product.js';
import { sleep, type Child } from '../peers/child.js';
import { usageOf } from '../peers/usage.js';
import { fileRoll, startCollector, writeConf, written } from './channels-agent.js';

/** The destination of every sink is away for a minute, while every source has more than its channel takes. */
describe('a collector whose channels are full', () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-full-'));
  const [avroPort, netcatPort] = [31_520, 31_521];
  const lineCount = 300_000;
  const stressEvents = 60_000;
  const input = join(directory, 'logs', 'input.log');
  const started: Child[] = [];
  const sockets: Socket[] = [];

  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    for (const child of started) await child.stop();
    rmSync(directory, { recursive: true, force: true });
  }, 60_000);

  const channels: Readonly<Record<string, readonly string[]>> = {
    memory: ['type = memory', 'capacity = 5000', 'transactionCapacity = 1000'],
    file: ['type = file', 'capacity = 20000', 'transactionCapacity = 1000', 'minimumRequiredSpace = 1048576'],
    spill: [
      'type = SPILLABLEMEMORY',
      'memoryCapacity = 1000',
      'overflowCapacity = 20000',
      'overflowTimeout = 1',
      'transactionCapacity = 1000',
      'minimumRequiredSpace = 1048576',
    ],
    jdbc: ['type = jdbc', 'maximum.capacity = 20000'],
  };
  const names = Object.keys(channels);

  function floodNetcat(): void {
    const socket = connect({ port: netcatPort, host: '127.0.0.1' });
    sockets.push(socket);
    const text = `${'n'.repeat(200)}\n`.repeat(200);
    const write = (): void => {
      while (socket.writable && socket.write(text));
    };
    socket
      .on('connect', write)
      .on('drain', write)
      .on('error', () => undefined);
    socket.resume();
  }

  test('stays as small as it was, goes on when they are there again, and has lost nothing it could keep', async () => {
    mkdirSync(join(directory, 'logs'));
    for (let from = 0; from < lineCount; from += 10_000) {
      appendFileSync(
        input,
        Array.from({ length: 10_000 }, (_, at) => `line ${from + at} ${'t'.repeat(150)}\n`).join(''),
      );
    }
    const confPath = writeConf(directory, 'full', [
      'sources = net tail stress-spill stress-jdbc',
      `channels = ${names.join(' ')}`,
      `sinks = ${names.map((name) => `to-${name}`).join(' ')}`,
      ...names.flatMap((name) => (channels[name] ?? []).map((line) => `channels.${name}.${line}`)),
      ...names.flatMap((name) => [
        `sinks.to-${name}.type = avro`,
        `sinks.to-${name}.channel = ${name}`,
        `sinks.to-${name}.hostname = 127.0.0.1`,
        `sinks.to-${name}.port = ${avroPort}`,
        `sinks.to-${name}.batch-size = 500`,
      ]),
      'sources.net.type = netcat',
      'sources.net.bind = 127.0.0.1',
      `sources.net.port = ${netcatPort}`,
      'sources.net.channels = memory',
      'sources.tail.type = TAILDIR',
      'sources.tail.filegroups = f1',
      `sources.tail.filegroups.f1 = ${input}`,
      'sources.tail.batchSize = 1000',
      'sources.tail.channels = file',
      ...['spill', 'jdbc'].flatMap((name) => [
        `sources.stress-${name}.type = org.apache.flume.source.StressSource`,
        `sources.stress-${name}.channels = ${name}`,
        `sources.stress-${name}.batchSize = 500`,
        `sources.stress-${name}.maxSuccessfulEvents = ${stressEvents}`,
      ]),
    ]);
    const collector = await startCollector(confPath, join(directory, 'full'));
    started.push(collector);
    for (let count = 0; count < 5; count += 1) floodNetcat();
    const residentMiB: number[] = [];
    for (let second = 0; second < 60; second += 1) {
      await sleep(1000);
      residentMiB.push(usageOf(collector.pid, 'postgres').residentMiB);
    }
    const early = Math.max(...residentMiB.slice(15, 30));
    const late = Math.max(...residentMiB.slice(45));
    process.stderr.write(`resident: ${early.toFixed(0)} MiB after 15-30 s, ${late.toFixed(0)} MiB after 45-60 s\n`);
    expect(collector.exitCode).toBeUndefined();
    expect(late - early).toBeLessThan(25);
    expect(late).toBeLessThan(400);
    expect(statSync(join(directory, 'full', 'collector.out')).size).toBeLessThan(200_000);
    for (const socket of sockets) socket.destroy();

    const folder = join(directory, 'received');
    const receiverConf = writeConf(directory, 'receiver', [
      'sources = r1',
      'channels = c1',
      'sinks = k1',
      'sources.r1.type = avro',
      'sources.r1.bind = 127.0.0.1',
      `sources.r1.port = ${avroPort}`,
      'sources.r1.channels = c1',
      'channels.c1.type = memory',
      'channels.c1.capacity = 100000',
      'channels.c1.transactionCapacity = 10000',
      ...fileRoll('k1', 'c1', folder),
      'sinks.k1.sink.batchSize = 1000',
    ]);
    started.push(await startCollector(receiverConf, join(directory, 'receiver')));
    const count = (lines: readonly string[], pattern: RegExp) => lines.filter((line) => pattern.test(line)).length;
    await eventually('all events', 90_000, async () => {
      await sleep(1000);
      const lines = written(folder);
      return count(lines, / line \d+ t/) >= lineCount && count(lines, /\x7f{500}$/) >= 2 * stressEvents;
    });
    const numbers = new Set(written(folder).flatMap((line) => / line (\d+) t/.exec(line)?.[1] ?? []));
    expect(numbers.size).toBe(lineCount);
    // A batch that found no room for all of its lines left the rest of the 5,000 places empty.
    expect(count(written(folder), / n{200}$/)).toBeGreaterThan(4000);
  }, 240_000);
});
