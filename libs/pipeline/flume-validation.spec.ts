import { describe, expect, it } from '@jest/globals';
import { defineOptions } from '#config/options';
import type { ComponentRegistry, ComponentType } from '#pipeline/collector';
import { readConf } from '#pipeline/flume-conf';
import type { AgentPlan } from '#pipeline/flume-plan';
import { ConfProblems, formatProblem } from '#pipeline/flume-problem';
import { planAgent } from '#pipeline/flume-validation';

function kind<T>(
  name: string,
  className: string,
  options: ComponentType<T>['options'],
  batchSizeOption?: string,
): ComponentType<T> {
  return {
    name,
    classNames: [className],
    doc: '',
    options,
    ...(batchSizeOption === undefined ? {} : { batchSizeOption }),
    create: () => {
      throw new Error('not built here');
    },
  };
}

const batch = { type: 'int', default: 100, doc: '' } as const;

const registry: ComponentRegistry = {
  sources: [
    kind(
      'taildir',
      'org.apache.flume.source.taildir.TaildirSource',
      defineOptions({
        filegroups: { type: 'list', required: true, doc: '' },
        filegroup: { type: 'map', doc: '' },
        batchSize: batch,
      }),
      'batchSize',
    ),
  ],
  channels: [
    kind(
      'memory',
      'org.apache.flume.channel.MemoryChannel',
      defineOptions({ capacity: { type: 'int', default: 100, doc: '' }, transactionCapacity: batch }),
    ),
  ],
  sinks: [
    kind(
      'logger',
      'org.apache.flume.sink.LoggerSink',
      defineOptions({ maxBytesToLog: { type: 'int', default: 16, doc: '' } }),
    ),
  ],
  interceptors: [
    kind(
      'timestamp',
      'org.apache.flume.interceptor.TimestampInterceptor$Builder',
      defineOptions({ headerName: { type: 'string', doc: '' } }),
    ),
  ],
  selectors: [
    kind('by-size', 'com.example.BySize', defineOptions({ limit: { type: 'int', required: true, doc: '' } })),
  ],
  missing: { source: ['jms'], channel: ['jdbc'], sink: ['hive'], interceptor: [] },
};

const good = `
a1.sources = r1
a1.channels = c1
a1.sinks = k1
a1.sources.r1.type = taildir
a1.sources.r1.filegroups = f1
a1.sources.r1.filegroup.f1 = /logs/x
a1.sources.r1.channels = c1
a1.channels.c1.type = memory
a1.sinks.k1.type = logger
a1.sinks.k1.channel = c1
`;

function judge(text: string, environment: Record<string, string> = {}): { plan: AgentPlan | null; lines: string[] } {
  const problems = new ConfProblems();
  const conf = readConf([{ file: 'f', bytes: Buffer.from(text) }], { environment }, problems);
  const plan = planAgent(conf, 'a1', { registry, problems, file: 'f' });
  return { plan, lines: problems.list().map(formatProblem) };
}

/** The good file with lines replaced or added: a key that is there keeps its place. */
function changed(changes: Record<string, string | null>): string {
  const lines = good.trim().split('\n');
  for (const [key, value] of Object.entries(changes)) {
    const at = lines.findIndex((line) => line.startsWith(`${key} =`));
    const line = value === null ? '#' : `${key} = ${value}`;
    if (at < 0) lines.push(line);
    else lines[at] = line;
  }
  return lines.join('\n');
}

