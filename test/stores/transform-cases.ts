import type { KafkaTransform, TransformTrial } from '../peers/transform-runner.js';

/** Records and transforms of which ours and Kafka's have to make the same. */

const kafka = 'org.apache.kafka.connect.transforms.';
type Options = Readonly<Record<string, string>>;

function link(type: string, options: Options = {}): KafkaTransform {
  return { type: `${kafka}${type}`, options };
}

const plain = {
  id: 7,
  big: 9007199254740993n,
  name: 'Ada',
  price: 12.5,
  tiny: 0.00001,
  huge: 123456789012.25,
  yes: true,
  text: '123',
  none: null,
  list: [1, 2, 3],
  inner: { city: 'Bern', zip: 3000, deep: { level: 2 } },
  when: '2026-01-02 03:04:05',
  millis: 1767312000123,
  'with.dot': 'dotted',
};

function jsonText(value: unknown): string {
  return JSON.stringify(value, (_name, inner: unknown) =>
    typeof inner === 'bigint' ? JSON.rawJSON(inner.toString()) : inner,
  );
}

function enveloped(schema: unknown, payload: unknown): string {
  return jsonText({ schema, payload });
}

const field = (name: string, type: string, more: object = {}): object => ({
  field: name,
  type,
  optional: true,
  ...more,
});

const decimal = { name: `${'org.apache.kafka.connect.data.'}Decimal`, version: 1, parameters: { scale: '2' } };
const logical = (name: string): object => ({ name: `org.apache.kafka.connect.data.${name}`, version: 1 });

const structSchema = {
  type: 'struct',
  name: 'shop.Order',
  version: 3,
  doc: 'An order',
  optional: false,
  fields: [
    field('id', 'int32', { optional: false }),
    field('big', 'int64'),
    field('small', 'int8'),
    field('short', 'int16'),
    field('name', 'string'),
    field('price', 'double'),
    field('ratio', 'float'),
    field('yes', 'boolean'),
    field('text', 'string'),
    field('none', 'string'),
    field('fallback', 'string', { default: 'standby' }),
    field('raw', 'bytes'),
    field('list', 'array', { items: { type: 'int32', optional: false } }),
    field('amount', 'bytes', decimal),
    field('day', 'int32', logical('Date')),
    field('clock', 'int32', logical('Time')),
    field('at', 'int64', logical('Timestamp')),
    field('when', 'string'),
    field('micros', 'int64'),
    field('inner', 'struct', {
      fields: [
        field('city', 'string', { default: 'Rome' }),
        field('zip', 'int32', { optional: false }),
        field('deep', 'struct', { fields: [field('level', 'int32')] }),
      ],
    }),
  ],
};

const struct = {
  id: 7,
  big: 9007199254740993n,
  small: -5,
  short: 300,
  name: 'Ada',
  price: 12.5,
  ratio: 0.5,
  yes: true,
  text: '123',
  none: null,
  fallback: null,
  raw: 'AQID',
  list: [1, 2, 3],
  amount: 'BNI=',
  day: 20455,
  clock: 3723004,
  at: 1767312000123,
  when: '2026-01-02 03:04:05',
  micros: 1767312000123456,
  inner: { city: null, zip: 3000, deep: { level: 2 } },
};

const mapSchema = {
  type: 'struct',
  optional: false,
  fields: [
    field('tags', 'map', { keys: { type: 'string' }, values: { type: 'int32', optional: true } }),
    field('id', 'int32'),
  ],
};

interface Subject {
  readonly name: string;
  readonly key: string | null;
  readonly value: string | null;
}

const schemaless: Subject = { name: 'map', key: enveloped(null, { id: 1, k: 'v' }), value: enveloped(null, plain) };
const withSchema: Subject = {
  name: 'struct',
  key: enveloped(
    { type: 'struct', optional: false, fields: [field('id', 'int64'), field('k', 'string')] },
    { id: 1, k: 'v' },
  ),
  value: enveloped(structSchema, struct),
};
const tombstone: Subject = { name: 'tombstone', key: enveloped(null, 'k1'), value: null };
const scalar: Subject = {
  name: 'scalar',
  key: enveloped({ type: 'string', optional: false }, '17'),
  value: enveloped({ type: 'int64', optional: true, doc: 'a number' }, 300),
};
const number: Subject = { name: 'number', key: null, value: enveloped(null, 1767312000) };
const both = [schemaless, withSchema];

