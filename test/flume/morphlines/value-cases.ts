import { type MorphlineCase } from './case.js';

export const valueCases: readonly MorphlineCase[] = [
  {
    name: 'addValues',
    commands:
      '{ addValues { a : 1.50, b : [x, 5, 2.5, true], c : "@{m}", d : "<@{m}-@{n}>", e : "@{none}", f : "x@{none}", "g.h" : y, i : "" } }',
    input: [{ m: ['1', '2'], n: ['p', 'q'], a: 'old' }],
  },
  {
    name: 'addValues: the whole record',
    commands: '{ addValues { dump : "@{}", more : "[@{}]" } }',
    input: [{ b: ['2', '3'], a: '1' }],
    differs: {
      why: "entries run in the order of the file, not of Java's hash codes, so that the second sees what the first added",
      ours: '"more":["s:[{a=[1], b=[2, 3], dump=[{a=[1], b=[2, 3]}]}]"]',
    },
  },
  { name: 'addValues: a number as a key', commands: '{ addValues { "5" : x, a_b-c : y } }', input: [{}] },
  { name: 'addValues: nested names', commands: '{ addValues { a { b : x, c : y } } }', input: [{}] },
  { name: 'addValues: into itself', commands: '{ addValues { a : "@{a}" } }', input: [{ a: ['1', '2'] }] },
  { name: 'addValues: an unclosed reference', commands: '{ addValues { a : "@{a" } }' },
  {
    name: 'setValues',
    commands: '{ setValues { a : x, b : [], c : "@{m}", d : "@{none}" } }',
    input: [{ m: ['1', '2'], a: ['old', 'older'], b: 'gone', c: 'was', d: 'gone' }],
  },
  {
    name: 'setValues from the field itself',
    commands: '{ setValues { a : "@{a}!" } }',
    input: [{ a: ['1', '2'] }],
    differs: { why: 'Kite empties the field before it looks at it', ours: '"a":["s:1!","s:2!"]' },
  },
  {
    name: 'addValuesIfAbsent',
    commands: '{ addValuesIfAbsent { a : [x, y, 5], b : "@{m}" } }',
    input: [{ a: ['x', '5'], m: ['1', '1', '2'] }],
  },
  {
    name: 'removeFields',
    commands:
      '{ removeFields { blacklist : ["regex:foo.*", "literal:bar", "glob:b[xy]z*{1,2}?"], whitelist : ["literal:foobar", "glob:*keep"] } }',
    input: [{ foo: '1', foobar: '2', bar: '3', bxzq1a: '4', baz: '5', fookeep: '6', afoo: '7', bxz3a: '8' }],
  },
  { name: 'removeFields: all', commands: '{ removeFields {} }', input: [{ a: '1' }] },
  {
    name: 'removeFields: names only',
    commands: '{ removeFields { blacklist : ["literal:a", "literal:b"], whitelist : ["literal:b"] } }',
    input: [{ a: '1', b: '2', c: '3' }],
  },
  { name: 'removeFields: no colon', commands: '{ removeFields { blacklist : ["foo"] } }' },
  { name: 'removeFields: another kind', commands: '{ removeFields { blacklist : ["foo:bar"] } }' },
  {
    name: 'removeValues',
    commands:
      '{ removeValues { nameBlacklist : ["glob:k*"], valueBlacklist : ["literal:1", "regex:x+"], valueWhitelist : ["literal:xx"] } }',
    input: [{ k1: ['1', '2', 'x', 'xx'], k2: '1', other: '1' }],
  },
  {
    name: 'removeValues: of named fields',
    commands: '{ removeValues { nameBlacklist : ["literal:k1"], valueBlacklist : ["literal:1"] } }',
    input: [{ k1: ['1', '1'], k2: '1' }],
  },
  {
    name: 'replaceValues',
    commands: '{ replaceValues { nameBlacklist : ["glob:k*"], valueBlacklist : ["glob:a?"], replacement : "$1" } }',
    input: [{ k: ['ab', 'abc'], l: 'ab' }],
  },
  { name: 'replaceValues without replacement', commands: '{ replaceValues { nameBlacklist : ["glob:k*"] } }' },
  {
    name: 'toString',
    commands:
      '{ readJson {} }, { extractJsonPaths { paths : { n : /n } } }, { toString { field : n } }, { removeFields { blacklist : ["glob:_*"] } }',
    input: [{ _attachment_body: '{"n": [1, 2.0, true, 1e10, 12345678.9, 0.0001]}' }],
  },
  {
    name: 'toString trimmed',
    commands: '{ toString { field : a, trim : true } }',
    input: [{ a: [' x\t', '\u00a0y'] }],
  },
  {
    name: 'toString of bytes',
    commands: '{ toString { field : _attachment_body } }',
    input: [{ _attachment_body: 'abc' }],
    differs: { why: 'Java shows the address of bytes', ours: '"_attachment_body":["s:abc"]' },
  },
  { name: 'toByteArray', commands: '{ toByteArray { field : a } }', input: [{ a: ['é', ''] }] },
  {
    name: 'toByteArray in UTF-16LE',
    commands: '{ toByteArray { field : a, charset : UTF-16LE } }',
    input: [{ a: 'é' }],
  },
  { name: 'toByteArray in ASCII', commands: '{ toByteArray { field : a, charset : US-ASCII } }', input: [{ a: 'é' }] },
  {
    name: 'translate',
    commands:
      '{ translate { field : level, dictionary : { 0 : Emergency, 1 : Alert, "a.b" : dotted, a b : blank }, fallback : Unknown } }',
    input: [{ level: ['0', '1', 'a.b', 'a b', '9'] }],
  },
  {
    name: 'translate without fallback',
    commands: '{ translate { field : level, dictionary : { 0 : Emergency } } }',
    input: [{ level: '0' }, { level: '1' }],
  },
  {
    name: 'findReplace',
    commands: '{ findReplace { field : m, pattern : "a.", replacement : "$1" } }',
    input: [{ m: ['xa.a.', 'ab'] }],
  },
  {
    name: 'findReplace: first only',
    commands: '{ findReplace { field : m, pattern : a, replacement : b, replaceFirst : true } }',
    input: [{ m: 'aa' }],
  },
  {
    name: 'findReplace with a pattern',
    commands:
      '{ findReplace { field : m, pattern : """(\\\\w)(\\\\d)""", isRegex : true, replacement : """$2-${1}\\$""" } }',
    input: [{ m: 'a1 b2' }],
    differs: { why: 'Java refuses ${1}: the name of a group begins with a letter', ours: '"records":[{' },
  },
  {
    name: 'findReplace by groups',
    commands: '{ findReplace { field : m, pattern : """(\\w)(\\d)""", isRegex : true, replacement : """$2-$1\\$""" } }',
    input: [{ m: 'a1 b2' }],
  },
  {
    name: 'findReplace by names',
    commands:
      '{ findReplace { field : m, dictionaryFiles : [DICTIONARIES], pattern : "%{WORD:first}( )%{INT:second}", isRegex : true, replacement : "${second}_${first}" } }',
    input: [{ m: 'abc 12' }],
  },
  {
    name: 'split',
    commands: '{ split { inputField : m, outputField : o, separator : "," } }',
    input: [{ m: ['a, b,,c ,', ''], o: 'was' }],
  },
  {
    name: 'split with empty strings',
    commands: '{ split { inputField : m, outputField : o, separator : ",", addEmptyStrings : true, trim : false } }',
    input: [{ m: ['a, b,,', ''] }],
  },
  {
    name: 'split with a limit',
    commands: '{ split { inputField : m, outputField : o, separator : "::", limit : 2 } }',
    input: [{ m: ['a::::b::c', '::::a::b'] }],
  },
  {
    name: 'split into fields',
    commands: '{ split { inputField : m, outputFields : [a, "", c, d], separator : " " } }',
    input: [{ m: ['1 2 3', '4  6 7 8'] }],
  },
  {
    name: 'split into fields with empty strings',
    commands: '{ split { inputField : m, outputFields : [a, b, c], separator : ",", addEmptyStrings : true } }',
    input: [{ m: '1,,' }],
  },
  {
    name: 'split by a pattern',
    commands: '{ split { inputField : m, outputField : o, separator : """\\s*[,;]\\s*""", isRegex : true } }',
    input: [{ m: 'a , b;c' }],
  },
  {
    name: 'split by a grok pattern',
    commands:
      '{ split { inputField : m, outputField : o, separator : "%{COMMA}", isRegex : true, dictionaryString : """COMMA ,+""" } }',
    input: [{ m: 'a,,b' }],
  },
  { name: 'split without an output', commands: '{ split { inputField : m, separator : "," } }' },
  {
    name: 'split with two outputs',
    commands: '{ split { inputField : m, separator : ",", outputField : a, outputFields : [b] } }',
  },
  {
    name: 'splitKeyValue',
    commands: '{ splitKeyValue { inputField : m, outputFieldPrefix : "p_" } }',
    input: [{ m: ['a=1', ' b = 2 = 3 ', 'c', 'd=', '=e'] }],
  },
  {
    name: 'splitKeyValue with empty strings',
    commands: '{ splitKeyValue { inputField : m, addEmptyStrings : true, trim : false, separator : "->" } }',
    input: [{ m: ['a -> 1', 'c', 'd->'] }],
  },
  {
    name: 'splitKeyValue by a pattern',
    commands: '{ splitKeyValue { inputField : m, separator : "[:=]+", isRegex : true } }',
    input: [{ m: ['a:=1', 'b=2'] }],
  },
  { name: 'splitKeyValue without separator', commands: '{ splitKeyValue { inputField : m, separator : "" } }' },
  {
    name: 'extractURIComponents',
    commands: '{ extractURIComponents { inputField : u, outputFieldPrefix : "u_" } }',
    input: [
      { u: 'http://userinfo@www.fbi.gov:8080/a%20b/errors.log?foo=x&bar=y%26&foo=z#top%C3%A9' },
      { u: 'mailto:jo@x.org' },
      { u: '/just/a/path?q' },
      { u: 'http://[::1]/x' },
      { u: 'http://a_b.c/x' },
      { u: 'file:///etc/x' },
      { u: '' },
      { u: 'urn:a:b#f' },
      { u: 'http://h:/' },
      { u: 'http://1.2.3.4:5' },
      { u: '//host/x' },
      { u: 'HTTP://H/é' },
      { u: ['http://a b/', 'x y', 'http://', ':x', '1a:b', 'a%zz', 'http://a/[', 'http://a/^', 'ok'] },
    ],
  },
  {
    name: 'extractURIComponents: fail on invalid',
    commands: '{ extractURIComponents { inputField : u, failOnInvalidURI : true } }',
    input: [{ u: 'a b' }],
  },
  {
    name: 'extractURIComponent',
    commands: '{ extractURIComponent { inputField : u, outputField : o, component : host } }',
    input: [{ u: ['http://h/x', 'x', 'http://i:1'] }],
  },
  {
    name: 'extractURIComponent: another part',
    commands: '{ extractURIComponent { inputField : u, outputField : o, component : hosts } }',
  },
  {
    name: 'extractURIQueryParameters',
    commands: '{ extractURIQueryParameters { inputField : u, outputField : o, parameter : foo } }',
    input: [{ u: ['http://h/x?foo=1&bar=2&foo=a+b%C3%A9&foo&=&foo=', 'x', 'http://h?foo=z#f', 'a b'] }],
  },
  {
    name: 'extractURIQueryParameters: one',
    commands: '{ extractURIQueryParameters { inputField : u, outputField : o, parameter : foo, maxParameters : 1 } }',
    input: [{ u: '/?foo=1&foo=2' }],
  },
  {
    name: 'generateUUID',
    commands: '{ generateUUID { field : u, prefix : "p-" } }',
    input: [{}, { u: 'kept' }],
    random: ['u'],
  },
  { name: 'generateUUID: another kind', commands: '{ generateUUID { type : fast } }' },
  {
    name: 'addCurrentTime',
    commands: '{ addCurrentTime {} }, { addCurrentTime { field : t, preserveExisting : false } }',
    input: [{ timestamp: 'kept', t: 'gone' }],
    random: ['t'],
  },
  { name: 'addLocalHost', commands: '{ addLocalHost { field : h, useIP : true } }', input: [{}, { h: 'kept' }] },
  {
    name: 'hashDigest',
    commands: '{ hashDigest { inputField : a, outputField : h, hashType : SHA-1 } }',
    input: [{ a: ['x', 'y'] }],
    differs: { why: 'the released jar has no hashDigest', ours: '"h":["s:11f6ad8ec52a2984abaafd7c3b516503785c2072"' },
  },
  {
    name: 'decodeBase64',
    commands: '{ decodeBase64 { field : a } }',
    input: [{ a: 'aGVsbG8=' }],
  },
  { name: 'head', commands: '{ head { limit : 2 } }', input: [{ a: '1' }, { a: '2' }, { a: '3' }] },
  { name: 'head: below -1', commands: '{ head { limit : -2 } }' },
  { name: 'sample: all', commands: '{ sample { probability : 1.0 } }', input: [{ a: '1' }, { a: '2' }] },
  {
    name: 'sample by a seed',
    commands: '{ sample { probability : 0.5, seed : 12345 } }',
    input: Array.from({ length: 40 }, (_, index) => ({ a: String(index) })),
  },
  {
    name: 'sample by a long seed',
    commands: '{ sample { probability : 0.1, seed : -1234567890123456789 } }',
    input: Array.from({ length: 800 }, (_, index) => ({ a: String(index) })),
  },
  { name: 'sample: none', commands: '{ sample { probability : 0.0, seed : 12345 } }', input: [{ a: '1' }, { a: '2' }] },
  {
    name: 'logging',
    commands:
      '{ logTrace { format : "x {}", args : ["@{}"] } }, { logDebug { format : y } }, { logInfo { format : "{} {}", args : ["@{a}"] } }, { logWarn { format : w } }, { logError { format : e } }',
    input: [{ a: '1' }],
  },
  { name: 'reporting metrics', commands: '{ startReportingMetricsToJMX { domain : d } }', input: [{ a: '1' }] },
];
