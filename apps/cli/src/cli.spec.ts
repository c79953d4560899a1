import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryCatalog } from '#log/memory-catalog';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { TopicsService } from '../../topics/src/topics-service.js';
import { commandsOf } from './commands.js';
import { usage } from './help.js';
import { runMillrace, type RunResult } from './run-millrace.testkit.js';

const commands = await commandsOf();

const folder = mkdtempSync(join(tmpdir(), 'millrace-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fileOf(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

describe('help', () => {
  it('shows the whole tree without words, and one command or noun when it is named', async () => {
    const [tree, noun, command, flag] = await Promise.all([
      runMillrace([]),
      runMillrace(['help', 'topic']),
      runMillrace(['help', 'topic', 'consume']),
      runMillrace(['topic', 'consume', 'orders', '--help']),
    ]);
    expect([tree.code, noun.code, command.code, flag.code]).toEqual([0, 0, 0, 0]);
    for (const each of commands) expect(tree.out).toContain(usage(each));
    expect(noun.out).toContain('topic produce');
    expect(noun.out).not.toContain('sink list');
    expect(command.out).toContain('--from-beginning');
    expect(flag.out).toBe(command.out);
  });
});

describe('a command that is called wrongly', () => {
  it.each([
    ['a word that nobody knows', ['topc', 'list'], /no command "topc list"\. Did you mean "topic list"\?/],
    ['a noun alone', ['topic'], /no command "topic"[^]*topic produce/],
    ['a missing operand', ['topic', 'describe'], /<topic> is missing/],
    ['an operand too many', ['topic', 'list', 'orders'], /"orders" is too much here/],
    ['an unknown flag', ['topic', 'list', '--nope'], /Unknown option '--nope'/],
    ['a missing flag', ['sink', 'create'], /--file is missing/],
    [
      'a number that is none',
      ['topic', 'create', 't', '--partitions', 'many'],
      /must be a whole number, and is "many"/,
    ],
    ['a format that is none', ['topic', 'consume', 't', '--format', 'xml'], /must be value or json, and is "xml"/],
    ['a time that is none', ['topic', 'consume', 't', '--from', 'soon'], /must be an ISO time or milliseconds/],
    ['a role that is none', ['role', 'nobody'], /no role nobody: one of topics/],
  ])('says what is wrong and ends with 2: %s', async (_case, words, message) => {
    const { code, out, err } = await runMillrace(words);
    expect(err).toMatch(message);
    expect({ code, out }).toEqual({ code: 2, out: '' });
  });
});

it('a command that fails says where, and ends with 1', async () => {
  const env = { TOPICS_BOOTSTRAP: '127.0.0.1:9', MILLRACE_URL: 'http://127.0.0.1:10009' };
  const [topics, sinks] = await Promise.all([
    runMillrace(['topic', 'list'], { env }),
    runMillrace(['sink', 'list'], { env }),
  ]);
  expect([topics.code, sinks.code]).toEqual([1, 1]);
  expect(topics.err).toMatch(/No topics answer at 127\.0\.0\.1:9 \(connect ECONNREFUSED.*\)\. Are they running/);
  expect(sinks.err).toMatch(/Nothing answers at http:\/\/127\.0\.0\.1:10009\. Is it running/);
});

describe('collector validate', () => {
  const good = `a1.sources = r1
a1.channels = c1
a1.sinks = k1
a1.sources.r1.type = TAILDIR
a1.sources.r1.channels = c1
a1.sources.r1.filegroups = f1
a1.sources.r1.filegroups.f1 = /var/log/site/access.*
a1.channels.c1.type = memory
a1.sinks.k1.type = topic
a1.sinks.k1.topic = site
a1.sinks.k1.channel = c1
`;

  it('says of a good file what would run', async () => {
    const { code, out } = await runMillrace(['collector', 'validate', '-f', fileOf('good.conf', good)]);
    expect(out).toMatch(/agent a1 can run: 1 source \(taildir\), 1 channel \(memory\), 1 sink \(topic\)/);
    expect(code).toBe(0);
  });

  it('gives six messages with their lines for six mistakes, and ends with 1', async () => {
    const path = fileOf(
      'six.conf',
      good
        .replace('sinks = k1', 'sinks = k1 k2') // 3: there is no k2
        .replace('type = TAILDIR', 'type = TAILDIRR') // 4: no such type
        .replace('r1.channels = c1', 'r1.channels = c9') // 5: no such channel
        .replace('c1.type = memory', 'c1.type = memory\na1.channels.c1.capacity = many') // 9: no number
        .replace('k1.topic = site', 'k1.topic = my site') // 11: no name of a topic
        .replace('k1.channel = c1', 'k1.channel = c7'), // 12: no such channel
    );
    const { code, out } = await runMillrace(['collector', 'validate', '--conf', path]);
    const found = lines(out).map((line) => line.slice(path.length));
    expect(found).toEqual([
      expect.stringMatching(/^:3: error: a1\.sinks lists k2/),
      expect.stringMatching(/^:4: error: .*no source type "TAILDIRR"\. Did you mean taildir\?/),
      expect.stringMatching(/^:5: error: .*names the channel c9.*Did you mean c1\?/),
      expect.stringMatching(/^:9: error: .*must be a whole number/),
      expect.stringMatching(/^:11: error: .*must be 1 to 249 of the characters/),
      expect.stringMatching(/^:12: error: sink k1 names the channel c7.*Did you mean c1\?/),
    ]);
    expect(code).toBe(1);
  });
});

describe('collector as flume-ng is called', () => {
  const conf = `a1.channels = c1
a1.sinks = k1
a1.channels.c1.type = \${sys:kind}
a1.sinks.k1.type = null
a1.sinks.k1.channel = c1
`;

  it('takes several files, system properties, and options out of flume.opts', async () => {
    const [first, second] = [fileOf('first.conf', conf), fileOf('second.conf', 'a1.channels.c1.capacity = 700\n')];
    fileOf('flume.opts', 'name = a1\n');
    const { code, out, err } = await runMillrace([
      ...['collector', 'validate', '-c', folder, '-f', first, '--conf-file', second, '-Dkind=memory'],
    ]);
    expect({ code, out, err }).toEqual({
      code: 0,
      out: `${first}, ${second}: agent a1 can run: 0 sources, 1 channel (memory), 1 sink (null).\n`,
      err: '',
    });
  });

  it.each([
    ['no file', ['-n', 'a1'], /--conf-file is missing/],
    ['ZooKeeper', ['-n', 'a1', '-z', 'host:2181'], /--zkConnString is not supported: keep the configuration on a web/],
    [
      'monitoring that is none',
      ['-n', 'a1', '-f', 'x', '-Dflume.monitoring.type=ganglia'],
      /there are http and prometh/,
    ],
    ['look-ups of one’s own', ['-n', 'a1', '-f', 'x', '-Dlookups=y'], /-Dlookups is not supported/],
  ])('says what it cannot do: %s', async (_case, words, message) => {
    const { code, err } = await runMillrace(['collector', 'run', ...words]);
    expect(err).toMatch(message);
    expect(code).toBe(2);
  });
});

describe('topic', () => {
  const service = new TopicsService({
    dataDirectory: join(folder, 'topics'),
    catalog: new MemoryCatalog(),
    host: '127.0.0.1',
    port: 0,
    config: { 'group.initial.rebalance.delay.ms': '0' },
    clock: systemClock,
    logger: silentLogger,
  });
  beforeAll(() => service.start());
  afterAll(() => service.stop());

  const topic = (words: readonly string[], input = ''): Promise<RunResult> =>
    runMillrace(['topic', ...words], { input, env: { TOPICS_BOOTSTRAP: `127.0.0.1:${service.port}` } });

  it('creates, lists, describes and deletes', async () => {
    const created = await topic(['create', 'short-lived', '-p', '2', '-c', 'retention.ms=60000,segment.bytes=2097152']);
    expect(created).toMatchObject({ code: 0, out: 'Created short-lived with 2 partitions.\n' });
    expect((await topic(['list'])).out).toContain('short-lived\t2\n');
    const { out } = await topic(['describe', 'short-lived']);
    expect(lines(out).slice(-2).toSorted()).toEqual(['retention.ms=60000', 'segment.bytes=2097152']);
    expect(await topic(['delete', 'short-lived'])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/deletes topic short-lived and its 0 records.*--yes is needed/),
    });
    expect((await topic(['delete', 'short-lived', '--yes'])).code).toBe(0);
    expect(await topic(['describe', 'short-lived'])).toMatchObject({
      code: 3,
      err: 'There is no topic short-lived. "millrace topic list" shows all.\n',
    });
  });

  it('gives back what was produced, with keys and all else as JSON', async () => {
    await topic(['create', 'orders', '-p', '1']);
    const produced = await topic(['produce', 'orders', '-k', ':'], 'k1:{"n":1}\nk2:grün\nno key\n');
    expect(produced).toMatchObject({ code: 0, err: '3 records acknowledged by orders.\n' });
    const plain = await topic(['consume', 'orders', '-b', '-e']);
    expect(plain).toMatchObject({ code: 0, out: '{"n":1}\ngrün\nno key\n' });
    const { out } = await topic(['consume', 'orders', '-b', '-e', '--format', 'json']);
    expect(lines(out).map((line) => JSON.parse(line) as unknown)).toEqual(
      [
        ['k1', '{"n":1}'],
        ['k2', 'grün'],
        [null, 'no key'],
      ].map(([key, value], offset) => ({
        topic: 'orders',
        partition: 0,
        offset,
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        key,
        headers: {},
        value,
      })),
    );
  });

  it('writes to the partition that is named', async () => {
    await topic(['create', 'placed', '-p', '3']);
    await topic(['produce', 'placed', '-p', '2'], 'here\n');
    expect((await topic(['consume', 'placed', '-b', '-n', '1', '--format', 'json'])).out).toContain('"partition":2');
  });

  it('commits for a group what it printed, and not what --max left', async () => {
    await topic(['create', 'shared']);
    await topic(['produce', 'shared'], 'one\ntwo\nthree\n');
    const first = await topic(['consume', 'shared', '-g', 'readers', '-b', '-n', '2']);
    const second = await topic(['consume', 'shared', '-g', 'readers', '-b', '-e']);
    expect([first.out, second.out]).toEqual(['one\ntwo\n', 'three\n']);
    const group = (words: readonly string[]): Promise<RunResult> =>
      runMillrace(['group', ...words], { env: { TOPICS_BOOTSTRAP: `127.0.0.1:${service.port}` } });
    const [listed, seen] = await Promise.all([
      group(['list']),
      group(['seek', 'readers', '--to', 'earliest', '--dry-run', '-o', 'json']),
    ]);
    expect(listed.out).toContain('readers\tEmpty\t0\n');
    expect(JSON.parse(seen.out)).toEqual([{ topic: 'shared', partition: 0, from: 3, to: 0 }]);
    expect((await group(['seek', 'readers', '--shift-by', '-1', '--yes'])).code).toBe(0);
    expect((await topic(['consume', 'shared', '-g', 'readers', '-e'])).out).toBe('three\n');
    expect((await group(['lag', 'nobody'])).code).toBe(3);
  });

  it('takes the words of Kafka’s own tools', async () => {
    await topic(['create', 'habits']);
    await topic(['produce', '--topic', 'habits'], 'one\ntwo\n');
    const kafka = ['--bootstrap-server', `127.0.0.1:${service.port}`, '--topic', 'habits'];
    const { out } = await runMillrace(['topic', 'consume', ...kafka, '--from-beginning', '--max-messages', '1']);
    expect(out).toBe('one\n');
  });

  it('apply adds what is missing and changes only what is other', async () => {
    const file = fileOf('topics.yaml', 'name: applied\npartitions: 2\nconfigs: {retention.ms: 60000}\n');
    const first = await topic(['apply', '-f', file]);
    const second = await topic(['apply', '-f', file]);
    const third = await topic(['alter', 'applied', '-c', 'retention.ms=70000', '-p', '3']);
    expect([first.out, second.out, third.out]).toEqual([
      'applied: added\n',
      'applied: unchanged\n',
      'applied: retention.ms 60000 -> 70000\napplied: partitions 2 -> 3\n',
    ]);
  });
});