export interface TransformCase extends TransformTrial {
  readonly name: string;
}

const headers: readonly (readonly [string, string])[] = [
  ['env', 'prod'],
  ['dup', 'one'],
  ['dup', 'two'],
];

function cases(subjects: readonly Subject[], links: readonly KafkaTransform[], topic = 'orders-eu'): TransformCase[] {
  const what = links.map(({ type, options, predicate, negate }) => {
    const when =
      predicate === undefined ? '' : ` if ${negate === true ? 'not ' : ''}${predicate.type.replace(/.*\./, '')}`;
    return `${type.slice(kafka.length)} ${JSON.stringify(options)}${when}`;
  });
  return subjects.map(({ name, key, value }) => ({
    name: `${what.join(', ')} of a ${name}`,
    transforms: links,
    topic,
    key,
    value,
    headers,
  }));
}

const of = (subjects: readonly Subject[], type: string, ...variants: readonly Options[]): TransformCase[] =>
  variants.flatMap((options) => cases(subjects, [link(type, options)]));

const mapped: Subject = {
  name: 'struct with a map',
  key: null,
  value: enveloped(mapSchema, { tags: { a: 1, b: null }, id: 3 }),
};

export const transformCases: readonly TransformCase[] = [
  ...of(
    both,
    'InsertField$Value',
    { 'topic.field': 't', 'partition.field': 'p!', 'offset.field': 'o?', 'timestamp.field': 'ts' },
    { 'static.field': 's!', 'static.value': 'fixed' },
    { 'timestamp.field': 'ts!' },
    { 'static.field': 's', 'static.value': 'x', 'replace.null.with.default': 'false' },
  ),
  ...of(both, 'InsertField$Key', { 'topic.field': 'from' }),
  ...of([tombstone, scalar], 'InsertField$Value', { 'topic.field': 't' }),
  ...of(
    both,
    'ReplaceField$Value',
    { exclude: 'big,inner,list' },
    { include: 'id,name,fallback' },
    { renames: 'id:key,name:title' },
    { include: 'id,name', exclude: 'name', renames: 'id:number' },
    { include: 'id,fallback', 'replace.null.with.default': 'false' },
  ),
  ...of(both, 'ReplaceField$Key', { exclude: 'k' }),
  ...of([tombstone, scalar], 'ReplaceField$Value', { exclude: 'x' }),
  ...of(
    both,
    'MaskField$Value',
    { fields: 'name,id,big,price,yes' },
    { fields: 'name,text', replacement: '***' },
    { fields: 'id,big', replacement: '42' },
    { fields: 'price', replacement: '1.5' },
    { fields: 'yes', replacement: 'x' },
    { fields: 'id', replacement: 'no number' },
    { fields: 'list,none' },
  ),
  ...of(
    [withSchema],
    'MaskField$Value',
    { fields: 'day,clock,at' },
    { fields: 'small,short,ratio' },
    { fields: 'small', replacement: '7' },
    { fields: 'ratio', replacement: '0.25' },
  ),
  ...of([schemaless], 'MaskField$Value', { fields: 'inner' }),
  ...of([withSchema], 'MaskField$Value', { fields: 'inner' }, { fields: 'raw' }),
  ...of([mapped], 'MaskField$Value', { fields: 'tags' }),
  ...of([tombstone], 'MaskField$Value', { fields: 'name' }),
  ...of(
    both,
    'ExtractField$Value',
    { field: 'name' },
    { field: 'big' },
    { field: 'inner' },
    { field: 'missing' },
    { field: 'inner.city', 'field.syntax.version': 'V2' },
    { field: 'inner.deep.level', 'field.syntax.version': 'V2' },
    { field: 'inner.nothing.level', 'field.syntax.version': 'V2' },
  ),
  ...of(
    [withSchema],
    'ExtractField$Value',
    { field: 'fallback' },
    { field: 'fallback', 'replace.null.with.default': 'false' },
    { field: 'amount' },
    { field: 'at' },
  ),
  ...of(
    [schemaless],
    'ExtractField$Value',
    { field: 'with.dot' },
    { field: '`with.dot`', 'field.syntax.version': 'V2' },
    { field: 'none' },
  ),
  ...of(both, 'ExtractField$Key', { field: 'id' }, { field: 'k' }),
  ...of([tombstone, scalar], 'ExtractField$Value', { field: 'id' }),
  ...of([...both, tombstone, scalar], 'HoistField$Value', { field: 'wrapped' }),
  ...of([scalar, tombstone], 'HoistField$Key', { field: 'id' }),
  ...of([...both, tombstone], 'ValueToKey', { fields: 'id,name' }),
  ...of(
    [withSchema],
    'ValueToKey',
    { fields: 'id,fallback' },
    { fields: 'missing' },
    { fields: 'fallback', 'replace.null.with.default': 'false' },
  ),
  ...of([schemaless], 'ValueToKey', { fields: 'missing,id' }),
  ...of(
    both,
    'Cast$Value',
    { spec: 'id:string,price:int32,yes:string,text:int64' },
    { spec: 'id:int8,big:int32,price:float32' },
    { spec: 'big:float64,text:boolean,yes:int8' },
    { spec: 'name:int32' },
    { spec: 'text:float32,price:boolean' },
    { spec: 'price:string,id:float64' },
    { spec: 'list:string' },
    { spec: 'none:int32' },
    { spec: 'text:int8,id:boolean' },
  ),
  ...of(
    [schemaless],
    'Cast$Value',
    { spec: 'tiny:string,huge:string' },
    { spec: 'huge:int32,tiny:int64' },
    { spec: 'huge:int8' },
  ),
  ...of(
    [withSchema],
    'Cast$Value',
    { spec: 'day:int64,clock:string,at:string' },
    { spec: 'at:int64,day:string' },
    { spec: 'raw:string' },
    { spec: 'raw:int32' },
    { spec: 'fallback:string' },
    { spec: 'short:int8,ratio:string,small:float64' },
    { spec: 'fallback:string', 'replace.null.with.default': 'false' },
  ),
  ...of(
    [scalar, number, tombstone],
    'Cast$Value',
    { spec: 'int8' },
    { spec: 'string' },
    { spec: 'float64' },
    { spec: 'boolean' },
  ),
  ...of([scalar], 'Cast$Key', { spec: 'int32' }),
  ...of([...both, tombstone], 'Flatten$Value', {}, { delimiter: '_' }),
  ...of([mapped, scalar], 'Flatten$Value', {}),
  ...of([schemaless], 'Filter', {}),
  ...of(
    [schemaless],
    'RegexRouter',
    { regex: '(.*)-(.*)', replacement: '$2_$1' },
    { regex: 'orders', replacement: 'x' },
    { regex: 'orders.*', replacement: 'all' },
    { regex: '(?<base>[a-z]+)-eu', replacement: '${base}' },
  ),
  ...of(
    [schemaless, tombstone],
    'TimestampRouter',
    {},
    { 'topic.format': 'x-${timestamp}-${topic}', 'timestamp.format': "yyyy-MM-dd'T'HH" },
  ),
  ...of(
    both,
    'TimestampConverter$Value',
    { field: 'when', 'target.type': 'unix', format: 'yyyy-MM-dd HH:mm:ss' },
    { field: 'when', 'target.type': 'unix', format: 'yyyy-MM-dd HH:mm:ss', 'unix.precision': 'seconds' },
    { field: 'when', 'target.type': 'unix', format: 'yyyy-MM-dd HH:mm:ss', 'unix.precision': 'nanoseconds' },
    { field: 'big', 'target.type': 'string', format: 'yyyy-MM-dd', 'unix.precision': 'nanoseconds' },
    { field: 'when', 'target.type': 'unix', format: 'yyyy/MM/dd' },
    { field: 'when', 'target.type': 'string', format: 'dd MMM yyyy' },
    { field: 'name', 'target.type': 'unix', format: 'yyyy' },
    { field: 'yes', 'target.type': 'unix' },
    { field: 'none', 'target.type': 'unix', format: 'yyyy' },
  ),
  ...of(
    [schemaless],
    'TimestampConverter$Value',
    { field: 'millis', 'target.type': 'string', format: "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'" },
    { field: 'millis', 'target.type': 'unix', 'unix.precision': 'milliseconds' },
  ),
  ...of(
    [withSchema],
    'TimestampConverter$Value',
    { field: 'when', 'target.type': 'Timestamp', format: 'yyyy-MM-dd HH:mm:ss' },
    { field: 'when', 'target.type': 'Date', format: 'yyyy-MM-dd HH:mm:ss' },
    { field: 'when', 'target.type': 'Time', format: 'yyyy-MM-dd HH:mm:ss' },
    { field: 'at', 'target.type': 'string', format: 'yyyyMMddHHmmssSSS' },
    { field: 'at', 'target.type': 'Date' },
    { field: 'at', 'target.type': 'unix', 'unix.precision': 'microseconds' },
    { field: 'day', 'target.type': 'Timestamp' },
    { field: 'micros', 'target.type': 'Timestamp', 'unix.precision': 'microseconds' },
    { field: 'id', 'target.type': 'Timestamp' },
    { field: 'missing', 'target.type': 'Timestamp' },
  ),
  ...of([scalar, number, tombstone], 'TimestampConverter$Value', {
    'target.type': 'string',
    format: 'yyyy-MM-dd HH:mm',
    'unix.precision': 'seconds',
  }),
  ...of(both, 'SetSchemaMetadata$Value', {
    'schema.name': 'renamed',
    'schema.version': '9',
  }).filter(({ value }) => value !== null && !value.startsWith('{"schema":null')),
  ...of(
    both,
    'HeaderFrom$Value',
    { fields: 'id,name', headers: 'hid,hname', operation: 'copy' },
    { fields: 'id,name', headers: 'hid,hname', operation: 'move' },
    { fields: 'missing', headers: 'm', operation: 'copy' },
    { fields: 'none,yes', headers: 'n,y', operation: 'move' },
  ),
  ...of([withSchema], 'HeaderFrom$Value', { fields: 'fallback', headers: 'f', operation: 'move' }),
  ...of(both, 'HeaderFrom$Key', { fields: 'k', headers: 'key', operation: 'move' }),
  ...of(
    [schemaless],
    'InsertHeader',
    { header: 'new', 'value.literal': 'text' },
    { header: 'dup', 'value.literal': '17' },
  ),
  ...of([schemaless], 'DropHeaders', { headers: 'dup' }, { headers: 'none' }, { headers: 'env,dup' }),
  ...['TopicNameMatches', 'HasHeaderKey', 'RecordIsTombstone'].flatMap((name) =>
    [false, true].flatMap((negate) => {
      const options: Options =
        name === 'TopicNameMatches' ? { pattern: 'orders-.*' } : name === 'HasHeaderKey' ? { name: 'env' } : {};
      const predicate = { type: `${kafka}predicates.${name}`, options };
      return cases([schemaless, tombstone], [{ ...link('Filter'), predicate, negate }]);
    }),
  ),
  ...cases(both, [
    link('ValueToKey', { fields: 'id' }),
    link('ExtractField$Key', { field: 'id' }),
    link('Flatten$Value', { delimiter: '_' }),
    link('ReplaceField$Value', { exclude: 'list', renames: 'inner_city:city' }),
    link('InsertField$Value', { 'offset.field': 'o', 'static.field': 'src', 'static.value': 'x' }),
    link('RegexRouter', { regex: '.*', replacement: 'flat' }),
  ]),
];
