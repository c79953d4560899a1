import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '#std/random';
import { projectRoot } from '../flows/product.js';
import { Child, sleep } from '../peers/child.js';
import { usageOf } from '../peers/usage.js';

/** Garbage on every port of one collector: it goes on serving, and its memory stays flat. */
describe('a collector under garbage', () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-garbage-'));
  const tcp: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    netcat: { type: 'netcat', bind: '127.0.0.1', port: 'PORT' },
    syslogtcp: { type: 'syslogtcp', port: 'PORT', structuredData: 'headers' },
    multiport: { type: 'multiport_syslogtcp', ports: 'PORT' },
    http: { type: 'http', port: 'PORT' },
    fluent: { type: 'fluent', port: 'PORT' },
    otlp: { type: 'otlp', port: 'PORT' },
    journald: { type: 'journald', from: 'upload', port: 'PORT' },
    avro: { type: 'avro', bind: '127.0.0.1', port: 'PORT' },
    thrift: { type: 'thrift', bind: '127.0.0.1', port: 'PORT' },
  };
  const udp: typeof tcp = {
    syslogudp: { type: 'syslogudp', port: 'PORT' },
    netcatudp: { type: 'netcatudp', port: 'PORT' },
  };
  const firstPort = 31_280;
  const sources = { ...tcp, ...udp };
  const names = Object.keys(sources);
  const portOf = (name: string): number => firstPort + names.indexOf(name);
  const random = seededRandom(Number(process.env['SEED'] ?? 20));
  let collector: Child;

  beforeAll(async () => {
    mkdirSync(directory, { recursive: true });
    const lines = [
      `a1.sources = ${names.join(' ')}`,
      'a1.channels = c',
      'a1.sinks = k',
      'a1.channels.c.type = memory',
      'a1.channels.c.capacity = 10000',
      'a1.channels.c.transactionCapacity = 10000',
      'a1.sinks.k.type = null',
      'a1.sinks.k.channel = c',
      ...Object.entries(sources).flatMap(([name, options]) => [
        `a1.sources.${name}.channels = c`,
        ...Object.entries(options).map(
          ([key, value]) => `a1.sources.${name}.${key} = ${value.replace('PORT', String(portOf(name)))}`,
        ),
      ]),
    ];
    const confPath = join(directory, 'flume.conf');
    writeFileSync(confPath, `${lines.join('\n')}\n`);
    collector = new Child({
      command: process.execPath,
      args: [
        ...[join(projectRoot, 'bin/millrace.mjs'), 'collector', 'run', '--conf', confPath, '--name', 'a1'],
        ...['--data', join(directory, 'data')],
      ],
      logPath: join(directory, 'collector.out'),
    });
    await collector.until('the collector', () => collector.output().includes(' runs: '), 60_000);
  }, 90_000);
  afterAll(async () => {
    await collector.kill();
    rmSync(directory, { recursive: true, force: true });
  }, 30_000);

  /** Bytes of four kinds: any; near the formats; one line without end; a beginning that promises much. */
  function garbage(): Buffer {
    const size = 2000 + Math.floor(random.next() * 200_000);
    switch (Math.floor(random.next() * 4)) {
      case 0:
        return Buffer.from(Array.from({ length: 4000 }, () => Math.floor(random.next() * 256)));
      case 1: {
        const pieces = [
          '<13>1 - h ',
          '\n',
          '[a b="c"]',
          'POST / HTTP/1.1\r\n',
          '\r\n',
          '{"headers":{',
          '9999999 <',
          '\xff',
          '\0',
          '\x93\xa1t',
          '[[1,{}]]',
        ];
        const text = Array.from({ length: 2000 }, () => pieces[Math.floor(random.next() * pieces.length)]).join('');
        return Buffer.from(text, 'latin1');
      }
      case 2:
        return Buffer.alloc(size, 'x');
      default: {
        const heads = [
          '\xdd\xff\xff\xff\xff',
          '\xc6\x7f\xff\xff\xff',
          '7000000 <13>',
          '\x7f\xff\xff\xff',
          'POST /v1/logs HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 15000000\r\n\r\n',
          'POST /upload HTTP/1.1\r\nHost: h\r\nContent-Type: application/vnd.fdo.journal\r\nTransfer-Encoding: chunked\r\n\r\nffffff\r\nMESSAGE\n\0\0\0\x10\0\0\0\0',
        ];
        const head = heads[Math.floor(random.next() * heads.length)] ?? '';
        return Buffer.concat([Buffer.from(head, 'latin1'), Buffer.alloc(size)]);
      }
    }
  }

  /** A peer that sends, reads nothing, and goes: in order, at once, or by a reset. */
  async function throwAt(port: number): Promise<void> {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.once('connect', () => socket.write(garbage()));
    await Promise.race([once(socket, 'drain').catch(() => undefined), sleep(30)]);
    const end = Math.floor(random.next() * 3);
    if (end === 0) socket.end();
    else if (end === 1) socket.resetAndDestroy();
    await Promise.race([once(socket, 'close').catch(() => undefined), sleep(20)]);
    socket.destroy();
  }

  async function round(): Promise<void> {
    const datagrams = createSocket('udp4');
    for (const name of Object.keys(udp)) {
      for (let count = 0; count < 20; count += 1)
        datagrams.send(garbage().subarray(0, 60_000), portOf(name), '127.0.0.1');
    }
    await Promise.all(Object.keys(tcp).flatMap((name) => [1, 2, 3].map(() => throwAt(portOf(name)))));
    await sleep(10);
    datagrams.close();
  }

  test('it goes on serving and its memory stays flat', async () => {
    const resident: number[] = [];
    for (let part = 0; part < 4; part += 1) {
      for (let count = 0; count < 6; count += 1) await round();
      await sleep(500);
      resident.push(usageOf(collector.pid).residentMiB);
    }
    const [first = 0, , , last = 0] = resident;
    // Buffers of the kernel and pages of the heap come and go.
    expect({ resident, isFlat: last < first + 150 && last < 700 }).toEqual({ resident, isFlat: true });
    expect(collector.exitCode).toBe(undefined);
    const socket = connect(portOf('netcat'), '127.0.0.1');
    const answer = once(socket, 'data') as Promise<[Buffer]>;
    socket.write('still here\n');
    expect((await answer)[0].toString()).toBe('OK\n');
    socket.destroy();
    const response = await fetch(`http://127.0.0.1:${portOf('http')}/`, {
      method: 'POST',
      body: '[{"body":"still here"}]',
    });
    expect(response.status).toBe(200);
  }, 100_000);
});
