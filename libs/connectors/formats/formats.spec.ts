import { PoisonRecordError } from '#pipeline/errors';
import { recordsOf, type TestRecord } from '../sinks/file/records.testkit.js';
import type { Format } from './format.js';
import { envelopeFields } from './envelope.js';
import { JsonFormat } from './json-format.js';
import { SequenceFileFormat, writeVInt } from './sequence-file.js';
import { TextFormat } from './text-format.js';

const at = { topic: 'orders', partition: 7 };

function write(format: Format, records: readonly TestRecord[], identity = 'x'): Buffer {
  const batch = recordsOf(at, records);
  format.check(batch);
  const encoder = format.open(identity);
  return Buffer.concat([encoder.header, encoder.encode(batch, Int32Array.from(records.keys()))]);
}

describe('text', () => {
  const records = [
    { offset: 0, value: 'one' },
    { offset: 1, value: null },
    { offset: 2, value: Buffer.from([0xff, 0x00]) },
  ];

  it('is the bytes of values and newlines', () => {
    expect(write(new TextFormat({ separator: '\n', extension: '.txt' }), records)).toEqual(
      Buffer.from('one\n\n\xff\0\n', 'latin1'),
    );
  });

  it('is the bytes alone without appendNewline', () => {
    expect(write(new TextFormat({ separator: '', extension: '.txt' }), records)).toEqual(
      Buffer.from('one\xff\0', 'latin1'),
    );
  });

  it('writes the chosen records only', () => {
    const encoder = new TextFormat({ separator: '\n', extension: '.txt' }).open();
    expect(encoder.encode(recordsOf(at, records), Int32Array.of(0, 2)).toString('latin1')).toBe('one\n\xff\0\n');
  });
});

describe('JSON lines', () => {
  it('are the values as they are, one a line', () => {
    const values = ['{"b":9007199254740993,  "a":1.0}', '{\r\n "x": "a\\nb"\n}', ' [1] ', '"s"', null];
    const text = write(
      new JsonFormat({ fields: null }),
      values.map((value, offset) => ({ offset, value })),
    ).toString();
    expect(text).toBe('{"b":9007199254740993,  "a":1.0}\n{   "x": "a\\nb" }\n [1] \n"s"\nnull\n');
  });

  it.each([['{'], [''], ['NaN'], ['{"a":"\n"}'], [Buffer.from([0x22, 0xff, 0x22])]])('refuse the value %j', (value) => {
    const records = [
      { offset: 4, value: '1' },
      { offset: 5, value },
    ];
    const error = (() => {
      try {
        return write(new JsonFormat({ fields: null }), records);
      } catch (caught) {
        return caught;
      }
    })();
    expect(error).toBeInstanceOf(PoisonRecordError);
    expect(error).toMatchObject({ index: 1, message: expect.stringContaining('orders-7@5') });
  });

  it('have an envelope that takes any bytes', () => {
    const lines = write(new JsonFormat({ fields: envelopeFields }), [
      { offset: 1, timestamp: 99, key: 'k"', value: '{"n":9007199254740993}', headers: { h: 'v', __proto__x: 'y' } },
      { offset: 2, value: 'plain', key: Buffer.from([0xfe]) },
      { offset: 3, value: Buffer.from([0xff]) },
      { offset: 4, value: null },
    ])
      .toString()
      .split('\n');
    const head = (offset: number, timestamp: number, key: string, headers: string): string =>
      `{"topic":"orders","partition":7,"offset":${offset},"timestamp":${timestamp},"key":${key},"headers":${headers},"value":`;
    expect(lines).toEqual([
      `${head(1, 99, '"k\\""', '{"h":"v","__proto__x":"y"}')}{"n":9007199254740993}}`,
      `${head(2, 2, '"/g==","keyEncoding":"base64"', '{}')}"plain"}`,
      `${head(3, 3, 'null', '{}')}"/w==","valueEncoding":"base64"}`,
      `${head(4, 4, 'null', '{}')}null}`,
      '',
    ]);
    for (const line of lines.slice(0, -1)) expect(() => JSON.parse(line)).not.toThrow();
  });
});

describe('a SequenceFile', () => {
  // The bytes of both were read with Hadoop 3.4's `fs -text`: 1000 one, 2000, 77 ü.
  const records = [
    { offset: 0, timestamp: 1000, value: 'one' },
    { offset: 1, timestamp: 2000, value: null },
    { offset: 2, timestamp: 3000, value: 'ü', headers: { timestamp: '77' } },
  ];

  it('has these bytes with Text values', () => {
    expect(write(new SequenceFileFormat('Text'), records, '/a/+orders+7+0').toString('hex')).toBe(
      [
        '53455106', // SEQ 6
        '216f72672e6170616368652e6861646f6f702e696f2e4c6f6e675772697461626c65', // LongWritable
        '196f72672e6170616368652e6861646f6f702e696f2e54657874', // Text
        '000000000000', // no compression, no metadata
        'cb4e3629d2ce0b3ac0352be2f3d763da', // sync marker
        '0000000c0000000800000000000003e8036f6e65',
        '000000090000000800000000000007d000',
        '0000000b00000008000000000000004d02c3bc',
      ].join(''),
    );
  });

  it('has these bytes with Writable values', () => {
    const bytes = write(new SequenceFileFormat('Writable'), records, '/a/+orders+7+0');
    const header = 4 + 34 + 35 + 6 + 16;
    expect(bytes.subarray(38, 73).toString('latin1')).toBe('"org.apache.hadoop.io.BytesWritable');
    expect(bytes.subarray(header).toString('hex')).toBe(
      '0000000f0000000800000000000003e8000000036f6e65' +
        '0000000c0000000800000000000007d000000000' +
        '0000000e00000008000000000000004d00000002c3bc',
    );
  });

  it('has a sync marker after each 102,400 bytes, wherever batches end', () => {
    const records = Array.from({ length: 500 }, (_, offset) => ({ offset, value: 'v'.repeat(1000) }));
    const format = new SequenceFileFormat('Writable');
    const whole = write(format, records);
    const marker = whole.subarray(79, 95);
    const markers: number[] = [];
    for (let found = whole.indexOf(marker, 95); found !== -1; found = whole.indexOf(marker, found + 1))
      markers.push(found);
    expect(markers.length).toBe(4);
    for (const place of markers) expect(whole.readInt32BE(place - 4)).toBe(-1);
    const encoder = format.open('x');
    const batch = recordsOf(at, records);
    const parts = [
      [0, 3],
      [3, 100],
      [100, 101],
      [101, 500],
    ].map(([from = 0, to = 0]) =>
      encoder.encode(
        batch,
        Int32Array.from({ length: to - from }, (_, index) => from + index),
      ),
    );
    expect(Buffer.concat([encoder.header, ...parts]).equals(whole)).toBe(true);
    expect(write(format, records, 'another file').equals(whole)).toBe(false);
  });

  it.each([
    [0, '00'],
    [127, '7f'],
    [128, '8f80'],
    [255, '8fff'],
    [256, '8e0100'],
    [65_536, '8d010000'],
    [2 ** 31 - 1, '8c7fffffff'],
  ])('writes the VInt %i as %s', (value, hex) => {
    const target = Buffer.alloc(5);
    expect(target.subarray(0, writeVInt(target, 0, value)).toString('hex')).toBe(hex);
  });
});
