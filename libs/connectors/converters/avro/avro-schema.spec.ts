import avro from 'avsc';
import type { JsonValue } from '#pipeline/sink-json';
import { AvroCursor } from './avro-cursor.js';
import { AvroCompiler } from './avro-schema.js';

/** Longs as bigint, so that avsc can write all of them. */
const long = avro.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer(value: bigint) {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(value);
    return bytes;
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0),
});

function roundTrip(schema: avro.Schema, value: unknown): JsonValue {
  // The other library is given what lies beneath a logical type.
  const plain = typeof schema === 'object' && 'logicalType' in schema ? (schema.type as avro.Schema) : schema;
  const type = avro.Type.forSchema(plain, { registry: { long }, wrapUnions: true });
  return new AvroCompiler().compile(JSON.stringify(schema)).read(new AvroCursor(type.toBuffer(value), 0));
}

describe('data of Avro, as another library writes it', () => {
  it.each<[string, avro.Schema, unknown, JsonValue]>([
    ['an int', 'int', -1, -1],
    ['the greatest long', 'long', 9223372036854775807n, 9223372036854775807n],
    ['the least long', 'long', -9223372036854775808n, -9223372036854775808n],
    ['a long of 49 bits', 'long', 562949953421311n, 562949953421311],
    ['a long of 50 bits', 'long', -562949953421312n, -562949953421312],
    ['the greatest safe long', 'long', 9007199254740991n, 9007199254740991],
    ['the first that is not', 'long', 9007199254740993n, 9007199254740993n],
    ['a double', 'double', 0.1, 0.1],
    ['what JSON has not', 'double', Number.NaN, 'NaN'],
    ['text', 'string', 'grüße', 'grüße'],
    ['bytes', 'bytes', Buffer.from([255, 0]), '/wA='],
    ['an array', { type: 'array', items: 'string' }, ['a', 'b'], ['a', 'b']],
    ['a map', { type: 'map', values: 'int' }, { a: 1 }, { a: 1 }],
    ['an enum', { type: 'enum', name: 'E', symbols: ['A', 'B'] }, 'B', 'B'],
    ['fixed', { type: 'fixed', name: 'F', size: 2 }, Buffer.from([1, 2]), 'AQI='],
    ['an optional that is there', ['null', 'int'], { int: 5 }, 5],
    ['an optional that is not', ['null', 'int'], null, null],
    ['one of several types', ['null', 'string', 'int'], { int: 5 }, { string: null, int: 5 }],
    ['a date', { type: 'int', logicalType: 'date' }, -1, '1969-12-31'],
    ['a time', { type: 'int', logicalType: 'time-millis' }, 3723004, '01:02:03.004'],
    ['a time in microseconds', { type: 'long', logicalType: 'time-micros' }, 3723004005n, '01:02:03.004005'],
    ['a moment', { type: 'long', logicalType: 'timestamp-millis' }, 1767312000123n, '2026-01-02T00:00:00.123Z'],
    ['one before 1970', { type: 'long', logicalType: 'timestamp-micros' }, -1n, '1969-12-31T23:59:59.999999Z'],
    ['a local moment', { type: 'long', logicalType: 'local-timestamp-millis' }, 0n, '1970-01-01T00:00:00.000'],
    [
      'a decimal',
      { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 },
      Buffer.from([0xfb, 0x2e]),
      '-12.34',
    ],
    ['a small decimal', { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 3 }, Buffer.from([5]), '0.005'],
    [
      'a record that contains itself',
      {
        type: 'record',
        name: 'Node',
        fields: [
          { name: 'v', type: 'int' },
          { name: 'next', type: ['null', 'Node'] },
        ],
      },
      { v: 1, next: { Node: { v: 2, next: null } } },
      { v: 1, next: { v: 2, next: null } },
    ],
  ])('reads %s', (_what, schema, value, expected) => {
    expect(roundTrip(schema, value)).toEqual(expected);
  });

  it('has the types in Connect’s words', () => {
    const text = JSON.stringify({
      type: 'record',
      name: 'Order',
      namespace: 'shop',
      doc: 'An order',
      fields: [
        { name: 'id', type: { type: 'int', 'connect.type': 'int16' }, default: 7 },
        { name: 'at', type: ['null', { type: 'long', logicalType: 'timestamp-millis' }], default: null },
      ],
    });
    expect(new AvroCompiler().compile(text).schema).toEqual({
      type: 'struct',
      optional: false,
      name: 'shop.Order',
      doc: 'An order',
      fields: [
        { name: 'id', schema: { type: 'int16', optional: false, default: 7 } },
        {
          name: 'at',
          schema: { type: 'int64', optional: true, name: 'org.apache.kafka.connect.data.Timestamp', version: 1 },
        },
      ],
    });
  });

  it.each([
    ['bytes that end early', '"long"', [0x80], 'the bytes end early'],
    ['a length beyond the end', '"string"', [0x10, 0x41], 'beyond the end'],
    ['a branch that is not', '["null","int"]', [0x08], 'has no branch 4'],
    ['a number without an end', '"long"', Array.from({ length: 12 }, () => 0xff), 'longer than ten bytes'],
  ])('refuses %s', (_what, schema, bytes, message) => {
    const node = new AvroCompiler().compile(schema);
    expect(() => node.read(new AvroCursor(Buffer.from(bytes), 0))).toThrow(message);
  });

  it('says which type is missing', () => {
    expect(() => new AvroCompiler().compile('{"type":"array","items":"shop.Order"}')).toThrow(
      'there is no type shop.Order',
    );
  });
});