describe('sink', () => {
  let answer = { status: 200, body: {} as unknown };
  const asked: { line: string; body: string }[] = [];
  const rest = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (piece: string) => (body += piece));
    request.on('end', () => {
      asked.push({ line: `${request.method} ${request.url}`, body });
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
    });
  });
  beforeAll(() => new Promise<void>((resolve) => rest.listen(0, '127.0.0.1', resolve)));
  afterAll(() => new Promise((resolve) => rest.close(resolve)));
  beforeEach(() => asked.splice(0));

  const sink = (words: readonly string[]): Promise<RunResult> => {
    const { port } = rest.address() as AddressInfo;
    return runMillrace(['sink', ...words], { env: { MILLRACE_URL: `http://127.0.0.1:${port}` } });
  };
  it('create posts the file as it is, JSON or YAML', async () => {
    answer = { status: 201, body: {} };
    const definition = { name: 'lake', config: { 'connector.class': 'file', topics: 'orders', 'tasks.max': 2 } };
    const json = await sink(['create', '-f', fileOf('lake.json', JSON.stringify(definition))]);
    const yaml = await sink(['create', '-f', fileOf('lake.yaml', 'name: lake\ntype: file\ntopics: [orders]\n')]);
    expect([json, yaml]).toMatchObject([
      { code: 0, out: 'Added lake.\n' },
      { code: 0, out: 'Added lake.\n' },
    ]);
    expect(asked.map(({ line, body }) => [line, JSON.parse(body) as unknown])).toEqual([
      ['POST /api/v1/sinks', definition],
      ['POST /api/v1/sinks', { name: 'lake', type: 'file', topics: ['orders'] }],
    ]);
  });

  it('create gives the server’s own words when it refuses, and each place', async () => {
    const errors = [{ pointer: '/topics', code: 'missing', message: 'name a topic' }];
    answer = { status: 422, body: { detail: 'The sink cannot run', errors } };
    const { code, err } = await sink(['create', '-f', fileOf('bad.json', '{"name":"bad","config":{}}')]);
    expect({ code, err }).toEqual({
      code: 1,
      err: 'POST /api/v1/sinks was refused (422): The sink cannot run\n  /topics: name a topic\n',
    });
  });

  it.each([
    ['{', /not\.json is neither JSON nor YAML/],
    ['{"config":{}}', /names no sink: "name" is missing/],
    ['- 7', /number 1 is not an object/],
  ])('create sends nothing of a file that defines no sink: %s', async (text, message) => {
    const { code, err } = await sink(['create', '-f', fileOf('not.json', text)]);
    expect(err).toMatch(message);
    expect([code, asked]).toEqual([1, []]);
  });

  it.each([
    [401, 4],
    [403, 4],
    [404, 3],
    [409, 5],
    [412, 5],
    [504, 6],
    [500, 1],
  ])('an answer of %i is exit code %i', async (status, code) => {
    answer = { status, body: { detail: 'No.' } };
    expect((await sink(['describe', 'lake'])).code).toBe(code);
  });

  it('list follows the pages, and is text with tabs, JSON, YAML or names', async () => {
    const status = { state: 'FAILED', tasks: { RUNNING: 2, FAILED: 1 } };
    const data = [{ name: 'lake', type: 'file', topics: ['orders'], delivery: 'exactly-once', status }];
    answer = { status: 200, body: { kind: 'SinkList', metadata: { next: null }, data } };
    const [plain, json, yaml, name, wide] = await Promise.all([
      sink(['list']),
      sink(['list', '-o', 'json']),
      sink(['list', '-o', 'yaml']),
      sink(['list', '-o', 'name']),
      sink(['list', '-o', 'table', '--quiet']),
    ]);
    expect(lines(plain.out)).toEqual([
      'SINK\tTYPE\tSTATE\tTASKS\tTOPICS\tDELIVERY',
      'lake\tfile\tFAILED\t2 RUNNING, 1 FAILED\torders\texactly-once',
    ]);
    expect(JSON.parse(json.out)).toEqual(data);
    expect(yaml.out).toMatch(/^- name: lake\n {2}type: file\n/);
    expect(name.out).toBe('lake\n');
    expect(wide.out).toBe('lake  file  FAILED  2 RUNNING, 1 FAILED  orders  exactly-once\n');
  });

  it('status shows why a task failed', async () => {
    const tasks = [{ task: 0, state: 'FAILED', worker_id: 'one', trace: 'no such database' }];
    answer = { status: 200, body: { name: 'lake', state: 'FAILED', tasks } };
    const { out } = await sink(['status', 'lake']);
    expect(lines(out)).toEqual(['lake\tFAILED\t\t', 'task 0\tFAILED\tone', 'task 0: no such database']);
    expect(asked[0]?.line).toBe('GET /api/v1/sinks/lake/status');
  });

  it('verbs go to all that are named, and end with 7 where some fail', async () => {
    answer = { status: 202, body: {} };
    expect(await sink(['restart', 'lake', 'a b', '--failed-only'])).toMatchObject({
      code: 0,
      out: 'lake restarted.\na b restarted.\n',
    });
    expect(asked).toEqual([
      { line: 'POST /api/v1/sinks/lake:restart', body: '{"tasks":"failed"}' },
      { line: 'POST /api/v1/sinks/a%20b:restart', body: '{"tasks":"failed"}' },
    ]);
  });

  it('a dry run says so to the server', async () => {
    answer = { status: 202, body: {} };
    await sink(['pause', 'lake', '--dry-run']);
    expect(asked[0]?.line).toBe('POST /api/v1/sinks/lake:pause?validate_only=true');
  });
});

