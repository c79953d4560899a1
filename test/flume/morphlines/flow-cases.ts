import { body, type MorphlineCase } from './case.js';

const apache =
  '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326 "http://www.example.com/start.html" "Mozilla/4.08 [en] (Win98; I ;Nav)"';
const syslog = '<164>Feb  4 10:46:14 syslog sshd[607]: listening on 0.0.0.0 port 22.';

export const flowCases: readonly MorphlineCase[] = [
  {
    name: 'no commands',
    file: 'morphlines : [ { id : m, importCommands : ["org.kitesdk.**"], commands : [] } ]',
    input: [{ a: '1' }],
  },
  {
    name: 'if: then',
    commands:
      '{ if { conditions : [ { contains { a : [x, y] } }, { equals { b : "1" } } ], then : [ { addValues { r : then } } ], else : [ { addValues { r : else } } ] } }, { addValues { end : yes } }',
    input: [{ a: 'x', b: '1' }, { a: 'x', b: '2' }, { a: 'z', b: '1' }, {}],
  },
  {
    name: 'if: without branches',
    commands: '{ if { conditions : [ { not { contains { a : x } } } ] } }',
    input: [{ a: 'x' }, { a: 'y' }],
  },
  {
    name: 'if: a branch that fails',
    commands: '{ if { conditions : [ { contains { a : x } } ], then : [ { not { contains { a : x } } } ] } }',
    input: [{ a: 'x' }, { a: 'y' }],
  },
  {
    name: 'if: dropped in a branch',
    commands:
      '{ if { conditions : [ { contains { a : x } } ], then : [ { dropRecord {} } ] } }, { addValues { end : yes } }',
    input: [{ a: 'x' }, { a: 'y' }],
  },
  {
    name: 'if: conditions change the record',
    commands: '{ if { conditions : [ { addValues { c : 1 } }, { contains { a : x } } ] } }',
    input: [{ a: 'y' }],
  },
  { name: 'if: without conditions', commands: '{ if { then : [] } }' },
  { name: 'if: another argument', commands: '{ if { conditions : [ { contains { a : x } } ], otherwise : [] } }' },
  { name: 'not', commands: '{ not { equals { a : [] } } }', input: [{ a: '1' }, {}] },
  {
    name: 'contains',
    commands: '{ contains { a : [x, 5], b : "@{c}" } }',
    input: [
      { a: ['q', 'x'], b: '1', c: ['2', '1'] },
      { a: '5', b: '1', c: '1' },
      { a: 'x', b: '1' },
    ],
  },
  {
    name: 'equals',
    commands: '{ equals { a : [x, y], b : "@{c}", none : [] } }',
    input: [
      { a: ['x', 'y'], b: '1', c: '1' },
      { a: ['y', 'x'], b: '1', c: '1' },
      { a: ['x', 'y'], none: '1' },
    ],
  },
  {
    name: 'tryRules',
    commands:
      '{ tryRules { rules : [ { commands : [ { addValues { t : 1 } }, { contains { a : x } } ] }, { commands : [ { contains { a : y } }, { addValues { t : 2 } } ] }, { commands : [] } ], throwExceptionIfAllRulesFailed : false } }, { addValues { end : yes } }',
    input: [{ a: 'x' }, { a: 'y' }, { a: 'z' }],
  },
  {
    name: 'tryRules: none fits',
    commands: '{ tryRules { rules : [ { commands : [ { contains { a : x } } ] } ] } }',
    input: [{ a: 'z' }],
  },
  {
    name: 'tryRules: errors are caught',
    commands:
      '{ tryRules { catchExceptions : true, rules : [ { commands : [ { readLine {} } ] }, { commands : [ { addValues { t : 2 } } ] } ] } }',
    input: body('x'),
  },
  {
    name: 'tryRules: errors are not caught',
    commands:
      '{ tryRules { rules : [ { commands : [ { readLine {} } ] }, { commands : [ { addValues { t : 2 } } ] } ] } }',
    input: body('x'),
  },
  {
    name: 'tryRules: the record itself',
    commands:
      '{ tryRules { copyRecords : false, rules : [ { commands : [ { addValues { t : 1 } }, { contains { a : x } } ] }, { commands : [ { addValues { t : 2 } } ] } ] } }',
    input: [{ a: 'y' }],
  },
  {
    name: 'what comes after a rule fails it',
    commands:
      '{ tryRules { rules : [ { commands : [ { addValues { t : 1 } } ] }, { commands : [ { addValues { t : 2 } } ] } ] } }, { contains { t : "2" } }',
    input: [{}],
  },
  {
    name: 'pipe',
    commands: '{ pipe { id : inner, commands : [ { addValues { a : 1 } } ] } }, { addValues { b : 2 } }',
    input: [{}],
  },
  { name: 'pipe without id', commands: '{ pipe { commands : [] } }' },
  {
    name: 'callParentPipe',
    commands:
      '{ if { conditions : [ { equals { n : ["1", "1", "1"] } } ], then : [ { addValues { end : yes } } ], else : [ { addValues { n : "1" } }, { callParentPipe {} } ] } }',
    input: [{}],
  },
  {
    name: 'a command that fails',
    commands: '{ addValues { a : 1 } }, { contains { a : x } }, { addValues { b : 1 } }',
    input: [{}, { a: 'x' }],
  },
  {
    name: 'grok: syslog',
    commands:
      '{ grok { dictionaryFiles : [DICTIONARIES], expressions : { message : """<%{POSINT:priority}>%{SYSLOGTIMESTAMP:timestamp} %{SYSLOGHOST:hostname} %{DATA:program}(?:\\[%{POSINT:pid}\\])?: %{GREEDYDATA:msg}""" } } }',
    input: [{ message: [syslog] }, { message: 'no' }, {}],
  },
  {
    name: 'grok: Apache',
    commands:
      '{ grok { dictionaryFiles : [DICTIONARIES/grok-patterns], expressions : { message : "%{COMBINEDAPACHELOG}" } } }',
    input: [{ message: apache }],
  },
  {
    name: 'grok: in place',
    commands:
      '{ grok { dictionaryFiles : [DICTIONARIES], extract : inplace, expressions : { message : "%{INT:n}", other : "%{WORD:w}" } } }',
    input: [
      { message: '5', other: 'x' },
      { message: '5', other: '-' },
    ],
  },
  {
    name: 'grok: only looks',
    commands: '{ grok { dictionaryFiles : [DICTIONARIES], extract : false, expressions : { message : "%{INT:n}" } } }',
    input: [{ message: '5' }, { message: 'x' }],
  },
  {
    name: 'grok: parts',
    commands:
      '{ grok { dictionaryFiles : [DICTIONARIES], findSubstrings : true, expressions : { message : "%{INT:n}" } } }',
    input: [{ message: 'a 5 b -7' }, { message: 'x' }],
  },
  {
    name: 'grok: once',
    commands: '{ grok { numRequiredMatches : once, expressions : { m : """(?<n>\\d+)""" } } }',
    input: [{ m: ['1', 'x'] }, { m: ['1', '2'] }, { m: 'x' }],
  },
  {
    name: 'grok: all',
    commands: '{ grok { numRequiredMatches : all, expressions : { m : """(?<n>\\d+)""" } } }',
    input: [{ m: ['1', 'x'] }, { m: ['1', '2'] }, {}],
  },
  { name: 'grok: another number', commands: '{ grok { numRequiredMatches : many, expressions : { m : x } } }' },
  {
    name: 'grok: empty strings',
    commands: '{ grok { addEmptyStrings : true, expressions : { m : """(?<a>x*)(?<b>y)?""" } } }',
    input: [{ m: '' }, { m: 'y' }],
  },
  {
    name: 'grok: a name twice',
    commands: '{ grok { expressions : { m : """(?<a>x)(q)?(?<b>y)|(?<a>z)""" } } }',
    input: [{ m: 'xy' }, { m: 'xqy' }, { m: 'z' }],
  },
  {
    name: 'grok: own dictionary',
    commands: '{ grok { dictionaryString : """\n# own\nA a+\nB %{A:x}b\n""", expressions : { m : "%{B:y}" } } }',
    input: [{ m: 'aab' }],
  },
  { name: 'grok: not defined', commands: '{ grok { expressions : { m : "%{NOPE:x}" } } }' },
  { name: 'grok: bad dictionary', commands: '{ grok { dictionaryString : "NAME", expressions : { m : x } } }' },
  { name: 'grok: bad pattern', commands: '{ grok { expressions : { m : "(" } } }' },
  { name: 'grok: missing file', commands: '{ grok { dictionaryFiles : [/no/such/file], expressions : { m : x } } }' },
  {
    name: 'grok: possessive and atomic',
    commands: '{ grok { expressions : { m : """(?<a>(?>x+))(?<b>[a-z&&[^y]]++)(?<c>.*)""" } } }',
    input: [{ m: 'xxabyc' }],
  },
  ...['grok-patterns', 'firewalls', 'java', 'linux-syslog', 'mcollective', 'nagios', 'postgresql', 'redis', 'ruby'].map(
    (name) => ({
      name: `Java compiles the dictionary ${name}`,
      commands: `{ grok { dictionaryFiles : [DICTIONARIES/grok-patterns, DICTIONARIES/${name}], expressions : { m : "%{WORD:w}" } } }`,
      input: [{ m: 'x' }],
    }),
  ),
];