describe('a flume.conf without mistakes', () => {
  it('gives a plan and no message', () => {
    const { plan, lines } = judge(good);
    expect(lines).toEqual([]);
    expect(plan?.sources[0]).toMatchObject({
      name: 'r1',
      channels: ['c1'],
      options: { filegroups: 'f1', 'filegroup.f1': '/logs/x' },
      selector: { type: 'replicating', required: ['c1'], optional: [] },
    });
    expect(plan?.sinks[0]).toMatchObject({ name: 'k1', channel: 'c1' });
  });

  it('takes class names, aliases in any case, and other agents in the same file', () => {
    const text = changed({
      'a1.channels.c1.type': 'org.apache.flume.channel.MemoryChannel',
      'a1.sinks.k1.type': 'LOGGER',
      'b.sources': 'nonsense',
    });
    expect(judge(text).lines).toEqual([]);
  });

  it('resolves the environment, other properties, defaults and escapes', () => {
    const text = `${changed({ 'a1.sources.r1.filegroup.f1': '${root}/${env:APP}/${env:NO:-${env:APP}x}/$${y}' })}\nroot = /var\n`;
    const { plan, lines } = judge(text, { APP: 'shop' });
    expect(lines).toEqual([]);
    expect(plan?.sources[0]?.options['filegroup.f1']).toBe('/var/shop/shopx/${y}');
  });

  it('plans a multiplexing selector and interceptors in their order', () => {
    const text = changed({
      'a1.channels': 'c1 c2',
      'a1.channels.c2.type': 'memory',
      'a1.sinks': 'k1 k2',
      'a1.sinks.k2.type': 'logger',
      'a1.sinks.k2.channel': 'c2',
      'a1.sources.r1.channels': 'c1  c2',
      'a1.sources.r1.selector.type': 'multiplexing',
      'a1.sources.r1.selector.header': 'level',
      'a1.sources.r1.selector.mapping.WARN': 'c1  c2',
      'a1.sources.r1.selector.mapping.a.b': 'c2',
      'a1.sources.r1.selector.default': 'c1',
      'a1.sources.r1.interceptors': 'i2 i1',
      'a1.sources.r1.interceptors.i1.type': 'timestamp',
      'a1.sources.r1.interceptors.i2.type': 'org.apache.flume.interceptor.TimestampInterceptor$Builder',
    });
    const { plan, lines } = judge(text);
    expect(lines).toEqual([expect.stringContaining('Flume cuts this list at every single blank')]);
    expect(plan?.sources[0]?.selector).toEqual({
      type: 'multiplexing',
      header: 'level',
      mapping: new Map([
        ['WARN', ['c1', 'c2']],
        ['a.b', ['c2']],
      ]),
      optional: new Map(),
      defaults: ['c1'],
    });
    expect(plan?.sources[0]?.interceptors.map((interceptor) => interceptor.name)).toEqual(['i2', 'i1']);
  });
});

