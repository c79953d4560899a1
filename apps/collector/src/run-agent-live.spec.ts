import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '#std/clock';
import type { Logger } from '#std/log';
import { runAgent, type RunAgentOptions } from './run-agent.js';

let directory: string;
let log: string[];
let look: () => void;
let running: { stop(): Promise<void> } | null;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-run-live-'));
  await mkdir(join(directory, 'logs'));
  log = [];
  running = null;
});

afterEach(async () => {
  await running?.stop();
  await rm(directory, { recursive: true, force: true });
});

const logger: Logger = {
  info: (message, fields) => void log.push(`info ${message} ${JSON.stringify(fields ?? {})}`),
  warn: (message) => void log.push(`warn ${message}`),
  error: (message) => void log.push(`error ${message}`),
  child: () => logger,
};

const conf = (lines = '') => `
a1.sources = r1
a1.channels = c1
a1.sinks = k1
a1.sources.r1.type = taildir
a1.sources.r1.filegroups = f1
a1.sources.r1.filegroups.f1 = \${sys:root}/logs/.*[.]log
a1.sources.r1.channels = c1
a1.channels.c1.type = memory
a1.sinks.k1.type = file_roll
a1.sinks.k1.channel = c1
a1.sinks.k1.sink.directory = \${sys:root}/out
a1.sinks.k1.sink.serializer = HEADER_AND_TEXT
${lines}`;

const write = (name: string, text: string): Promise<void> => writeFile(join(directory, name), text);

async function start(more: Partial<RunAgentOptions> = {}): Promise<void> {
  const stop = new AbortController();
  const done = runAgent({
    conf: { files: [join(directory, 'a.conf')], uris: [] },
    agentName: 'a1',
    bootstrap: '127.0.0.1:1',
    stateDirectory: join(directory, 'state'),
    logger,
    signal: stop.signal,
    system: { root: directory },
    reload: {
      intervalMs: 600_000,
      onDemand: (listener) => {
        look = listener;
      },
    },
    ...more,
  });
  running = {
    stop: () => {
      stop.abort();
      return done;
    },
  };
  let isOver = false;
  const over = done.finally(() => {
    isOver = true;
  });
  await Promise.race([over, until(() => isOver || log.some((line) => line.includes('runs:')))]);
}

async function until(wanted: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 15_000; !(await wanted()); await systemClock.sleep(20)) {
    if (Date.now() > end) throw new Error(`it did not happen in time:\n${log.join('\n')}`);
  }
}

async function output(): Promise<string[]> {
  const names = await readdir(join(directory, 'out')).catch(() => []);
  const texts = await Promise.all(names.map((name) => readFile(join(directory, 'out', name), 'utf8')));
  return texts
    .join('')
    .split('\n')
    .filter((line) => line !== '');
}

const untilLines = (count: number) => until(async () => (await output()).length >= count);

const staticHeader = (value: string) => `
a1.sources.r1.interceptors = i1
a1.sources.r1.interceptors.i1.type = static
a1.sources.r1.interceptors.i1.key = dc
a1.sources.r1.interceptors.i1.value = ${value}
`;

describe('a flume.conf that changes under a running agent', () => {
  it('is followed by difference, refused with its mistakes, and followed again', async () => {
    await write('a.conf', conf());
    await write('logs/a.log', 'one\n');
    await start();
    await untilLines(1);
    await write('a.conf', conf(staticHeader('berlin')));
    look();
    await until(() => log.some((line) => line.includes('"changed":"source r1"')));
    await appendFile(join(directory, 'logs/a.log'), 'two\n');
    await untilLines(2);
    await write('a.conf', conf(staticHeader('hamburg')).replace('type = memory', 'type = memroy'));
    look();
    await until(() => log.some((line) => /error .*a\.conf:9: error: .*Did you mean memory/.test(line)));
    await appendFile(join(directory, 'logs/a.log'), 'three\n');
    await untilLines(3);
    await write('a.conf', conf(staticHeader('hamburg')));
    look();
    await until(() => log.filter((line) => line.includes('"changed":"source r1"')).length === 2);
    await appendFile(join(directory, 'logs/a.log'), 'four\n');
    await untilLines(4);
    expect(await output()).toEqual(['{} one', '{dc=berlin} two', '{dc=berlin} three', '{dc=hamburg} four']);
  });

  it('is looked at from time to time by itself', async () => {
    await write('a.conf', conf());
    await start({ reload: { intervalMs: 50 } });
    await write('a.conf', conf(staticHeader('x')));
    await until(() => log.some((line) => line.includes('"changed":"source r1"')));
  });

  it('is kept as a backup, which runs where nothing else can be read', async () => {
    await write('a.conf', conf(staticHeader('a=b \\u0041\\\\d')));
    await write('logs/a.log', 'one\n');
    await start({ backupDirectory: join(directory, 'backup') });
    await untilLines(1);
    await running?.stop();
    expect((await stat(join(directory, 'backup', '.a1.properties'))).mode & 0o077).toBe(0);
    await rm(join(directory, 'a.conf'));
    await appendFile(join(directory, 'logs/a.log'), 'two\n');
    log = [];
    await start({ backupDirectory: join(directory, 'backup') });
    await untilLines(2);
    expect(await output()).toEqual(['{dc=a=b A\\d} one', '{dc=a=b A\\d} two']);
  });
});

