import { defineOptions, parseOptions, redactOptions, requireOptions } from '#config/options';

const specs = defineOptions({
  host: { type: 'string', doc: 'Where.', required: true },
  port: { type: 'int', doc: 'Which.', default: 4141, min: 1, max: 65_535 },
  mode: { type: 'string', doc: 'How.', values: ['Fast', 'Safe'], default: 'Safe' },
  ratio: { type: 'double', doc: 'Part.' },
  on: { type: 'boolean', doc: 'Whether.', default: false, aliases: ['enabled'] },
  items: { type: 'list', doc: 'What.', default: [] },
  secret: { type: 'password', doc: 'Hush.' },
  selector: { type: 'map', doc: 'Sub-properties.' },
});

test('values are read by type, defaults filled in, sub-properties gathered', () => {
  const { values, problems, unknown } = parseOptions(specs, {
    host: ' here ',
    port: '80',
    mode: 'fast',
    enabled: 'TRUE',
    items: 'a, b  c',
    'selector.mapping.x': 'c1 c2',
  });
  expect(problems).toEqual([]);
  expect(unknown).toEqual([]);
  expect(values).toEqual({
    host: 'here',
    port: 80,
    mode: 'Fast',
    ratio: null,
    on: true,
    items: ['a', 'b', 'c'],
    secret: null,
    selector: { 'mapping.x': 'c1 c2' },
  });
});

test.each([
  [{}, 'Missing required configuration "host" which has no default value.'],
  [{ host: 'h', port: 'x' }, 'Invalid value x for configuration port: must be a whole number'],
  [{ host: 'h', port: '0' }, 'Invalid value 0 for configuration port: must be at least 1'],
  [{ host: 'h', mode: 'slow' }, 'Invalid value slow for configuration mode: must be one of Fast, Safe'],
  [{ host: 'h', enabled: 'yes' }, 'Invalid value yes for configuration enabled: must be true or false'],
  [{ host: 'h', ratio: 'half' }, 'Invalid value half for configuration ratio: must be a number'],
])('%j is refused with a sentence', (input, message) => {
  expect(parseOptions(specs, input).problems.map((problem) => problem.message)).toEqual([message]);
});

test('one call finds all mistakes, and names keys that no option claims', () => {
  const { problems, unknown } = parseOptions(specs, { port: 'x', on: '1', prot: '2' });
  expect(problems).toHaveLength(3);
  expect(unknown).toEqual(['prot']);
  expect(() => requireOptions('source s1', specs, { port: 'x' })).toThrow(/^source s1 has 2 invalid option\(s\)/);
});

test('secrets are never shown', () => {
  expect(redactOptions(specs, { secret: 'abc', host: 'h' })).toEqual({ secret: '***', host: 'h' });
});
