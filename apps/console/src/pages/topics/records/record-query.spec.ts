import { bodyOf, formProblems, type NewRecordForm } from './new-record.js';
import { filterOf, paramsOf, placeOf, queryOf, serverQuery } from './record-query.js';

test.each([
  '',
  'start=oldest&partition=0&partition=2',
  'start=offset&offset=17&text=a+%22b%22&match=key',
  'start=time&time=2026-01-31T00%3A00%3A00.000Z&filter=json.a+%3E+1',
  'start=last&count=50',
  'start=live&text=x',
])('a query string comes back as it was: "%s"', (text) => {
  expect(paramsOf(queryOf(new URLSearchParams(text))).toString()).toBe(text);
});

test('a text and an expression must both hold', () => {
  const text = { text: 'a"b', match: 'key', filter: 'offset > 1 || offset < 0' } as const;
  expect(filterOf(text)).toBe('key == "a\\"b" && (offset > 1 || offset < 0)');
  expect(filterOf({ ...text, filter: ' ' })).toBe('key == "a\\"b"');
  expect(filterOf({ ...text, text: '' })).toBe('offset > 1 || offset < 0');
});

test('the server is asked in the order that is shown', () => {
  expect(serverQuery(queryOf(new URLSearchParams('start=last&count=5')))).toMatchObject({
    order: 'newest',
    newest: '5',
  });
  expect(serverQuery(queryOf(new URLSearchParams('start=offset&offset=5')))).toMatchObject({
    order: 'oldest',
    offset: '5',
  });
  expect(serverQuery(queryOf(new URLSearchParams('start=live')))).not.toHaveProperty('order');
});

test('only partition:offset names a record', () => {
  expect(placeOf('2:17')).toEqual({ partition: 2, offset: 17 });
  expect([placeOf(null), placeOf('2'), placeOf('a:1'), placeOf('1:-1')]).toEqual([null, null, null, null]);
});

const form: NewRecordForm = {
  keyForm: 'text',
  key: 'a',
  valueForm: 'json',
  value: '{ "id": 12345678901234567890 }',
  headers: '',
  partition: '',
};

test('a typed record is sent to the byte', () => {
  expect(bodyOf({ ...form, headers: 'tenant: a:b\n', partition: '2' })).toEqual({
    ...{ key: 'a', key_encoding: 'text', value: '{ "id": 12345678901234567890 }', value_encoding: 'text' },
    headers: [{ key: 'tenant', value: 'a:b', encoding: 'text' }],
    partition: 2,
  });
  expect(bodyOf({ ...form, key: '', valueForm: 'hex', value: 'ff 00' })).toMatchObject({
    ...{ key: null, value: '/wA=', value_encoding: 'base64' },
  });
});

test('what is wrong with it is said by its field', () => {
  expect(formProblems(form)).toEqual({ key: null, value: null, headers: null });
  expect(formProblems({ ...form, value: '{', headers: 'x', keyForm: 'hex', key: 'abc' })).toEqual({
    ...{
      key: expect.stringContaining('hexadecimal'),
      value: expect.any(String),
      headers: expect.stringContaining('colon'),
    },
  });
});
