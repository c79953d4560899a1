import type { Place } from './place.js';
import { post, sendTcp, sendUdp } from './senders.js';

/** One configuration under `examples/flume`, what is sent to it, and what may differ. */
export interface Case {
  /** File name without its ending. */
  readonly name: string;
  /** Agents that run, those that others send to first. Default: `a1`. */
  readonly agents?: readonly string[];
  /** Folders below OUT that must exist. */
  readonly folders?: readonly string[];
  /** Destinations that share events at will are compared as one. */
  readonly joinFolders?: boolean;
  /** Headers whose values differ by nature (times, addresses): only that they are there is compared. */
  readonly varying?: readonly string[];
  /** Files that are there before the agents start. */
  prepare?(place: Place): void;
  /** Sends what is to become events. */
  drive?(place: Place): Promise<void>;
  /** How many events come out. */
  readonly events: number;
  /** Events that only Flume leaves and those that only ours leaves, and why; absent where both sides leave the same. */
  readonly differs?: { readonly why: string; readonly flume: readonly string[]; readonly ours: readonly string[] };
}

const words = Array.from({ length: 20 }, (_, at) => `line ${at} zwölf`);
const lines = (texts: readonly string[]): string => texts.map((text) => `${text}\n`).join('');
const netcat =
  (texts: readonly string[] = words, name: 'PORT' | 'PORT2' = 'PORT') =>
  async (place: Place) => {
    await sendTcp(place.port(name), lines(texts), texts.length);
  };
const json = (events: readonly object[]) => async (place: Place) => {
  const status = await post(place.port(), JSON.stringify(events));
  if (status !== 200) throw new Error(`answered ${status}`);
};