const timestamps: readonly (readonly [string, string, readonly string[]])[] = [
  [
    'the defaults',
    '',
    [
      '2011-09-06T14:14:34.789Z',
      '2012-09-06T14:14:34',
      '2013-09-06',
      '2013-09-06 14:14:34',
      'Tue Sep 6 14:14:34 2011',
      'Tue, 06 Sep 2011 14:14:34 GMT',
      '2011-09-06T14:14:34Z',
    ],
  ],
  ['what does not fit', '', ['x']],
  [
    'time zones',
    `inputFormats : ["yyyy-MM-dd'T'HH:mm:ss.SSS'Z'", "yyyy-MM-dd HH:mm"], inputTimezone : America/Los_Angeles, outputFormat : "yyyy-MM-dd'T'HH:mm:ss.SSSZ", outputTimezone : Europe/Berlin`,
    ['2011-03-13T02:30:00.000Z', '2011-11-06 01:30', '2011-07-01 12:00', '2011-01-01 12:00'],
  ],
  ['from seconds', 'inputFormats : [unixTimeInSeconds]', ['1315318474', '-1', '0']],
  ['from milliseconds', 'inputFormats : [unixTimeInMillis]', ['1315318474789']],
  ['to seconds', 'outputFormat : unixTimeInSeconds', ['2011-09-06T14:14:34.789Z']],
  ['to milliseconds', 'outputFormat : unixTimeInMillis', ['2011-09-06T14:14:34.789Z']],
  [
    'letters',
    `outputFormat : "yy yyyyy M MM MMM d D E u a H k K h m s S SSS z Z X XX mmXXX 'it''s'"`,
    ['2011-09-06T00:04:05.006Z', '2011-12-31T12:00:00.000Z'],
  ],
  [
    'zone of the text',
    'inputFormats : ["dd/MMM/yyyy:HH:mm:ss Z", "HH:mm z", "HH:mm:ssXXX", "HH:mmX"]',
    [
      '10/Oct/2000:13:55:36 -0700',
      '10:00 PST',
      '10:00 GMT-03:30',
      '10:00 CEST',
      '10:00:00+02:00',
      '10:00Z',
      '10:00-05',
    ],
  ],
  [
    'lenient',
    'inputFormats : ["yyyy-MM-dd HH:mm", "yyyyMMdd", "d.M.yy", "MMM d yyyy", "h a"]',
    ['2011-13-32 25:61', '20110906', '6.9.11', '6.9.2011', 'SEP  6 2011', 'sep 6 2011', '12 am', '12 PM', '1 pm'],
  ],
  [
    'German',
    'inputFormats : ["d. MMMM yyyy"], inputLocale : de, outputFormat : "EEEE, d. MMMM yyyy", outputLocale : fr_FR',
    ['6. September 2011', '1. März 2012'],
  ],
  ['an unknown zone', 'inputTimezone : Mars/Base', []],
  ['an unknown locale', 'inputLocale : xx_YY', []],
  ['an unknown letter', 'inputFormats : [bbb]', []],
  ['a zone for seconds', 'inputFormats : [unixTimeInSeconds], inputTimezone : Europe/Berlin', []],
];