describe('a flume.conf with one mistake', () => {
  it.each<[string, Record<string, string | null>, string]>([
    [
      'an unknown type',
      { 'a1.channels.c1.type': 'memroy' },
      'f:8: error: channel c1: there is no channel type "memroy". Did you mean memory? Flume would have ended',
    ],
    [
      'a type that is not in this release',
      { 'a1.sinks.k1.type': 'hive' },
      'f:9: error: sink k1: Flume\'s sink type "hive" is not supported in this release; there are logger. Or write to a topic',
    ],
    [
      'a class that is not in this release',
      { 'a1.channels.c1.type': 'org.apache.flume.channel.SpillableMemoryChannel' },
      'f:8: error: channel c1: Flume\'s channel type "org.apache.flume.channel.SpillableMemoryChannel" is not supported in this release; there are memory.',
    ],
    [
      'a misspelled class',
      { 'a1.channels.c1.type': 'org.apache.flume.channel.MemoryChanel' },
      'f:8: error: channel c1: there is no channel type "org.apache.flume.channel.MemoryChanel". Did you mean org.apache.flume.channel.MemoryChannel?',
    ],
    [
      'a Java class of one’s own',
      { 'a1.sinks.k1.type': 'com.example.sink.MySink' },
      'f:9: error: sink k1: "com.example.sink.MySink" is a Java class, and nothing runs Java here. A sink of your own is a',
    ],
    ['no type', { 'a1.sinks.k1.type': null }, 'f:10: error: sink k1 has no type.'],
    [
      'an unknown option',
      { 'a1.channels.c1.capcity': '5' },
      'f:11: warning: channel c1: memory has no option "capcity". Did you mean capacity? Flume would have ignored it',
    ],
    [
      'a bad number',
      { 'a1.channels.c1.capacity': '10k' },
      'f:11: error: channel c1: Invalid value 10k for configuration capacity: must be a whole number',
    ],
    [
      'a missing option',
      { 'a1.sources.r1.filegroups': null },
      'f:4: error: source r1: Missing required configuration "filegroups"',
    ],
    [
      'a sink on no channel',
      { 'a1.sinks.k1.channel': 'c2' },
      'f:10: error: sink k1 names the channel c2, which a1.channels does not list. Did you mean c1?',
    ],
    ['a sink without channel', { 'a1.sinks.k1.channel': null }, 'f:9: error: sink k1 names no channel.'],
    ['a source without channels', { 'a1.sources.r1.channels': null }, 'f:4: error: source r1 names no channels.'],
    [
      'an unlisted component',
      { 'a1.sinks.kk1.type': 'logger' },
      'f:11: warning: The sink kk1 is not listed in a1.sinks and does not run.',
    ],
    [
      'a listed component without keys',
      { 'a1.sinks': 'k1 k2' },
      'f:3: error: a1.sinks lists k2, but there is no key a1.sinks.k2.*.',
    ],
    ['a component listed twice', { 'a1.sinks': 'k1 k1' }, 'f:3: warning: a1.sinks lists k1 twice'],
    [
      'a selector on a foreign channel',
      { 'a1.sources.r1.selector.type': 'multiplexing', 'a1.sources.r1.selector.mapping.x': 'c7' },
      'f:12: error: source r1: selector.mapping.x names the channel c7, which is not one of its channels (c1).',
    ],
    [
      'an unknown selector',
      { 'a1.sources.r1.selector.type': 'multiplexer' },
      'f:11: error: source r1: there is no selector type "multiplexer". Did you mean multiplexing?',
    ],
    [
      'a batch beyond the transaction',
      { 'a1.sources.r1.batchSize': '101' },
      'f:11: error: source r1: batchSize 101 is more than the transactionCapacity 100 of channel c1. Flume would have dropped the source',
    ],
    ['no channels', { 'a1.channels': null }, 'f:1: error: agent a1 lists no channels'],
    [
      'an unknown interceptor',
      { 'a1.sources.r1.interceptors': 'i1', 'a1.sources.r1.interceptors.i1.type': 'timestmp' },
      'f:12: error: source r1, interceptor i1: there is no interceptor type "timestmp". Did you mean timestamp?',
    ],
    [
      'an interceptor without keys',
      { 'a1.sources.r1.interceptors': 'i1' },
      'f:11: error: source r1 lists the interceptor i1, which has no properties.',
    ],
    [
      'an unset variable',
      { 'a1.sources.r1.filegroup.f1': '${env:NOPE}' },
      'f:6: error: a1.sources.r1.filegroup.f1: The environment variable NOPE is not set',
    ],
    [
      'a misspelled section',
      { 'a1.sink.k2.type': 'logger' },
      'f:11: warning: a1.sink.k2.type: an agent has no section "sink"',
    ],
    ['an empty value', { 'a1.channels.c1.capacity': '' }, 'f:11: warning: a1.channels.c1.capacity has no value.'],
    [
      'a sink group of an unknown sink',
      { 'a1.sinkgroups': 'g1', 'a1.sinkgroups.g1.sinks': 'k1 k5', 'a1.sinkgroups.g1.processor.type': 'failover' },
      'f:12: error: sink group g1 names the sink k5, which a1.sinks does not list. Did you mean k1?',
    ],
    [
      'an unknown sink processor',
      { 'a1.sinkgroups': 'g1', 'a1.sinkgroups.g1.sinks': 'k1', 'a1.sinkgroups.g1.processor.type': 'fail_over' },
      'f:13: error: sink group g1: there is no processor type "fail_over". Did you mean failover?',
    ],
    [
      'a bad priority',
      {
        'a1.sinkgroups': 'g1',
        'a1.sinkgroups.g1.sinks': 'k1',
        'a1.sinkgroups.g1.processor.type': 'failover',
        'a1.sinkgroups.g1.processor.priority.k1': 'high',
      },
      'f:14: warning: sink group g1: the priority of k1 must be a whole number, it is "high"; the sink counts as one without a priority.',
    ],
    [
      'load balancing over one sink',
      { 'a1.sinkgroups': 'g1', 'a1.sinkgroups.g1.sinks': 'k1', 'a1.sinkgroups.g1.processor.type': 'load_balance' },
      'f:13: error: sink group g1: load_balance needs at least two sinks.',
    ],
    [
      'a variable that is none',
      { 'a1.sources.r1.filegroup.f1': '${rood}/x', root: '/var' },
      'f:6: error: a1.sources.r1.filegroup.f1: ${rood} names no property of the file. Did you mean root? Flume would have left',
    ],
  ])('%s is named with its line', (_what, changes, expected) => {
    const { plan, lines } = judge(changed(changes));
    expect(lines.find((line) => line.startsWith(expected)) ?? lines).toEqual(expect.stringContaining(expected));
    expect(plan === null).toBe(lines.some((line) => line.includes(': error: ')) && !/NOPE|rood/.test(expected));
  });

  it('duplicate keys are told apart: a list is an error, a value is a warning', () => {
    const { lines } = judge(`${good}\na1.sinks = k9\na1.sinks.k1.maxBytesToLog = 1\na1.sinks.k1.maxBytesToLog = 2\n`);
    expect(lines).toEqual(
      expect.arrayContaining([
        expect.stringContaining('error: a1.sinks was already given on line 4, as "k1".'),
        expect.stringContaining('warning: a1.sinks.k1.maxBytesToLog was already given on line 14, as "1".'),
      ]),
    );
  });

  it('an agent that is not there is named with those that are', () => {
    const problems = new ConfProblems();
    const conf = readConf([{ file: 'f', bytes: Buffer.from(good) }], { environment: {} }, problems);
    expect(planAgent(conf, 'a2', { registry, problems, file: 'f' })).toBeNull();
    expect(problems.list().map(formatProblem)).toEqual([
      'f:1: error: The file has no agent named "a2": it has a1. Did you mean a1? Flume would have run an empty agent that does nothing.',
    ]);
  });
});

