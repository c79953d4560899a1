import { connectorSettings } from '#pipeline/connector-options';
import { configKeys, problemsOf, validateConnector } from '#pipeline/connector-validation';
import type { SinkType } from '#pipeline/sink';

const type: SinkType = {
  name: 'fake',
  classNames: [],
  version: '1',
  doc: 'A sink for tests.',
  options: {
    'fake.url': { type: 'string', required: true, doc: 'Where.', importance: 'high' },
    'fake.secret': { type: 'password', doc: 'Secret.' },
    'fake.size': { type: 'int', default: 5, min: 1, doc: 'How many.', group: 'Sizes' },
  },
  check: (options) =>
    options['fake.size'] === '13' ? [{ name: 'fake.size', value: '13', message: 'thirteen is unlucky' }] : [],
  guarantee: () => 'at-least-once',
  create: () => {
    throw new Error('not made here');
  },
};

const good = { name: 'lake', 'connector.class': 'fake', topics: 'a, b', 'fake.url': 'x' };

describe('the validation of a connector', () => {
  it('answers with every option, in the order and with the keys of Connect', () => {
    const infos = validateConnector(type, good);
    expect(infos).toMatchObject({ name: 'fake', error_count: 0 });
    expect(Object.keys(infos)).toEqual(['name', 'error_count', 'groups', 'configs']);
    expect(infos.groups).toEqual([
      'Common',
      'Transforms',
      'Predicates',
      'Batching',
      'Error Handling',
      'Restart',
      'Circuit Breaker',
      'Rate Limit',
      'Batch Mode',
      'fake',
      'Sizes',
    ]);
    const size = infos.configs.find(({ value }) => value.name === 'fake.size');
    expect(JSON.stringify(size)).toBe(
      '{"definition":{"name":"fake.size","type":"INT","required":false,"default_value":"5","importance":"MEDIUM",' +
        '"documentation":"How many.","group":"Sizes","order_in_group":1,"width":"SHORT","display_name":"fake.size","dependents":[]},' +
        '"value":{"name":"fake.size","value":"5","recommended_values":[],"errors":[],"visible":true}}',
    );
    expect(
      configKeys(type)
        .map(({ name }) => name)
        .slice(0, 5),
    ).toEqual(['name', 'connector.class', 'tasks.max', 'topics', 'topics.regex']);
  });

  it.each<[string, Record<string, string | null>, string]>([
    [
      'a missing option',
      { 'fake.url': null },
      'fake.url: Missing required configuration "fake.url" which has no default value.',
    ],
    [
      'a wrong number',
      { 'tasks.max': 'many' },
      'tasks.max: Invalid value many for configuration tasks.max: must be a whole number',
    ],
    ['no topics', { topics: '' }, 'topics: Must configure one of topics or topics.regex'],
    [
      'topics twice',
      { 'topics.regex': 'c.*' },
      'topics: topics and topics.regex are mutually exclusive options, but both are set.',
    ],
    [
      'a broken expression',
      { topics: null, 'topics.regex': '(' },
      'topics.regex: Invalid value ( for configuration topics.regex',
    ],
    ['an unknown converter', { 'value.converter': 'avro' }, 'value.converter: Invalid value avro'],
    [
      'dead letters into a source topic',
      { 'errors.deadletterqueue.topic.name': 'b' },
      'topics: The dead-letter topic b may not be among',
    ],
    ['losing bad records in silence', { 'errors.tolerance': 'all' }, 'errors.tolerance: errors.tolerance=all without'],
    ['a strange start', { 'consumer.override.auto.offset.reset': 'none' }, 'start.from: Invalid value none'],
    ['what the sink itself finds', { 'fake.size': '13' }, 'fake.size: thirteen is unlucky'],
    [
      'a transform without a type',
      { transforms: 'mask' },
      'transforms.mask.type: Missing required configuration "type" of the transform',
    ],
    ['a null', { 'fake.size': null }, 'fake.size: The value of fake.size is null'],
  ])('finds %s', (_what, change, problem) => {
    const infos = validateConnector(type, { ...good, ...change });
    expect(problemsOf(infos).find((found) => found.startsWith(problem))).toBeDefined();
    expect(infos.error_count).toBeGreaterThan(0);
  });

  it('accepts lost records where errors.drop says so', () => {
    expect(validateConnector(type, { ...good, 'errors.tolerance': 'all', 'errors.drop': 'true' }).error_count).toBe(0);
  });

  it('hides secrets, and leaves references to the worker', () => {
    const infos = validateConnector(type, { ...good, 'fake.secret': 'hunter2', 'fake.size': '${env:SIZE}' });
    expect(JSON.stringify(infos)).not.toContain('hunter2');
    expect(infos.error_count).toBe(0);
  });
});

describe('the settings of a connector', () => {
  it('have the group name of Connect, unless it is overridden', () => {
    expect(connectorSettings(good)).toMatchObject({ groupId: 'connect-lake', topics: ['a', 'b'], start: 'earliest' });
    expect(connectorSettings({ ...good, 'consumer.override.group.id': 'g' }).groupId).toBe('g');
  });

  it.each([
    ['latest', 'latest'],
    ['1700000000000', { timestampMs: 1_700_000_000_000 }],
    ['2026-01-31T12:00:00Z', { timestampMs: Date.UTC(2026, 0, 31, 12) }],
  ])('start from %s', (text, start) => {
    expect(connectorSettings({ ...good, 'start.from': text }).start).toEqual(start);
  });

  it('stop behind a dead letter only where errors.tolerance=none is spelled out', () => {
    const letters = { ...good, 'errors.deadletterqueue.topic.name': 'dead' };
    expect(connectorSettings(letters).task.policy.stopAfterDeadLetter).toBe(false);
    expect(connectorSettings({ ...letters, 'errors.tolerance': 'none' }).task.policy.stopAfterDeadLetter).toBe(true);
  });
});
