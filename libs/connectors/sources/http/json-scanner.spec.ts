import { seededRandom } from '#std/random';
import { JsonHandler } from './json-handler.js';
import { JsonScanner } from './json-scanner.js';

type Events = { body: string; headers: Record<string, string> }[];

function scanned(text: string): Events | null {
  const batch = new JsonScanner().scan(Buffer.from(text));
  if (batch === null) return null;
  return Array.from(batch.starts, (_, index) => ({
    body: batch.body(index).toString(),
    headers: batch.headersOf(index),
  }));
}

test.each<[string, string, Events | null]>([
  ['nothing', '[]', []],
  [
    'blanks everywhere',
    ' [ { "body" : "a" , "headers" : { "x" : "1" } } , { } ] \n',
    [
      { body: 'a', headers: { x: '1' } },
      { body: '', headers: {} },
    ],
  ],
  ['whole numbers as headers', '[{"headers":{"n":-12,"z":0}}]', [{ body: '', headers: { n: '-12', z: '0' } }]],
  [
    'escapes in bodies and values',
    '[{"body":"a\\n\\"\\u00f6\\ud83d\\ude80","headers":{"v":"\\t"}},{"body":"plain"}]',
    [
      { body: 'a\n"ö🚀', headers: { v: '\t' } },
      { body: 'plain', headers: {} },
    ],
  ],
  ['no ASCII', '[{"headers":{"ö":"ü"},"body":"é"}]', [{ body: 'é', headers: { ö: 'ü' } }]],
  ['a header twice', '[{"headers":{"a":"1","a":"2"}}]', [{ body: '', headers: { a: '2' } }]],
  ['a fraction', '[{"headers":{"n":1.5}}]', null],
  ['a leading zero', '[{"headers":{"n":01}}]', null],
  ['another member', '[{"body":"x","more":1}]', null],
  ['a body twice', '[{"body":"x","body":"y"}]', null],
  ['null', '[{"body":null}]', null],
  ['an escaped name', '[{"b\\u006fdy":"x"}]', null],
  ['a trailing comma', '[{"body":"x"},]', null],
  ['something behind', '[{"body":"x"}] x', null],
  ['a control character', '[{"body":"a\nb"}]', null],
  ['a bad escape', '[{"body":"\\x"}]', null],
  ['an end in a string', '[{"body":"abc', null],
  ['an end after a backslash', '[{"body":"abc\\', null],
  ['an empty request', '', null],
])('%s', (_, text, events) => {
  expect(scanned(text)).toEqual(events);
});

test('bytes that are no UTF-8 are left to others', () => {
  expect(new JsonScanner().scan(Buffer.from('[{"body":"\xff"}]', 'latin1'))).toBe(null);
});

test('strings of every length and at every place end where they should', () => {
  const scanner = new JsonScanner();
  for (let length = 0; length < 20; length += 1) {
    for (const [written, text] of [
      ['', ''],
      ['ö', 'ö'],
      ['\\n', '\n'],
      ['\\\\', '\\'],
    ] as const) {
      const body = `${'x'.repeat(length)}${text}${'~'.repeat(length % 5)}`;
      const json = `[{"body":"${'x'.repeat(length)}${written}${'~'.repeat(length % 5)}"},{"body":"${'y'.repeat(length % 7)}"}]`;
      for (let shift = 0; shift < 4; shift += 1) {
        const batch = scanner.scan(Buffer.concat([Buffer.alloc(shift), Buffer.from(json)]).subarray(shift));
        expect([batch?.body(0).toString(), batch?.body(1).toString()]).toEqual([body, 'y'.repeat(length % 7)]);
      }
    }
  }
});

test('a control character is found wherever it is', () => {
  for (let length = 0; length < 12; length += 1) expect(scanned(`[{"body":"${'x'.repeat(length)}\x1f"}]`)).toBe(null);
});

test('random texts near JSON are read as JSON reads them, or not at all', () => {
  const random = seededRandom(5);
  const pieces = [
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"body"',
    '"headers"',
    '"a"',
    '"\\n"',
    '"x\\',
    '1',
    '-0',
    ' ',
    'null',
    '"',
    'ö',
    '"b":"c"',
    '[{"body":"x"}',
    '"headers":{"a":"1"}',
  ];
  let read = 0;
  for (let round = 0; round < 8000; round += 1) {
    const inner = Array.from(
      { length: Math.floor(random.next() * 6) },
      () => pieces[Math.floor(random.next() * pieces.length)],
    );
    const text = `[{${inner.join('')}}]`;
    const events = scanned(text);
    if (events === null) continue;
    read += 1;
    expect(JSON.parse(text)).toHaveLength(events.length);
  }
  expect(read).toBeGreaterThan(20);
});

test('garbage is never an error of another kind than a bad request', () => {
  const random = seededRandom(6);
  const handler = new JsonHandler();
  for (let round = 0; round < 3000; round += 1) {
    const body = Buffer.from(
      Array.from({ length: Math.floor(random.next() * 40) }, () => Math.floor(random.next() * 256)),
    );
    try {
      handler.events({ body, contentType: null, query: '' });
    } catch (error) {
      expect((error as Error).message).toMatch(/^The request is|^Event /);
    }
  }
});

test('headers of which no table can be made are a bad request', () => {
  const events = Array.from({ length: 5000 }, (_, index) => ({ headers: { [`n${index}`]: 'x' } }));
  const handler = new JsonHandler();
  for (const more of [{}, { other: 1 }]) {
    const body = Buffer.from(JSON.stringify([...events, more]));
    expect(() => handler.events({ body, contentType: null, query: '' })).toThrow('too many different headers');
  }
});
