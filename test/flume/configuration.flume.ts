import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../flows/product.js';
import { Child } from '../peers/child.js';
import { startFlume } from '../peers/flume.js';

/** Two files that are merged: the second gives what the first leaves out, and replaces the capacity of a channel. */
const wiring = `
other.sources = x
a1.sources = nc ex sp st ht av td sq ss mt su nu tagged
a1.channels = c1 c2 c3
a1.sinks = k1 k2 k3 k4 k5
a1.configfilters = f
a1.configfilters.f.type = env
a1.channels.c1.type = memory
a1.channels.c1.capacity = 5
a1.channels.c2.type = FILE
a1.channels.c2.checkpointDir = \${sys:place}/checkpoint
a1.channels.c2.dataDirs = \${sys:place}/data
a1.channels.c3.type = org.apache.flume.channel.MemoryChannel
a1.sinks.k1.type = logger
a1.sinks.k1.channel = c1
a1.sinks.k2.type = NULL
a1.sinks.k2.channel = c2
a1.sinks.k3.type = org.apache.flume.sink.RollingFileSink
a1.sinks.k3.sink.directory = \${sys:place}/rolled
a1.sinks.k3.channel = c1
a1.sinks.k4.type = avro
a1.sinks.k4.hostname = 127.0.0.1
a1.sinks.k4.port = \${env:PORTS}4
a1.sinks.k4.channel = c2
a1.sinks.k5.type = file_roll
a1.sinks.k5.sink.directory = \${sys:place}/tagged
a1.sinks.k5.sink.serializer = header_and_text
a1.sinks.k5.sink.rollInterval = 0
a1.sinks.k5.channel = c3
`;

const sources = `
a1.channels.c1.capacity = 200
a1.sources.nc.type = netcat
a1.sources.nc.bind = 127.0.0.1
a1.sources.nc.port = \${env:PORTS}1
a1.sources.nc.channels = c1
a1.sources.ex.type = exec
a1.sources.ex.command = cat /dev/null
a1.sources.ex.channels = c1
a1.sources.sp.type = org.apache.flume.source.SpoolDirectorySource
a1.sources.sp.spoolDir = \${sys:place}/spool
a1.sources.sp.channels = c1
a1.sources.st.type = syslogtcp
a1.sources.st.host = 127.0.0.1
a1.sources.st.port = \${env:PORTS}2
a1.sources.st.channels = c1
a1.sources.ht.type = http
a1.sources.ht.bind = 127.0.0.1
a1.sources.ht.port = \${env:PORTS}3
a1.sources.ht.channels = c1
a1.sources.av.type = AVRO
a1.sources.av.bind = 127.0.0.1
a1.sources.av.port = \${env:PORTS}4
a1.sources.av.channels = c1
a1.sources.td.type = TAILDIR
a1.sources.td.filegroups = f
a1.sources.td.filegroups.f = \${sys:place}/spool/none.*
a1.sources.td.positionFile = \${sys:place}/positions.json
a1.sources.td.channels = c2
a1.sources.sq.type = seq
a1.sources.sq.totalEvents = 5
a1.sources.sq.channels = c2
a1.sources.ss.type = org.apache.flume.source.StressSource
a1.sources.ss.maxTotalEvents = 3
a1.sources.ss.channels = c2
a1.sources.mt.type = multiport_syslogtcp
a1.sources.mt.host = 127.0.0.1
a1.sources.mt.ports = \${env:PORTS}5
a1.sources.mt.channels = c1
a1.sources.su.type = syslogudp
a1.sources.su.host = 127.0.0.1
a1.sources.su.port = \${env:PORTS}6
a1.sources.su.channels = c1
a1.sources.nu.type = netcatudp
a1.sources.nu.bind = 127.0.0.1
a1.sources.nu.port = \${env:PORTS}7
a1.sources.nu.channels = c1
a1.sources.tagged.type = seq
a1.sources.tagged.totalEvents = 3
a1.sources.tagged.channels = c3
a1.sources.tagged.interceptors = a b c d e f g h
${[
  ['a', '${env:WORD}'],
  ['b', '${sys:stage}-${ENV:WORD}'],
  ['c', '${env:NOT_SET_HERE:-fallback}'],
  ['d', '$${env:WORD}'],
  ['e', '<${f[\'WORD\']}|${f["WORD"]}${f[WORD]}>'],
  ['f', '${date:yyyy-MM}'],
  ['g', '${env:${sys:which}}'],
  ['h', 'caf\\u00e9 \\t| \\\\d \\\n      continued'],
]
  .map(
    ([
      name,
      value,
    ]) => `a1.sources.tagged.interceptors.${name}.type = org.apache.flume.interceptor.StaticInterceptor$Builder
a1.sources.tagged.interceptors.${name}.key = ${name}
a1.sources.tagged.interceptors.${name}.value = ${value}
`,
  )
  .join('')}`;

type Groups = Readonly<Record<string, Readonly<Record<string, string>>>>;