export const cases: readonly Case[] = [
  { name: 'netcat', drive: netcat(), events: 20 },
  { name: 'class-names', drive: netcat(), events: 20 },
  { name: 'fan-out', folders: ['first', 'second'], drive: netcat(), events: 40 },
  { name: 'optional-channel', folders: ['needed', 'extra'], drive: netcat(), events: 40 },
  {
    name: 'multiplexing',
    folders: ['czech', 'states', 'rest'],
    drive: json([
      { headers: { state: 'CZ' }, body: 'one' },
      { headers: { state: 'US' }, body: 'two' },
      { headers: { state: 'cz' }, body: 'three' },
      { headers: { other: 'CZ' }, body: 'four' },
      { headers: { state: '' }, body: 'five' },
    ]),
    events: 6,
  },
  {
    name: 'route-by-content',
    folders: ['errors', 'others'],
    drive: netcat(['ERROR disk', 'INFO fine', 'FATAL gone', 'nothing', 'WARN low', ' ERROR indented']),
    events: 6,
  },
  { name: 'avro-hop', agents: ['centre', 'edge'], drive: netcat(), events: 20 },
  { name: 'avro-hop-compressed', agents: ['centre', 'edge'], drive: netcat(), events: 20 },
  { name: 'thrift-hop', agents: ['centre', 'edge'], drive: netcat(), events: 20 },
  {
    name: 'consolidation',
    agents: ['centre', 'edge1', 'edge2'],
    drive: async (place) => {
      await netcat(words.map((word) => `first ${word}`))(place);
      await netcat(
        words.map((word) => `second ${word}`),
        'PORT2',
      )(place);
    },
    events: 40,
  },
  { name: 'exec', prepare: (place) => place.input('app.log', lines([...words, '', 'last'])), events: 22 },
  { name: 'exec-shell', prepare: (place) => place.input('app.log', lines(words)), events: 3 },
  {
    name: 'spooldir',
    prepare(place) {
      place.input('a.log', `${lines(words)}${'long '.repeat(20)}\nno newline at the end`);
      place.input('b.log', 'carriage\r\nreturn\r\n\r\n');
      place.input('done.COMPLETED', 'was read before\n');
    },
    events: 27,
  },
  {
    name: 'spooldir-patterns',
    prepare(place) {
      place.input('a.log', lines(['a']));
      place.input('sub/deeper/b.txt', lines(['b']));
      place.input('secret.log', lines(['c']));
      place.input('d.dat', lines(['d']));
      place.input('.hidden.log', lines(['e']));
    },
    events: 2,
  },
  {
    name: 'taildir',
    prepare(place) {
      place.input('app/app.log', lines(words));
      place.input('app/other.log', lines(['not asked for']));
      place.input('web/access.1.log', 'windows\r\nlines\r\n');
      place.input('web/access.log', lines(['plain', '', ' indented']));
    },
    events: 25,
  },
  {
    name: 'taildir-offsets',
    prepare(place) {
      place.input('a.log', lines(words));
      place.input('b-log', lines(['é', 'ü', 'end']));
    },
    events: 23,
  },
  { name: 'seq', events: 1000 },
  { name: 'stress', events: 500 },
  {
    name: 'http',
    drive: json([
      { headers: { a: 'x', b: 'y' }, body: 'one' },
      { body: 'no headers' },
      { headers: { n: 5, t: true }, body: '' },
      { headers: {}, body: 'zwölf €' },
    ]),
    events: 4,
  },
  {
    name: 'interceptors',
    varying: ['timestamp', 'hostname'],
    drive: netcat(['card 1234-5678-9012-3456 paid', 'DEBUG noise', 'TRACE noise', 'plain', 'not DEBUG']),
    events: 3,
  },
  {
    name: 'headers',
    drive: json([
      {
        headers: { password: 'x', token: 'y', 'x-trace': '1', keep: 'z' },
        body: '2024-05-06 07:08 INFO user=ann logged in',
      },
      { headers: { session: 'x', user: 'before' }, body: 'no match here' },
    ]),
    events: 2,
  },
  { name: 'failover', drive: netcat(), events: 20 },
  { name: 'load-balance', folders: ['first', 'second'], joinFolders: true, drive: netcat(), events: 20 },
  { name: 'file-channel', drive: netcat(), events: 20 },
  { name: 'spillable-channel', drive: netcat(), events: 20 },
  { name: 'environment', drive: netcat(), events: 20 },
  { name: 'kafka-channel', drive: netcat(), events: 20 },
  {
    name: 'kafka',
    agents: ['reader', 'writer'],
    // The topic's name says which side it is.
    varying: ['timestamp', 'partition', 'offset', 'topic'],
    drive: json([
      { headers: { key: 'k1', a: 'b' }, body: 'one' },
      { headers: {}, body: 'two' },
    ]),
    events: 2,
  },
  {
    name: 'syslog-tcp',
    drive: async (place) => {
      await sendTcp(
        place.port(),
        lines([
          '<34>Oct 11 22:14:15 mymachine su: failed for lonvick on /dev/pts/8',
          '<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3"] An event',
          '<0>1 2003-08-24T05:14:15-07:00 192.0.2.1 myproc 8710 - - %% It is time',
          'no priority at all',
          '<13>no time either',
        ]),
      );
    },
    varying: ['timestamp'],
    events: 5,
    differs: {
      why: 'Flume leaks priority and version of an earlier message into an invalid one.',
      flume: [
        '{Facility=0, Severity=0, flume.syslog.status=Invalid, priority=0, version=1} no priority at all',
        '{Facility=1, Severity=5, priority=0, version=1} <13>no time either',
      ],
      ours: [
        '{Facility=0, Severity=0, flume.syslog.status=Invalid} no priority at all',
        '{Facility=1, Severity=5} <13>no time either',
      ],
    },
  },
  {
    name: 'syslog-tcp-fields',
    drive: async (place) => {
      await sendTcp(
        place.port(),
        lines(['<34>Oct 11 22:14:15 mymachine su: failed', '<165>1 2003-10-11T22:14:15.003Z host app - - - An event']),
      );
    },
    varying: ['timestamp'],
    events: 2,
  },
  {
    name: 'syslog-udp',
    drive: (place) =>
      sendUdp(place.port('UDP_PORT'), [
        '<34>Oct 11 22:14:15 mymachine su: failed for lonvick',
        '<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 - An event\n',
      ]),
    varying: ['timestamp'],
    events: 2,
  },
  {
    name: 'multiport-syslog',
    drive: async (place) => {
      await sendTcp(place.port(), lines(['<34>Oct 11 22:14:15 mymachine su: first port']));
      await sendTcp(place.port('PORT2'), lines(['<13>Oct 11 22:14:16 other cron: second port', 'no priority']));
    },
    varying: ['timestamp', 'port'],
    events: 3,
  },
  {
    name: 'netcat-udp',
    varying: ['null'],
    drive: (place) => sendUdp(place.port('UDP_PORT'), ['one\n', 'two', 'drei zwölf\n']),
    events: 3,
    differs: {
      why: 'Flume sets a header without a name to the sender where no name was given for it.',
      flume: ['{null=*} one', '{null=*} two', '{null=*} drei zwölf'],
      ours: ['{} one', '{} two', '{} drei zwölf'],
    },
  },
  {
    name: 'load-balancing-selector',
    folders: ['first', 'second'],
    joinFolders: true,
    drive: (place) => (place.side === 'flume' ? Promise.resolve() : netcat()(place)),
    events: 20,
    differs: {
      why: 'Flume 1.11 drops a source with this selector, though its guide has it.',
      flume: [],
      ours: words,
    },
  },
];
