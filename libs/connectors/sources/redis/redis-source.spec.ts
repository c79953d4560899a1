import { redisSource } from './redis-source.js';
import { entryOf } from './stream-reader.js';

const fields = (...words: string[]): Buffer[] => words.map((word) => Buffer.from(word));

test.each([
  [fields('body', 'x', 'colour', 'red'), 'x', { colour: 'red' }],
  [fields('a', '1', 'b', '2'), '{"a":"1","b":"2"}', {}],
  [fields('body', ''), '', {}],
  [[], '{}', {}],
])('the entry %j is the event %s', (entry, body, headers) => {
  const event = entryOf('s', '1-0', entry, 'body');
  expect(event.body.toString()).toBe(body);
  expect(event.headers).toEqual({ ...headers, 'redis.key': 's', 'redis.id': '1-0' });
  expect(event.token).toEqual({ key: 's', id: '1-0' });
});

test('bytes of a body stay as they are', () => {
  const bytes = Buffer.of(0, 255, 128);
  expect(entryOf('s', '1-0', [Buffer.from('b'), bytes], 'b').body).toEqual(bytes);
});

test('a source without streams and lists has nothing to read', () => {
  expect(redisSource.check?.({ url: 'redis://h' })).toEqual([
    { severity: 'error', option: 'streams', message: 'nothing to read: set streams or lists' },
  ]);
  expect(redisSource.check?.({ url: 'redis://h', lists: 'l' })).toEqual([]);
});
