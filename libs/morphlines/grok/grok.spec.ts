import { GrokDictionary } from './grok-dictionary.js';
import { GrokPattern } from './grok-pattern.js';
import { shippedDictionaries } from './shipped-dictionaries.js';

const shipped = GrokDictionary.shipped();

function extract(expression: string, text: string): Record<string, string[]> | null {
  const pattern = new GrokPattern(expression, shipped);
  const match = pattern.match(text);
  if (match === null) return null;
  const fields: Record<string, string[]> = {};
  for (const { name, group } of pattern.captures) {
    const value: string | undefined = match[group];
    if (value !== undefined) (fields[name] ??= []).push(value);
  }
  return fields;
}

describe('Grok', () => {
  it('takes an Apache line apart', () => {
    const line =
      '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326 "http://x/start.html" "Mozilla/4.08 [en] (Win98; \\"I\\")"';
    expect(extract('%{COMBINEDAPACHELOG}', line)).toEqual({
      clientip: ['127.0.0.1'],
      ident: ['-'],
      auth: ['frank'],
      timestamp: ['10/Oct/2000:13:55:36 -0700'],
      verb: ['GET'],
      request: ['/apache_pb.gif'],
      httpversion: ['1.0'],
      response: ['200'],
      bytes: ['2326'],
      referrer: ['"http://x/start.html"'],
      agent: ['"Mozilla/4.08 [en] (Win98; \\"I\\")"'],
    });
  });

  it.each<[string, string, Record<string, string[]> | null]>([
    [
      '<%{POSINT:pri}>%{SYSLOGTIMESTAMP:ts} %{SYSLOGHOST:host} %{DATA:program}(?:\\[%{POSINT:pid}\\])?: %{GREEDYDATA:msg}',
      '<164>Feb  4 10:46:14 syslog sshd[607]: listening on 0.0.0.0 port 22.',
      {
        pri: ['164'],
        ts: ['Feb  4 10:46:14'],
        host: ['syslog'],
        program: ['sshd'],
        pid: ['607'],
        msg: ['listening on 0.0.0.0 port 22.'],
      },
    ],
    [
      '%{SYSLOGLINE}',
      'Feb  4 10:46:14 h sshd[607]: hi',
      { timestamp: ['Feb  4 10:46:14'], logsource: ['h'], program: ['sshd'], pid: ['607'], message: ['hi'] },
    ],
    [
      '%{SYSLOGLINE}',
      '2024-02-04T10:46:14+01:00 h p: hi',
      { timestamp8601: ['2024-02-04T10:46:14+01:00'], logsource: ['h'], program: ['p'], message: ['hi'] },
    ],
    [
      '%{SYSLOG5424LINE}',
      '<34>1 2003-10-11T22:14:15.003Z my.host su-x - ID47 [a b="c"] it',
      {
        syslog5424_pri: ['34'],
        syslog5424_ver: ['1'],
        syslog5424_ts: ['2003-10-11T22:14:15.003Z'],
        syslog5424_host: ['my.host'],
        syslog5424_app: ['su-x'],
        syslog5424_proc: ['-'],
        syslog5424_msgid: ['ID47'],
        syslog5424_sd: ['[a b="c"]'],
        syslog5424_msg: ['it'],
      },
    ],
    [
      '%{CRONLOG}',
      'Feb  4 10:46:14 h cron[7]: (root) CMD (run)',
      {
        timestamp: ['Feb  4 10:46:14'],
        logsource: ['h'],
        program: ['cron'],
        pid: ['7'],
        user: ['root'],
        action: ['CMD'],
        message: ['run'],
      },
    ],
    [
      '%{JAVASTACKTRACEPART}',
      'at java.util.A$b.run(A.java:12)',
      { class: ['java.util.A$b'], method: ['run'], file: ['A.java'], line: ['12'] },
    ],
    [
      '%{RUBY_LOGGER}',
      'I, [2010-06-21T12:00:00.5 #12]  INFO -- main: hello',
      { timestamp: ['2010-06-21T12:00:00.5'], pid: ['12'], loglevel: ['INFO'], progname: ['main'], message: ['hello'] },
    ],
    [
      '%{REDISLOG}%{GREEDYDATA:m}',
      '[42] 14 Nov 07:01:22.119 * saved',
      { pid: ['42'], timestamp: ['14 Nov 07:01:22.119'], m: [' saved'] },
    ],
    [
      '%{POSTGRESQL}',
      '12/31/2012 10:00:00 EST u c 17',
      { timestamp: ['12/31/2012 10:00:00'], user_id: ['u'], connection_id: ['c'], pid: ['17'] },
    ],
    [
      '%{MCOLLECTIVE}',
      'I, [2010-06-21T12:00:00.5 #12]  INFO',
      { timestamp: ['2010-06-21T12:00:00.5'], pid: ['12'], event_level: ['INFO'] },
    ],
    [
      '%{NAGIOSLOGLINE}',
      '[1427956600] SERVICE ALERT: web;http;CRITICAL;SOFT;1;timed out; again',
      {
        nagios_epoch: ['1427956600'],
        nagios_type: ['SERVICE ALERT'],
        nagios_hostname: ['web'],
        nagios_service: ['http'],
        nagios_state: ['CRITICAL'],
        nagios_statelevel: ['SOFT'],
        nagios_attempt: ['1'],
        nagios_message: ['timed out; again'],
      },
    ],
    [
      '%{NAGIOSLOGLINE}',
      '[1] EXTERNAL COMMAND: SCHEDULE_HOST_DOWNTIME;h;1;2;1;0;60;me;why',
      {
        nagios_epoch: ['1'],
        nagios_type: ['EXTERNAL COMMAND'],
        nagios_command: ['SCHEDULE_HOST_DOWNTIME'],
        nagios_hostname: ['h'],
        nagios_start_time: ['1'],
        nagios_end_time: ['2'],
        nagios_fixed: ['1'],
        nagios_trigger_id: ['0'],
        nagios_duration: ['60'],
        author: ['me'],
        comment: ['why'],
      },
    ],
    ['(?<a>x)|(?<a>y)', 'y', { a: ['y'] }],
    ['%{IP:a} %{IP:b}', '10.0.0.1 2001:db8::1', { a: ['10.0.0.1'], b: ['2001:db8::1'] }],
    ['%{IP:a}', '300.0.0.1', null],
    ['%{NUMBER:n:int}', '-1.5', { n: ['-1.5'] }],
    ['%{MAC:m}', '00-11-22-33-44-55', { m: ['00-11-22-33-44-55'] }],
    ['%{URI:u}', 'http://u:p@h.x:80/a/b?c=d', { u: ['http://u:p@h.x:80/a/b?c=d'], port: ['80'] }],
    ['%{PATH:p}', 'C:\\a\\b', { p: ['C:\\a\\b'] }],
    ['%{QS:q}', '`a`', { q: ['`a`'] }],
    ['%{LOGLEVEL:l}', 'Warning', { l: ['Warning'] }],
    ['%{LOGLEVEL:l}', 'EMERGENCY', { l: ['EMERGENCY'] }],
  ])('%s on %s gives %j', (expression, text, fields) => {
    expect(extract(expression, text)).toEqual(fields);
  });

  it.each(
    [...shippedDictionaries.values()].flatMap((text) => [...text.matchAll(/^(\S+) /gm)].map((match) => match[1])),
  )('compiles %s of the shipped dictionaries', (name) => {
    expect(new GrokPattern(`%{${name}}`, shipped).source).not.toBe('');
  });

  it('takes no time over texts made to be slow', () => {
    const names = [...shippedDictionaries.values()].flatMap((text) =>
      [...text.matchAll(/^(\S+) /gm)].map((match) => match[1]),
    );
    const units = [
      'a',
      '1',
      '.',
      '/',
      'a.',
      '1.',
      'a/',
      '[a]',
      '"a',
      '\\"',
      "'",
      ' ',
      'a:',
      '::',
      'ab-',
      '%a',
      '<1>',
      'a b ',
    ];
    const texts = units.map((unit) => `${unit.repeat(600)}\u0000`);
    const began = performance.now();
    for (const name of names) for (const text of texts) new GrokPattern(`%{${name}}`, shipped).match(text);
    expect(performance.now() - began).toBeLessThan(20_000);
  });

  it('finds parts of a text', () => {
    const pattern = new GrokPattern('%{INT:n}', shipped);
    expect([...pattern.matchesIn('a1b22')].map((match) => match[0])).toEqual(['1', '22']);
    expect(pattern.find('xx7')?.[0]).toBe('7');
    expect(pattern.find('x')).toBeNull();
  });

  it.each([
    ['%{NUMBR:x}', 'there is no grok pattern NUMBR (did you mean NUMBER?)'],
    ['%{A}', 'refers to itself'],
    ['(', 'never closed'],
  ])('refuses %s', (expression, message) => {
    const dictionary = GrokDictionary.shipped();
    dictionary.add('A %{B}\nB x%{A}', 'own');
    expect(() => new GrokPattern(expression, dictionary)).toThrow(message);
  });

  it('refuses a dictionary line without a pattern by file and line', () => {
    expect(() => new GrokDictionary().add('# comment\n\nNAME', 'own')).toThrow('own:3');
  });
});
