import { describe, expect, it } from '@jest/globals';
import { defineOptions } from '#config/options';
import type { ComponentRegistry, ComponentType } from '#pipeline/collector';
import { readConf } from '#pipeline/flume-conf';
import { ConfProblems, formatProblem } from '#pipeline/flume-problem';
import { planAgent } from '#pipeline/flume-validation';

function kind<T>(name: string, options: ComponentType<T>['options'] = {}): ComponentType<T> {
  return {
    name,
    classNames: [`com.example.${name}`],
    doc: '',
    options,
    create: () => {
      throw new Error('not built here');
    },
  };
}

const registry: ComponentRegistry = {
  sources: [kind('seq')],
  channels: [kind('memory')],
  sinks: [kind('null')],
  interceptors: [],
  selectors: [kind('by-size', defineOptions({ limit: { type: 'int', required: true, doc: '' } }))],
  missing: { source: [], channel: [], sink: [], interceptor: [] },
};

function judge(...lines: string[]) {
  const problems = new ConfProblems();
  const text = [
    'a.sources = r',
    'a.channels = c1 c2 c3',
    'a.sinks = k1 k2 k3',
    'a.sources.r.type = seq',
    'a.sources.r.channels = c1 c2 c3',
    ...[1, 2, 3].flatMap((n) => [
      `a.channels.c${n}.type = memory`,
      `a.sinks.k${n}.type = null`,
      `a.sinks.k${n}.channel = c1`,
    ]),
    ...lines,
  ];
  const conf = readConf([{ file: 'f', bytes: Buffer.from(text.join('\n')) }], { environment: {} }, problems);
  const plan = planAgent(conf, 'a', { registry, problems, file: 'f' });
  const found = problems.list().map(formatProblem);
  return {
    selector: plan?.sources[0]?.selector ?? null,
    processor: plan?.sinkGroups[0]?.processor ?? null,
    lines: found.filter((line) => !line.includes('No sink drains')),
  };
}

const selector = (...lines: string[]) => judge(...lines.map((line) => `a.sources.r.selector.${line}`));
const group = (...lines: string[]) => judge('a.sinkgroups = g', ...lines.map((line) => `a.sinkgroups.g.${line}`));

describe('selectors of a flume.conf', () => {
  it('replicating is what a source has without one; all but the optional channels are required', () => {
    const all = { type: 'replicating', required: ['c1', 'c2', 'c3'], optional: [] };
    expect(judge().selector).toEqual(all);
    expect(selector('type = org.apache.flume.channel.ReplicatingChannelSelector').selector).toEqual(all);
    expect(selector('type = REPLICATING', 'optional = c3 \t c1')).toEqual({
      selector: { type: 'replicating', required: ['c2'], optional: ['c3', 'c1'] },
      processor: null,
      lines: [],
    });
  });

  it('replicating with no required channel at all is pointed out', () => {
    expect(selector('optional = c1 c2 c3').lines).toEqual([
      expect.stringContaining('all of its channels are optional'),
    ]);
  });

  it('multiplexing cuts its lists at any blanks, and says that Flume cuts them at every single one', () => {
    const { selector: plan, lines } = selector(
      'type = multiplexing',
      'mapping.CZ = c1  c2',
      'mapping.US = c1 c3',
      'default = c1\tc3',
      'optional.DE = c2   c3',
    );
    expect(plan).toEqual({
      type: 'multiplexing',
      header: 'flume.selector.header',
      mapping: new Map([
        ['CZ', ['c1', 'c2']],
        ['US', ['c1', 'c3']],
      ]),
      optional: new Map([['DE', ['c2', 'c3']]]),
      defaults: ['c1', 'c3'],
    });
    expect(lines.map((line) => line.split(' has more than one blank')[0])).toEqual([
      'f:16: warning: source r: selector.mapping.CZ',
      'f:18: warning: source r: selector.default',
      expect.stringContaining('f:19: warning: source r: selector.optional.DE'),
      expect.stringContaining('names c3, required for that value already'),
    ]);
  });

  it('multiplexing says which optional channels are required for their value anyway', () => {
    const { lines } = selector('type = multiplexing', 'mapping.a = c1', 'optional.a = c1 c2', 'default = c3');
    expect(lines).toEqual([
      'f:17: warning: source r: selector.optional.a names c1, required for that value already; required it stays.',
    ]);
  });

  it.each([
    ['load_balancing', [], false],
    ['load_balancing', ['policy = ROUND_ROBIN'], false],
    ['org.apache.flume.channel.LoadBalancingChannelSelector', ['policy = random'], true],
  ])('%s %j runs here, though Flume drops its source', (type, more, isRandom) => {
    expect(selector(`type = ${type}`, ...more)).toEqual({
      selector: { type: 'load_balancing', isRandom },
      processor: null,
      lines: [],
    });
  });

  it('a policy that there is not is an error', () => {
    expect(selector('type = load_balancing', 'policy = least').lines).toEqual([
      expect.stringMatching(/^f:16: error: source r, selector: .*must be one of round_robin, random/),
    ]);
  });

  it.each(['by-size', 'com.example.by-size'])('%s of the registry gets its keys, checked by its options', (type) => {
    expect(selector(`type = ${type}`, 'limit = 5').selector).toEqual({
      type: 'custom',
      plan: { name: 'r', type: registry.selectors[0], options: { limit: '5' } },
    });
    expect(selector(`type = ${type}`, 'limit = many').lines).toEqual([
      expect.stringContaining('f:16: error: source r, selector: Invalid value many for configuration limit'),
    ]);
  });
});

