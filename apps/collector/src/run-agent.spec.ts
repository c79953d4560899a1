import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { runAgent, validateConf } from './run-agent.js';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-run-agent-'));
  await mkdir(join(directory, 'logs'));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

const conf = (channel: string, sinks = 'k1') => `
a1.sources = r1
a1.channels = c1
a1.sinks = ${sinks}
a1.sources.r1.type = taildir
a1.sources.r1.filegroups = f1
a1.sources.r1.filegroups.f1 = \${env:ROOT}/logs/.*[.]log
a1.sources.r1.channels = c1
a1.sources.r1.interceptors = drop tag
a1.sources.r1.interceptors.drop.type = regex_filter
a1.sources.r1.interceptors.drop.regex = ^#
a1.sources.r1.interceptors.drop.excludeEvents = true
a1.sources.r1.interceptors.tag.type = static
a1.sources.r1.interceptors.tag.key = dc
a1.sources.r1.interceptors.tag.value = b1
a1.channels.c1.type = ${channel}
a1.sinks.k1.type = file_roll
a1.sinks.k1.channel = c1
a1.sinks.k1.sink.directory = \${env:ROOT}/out
a1.sinks.k1.sink.serializer = HEADER_AND_TEXT
`;

async function start(channel: string, more = ''): Promise<{ stop(): Promise<void> }> {
  const confPath = join(directory, 'flume.conf');
  await writeFile(confPath, conf(channel, more === '' ? 'k1' : 'k1 k2') + more);
  const stop = new AbortController();
  const running = runAgent({
    conf: { files: [confPath], uris: [] },
    agentName: 'a1',
    bootstrap: '127.0.0.1:1',
    stateDirectory: join(directory, 'state'),
    logger: silentLogger,
    signal: stop.signal,
    environment: { ROOT: directory },
  });
  return {
    stop: () => {
      stop.abort();
      return running;
    },
  };
}

async function output(): Promise<string[]> {
  const names = await readdir(join(directory, 'out')).catch(() => []);
  const texts = await Promise.all(names.map((name) => readFile(join(directory, 'out', name), 'utf8')));
  return texts
    .join('')
    .split('\n')
    .filter((line) => line !== '');
}

async function untilLines(count: number): Promise<string[]> {
  for (const end = Date.now() + 15_000; Date.now() < end;) {
    const lines = await output();
    if (lines.length >= count) return lines;
    await systemClock.sleep(50);
  }
  return output();
}

describe('an agent of a flume.conf', () => {
  it.each(['memory', 'file'])(
    'tails a file over a %s channel into files, and goes on where it was',
    async (channel) => {
      const log = join(directory, 'logs', 'a.log');
      await writeFile(log, 'one\n# comment\ntwo\n');
      const first = await start(channel);
      expect(await untilLines(2)).toEqual(['{dc=b1} one', '{dc=b1} two']);
      await first.stop();
      await appendFile(log, 'three\n');
      const second = await start(channel);
      expect(await untilLines(3)).toEqual(['{dc=b1} one', '{dc=b1} two', '{dc=b1} three']);
      await second.stop();
      expect(await output()).toHaveLength(3);
    },
  );

  it('goes over to the next sink of a failover group while the preferred one does not even start', async () => {
    await writeFile(join(directory, 'taken'), 'no folder');
    await writeFile(join(directory, 'logs', 'a.log'), 'one\n');
    const running = await start(
      'memory',
      `
a1.sinks.k2.type = file_roll
a1.sinks.k2.channel = c1
a1.sinks.k2.sink.directory = \${env:ROOT}/taken
a1.sinkgroups = g1
a1.sinkgroups.g1.sinks = k1 k2
a1.sinkgroups.g1.processor.type = failover
a1.sinkgroups.g1.processor.priority.k1 = 1
a1.sinkgroups.g1.processor.priority.k2 = 9
`,
    );
    expect(await untilLines(1)).toEqual(['{dc=b1} one']);
    await running.stop();
  });

  it('is not started with a mistake: all of them are in one error', async () => {
    const confPath = join(directory, 'bad.conf');
    await writeFile(
      confPath,
      'a1.sources = r1\na1.channels = c1\na1.sources.r1.type = tialdir\na1.channels.c1.type = memroy\n',
    );
    const running = runAgent({
      conf: { files: [confPath], uris: [] },
      agentName: 'a1',
      bootstrap: '',
      stateDirectory: join(directory, 'state'),
      logger: silentLogger,
      signal: new AbortController().signal,
    });
    await expect(running).rejects.toThrow(
      /bad.conf:3: error: .*Did you mean taildir[^]*bad.conf:4: error: .*Did you mean memory/,
    );
  });
});

describe('validation of a flume.conf', () => {
  it('says of every agent what it would run, or what is wrong', async () => {
    const confPath = join(directory, 'two.conf');
    await writeFile(
      confPath,
      `good.channels = c1
good.sinks = k1
good.channels.c1.type = topic
good.sinks.k1.type = null
good.sinks.k1.channel = c1
bad.channels = c1
bad.sinks = k1
bad.channels.c1.type = memory
bad.sinks.k1.type = null
bad.sinks.k1.channel = c2
`,
    );
    const all = await validateConf({ files: [confPath], uris: [] });
    expect(all.valid).toBe(false);
    expect(all.lines).toEqual([
      `${confPath}:10: error: sink k1 names the channel c2, which bad.channels does not list. Did you mean c1? Flume would have dropped the sink and started the rest.`,
      `${confPath}: agent good can run: 0 sources, 1 channel (topic), 1 sink (null).`,
    ]);
    expect(await validateConf({ files: [confPath], uris: [] }, 'good')).toEqual({
      valid: true,
      lines: all.lines.slice(1),
    });
  });
});