export const timestampCases: readonly MorphlineCase[] = [
  ...timestamps.map(([name, options, values]) => ({
    name: `convertTimestamp: ${name}`,
    commands: `{ convertTimestamp { field : t\n${options} } }`,
    input: values.map((value) => ({ t: value })),
  })),
  {
    name: 'convertTimestamp: long names without a locale',
    commands: '{ convertTimestamp { field : t, outputFormat : "EEEE d MMMM yyyy G" } }',
    input: [{ t: 'Tuesday, 06-Sep-11 14:14:34 GMT' }],
    differs: {
      why: 'Java 8 writes and reads English names for the root locale, as we do; Java 9 and later have abbreviations there',
      ours: '"t":["s:Tuesday 6 September 2011 AD"]',
    },
  },
];

export const fileCases: readonly MorphlineCase[] = [
  {
    name: 'a file with all that HOCON has',
    file: `// comment
      # another
      include "included.conf"
      base : { addValues { fromBase : yes } }
      NAME = name_\${?NO_SUCH_VARIABLE}x
      words : [a, b]
      words += c
      words : \${words} [d]
      nested { deep.er : 1, deep : { more = 2 } }
      morphlines : [
        {
          id : first, importCommands : ["org.kitesdk.**"]
          commands : [
            \${base}
            { addValues { name : \${NAME}, words : \${words}, included : \${included.value}, deep : \${nested.deep.er}\${nested.deep.more}, text : one two   three # end
              raw : """a\\b"c\n  d""" , escaped : "tab\\tquote\\"\\u00e9", path : \${included.value}/bin
            } }
          ]
        }
      ]`,
    input: [{}],
  },
  { name: 'an unknown argument', commands: '{ readLine { charset : UTF-8, ignoreFirst : true } }' },
  { name: 'an unknown command', commands: '{ readLyne { charset : UTF-8 } }' },
  { name: 'two commands in one', commands: '{ readLine { charset : UTF-8 }, head {} }' },
  { name: 'an unknown charset', commands: '{ readLine { charset : UTF-99 } }' },
  { name: 'a missing argument', commands: '{ toString {} }' },
  { name: 'a wrong type', commands: '{ head { limit : [1] } }' },
  { name: 'a text that is no boolean', commands: '{ toString { field : a, trim : maybe } }' },
  {
    name: 'booleans and numbers as text',
    commands: '{ toString { field : a, trim : "yes" } }, { head { limit : "1" } }',
    input: [{ a: ' x ' }, { a: 'y' }],
  },
  {
    name: 'not imported',
    file: 'morphlines : [ { id : m, importCommands : ["org.kitesdk.morphline.stdio.*"], commands : [ { addValues { a : 1 } } ] } ]',
  },
  {
    name: 'imported by package',
    file: 'morphlines : [ { id : m, importCommands : ["org.kitesdk.morphline.stdlib.*"], commands : [ { addValues { a : 1 } } ] } ]',
    input: [{}],
  },
  {
    name: 'imported by class',
    file: 'morphlines : [ { id : m, importCommands : [org.kitesdk.morphline.stdlib.AddValuesBuilder], commands : [ { addValues { a : 1 } } ] } ]',
    input: [{}],
  },
  { name: 'called by class', commands: '{ "org/kitesdk/morphline/stdlib/AddValuesBuilder" { a : 1 } }', input: [{}] },
  {
    name: 'imported by default',
    file: 'morphlines : [ { id : m, commands : [ { addValues { a : 1 } } ] } ]',
    input: [{}],
  },
  {
    name: 'imported by the old name',
    file: 'morphlines : [ { id : m, importCommands : ["com.cloudera.**"], commands : [ { addValues { a : 1 } } ] } ]',
    input: [{}],
    differs: { why: 'packages of the time before Kite mean the same commands', ours: '"records":[{"a":["s:1"]}]' },
  },
  { name: 'no morphlines', file: 'a : 1' },
  { name: 'an empty list', file: 'morphlines : []' },
  { name: 'not HOCON', file: 'morphlines : [ { id : m' },
  { name: 'not defined', file: 'morphlines : [ { id : ${nope}, commands : [] } ]' },
  {
    name: 'the java command',
    commands: '{ java { imports : "import java.util.*;", code : "return child.process(record);" } }',
    input: [{}],
    differs: { why: 'there is no Java compiler here: refused', ours: '"error":"compile"' },
  },
];
