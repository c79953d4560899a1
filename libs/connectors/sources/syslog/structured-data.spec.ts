import { systemClock } from '#std/clock';
import { FlumeHeadReader } from './flume-head-reader.js';
import { keptFields } from './kept-fields.js';
import type { StructuredDataTarget } from './structured-data.js';
import { SyslogEvents } from './syslog-events.js';
import { SyslogFraming } from './syslog-framing.js';
import { SyslogTimes } from './syslog-time.js';

const fixed = ['Facility', 'Severity', 'priority', 'version', 'host', 'timestamp'];

function read(text: string, structuredData: StructuredDataTarget = 'headers'): { body: string; headers: object } {
  const framing = new SyslogFraming(10_000);
  const events = new SyslogEvents(systemClock, {
    reader: new FlumeHeadReader(new SyslogTimes('local')),
    names: { priority: 'priority', version: 'version' },
    keep: keptFields('none'),
    structuredData,
    invalidHasPriority: true,
  });
  const batch = events.of(framing.push(Buffer.from(`${text}\n`)), framing.frames);
  const headers = Object.entries(batch.headersOf(0)).filter(([name]) => !fixed.includes(name));
  return { body: batch.body(0).toString(), headers: Object.fromEntries(headers) };
}

// RFC 5424, section 6.5, and its edges.
test.each<[string, string, string, object]>([
  [
    'no data',
    "<34>1 2003-10-11T22:14:15.003Z h su - ID47 - \ufeff'su root' failed",
    "'su root' failed",
    { appname: 'su', msgid: 'ID47' },
  ],
  [
    'data and message',
    '<165>1 2003-10-11T22:14:15.003Z h evntslog 8710 ID47 [exampleSDID@32473 iut="3" eventSource="App ö"] An event',
    'An event',
    {
      appname: 'evntslog',
      procid: '8710',
      msgid: 'ID47',
      'sd.exampleSDID@32473.iut': '3',
      'sd.exampleSDID@32473.eventSource': 'App ö',
    },
  ],
  [
    'two elements and no message',
    '<165>1 - h a - - [x@1 k="v"][y@2]',
    '<165>1 - h a - - [x@1 k="v"][y@2]',
    { appname: 'a', 'sd.x@1.k': 'v', 'sd.y@2': '' },
  ],
  ['escapes', '<165>1 - h a - - [x@1 k="q\\" b\\\\ c\\] o\\n"] m', 'm', { appname: 'a', 'sd.x@1.k': 'q" b\\ c] o\\n' }],
  ['brackets in the message', '<165>1 - h a - - [x@1] [m]', '[m]', { appname: 'a', 'sd.x@1': '' }],
])('%s', (_, text, body, headers) => {
  expect(read(text)).toEqual({ body, headers });
});

test.each([
  '<165>1 - h app no more',
  '<165>1 - h a - - [x@1 k=v] m',
  '<165>1 - h a - - [x@1 k="v] m',
  '<165>1 - h a - - [] m',
  '<165>1 - h a - - [x@1 k="v"',
  '<165>1 - h a - - text',
])('what is no structured data stays in the body: %s', (text) => {
  expect(read(text)).toEqual({ body: text.slice('<165>1 - h '.length), headers: {} });
});

test('body leaves it where Flume does, both has it twice', () => {
  const text = '<165>1 - h a - - [x@1 k="v"] m';
  expect(read(text, 'body')).toEqual({ body: 'a - - [x@1 k="v"] m', headers: {} });
  expect(read(text, 'both')).toEqual({ body: 'a - - [x@1 k="v"] m', headers: { appname: 'a', 'sd.x@1.k': 'v' } });
});

test('a message of RFC 3164 has none', () => {
  expect(read('<13>Oct 11 22:14:15 h a - - [x@1 k="v"] m').body).toBe('a - - [x@1 k="v"] m');
});
