import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../flows/product.js';
import { answers, sleep, type Child } from '../peers/child.js';
import { fileRoll, startCollector, writeConf, written } from './channels-agent.js';

/** Lines over netcat, which answers OK when a line is in its channel, while the collector is killed again and again. */
describe('durable channels of a collector that is killed', () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-kill-'));
  const kills = 6;
  const channels: Readonly<Record<string, { port: number; lines: readonly string[] }>> = {
    file: {
      port: 31_530,
      lines: ['type = file', `dataDirs = ${join(directory, 'd1')},${join(directory, 'd2')}`, 'maxFileSize = 1048576'],
    },
    jdbc: { port: 31_531, lines: ['type = jdbc', 'maximum.capacity = 100000'] },
  };
  const names = Object.keys(channels);
  let collector: Child | null = null;

  afterAll(async () => {
    await collector?.stop();
    rmSync(directory, { recursive: true, force: true });
  }, 60_000);

  /** Numbered lines until the connection breaks; adds those that were answered with OK. */
  function feed(port: number, numbers: { next: number }, acknowledged: number[]): void {
    const socket = connect({ port, host: '127.0.0.1' });
    const sent: number[] = [];
    let timer: NodeJS.Timeout | null = null;
    socket.setEncoding('utf8');
    socket.on('connect', () => {
      timer = setInterval(() => {
        for (let count = 0; count < 20; count += 1) {
          sent.push(numbers.next);
          socket.write(`line ${numbers.next} ${'x'.repeat(100)}\n`);
          numbers.next += 1;
        }
      }, 5);
    });
    socket.on('data', (text: string) => {
      for (const answer of text.match(/OK|FAILED/g) ?? []) {
        const number = sent.shift();
        if (answer === 'OK' && number !== undefined) acknowledged.push(number);
      }
    });
    socket.on('close', () => clearInterval(timer ?? undefined)).on('error', () => undefined);
  }

  test('have every line that was acknowledged', async () => {
    const folder = (name: string): string => join(directory, `out-${name}`);
    const confPath = writeConf(directory, 'kill', [
      `sources = ${names.map((name) => `r-${name}`).join(' ')}`,
      `channels = ${names.join(' ')}`,
      `sinks = ${names.map((name) => `k-${name}`).join(' ')}`,
      ...Object.entries(channels).flatMap(([name, { port, lines }]) => [
        `sources.r-${name}.type = netcat`,
        `sources.r-${name}.bind = 127.0.0.1`,
        `sources.r-${name}.port = ${port}`,
        `sources.r-${name}.channels = ${name}`,
        ...lines.map((line) => `channels.${name}.${line}`),
        ...fileRoll(`k-${name}`, name, folder(name)),
      ]),
      'channels.file.minimumRequiredSpace = 1048576',
    ]);
    const numbers = new Map(names.map((name) => [name, { next: 0 }]));
    const acknowledged = new Map(names.map((name) => [name, [] as number[]]));
    for (let kill = 0; kill <= kills; kill += 1) {
      collector = await startCollector(confPath, directory, `collector-${kill}`);
      for (const [name, { port }] of Object.entries(channels)) {
        await eventually(`the source of ${name}`, 30_000, () => answers(port));
        if (kill < kills) feed(port, numbers.get(name) ?? { next: 0 }, acknowledged.get(name) ?? []);
      }
      if (kill === kills) break;
      await sleep(500 + 317 * kill);
      await collector.kill();
    }
    for (const name of names) {
      const wanted = acknowledged.get(name) ?? [];
      const missing = (): number[] => {
        const found = new Set(written(folder(name)).map((line) => Number(/ line (\d+) x{100}$/.exec(line)?.[1])));
        return wanted.filter((number) => !found.has(number));
      };
      await eventually(`every line of ${name}`, 30_000, () => missing().length === 0).catch((error: unknown) => {
        throw new Error(`${missing().length} of ${wanted.length} lines of ${name} are missing`, { cause: error });
      });
      process.stderr.write(`${name}: ${wanted.length} lines acknowledged over ${kills} kills\n`);
      expect(wanted.length).toBeGreaterThan(1000);
    }
  }, 180_000);
});