describe('sink groups of a flume.conf', () => {
  it('gives sinks without a priority -1, -2 … in their order', () => {
    expect(
      group(
        'sinks = k1 k2 k3',
        'processor.type = failover',
        'processor.priority.k3 = 5',
        'processor.maxpenalty = 10000',
      ),
    ).toEqual({
      selector: expect.anything(),
      processor: { type: 'failover', order: ['k3', 'k1', 'k2'], maxPenaltyMs: 10_000 },
      lines: [],
    });
    expect(group('sinks = k1 k2 k3', 'processor.type = failover', 'processor.priority.k1 = -2').processor).toEqual({
      type: 'failover',
      order: ['k2', 'k1', 'k3'],
      maxPenaltyMs: 30_000,
    });
  });

  it('uses both of two sinks with one priority, the first of the list first', () => {
    const { processor, lines } = group(
      'sinks = k1 k2',
      'processor.type = org.apache.flume.sink.FailoverSinkProcessor',
      'processor.priority.k1 = 5',
      'processor.priority.k2 = 5',
    );
    expect(processor).toEqual({ type: 'failover', order: ['k1', 'k2'], maxPenaltyMs: 30_000 });
    expect(lines).toEqual([
      'f:19: warning: sink group g: k1 and k2 have the same priority; k1, listed first, is preferred. Flume would have used only one of them.',
    ]);
  });

  it('takes the default for a maxpenalty that is no number, as Flume does, and says so', () => {
    const { processor, lines } = group('sinks = k1 k2', 'processor.type = failover', 'processor.maxpenalty = long');
    expect(processor).toMatchObject({ maxPenaltyMs: 30_000 });
    expect(lines).toEqual([expect.stringMatching(/^f:18: warning: .*maxpenalty.*; the default holds\.$/)]);
  });

  it('names a priority for a sink that the group has not', () => {
    expect(group('sinks = k1 k2', 'processor.type = failover', 'processor.priority.k4 = 1').lines).toEqual([
      expect.stringContaining('f:18: warning: sink group g gives a priority to k4, which is none of its sinks.'),
    ]);
  });

  it('reads load_balance with its selector and its backoff', () => {
    expect(
      group(
        'sinks = k1 k2',
        'processor.type = load_balance',
        'processor.backoff = true',
        'processor.selector = RANDOM',
        'processor.selector.maxTimeOut = 10000',
      ),
    ).toMatchObject({ processor: { type: 'load_balance', isRandom: true, backoffMsMax: 10_000 }, lines: [] });
    expect(group('sinks = k1 k2', 'processor.type = load_balance').processor).toEqual({
      type: 'load_balance',
      isRandom: false,
      backoffMsMax: 0,
    });
  });

  it.each([
    ['processor.type = com.example.OwnProcessor', 'the processor "com.example.OwnProcessor" is a class of Java'],
    ['processor.selector = com.example.OwnSelector', 'the selector "com.example.OwnSelector" is a class of Java'],
    ['processor.selector = round_robbin', 'there is no selector "round_robbin"; there are round_robin and random. Did'],
  ])('refuses %s and says what there is', (line, expected) => {
    const type = line.startsWith('processor.type') ? [] : ['processor.type = load_balance'];
    const { lines } = group('sinks = k1 k2', ...type, line);
    expect(lines).toEqual([expect.stringContaining(expected)]);
  });
});
