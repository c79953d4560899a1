import type { Message } from 'rhea';
import { addPropertyHeaders, applicationHeaders, bodyOf } from './amqp-message.js';

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

test.each<[string, unknown, string]>([
  ['bytes', { typecode: 0x75, content: Buffer.from('é'), multiple: undefined }, 'é'],
  ['several data sections', { typecode: 0x75, content: [Buffer.from('a'), Buffer.from('b')], multiple: true }, 'ab'],
  ['a sequence', { typecode: 0x76, content: [1, 'two'] }, '[1,"two"]'],
  ['a binary value', Buffer.from('raw'), 'raw'],
  ['a map', { a: 1, b: null }, '{"a":1,"b":null}'],
  ['a number', 7, '7'],
  ['a large number', 2n ** 60n, '"1152921504606846976"'],
  ['nothing', null, ''],
  ['no body', undefined, ''],
])('a body of %s', (_, body, expected) => {
  expect(bodyOf({ body }, (text) => Buffer.from(text)).toString()).toBe(expected);
});

test('text is written in the charset', () => {
  expect(bodyOf({ body: 'é' }, latin1)).toEqual(Buffer.of(0xe9));
});

test('application properties become texts, null ones none', () => {
  const properties = { text: 'a', number: 1.5, yes: true, none: null, bytes: Buffer.from('b'), time: new Date(5) };
  expect(applicationHeaders({ body: null, application_properties: properties })).toEqual({
    ...{ text: 'a', number: '1.5', yes: 'true', bytes: 'b', time: '5' },
  });
});

test('properties of the message get the prefix and the names of AMQP', () => {
  const headers = { own: 'x' };
  const message: Message = { body: null, message_id: 'm', creation_time: new Date(7), group_sequence: 3, to: 'q' };
  addPropertyHeaders(headers, message, 'amqp.');
  expect(headers).toEqual({
    ...{ own: 'x', 'amqp.message-id': 'm', 'amqp.creation-time': '7', 'amqp.group-sequence': '3', 'amqp.to': 'q' },
  });
});
