/** What is sent, one connection (or datagram) each, and where Flume and we differ. */
export interface SyslogVector {
  readonly name: string;
  readonly text: string;
  /** Why the events are not the same; absent where they are. */
  readonly differs?: string;
}

const rfc5424: readonly SyslogVector[] = [
  { name: 'RFC 5424', text: "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - 'su root' failed" },
  { name: 'no fraction', text: '<165>1 2003-10-11T22:14:15Z 192.0.2.1 myproc 8710 - - It is time' },
  { name: 'three digits of fraction', text: '<165>1 2003-10-11T22:14:15.120Z host p - - - x' },
  { name: 'a zone', text: '<165>1 2003-08-24T05:14:15-07:00 192.0.2.1 myproc 8710 - - a zone' },
  { name: 'nil time and host', text: '<13>1 - - app - - - nil' },
  { name: 'nil time', text: '<13>1 - host app - - - nil time' },
  {
    name: 'structured data',
    text: '<165>1 2003-10-11T22:14:15.003Z h evnt - ID47 [ex@1 iut="3"] An application event',
  },
  { name: 'no ASCII', text: '<13>1 2003-10-11T22:14:15Z h app - - - zwölf €' },
];

const rfc3164: readonly SyslogVector[] = [
  { name: 'RFC 3164', text: '<13>Oct 11 22:14:15 host1 su: hello' },
  { name: 'a day of one digit', text: '<13>Feb  5 17:32:18 10.0.0.99 Use the BFG!' },
  { name: 'January', text: '<13>Jan  1 00:00:05 host1 new year' },
  { name: 'December', text: '<13>Dec 31 23:59:59 host1 old year' },
];

const broken: readonly SyslogVector[] = [
  { name: 'no priority', text: 'no pri at all' },
  { name: 'a bad priority', text: '<1a>bad pri' },
  { name: 'an empty priority', text: '<>empty pri' },
  { name: 'a priority alone', text: '<13>no match but valid pri' },
  { name: 'RFC 3164 without host', text: '<13>Oct 11 22:14:15 su: no host' },
];

export const tcpVectors: readonly SyslogVector[] = [
  ...rfc5424,
  ...rfc3164,
  ...broken,
  { name: 'a priority out of range', text: '<999>three nines' },
  { name: 'four digits', text: '<1234>four digits' },
  { name: 'no version', text: '<13>2003-08-24T05:14:15Z hostv x' },
  { name: 'no body', text: '<13>1 2003-08-24T05:14:15Z hostb ' },
  { name: 'leading empty lines', text: '\n\n<13>x' },
  { name: 'a local time', text: '<13>1 2003-08-24T05:14:15 host local' },
  {
    name: 'one digit of fraction',
    text: '<13>1 2003-08-24T05:14:15.5Z host x',
    differs: 'digits of a fraction are a fraction here, and milliseconds in Flume',
  },
  {
    name: 'six digits of fraction and a zone',
    text: '<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 p 8710 - - x',
    differs: 'the zone counts here beside a fraction too',
  },
  { name: 'a carriage return', text: '<13>1 - - cr\r', differs: 'it is a line end here; Flume finds no format' },
  { name: 'an IPv6 host', text: '<13>1 - fe80::1 x', differs: 'Flume finds no format' },
  {
    name: 'a length before it',
    text: '18 <13>1 - h counted\n19 <13>1 - h counted2',
    differs: 'RFC 6587 is known here',
  },
  {
    name: 'a line without priority after one with',
    text: '<34>1 2003-10-11T22:14:15.003Z h app\nno pri after',
    differs: 'headers of the first are left on the second in Flume',
  },
];

export const keepVectors: readonly SyslogVector[] = [
  ...rfc5424.filter(({ name }) => !name.startsWith('nil')),
  ...rfc3164,
  ...broken,
  { name: 'nil time', text: '<13>1 - host app', differs: 'Flume writes null for the time, here it is left out' },
];

export const multiportVectors: readonly SyslogVector[] = [
  ...rfc5424.filter(({ name }) => !name.startsWith('nil')),
  { name: 'six digits of fraction and a zone', text: '<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 p 8710 - - x' },
  { name: 'one digit of fraction', text: '<13>1 2003-08-24T05:14:15.5Z host x' },
  { name: 'no version', text: '<13>2003-08-24T05:14:15Z hostv x' },
  { name: 'another version', text: '<13>2 2003-08-24T05:14:15Z hostv x' },
  { name: 'a month that there is not', text: '<13>Foo 11 22:14:15 host1 odd' },
  { name: 'no host', text: '<13>1 2003-08-24T05:14:15Z' },
  { name: 'no body', text: '<13>1 2003-08-24T05:14:15Z hostb ' },
  { name: 'five digits', text: '<12345>2003-08-24T05:14:15Z h x' },
  ...broken.filter(({ name }) => !name.startsWith('RFC 3164')),
  ...rfc3164.map((vector) => ({
    ...vector,
    differs: 'Flume puts times over a month away into 1999 or 2001',
  })),
];

export const udpVectors: readonly SyslogVector[] = [...rfc5424, ...rfc3164];
