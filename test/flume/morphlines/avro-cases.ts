import type { MorphlineCase } from './case.js';

const person =
  '{"type":"record","name":"Person","fields":[{"name":"name","type":"string"},{"name":"age","type":["null","int"],"default":null},{"name":"tags","type":{"type":"array","items":"string"}}]}';
const numbers =
  '{"type":"record","name":"Numbers","fields":[{"name":"i","type":"int"},{"name":"l","type":"long"},{"name":"f","type":"float"},{"name":"d","type":"double"},{"name":"b","type":"boolean"}]}';
const nested =
  '{"type":"record","name":"Doc","fields":[{"name":"id","type":"long"},{"name":"links","type":{"type":"record","name":"Links","fields":[{"name":"forward","type":{"type":"array","items":"long"}},{"name":"back","type":["null",{"type":"array","items":"long"}],"default":null}]}},{"name":"attributes","type":{"type":"map","values":"string"}},{"name":"colour","type":{"type":"enum","name":"Colour","symbols":["RED","BLUE"]}},{"name":"names","type":{"type":"array","items":{"type":"record","name":"Name","fields":[{"name":"code","type":["string","null"]},{"name":"country","type":"string","default":"?"}]}}}]}';
const document =
  '{"id":1,"links":{"forward":[2,3],"back":{"array":[4]}},"attributes":{"a":"b"},"colour":"RED","names":[{"code":{"string":"en"},"country":"us"},{"code":null,"country":"de"}]}';
const older =
  '{"type":"record","name":"Person","fields":[{"name":"name","type":"string"},{"name":"city","type":"string","default":"none"}]}';

const quoted = (schema: string): string => `"""${schema}"""`;
const person1 = { name: 'ann', age: '5', tags: ['a', 'b'] };
const make = (schema: string, more = ''): string => `{ toAvro { schemaString : ${quoted(schema)} ${more} } }`;
const write = (format: string, more = ''): string => `{ writeAvroToByteArray { format : ${format} ${more} } }`;
const readJson = `{ readAvro { isJson : true, writerSchemaString : ${quoted(nested)} } }`;
const paths = (list: string, flatten = true): string =>
  `{ extractAvroPaths { flatten : ${flatten}, paths : { ${list} } } }`;
const drop = '{ removeFields { blacklist : ["literal:_attachment_body"] } }';