describe('contexts', () => {
  const env = { XDG_CONFIG_HOME: join(folder, 'config') };

  it('are kept for their user alone, give addresses, and are named where they are missing', async () => {
    const added = await runMillrace(
      ['context', 'add', 'lab', '--url', 'http://127.0.0.1:10009', '--api-key', 'k:s3cret'],
      { env },
    );
    expect(added).toMatchObject({ code: 0, out: 'Context lab is kept and is the current one.\n' });
    expect(statSync(join(folder, 'config', 'millrace', 'contexts.json')).mode & 0o777).toBe(0o600);
    const [list, used, other] = await Promise.all([
      runMillrace(['context', 'list', '-o', 'json'], { env }),
      runMillrace(['sink', 'list'], { env }),
      runMillrace(['sink', 'list', '--context', 'labb'], { env }),
    ]);
    expect(list.out).not.toContain('s3cret');
    expect(used.err).toMatch(/Nothing answers at http:\/\/127\.0\.0\.1:10009\./);
    expect(other).toMatchObject({ code: 3, err: expect.stringMatching(/no context labb\. Did you mean lab\?/) });
  });
});

describe('completion', () => {
  it.each([
    [['to'], 'top\ntopic\n'],
    [['sink', 're'], 'restart\nresume\n'],
    [['sink', 'list', '--la'], '--label\n'],
    [['sink', 'list', '-o', 'y'], 'yaml\n'],
    [['nobody', 'x'], ''],
  ])('of %j', async (words, out) => {
    expect(await runMillrace(['__complete', '--', ...words])).toMatchObject({ code: 0, out });
  });
});