describe('a flume.conf on a web server', () => {
  let server: Server;
  let text = '';
  const asked: string[] = [];

  beforeEach(async () => {
    asked.splice(0);
    server = createServer((request, response) => {
      asked.push(`${request.headers.authorization} ${request.headers['if-none-match']}`);
      const etag = `"${text.length}"`;
      if (request.headers.authorization !== `Basic ${Buffer.from('me:word').toString('base64')}`) {
        response.writeHead(401).end();
      } else if (request.headers['if-none-match'] === etag) {
        response.writeHead(304).end();
      } else {
        response.writeHead(200, { etag }).end(text);
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  afterEach(() => new Promise((resolve) => server.close(resolve)));

  const uri = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/a.conf`;

  it('is read with a password, asked for again under conditions, and overridden by a file', async () => {
    text = conf(staticHeader('remote'));
    await write('a.conf', 'a1.sources.r1.interceptors.i1.value = local\n');
    await write('logs/a.log', 'one\n');
    await start({
      conf: { uris: [uri()], files: [join(directory, 'a.conf')], user: 'me', password: 'word' },
      reload: { intervalMs: 30 },
    });
    await untilLines(1);
    expect(await output()).toEqual(['{dc=local} one']);
    await until(() => asked.length > 2);
    expect(asked[1]).toContain(`"${text.length}"`);
    text += 'a1.channels.c1.capacity = 7\n';
    await until(() => log.some((line) => line.includes('channel c1')));
  });

  it('is refused with the answer of the server', async () => {
    await expect(start({ conf: { uris: [uri()], files: [], user: 'me', password: 'wrong' } })).rejects.toThrow(
      /127\.0\.0\.1:\d+\/a\.conf answered 401/,
    );
    running = null;
    await expect(start({ conf: { uris: ['classpath:a.conf'], files: [] } })).rejects.toThrow(
      'A configuration is read from http:, https: and file:, not from "classpath:a.conf".',
    );
    running = null;
  });
});

describe('a component of one’s own', () => {
  const module = (body: string) => `export default (kit) => ({
  name: 'mine',
  options: { word: { type: 'string', required: true, doc: 'A word.' } },
  create: ({ options, name }) => (${body}),
});`;
  const use = (type: string, more = '') =>
    conf(`a1.sources.r1.interceptors = i1\na1.sources.r1.interceptors.i1.type = ${type}\n${more}`);
  const word = 'a1.sources.r1.interceptors.i1.word = hi\n';

  it('is loaded from beside the flume.conf, and anew where its code changes', async () => {
    await write('mine.mjs', module('{ intercept: (batch) => batch.withHeader("mine", options.word) }'));
    await write('a.conf', use('./mine.mjs', word));
    await write('logs/a.log', 'one\n');
    await start();
    await untilLines(1);
    await write('mine.mjs', module('{ intercept: (batch) => batch.withHeader("mine", options.word + "!") }'));
    look();
    await until(() => log.some((line) => line.includes('"changed":"source r1"')));
    expect(await output()).toEqual(['{mine=hi} one']);
  });

  it('is a package that is installed there, by its whole name or without the beginning', async () => {
    const folder = join(directory, 'node_modules', 'millrace-interceptor-mine');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'package.json'), '{"type":"module","main":"./main.js"}');
    await writeFile(join(folder, 'main.js'), module('{ intercept: (batch) => batch.withHeader("mine", "p") }'));
    await write('a.conf', use('mine', word));
    await write('logs/a.log', 'one\n');
    await start();
    await untilLines(1);
    expect(await output()).toEqual(['{mine=p} one']);
  });

  it.each([
    ['no file', './nothing.mjs', word, /a\.conf:15: error: The interceptor type "\.\/nothing\.mjs": there is no file/],
    ['a file that does not load', './broken.mjs', word, /broken\.mjs could not be loaded: /],
    [
      'a file that exports something else',
      './other.mjs',
      word,
      /it exports no interceptor: expected, by default or as "interceptor"/,
    ],
    ['options that are not given', './mine.mjs', '', /Missing required configuration "word"/],
    ['a component that cannot do its work', './mine.mjs', word, /what \.\/mine\.mjs creates has no intercept/],
  ])('says what is wrong: %s', async (_case, type, more, expected) => {
    await write('mine.mjs', module('{ start: () => undefined }'));
    await write('broken.mjs', 'throw new Error("no");');
    await write('other.mjs', 'export const x = 1;');
    await write('a.conf', use(type, more));
    await expect(start()).rejects.toThrow(expected);
    running = null;
  });
});

describe('what a running agent answers', () => {
  const port = async (): Promise<{ url: string; token: string }> =>
    JSON.parse(await readFile(join(directory, 'state', 'tap.json'), 'utf8')) as { url: string; token: string };

  it('counters as Flume gives them, and for Prometheus', async () => {
    await write('a.conf', conf());
    await write('logs/a.log', 'one\ntwo\n');
    await start({ metrics: { host: null, port: 0, format: 'json' } });
    await untilLines(2);
    const { url } = await port();
    const response = await fetch(`${url}/METRICS`);
    const all = (await response.json()) as Record<string, Record<string, string>>;
    expect(response.headers.get('content-type')).toBe('application/json;charset=utf-8');
    expect(Object.keys(all)).toEqual(['SOURCE.r1', 'CHANNEL.c1', 'SINK.k1']);
    expect(all['SOURCE.r1']).toMatchObject({ Type: 'SOURCE', EventReceivedCount: '2', StopTime: '0' });
    expect(all['CHANNEL.c1']).toMatchObject({ ChannelCapacity: '100', ChannelFillPercentage: '0.0' });
    const accept = 'application/openmetrics-text; version=1.0.0, text/plain;version=0.0.4;q=0.5';
    for (const [path, headers] of [
      ['/metrics/prometheus', {}],
      ['/metrics', { accept }],
    ] as const) {
      const text = await (await fetch(url + path, { headers })).text();
      expect(text).toContain('Flume_EventAcceptedCount_total{component="r1",type="SOURCE",agent="a1"} 2\n');
    }
    const statuses = ['/', '/nothing', '/tap'].map(async (path) => (await fetch(url + path)).status);
    expect(await Promise.all(statuses)).toEqual([200, 404, 401]);
    expect((await fetch(`${url}/metrics`, { method: 'OPTIONS' })).status).toBe(403);
  });

  it('nothing where its port is taken, and then it runs without', async () => {
    await write('a.conf', conf());
    await write('logs/a.log', 'one\n');
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const taken = (other.address() as AddressInfo).port;
    await start({ metrics: { host: null, port: taken, format: 'json' } });
    await untilLines(1);
    expect(log.join('\n')).toMatch(new RegExp(`error Metrics are not shown at port ${taken}: .*EADDRINUSE`));
    expect((await port()).url).not.toContain(`:${taken}`);
    await new Promise((resolve) => other.close(resolve));
  });

  it('events on an edge, to its own user only, and no counters where nobody asked for them', async () => {
    await write('a.conf', conf(staticHeader('x')));
    await start();
    const { url, token } = await port();
    expect((await stat(join(directory, 'state', 'tap.json'))).mode & 0o077).toBe(0);
    const headers = { authorization: `Bearer ${token}` };
    const answer = fetch(`${url}/tap?edge=interceptors.r1&max=2`, { headers });
    const unknown = await fetch(`${url}/tap?edge=sink.k2`, { headers });
    expect([unknown.status, await unknown.text()]).toEqual([404, expect.stringContaining('Did you mean sink.k1?')]);
    await systemClock.sleep(100);
    await write('logs/a.log', 'one\ntwo\nthree\n');
    const shown = (await (await answer).text()).trim().split('\n');
    expect(shown.slice(-3).map((line) => JSON.parse(line) as unknown)).toEqual([
      { headers: { dc: 'x' }, body: 'one', encoding: 'utf8', bodyBytes: 3 },
      { headers: { dc: 'x' }, body: 'two', encoding: 'utf8', bodyBytes: 3 },
      { passed: 3, dropped: 1 },
    ]);
    expect((await fetch(`${url}/metrics`)).status).toBe(404);
    expect((await fetch(`${url}/tap?edge=source.r1`, { headers: { authorization: 'Bearer no' } })).status).toBe(401);
  });
});
