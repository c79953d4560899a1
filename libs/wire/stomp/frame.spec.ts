import { encodeFrame, FrameReader, type StompFrame } from './frame.js';

const reader = (): FrameReader => new FrameReader({ headBytesMax: 1024, bodyBytesMax: 4096 });
const seen = (frame: StompFrame | undefined): unknown => [
  frame?.command,
  Object.fromEntries(frame?.headers ?? []),
  frame?.body.toString(),
];

test.each<[string, string, unknown]>([
  ['a body up to the NUL', 'MESSAGE\na:1\n\nbody\0', ['MESSAGE', { a: '1' }, 'body']],
  [
    'a body with a length and a NUL in it',
    'MESSAGE\ncontent-length:3\n\na\0b\0',
    ['MESSAGE', { 'content-length': '3' }, 'a\0b'],
  ],
  ['carriage returns', 'MESSAGE\r\na:1\r\n\r\nx\0', ['MESSAGE', { a: '1' }, 'x']],
  ['line ends before a frame', '\n\r\n\nRECEIPT\nreceipt-id:7\n\n\0', ['RECEIPT', { 'receipt-id': '7' }, '']],
  ['escapes', 'MESSAGE\nk\\cx:a\\nb\\\\c\\r\n\n\0', ['MESSAGE', { 'k:x': 'a\nb\\c\r' }, '']],
  ['no escapes in the handshake', 'CONNECTED\nserver:a\\b:c\n\n\0', ['CONNECTED', { server: 'a\\b:c' }, '']],
  ['the first of repeated headers', 'MESSAGE\na:1\na:2\n\n\0', ['MESSAGE', { a: '1' }, '']],
  ['an empty value', 'MESSAGE\na:\n\n\0', ['MESSAGE', { a: '' }, '']],
  ['an empty body with a length', 'MESSAGE\ncontent-length:0\n\n\0', ['MESSAGE', { 'content-length': '0' }, '']],
])('%s is read', (_, text, expected) => {
  expect(seen(reader().read(Buffer.from(text))[0])).toEqual(expected);
});

test('frames are the same wherever the pieces are cut', () => {
  const text =
    '\nMESSAGE\ncontent-length:5\nx:é\n\na\0b\0c\0\r\nMESSAGE\r\n\r\nlong body\0\n\nRECEIPT\nreceipt-id:1\n\n\0\n';
  const bytes = Buffer.from(text);
  const whole = reader().read(bytes).map(seen);
  expect(whole).toHaveLength(3);
  for (let at = 0; at <= bytes.length; at += 1) {
    const cut = reader();
    const frames = [...cut.read(bytes.subarray(0, at)), ...cut.read(bytes.subarray(at))];
    expect(frames.map(seen)).toEqual(whole);
  }
  const single = reader();
  expect([...bytes].flatMap((byte) => single.read(Buffer.of(byte))).map(seen)).toEqual(whole);
});

test.each([
  ['a head without end', 'x'.repeat(1025)],
  ['a head that is too long', `MESSAGE\na:${'x'.repeat(1024)}\n\n\0`],
  ['a length that is too much', 'MESSAGE\ncontent-length:4097\n\n'],
  ['a body without length that is too long', `MESSAGE\n\n${'x'.repeat(4097)}`],
  ['a length that is no number', 'MESSAGE\ncontent-length:-1\n\n\0'],
  ['a body that goes on after its length', 'MESSAGE\ncontent-length:1\n\nab\0'],
  ['a header without a colon', 'MESSAGE\nabc\n\n\0'],
  ['an escape that there is not', 'MESSAGE\na:\\t\n\n\0'],
  ['garbage', '\u0016\u0003\u0001garbage\n\n'],
])('%s is refused', (_, text) => {
  expect(() => reader().read(Buffer.from(text))).toThrow(/\.$/);
});

test('what is encoded is read again', () => {
  const headers = { destination: '/queue/a:b', note: 'two\r\nlines\\' };
  const bytes = encodeFrame('SEND', headers, Buffer.from('a\0b'));
  expect(seen(reader().read(bytes)[0])).toEqual(['SEND', { ...headers, 'content-length': '3' }, 'a\0b']);
  expect(encodeFrame('ACK', { id: '7' }).toString()).toBe('ACK\nid:7\n\n\0');
  expect(() => encodeFrame('CONNECT', { passcode: 'a\nb' })).toThrow('must not hold a line end');
});
