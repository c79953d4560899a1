import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Child, sleep } from '../peers/child.js';
import { OurAgent } from './network/our-agent.js';

const run = promisify(execFile);
const rsyslogd = ['/usr/sbin/rsyslogd', '/sbin/rsyslogd'].find((path) => existsSync(path));
const logger = ['/usr/bin/logger', '/bin/logger'].find((path) => existsSync(path));

/** Syslog senders that others wrote, into our sources. */
describe('senders of syslog', () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-syslog-senders-'));
  const agent = new OurAgent({
    directory,
    sources: {
      tcp: { type: 'syslogtcp', port: '31290' },
      counted: { type: 'syslogtcp', port: '31291', structuredData: 'headers' },
      udp: { type: 'syslogudp', port: '31292' },
      many: { type: 'multiport_syslogtcp', ports: '31293 31294', portHeader: 'port' },
    },
  });

  beforeAll(() => agent.start(), 60_000);
  afterAll(async () => {
    await agent.stop();
    rmSync(directory, { recursive: true, force: true });
  }, 30_000);

  (rsyslogd === undefined ? test.skip : test)(
    'rsyslog: TCP by lines, TCP with octet counting, UDP; every message once and whole',
    async () => {
      const work = join(directory, 'work');
      mkdirSync(work, { recursive: true });
      const input = join(directory, 'input.log');
      const count = 2000;
      const conf = join(directory, 'rsyslog.conf');
      const forward = (port: number, protocol: string, template: string, more = ''): string =>
        `action(type="omfwd" target="127.0.0.1" port="${port}" protocol="${protocol}" template="${template}" ${more})`;
      writeFileSync(
        conf,
        [
          `global(workDirectory="${work}" maxMessageSize="64k")`,
          'module(load="imfile" mode="inotify")',
          `input(type="imfile" file="${input}" tag="app:" ruleset="out")`,
          'ruleset(name="out") {',
          forward(31_290, 'tcp', 'RSYSLOG_TraditionalForwardFormat'),
          forward(31_291, 'tcp', 'RSYSLOG_SyslogProtocol23Format', 'TCP_Framing="octet-counted"'),
          forward(31_292, 'udp', 'RSYSLOG_SyslogProtocol23Format'),
          forward(31_293, 'tcp', 'RSYSLOG_ForwardFormat'),
          '}',
        ].join('\n'),
      );
      const child = new Child({
        command: rsyslogd ?? '',
        args: ['-n', '-f', conf, '-i', join(work, 'pid')],
        logPath: join(directory, 'rsyslog.out'),
      });
      try {
        await sleep(500);
        const bodies = Array.from({ length: count }, (_, index) => `message ${index} zwölf ${'x'.repeat(index % 300)}`);
        writeFileSync(input, bodies.map((body) => `${body}\n`).join(''));
        for (const source of ['tcp', 'counted', 'many']) {
          await agent.until(source, count);
          const events = agent.events(source);
          expect(events).toHaveLength(count);
          const seen = events.map(({ body }) => body.slice(body.indexOf('message')));
          expect(seen.toSorted()).toEqual(bodies.toSorted());
          expect(new Set(events.map(({ headers }) => headers['flume.syslog.status']))).toEqual(new Set([undefined]));
          expect(new Set(events.map(({ headers }) => headers['host'])).size).toBe(1);
        }
        expect(agent.events('counted')[0]).toMatchObject({
          body: bodies[0],
          headers: { version: '1', appname: 'app' },
        });
        expect(agent.events('many')[0]?.headers).toMatchObject({ port: '31293' });
        // Datagrams may get lost in the kernel.
        await agent.until('udp', 1);
        expect(bodies).toContain(agent.events('udp')[0]?.body.replace(/^.*?(?=message)/, ''));
      } finally {
        await child.stop(3000);
      }
    },
    60_000,
  );

  (logger === undefined ? test.skip : test)(
    'logger: RFC 3164 and 5424, over TCP and UDP',
    async () => {
      const before = {
        tcp: agent.events('tcp').length,
        udp: agent.events('udp').length,
        counted: agent.events('counted').length,
      };
      const log = (...args: string[]): Promise<unknown> =>
        run(logger ?? '', ['--server', '127.0.0.1', '-t', 'tag', '-p', 'user.warning', ...args]);
      await log('--tcp', '--port', '31290', '--rfc3164', 'by 3164');
      await log('--tcp', '--port', '31290', '--rfc5424=notq', 'by 5424');
      await log(
        '--tcp',
        '--port',
        '31291',
        '--octet-count',
        '--rfc5424',
        '--sd-id',
        'ex@1',
        '--sd-param',
        'k="v"',
        'with data',
      );
      await log('--udp', '--port', '31292', '--rfc5424=notq', 'by datagram');
      await agent.until('tcp', before.tcp + 2);
      await agent.until('counted', before.counted + 1);
      await agent.until('udp', before.udp + 1);
      const [old, modern] = agent.events('tcp').slice(-2);
      expect(old).toMatchObject({ headers: { Facility: '1', Severity: '4', priority: '12' } });
      expect(old?.body).toContain('by 3164');
      expect(modern).toMatchObject({ headers: { priority: '12', version: '1' } });
      expect(modern?.body).toMatch(/^tag .* by 5424$/);
      expect(agent.events('counted').at(-1)).toMatchObject({
        body: 'with data',
        headers: { appname: 'tag', 'sd.ex@1.k': 'v' },
      });
      expect(agent.events('udp').at(-1)?.body).toMatch(/by datagram$/);
    },
    30_000,
  );
});