/** What each command of Kite's Avro module gives; what lies in between is only seen by the next command. */
export const avroCases: readonly MorphlineCase[] = [
  {
    name: 'toAvro: as it is shown',
    commands: make(person),
    input: [person1, { name: 'bob' }, { name: 'c', tags: 'one' }],
  },
  { name: 'toAvro: a missing field without default', commands: make(person), input: [{ tags: 'x' }] },
  { name: 'toAvro: two values for one', commands: make(person), input: [{ name: ['a', 'b'] }] },
  {
    name: 'toAvro: mappings',
    commands: make(person, ', mappings : { name : first, tags : marks }'),
    input: [{ first: 'x', marks: ['1'] }],
  },
  {
    name: 'toAvro: numbers of texts',
    commands: make(numbers),
    input: [
      { i: '1', l: '9007199254740993', f: '1.5', d: '-2e3', b: 'true' },
      { i: '+7', l: '-1', f: '3', d: '0.1', b: 'false' },
      { i: '1', l: '1', f: '1', d: 'NaN', b: 'false' },
    ],
  },
  {
    name: 'toAvro: a text that is no number',
    commands: make(numbers),
    input: [{ i: 'x', l: '1', f: '1', d: '1', b: 'true' }],
  },
  {
    name: 'toAvro: a number out of range',
    commands: make(numbers),
    input: [{ i: '2147483648', l: '1', f: '1', d: '1', b: 'true' }],
  },
  {
    name: 'toAvro: a text that is no boolean',
    commands: make(numbers),
    input: [{ i: '1', l: '1', f: '1', d: '1', b: 'TRUE' }],
  },
  { name: 'toAvro: without a schema', commands: '{ toAvro {} }' },
  { name: 'toAvro: two schemas', commands: make(person, ', schemaField : s') },
  { name: 'toAvro: a schema that is none', commands: '{ toAvro { schemaString : "no schema" } }' },
  { name: 'toAvro: an unknown argument', commands: make(person, ', shema : x') },
  ...['containerlessBinary', 'container'].flatMap((format): MorphlineCase[] => {
    const read =
      format === 'container' ? '{ readAvroContainer {} }' : `{ readAvro { writerSchemaString : ${quoted(person)} } }`;
    return [
      {
        name: `${format}: written and read again`,
        commands: [make(person), write(format), read, paths('n : /name, a : /age, t : "/tags[]"'), drop].join(', '),
        input: [person1, { name: 'bob', tags: [] }],
      },
      {
        name: `${format}: read with another schema`,
        commands: [
          make(person),
          write(format),
          read
            .replace('{ readAvro', '{ readAvro')
            .replace('Container {}', `Container { readerSchemaString : ${quoted(older)} }`)
            .replace('{ writer', `{ readerSchemaString : ${quoted(older)}, writer`),
          '{ extractAvroTree {} }',
          drop,
        ].join(', '),
        input: [person1],
      },
    ];
  }),
  {
    name: 'containerlessBinary: its bytes',
    commands: `${make(person)}, ${write('containerlessBinary')}`,
    input: [person1],
  },
  {
    name: 'containerlessJSON: its text',
    commands: `${make(person)}, ${write('containerlessJSON')}`,
    input: [person1, { name: 'b' }],
  },
  ...['null', 'deflate', 'snappy'].map((codec): MorphlineCase => ({
    name: `container: codec ${codec}`,
    commands: [
      make(person),
      write('container', `, codec : "${codec}"`),
      '{ readAvroContainer {} }',
      '{ extractAvroTree {} }',
      drop,
    ].join(', '),
    input: [person1],
  })),
  {
    name: 'container: a codec that does not exist',
    commands: `${make(person)}, ${write('container', ', codec : zip')}`,
  },
  { name: 'a format that does not exist', commands: write('json') },
  { name: 'writeAvroToByteArray: no Avro there', commands: write('container'), input: [{ _attachment_body: 'text' }] },
  {
    name: 'readAvroContainer: no container',
    commands: '{ readAvroContainer {} }',
    input: [{ _attachment_body: 'text' }],
  },
  { name: 'readAvroContainer: no attachment', commands: '{ readAvroContainer {} }', input: [{ a: 'b' }] },
  {
    name: 'readAvroContainer: another type of attachment',
    commands: '{ readAvroContainer { supportedMimeTypes : ["avro/binary"] } }',
    input: [{ _attachment_body: 'x', _attachment_mimetype: 'text/plain' }],
  },
  { name: 'readAvro: without a schema', commands: '{ readAvro {} }' },
  { name: 'readAvro: JSON, as it is shown', commands: readJson, input: [{ _attachment_body: document }] },
  {
    name: 'readAvro: two JSON values',
    commands: `${readJson}, ${paths('i : /id')}, ${drop}`,
    input: [{ _attachment_body: `${document}\n${document}` }],
  },
  { name: 'readAvro: JSON that does not fit', commands: readJson, input: [{ _attachment_body: '{"id":"x"}' }] },
  {
    name: 'extractAvroPaths: flattened',
    commands: `${readJson}, ${paths('id : /id, fw : "/links/forward", fwi : "/links/forward[]", back : /links/back, backi : "/links/back[]", a : /attributes/a, no : /attributes/none, c : /colour, code : "/names[]/code", all : /names, root : /links, miss : /nothing/there')}, ${drop}`,
    input: [{ _attachment_body: document }],
  },
  {
    name: 'extractAvroPaths: whole',
    commands: `${readJson}, ${paths('id : /id, fw : "/links/forward", fwi : "/links/forward[]", back : /links/back, at : /attributes, c : /colour, code : "/names[]/code", all : "/names", one : "/names[]", root : /links', false)}, ${drop}`,
    input: [{ _attachment_body: document }],
  },
  { name: 'extractAvroPaths: any depth', commands: `${readJson}, ${paths('a : "//code"')}` },
  {
    name: 'extractAvroPaths: no Avro there',
    commands: paths('a : /a'),
    input: [{ _attachment_body: 'text' }, { a: 'b' }],
  },
  {
    name: 'extractAvroTree',
    commands: `${readJson}, { extractAvroTree {} }, ${drop}`,
    input: [{ _attachment_body: document }],
  },
  {
    name: 'extractAvroTree: with a prefix',
    commands: `${readJson}, { extractAvroTree { outputFieldPrefix : doc } }, ${drop}`,
    input: [{ _attachment_body: document }],
  },
  { name: 'extractAvroTree: no Avro there', commands: '{ extractAvroTree {} }', input: [{ a: 'b' }] },
];