describe('what Flume runs well', () => {
  it.each([
    ['a class name in other letters', { 'a1.channels.c1.type': 'org.apache.flume.channel.memorychannel' }],
    [
      'an interceptor without its builder',
      {
        'a1.sources.r1.interceptors': 'i',
        'a1.sources.r1.interceptors.i.type': 'org.apache.flume.interceptor.TimestampInterceptor',
      },
    ],
  ])('%s', (_what, changes) => {
    expect(judge(changed(changes)).lines).toEqual([]);
  });

  it('a reference that is meant for the shell of a command is left to it, with a warning', () => {
    const problems = new ConfProblems();
    const bytes = Buffer.from('a1.sources.r1.command = tail -F ${HOME_OF_LOGS}/a\n');
    const conf = readConf([{ file: 'f', bytes }], { environment: {} }, problems);
    expect(conf.agents.get('a1')?.components.get('source')?.get('r1')?.keys.get('command')?.text).toContain('${HOME_');
    expect(problems.list().map(({ severity }) => severity)).toEqual(['warning']);
  });

  it('mistakes of another agent in the same file', () => {
    const problems = new ConfProblems();
    const bytes = Buffer.from(`${good}\na2.sinks.k1.type = ${'${env:NOPE}'}\na2.sinks = k1\na2.sinks = k2\n`);
    const conf = readConf([{ file: 'f', bytes }], { environment: {}, agent: 'a1' }, problems);
    expect(planAgent(conf, 'a1', { registry, problems, file: 'f' })).not.toBeNull();
    expect(problems.list()).toEqual([]);
  });
});

describe('a flume.conf that is judged on another machine than it will run on', () => {
  it('is not blamed for what only that one knows', () => {
    const problems = new ConfProblems();
    const bytes = Buffer.from(
      changed({
        'a1.channels.c1.capacity': '${env:CAPACITY}',
        'a1.sources.r1.filegroup.f1': "${f['dir']}",
        'a1.sinks.k1.maxBytesToLog': 'x',
      }),
    );
    const conf = readConf([{ file: 'f', bytes }], { environment: {}, isElsewhere: true }, problems);
    planAgent(conf, 'a1', { registry, problems, file: 'f' });
    expect(problems.list().map(({ line }) => line)).toEqual([12]);
  });
});

describe('a flume.conf with six different mistakes', () => {
  it('gives six messages with their lines in one run, and no plan', () => {
    const { plan, lines } = judge(`a1.sources = r1
a1.channels = c1 c2
a1.sinks = k1 k2
a1.sources.r1.type = taildri
a1.sources.r1.channels = c1 c3
a1.channels.c1.type = memory
a1.channels.c1.capacity = many
a1.channels.c2.type = memory
a1.channels.c2.transactionCapcity = 10
a1.sinks.k1.type = logger
a1.sinks.k1.channel = c9
a1.sinks.k2.type = logger
`);
    expect(plan).toBeNull();
    expect(lines.map((line) => line.split(':')[1])).toEqual(['4', '5', '7', '9', '11', '12']);
    expect(lines.map((line) => line.split(': ')[1])).toEqual(['error', 'error', 'error', 'warning', 'error', 'error']);
  });
});
