import { fieldsOf, shownValue, valueOfText } from './schema-fields.js';

const reference = { type: 'string', pattern: '^\\$\\{env:' };
const schema = {
  type: 'object',
  $defs: { Pace: { type: 'object', properties: { rate: { type: 'number' } } } },
  properties: {
    table: { type: 'string', 'x-importance': 'low', 'x-group': 'Table' },
    mode: {
      anyOf: [{ type: 'string', enum: ['insert', 'upsert'] }, reference],
      default: 'insert',
      'x-importance': 'medium',
    },
    retries: { anyOf: [{ type: 'integer' }, reference], 'x-unit': 'times', 'x-importance': 'medium' },
    password: { anyOf: [{ type: 'string', writeOnly: true }, reference], 'x-importance': 'high' },
    topics: { type: 'array', items: { type: 'string' } },
    pace: { $ref: '#/$defs/Pace' },
    where: { anyOf: [{ type: 'object', properties: {} }, { type: 'string' }] },
    kind: { const: 'export' },
    url: { type: 'string', description: 'Where the store is.' },
  },
  required: ['url', 'mode'],
};

test('what is required and has no default comes first, each as the control that fits', () => {
  const fields = fieldsOf(schema);
  expect(fields[0]).toMatchObject({ name: 'url', isRequired: true, kind: 'text', description: 'Where the store is.' });
  expect(Object.fromEntries(fields.map(({ name, kind }) => [name, kind]))).toEqual({
    url: 'text',
    table: 'text',
    mode: 'enum',
    retries: 'number',
    password: 'secret',
    topics: 'list',
    pace: 'object',
    where: 'json',
    kind: 'enum',
  });
  expect(fields.find(({ name }) => name === 'mode')).toMatchObject({ isRequired: false, defaultText: 'insert' });
  expect(fields.filter(({ isMain }) => !isMain).map(({ name }) => name)).toEqual(['table', 'mode', 'retries']);
});

test('what is typed becomes what is meant, and a reference stays a text', () => {
  expect(valueOfText('12', 'number')).toBe(12);
  expect(valueOfText('${env:PORT}', 'number')).toBe('${env:PORT}');
  expect(valueOfText('true', 'boolean')).toBe(true);
  expect(valueOfText('a\nb\n', 'list')).toEqual(['a', 'b', '']);
  expect(valueOfText('{"a": 1}', 'json')).toEqual({ a: 1 });
  expect(valueOfText('{"a"', 'json')).toBe('{"a"');
  expect(valueOfText('  ', 'text')).toBeUndefined();
  expect([shownValue(['a', 'b']), shownValue({ a: 1 }), shownValue(undefined)]).toEqual(['a\nb', '{\n  "a": 1\n}', '']);
});