describe('one configuration on Flume and on ours', () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-configuration-'));
  const confPaths = ['wiring.conf', 'sources.conf'].map((name) => join(directory, name));
  const sides = {
    flume: { place: join(directory, 'flume'), ports: '3102', metrics: '31040' },
    millrace: { place: join(directory, 'millrace'), ports: '3103', metrics: '31041' },
  };
  const children: Child[] = [];

  const systemOf = ({ place, metrics }: (typeof sides)['flume']): Record<string, string> => ({
    place,
    stage: 'test',
    which: 'WORD',
    'flume.monitoring.type': 'http',
    'flume.monitoring.port': metrics,
  });
  const environmentOf = ({ ports }: (typeof sides)['flume']): Record<string, string> => ({
    PORTS: ports,
    WORD: 'harbour',
  });

  beforeAll(async () => {
    writeFileSync(join(directory, 'wiring.conf'), wiring);
    writeFileSync(join(directory, 'sources.conf'), sources);
    for (const { place } of Object.values(sides)) {
      for (const name of ['spool', 'rolled', 'tagged']) mkdirSync(join(place, name), { recursive: true });
    }
    const [confPath = '', ...moreConfPaths] = confPaths;
    const { flume, millrace } = sides;
    const ours = new Child({
      command: process.execPath,
      args: [
        ...[join(projectRoot, 'bin/millrace.mjs'), 'collector', 'run', '-n', 'a1', '--no-reload-conf'],
        ...confPaths.flatMap((path) => ['-f', path]),
        ...Object.entries(systemOf(millrace)).map(([name, value]) => `-D${name}=${value}`),
      ],
      cwd: millrace.place,
      env: environmentOf(millrace),
      logPath: join(directory, 'millrace.out'),
    });
    children.push(ours);
    children.push(
      await startFlume({
        ...{ confPath, moreConfPaths, agent: 'a1', directory: flume.place, heap: '256m' },
        ...{ system: systemOf(flume), env: environmentOf(flume) },
      }),
    );
    await ours.until('our agent', () => ours.output().includes('Agent a1 runs'));
  }, 120_000);

  afterAll(async () => {
    await Promise.all(children.map((child) => child.stop()));
    rmSync(directory, { recursive: true, force: true });
  }, 60_000);

  async function metricsOf(side: keyof typeof sides): Promise<Groups> {
    const response = await fetch(`http://127.0.0.1:${sides[side].metrics}/metrics`);
    return (await response.json()) as Groups;
  }

  it('shows the same groups of counters, each with the same keys, every value a string', async () => {
    const [ours] = children;
    const shown = await metricsOf('millrace');
    let theirs: Groups = {};
    await ours?.until('all components of Flume', async () => {
      theirs = await metricsOf('flume').catch(() => ({}));
      return Object.keys(theirs).length >= Object.keys(shown).length;
    });
    const keysOf = (groups: Groups): Record<string, string[]> =>
      Object.fromEntries(Object.entries(groups).map(([name, group]) => [name, Object.keys(group).toSorted()]));
    expect(keysOf(shown)).toEqual(keysOf(theirs));
    for (const [name, group] of Object.entries(shown)) {
      expect(group['Type']).toBe(theirs[name]?.['Type']);
      expect(Object.values(group).every((value) => typeof value === 'string')).toBe(true);
    }
    expect(shown['CHANNEL.c1']?.['ChannelCapacity']).toBe('200');
    expect(theirs['CHANNEL.c1']?.['ChannelCapacity']).toBe('200');
    await ours?.until('five events of both', async () => {
      const groups = await Promise.all([metricsOf('flume'), metricsOf('millrace')]);
      return groups.every((group) => group['SOURCE.sq']?.['EventAcceptedCount'] === '5');
    });
  }, 60_000);

  it.each([
    ['GET', '/', 200, 'text/html;charset=utf-8'],
    ['GET', '/METRICS', 200, 'application/json;charset=utf-8'],
    ['POST', '/metrics', 200, 'application/json;charset=utf-8'],
    ['OPTIONS', '/metrics', 403, null],
    ['GET', '/nothing', 404, undefined],
  ] as const)('answers %s %s alike', async (method, path, status, type) => {
    for (const { metrics } of Object.values(sides)) {
      const response = await fetch(`http://127.0.0.1:${metrics}${path}`, { method });
      await response.arrayBuffer();
      expect(response.status).toBe(status);
      if (type !== undefined) expect(response.headers.get('content-type')).toBe(type);
    }
  });

  it('puts the same texts in the place of look-ups, escapes and config filters', async () => {
    const eventsOf = (place: string): string[] =>
      readdirSync(join(place, 'tagged')).flatMap((name) =>
        readFileSync(join(place, 'tagged', name), 'utf8')
          .split('\n')
          .filter((line) => line !== ''),
      );
    const [ours] = children;
    await ours?.until('events', () => Object.values(sides).every(({ place }) => eventsOf(place).length >= 3), 20_000);
    const sorted = (lines: readonly string[]): string[] =>
      lines.map((line) =>
        line.replace(/^\{(.*)\}/, (_all, pairs: string) => `{${pairs.split(', ').toSorted().join(', ')}}`),
      );
    expect(sorted(eventsOf(sides.millrace.place))).toEqual(sorted(eventsOf(sides.flume.place)));
    expect(eventsOf(sides.millrace.place)[0]).toContain('e=<harbour|harbourharbour>');
  }, 60_000);
});
