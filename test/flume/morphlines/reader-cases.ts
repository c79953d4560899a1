import { body, type MorphlineCase } from './case.js';

const cars = 'Age,Color,Extras\n2,blue,"GPS, leather"\n\n# used\n10 , "green ""metallic""", \n3,red,x,one more\n';
const stack = `Jul 1 first
java.lang.Error: no
\tat a.B(C.java:1)
\tat d.E(F.java:2)
Jul 2 second
`;
const json = `{"id": 5, "big": 12345678901234567890, "long": 3000000000, "price": 1.0, "tiny": 1e-7, "flag": true, "none": null,
 "name": "J\\u00f6rg \\"x\\"", "a": {"b": [{"c": 1}, {"c": 2}, {"d": 3}], "e": [[1, 2], [3]]}, "empty": {}, "list": []}`;

export const readerCases: readonly MorphlineCase[] = [
  {
    name: 'readLine',
    commands: '{ readLine { charset : UTF-8 } }',
    input: body('one\n\ntwo\r\nthree\rfour', { h: ['x', 'y'] }),
  },
  {
    name: 'readLine: first line, comments and the old message left out',
    commands: '{ readLine { ignoreFirstLine : true, commentPrefix : "#", charset : UTF-8 } }',
    input: body('head\n# no\nyes\n', { message: 'old' }),
  },
  {
    name: 'readLine: charset of the record',
    commands: '{ readLine {} }',
    input: body('ab', { _attachment_charset: 'UTF-16LE' }),
  },
  { name: 'readLine: no charset at all', commands: '{ readLine {} }', input: body('a') },
  { name: 'readLine: bad UTF-8', commands: '{ readLine { charset : US-ASCII } }', input: body('aäb') },
  { name: 'readLine: ISO-8859-1', commands: '{ readLine { charset : ISO-8859-1 } }', input: body('aäb') },
  { name: 'readLine: no attachment', commands: '{ readLine { charset : UTF-8 } }', input: [{ message: 'x' }] },
  {
    name: 'readLine: a MIME type in a range',
    commands: '{ readLine { charset : UTF-8, supportedMimeTypes : ["text/*"] } }',
    input: body('a', { _attachment_mimetype: 'Text/Plain; charset=UTF-8' }),
  },
  {
    name: 'readLine: another MIME type',
    commands: '{ readLine { charset : UTF-8, supportedMimeTypes : [text/plain] } }',
    input: body('a', { _attachment_mimetype: 'text/html' }),
  },
  {
    name: 'readLine: MIME types wanted and none there',
    commands: '{ readLine { charset : UTF-8, supportedMimeTypes : ["*/*"] } }',
    input: body('a'),
  },
  { name: 'readClob', commands: '{ readClob { charset : UTF-8 } }', input: body('one\ntwo\n', { message: 'old' }) },
  { name: 'readClob into a field', commands: '{ readClob { charset : UTF-8, outputField : text } }', input: body('é') },
  { name: 'readBlob', commands: '{ readBlob {} }', input: body('\u0000\u0001') },
  { name: 'readBlob into a field', commands: '{ readBlob { outputField : bytes } }', input: body('abc') },
  {
    name: 'readMultiLine: stack traces',
    commands:
      '{ readMultiLine { regex : "(^.+Error: .+)|(^\\\\s+at .+)|(^\\\\s+... \\\\d+ more)|(^\\\\s*Caused by:.+)", what : previous, charset : UTF-8 } }',
    input: body(stack),
  },
  {
    name: 'readMultiLine: what next',
    commands: '{ readMultiLine { regex : """.*\\\\""", what : next, charset : UTF-8 } }',
    input: body('a \\\nb \\\nc\nd\n'),
  },
  {
    name: 'readMultiLine: negated',
    commands: '{ readMultiLine { regex : "Jul.*", negate : true, charset : UTF-8 } }',
    input: body(stack),
  },
  {
    name: 'readCSV',
    commands: '{ readCSV { columns : [age, color, "", extras], charset : UTF-8 } }',
    input: body(cars),
  },
  {
    name: 'readCSV with quotes',
    commands:
      '{ readCSV { columns : [age, color, extras], ignoreFirstLine : true, quoteChar : "\\"", commentPrefix : "#", charset : UTF-8 } }',
    input: body(cars),
  },
  {
    name: 'readCSV: quotes over lines',
    commands: '{ readCSV { columns : [a, b], quoteChar : "\\"", trim : false, charset : UTF-8 } }',
    input: body('1,"x\ny"\n2, z"q"z \n"",\n'),
  },
  {
    name: 'readCSV: an unclosed quote',
    commands: '{ readCSV { columns : [a, b], quoteChar : "\\"", charset : UTF-8 } }',
    input: body('1,ok\n2,"x\ny'),
  },
  {
    name: 'readCSV: without empty strings, tabs',
    commands: '{ readCSV { separator : "\\t", columns : [a, b, c], addEmptyStrings : false, charset : UTF-8 } }',
    input: body('1\t\t 3 \n \n'),
  },
  {
    name: 'readCSV: too long records ignored',
    commands:
      '{ readCSV { columns : [a], maxCharactersPerRecord : 5, onMaxCharactersPerRecord : ignoreRecord, charset : UTF-8 } }',
    input: body('12345\n123456\n1\n'),
  },
  {
    name: 'readCSV: too long records are an error',
    commands: '{ readCSV { columns : [a], maxCharactersPerRecord : 5, charset : UTF-8 } }',
    input: body('12345\n123456\n'),
  },
  {
    name: 'readCSV: separator of two characters',
    commands: '{ readCSV { separator : "::", columns : [a], charset : UTF-8 } }',
  },
  { name: 'readCSV: without columns', commands: '{ readCSV { charset : UTF-8 } }' },
  {
    name: 'readJson',
    commands: '{ readJson {} }',
    input: body('{"a": 1, "b": [true, null, 2.50, "x"]}\n {"c": {}} 5 "t"'),
  },
  { name: 'readJson: a mistake after a value', commands: '{ readJson {} }', input: body('{"a": 1} {"b": }') },
  { name: 'readJson: nothing', commands: '{ readJson {} }', input: body('  \n') },
  {
    name: 'readJson as a Java map',
    commands: '{ readJson { outputClass : java.util.Map } }',
    input: body('{"a": 1, "b": [true, null, 2.50, "x"], "c": {"d": {}}}'),
  },
  {
    name: 'extractJsonPaths flattened',
    commands: `{ readJson {} }, { extractJsonPaths { flatten : true, paths : { id : /id, big : /big, long : /long, price : price,
      tiny : /tiny, flag : /flag, none : /none, name : /name, c : "/a/b[]/c", b : /a/b, e : "/a/e[]", all : /a, ee : "/a/e[]/[]", missing : /x/y, empty : /empty/ } } }
      { removeFields { blacklist : ["literal:_attachment_body"] } }`,
    input: body(json),
  },
  {
    name: 'extractJsonPaths not flattened',
    commands: `{ readJson {} }, { extractJsonPaths { flatten : false, paths : { id : /id, price : /price, a : /a, b : "/a/b[]", c : "/a/b[]/c", list : /list, none : /none } } }
      { removeFields { blacklist : ["literal:_attachment_body"] } }`,
    input: body(json),
  },
  { name: 'extractJsonPaths: any depth', commands: '{ extractJsonPaths { paths : { a : "//b" } } }' },
  {
    name: 'extractJsonPaths without JSON',
    commands: '{ extractJsonPaths { paths : { a : /b } } }',
    input: body('x'),
  },
  {
    name: 'separateAttachments',
    commands: '{ separateAttachments {} }',
    input: [
      { _attachment_body: ['a', 'b', 'c'], _attachment_mimetype: ['text/a', 'text/b'], _attachment_name: 'n', h: 'x' },
      { h: 'none' },
    ],
  },
];
