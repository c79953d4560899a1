import type { JsonValue } from '#pipeline/sink-json';
import { cqlCodes, CqlValueError, encoderOf, type CqlType } from './cql-values.js';

const { list, map, tuple, udt } = cqlCodes;
const int: CqlType = { code: cqlCodes.int };
const text: CqlType = { code: cqlCodes.text };

function hexOf(type: CqlType | keyof typeof cqlCodes, value: JsonValue): string {
  const encode = encoderOf(typeof type === 'string' ? { code: cqlCodes[type] } : type, 'MILLISECONDS');
  return encode?.(value).toString('hex') ?? 'not supported';
}

describe('a JSON value as a CQL type', () => {
  it.each<[CqlType | keyof typeof cqlCodes, JsonValue, string]>([
    ['text', 'ä', 'c3a4'],
    ['text', { a: 1n }, Buffer.from('{"a":1}').toString('hex')],
    ['tinyint', -128, '80'],
    ['smallint', 32_767, '7fff'],
    ['int', '-5', 'fffffffb'],
    ['bigint', 9_007_199_254_740_993n, '0020000000000001'],
    ['varint', 128, '0080'],
    ['varint', -129, 'ff7f'],
    ['varint', 0, '00'],
    ['decimal', '12.340', '000000033034'],
    ['decimal', -1500, '00000000fa24'],
    ['decimal', '1.5e3', 'fffffffe0f'],
    ['double', 2.25, '4002000000000000'],
    ['float', 1.5, '3fc00000'],
    ['boolean', true, '01'],
    ['blob', 'aGk=', '6869'],
    ['blob', '0x6869', '6869'],
    ['uuid', '6F1c7f9e-0f83-4b2c-9d6a-0a4f4ffdd7c1', '6f1c7f9e0f834b2c9d6a0a4f4ffdd7c1'],
    ['timestamp', 1_700_000_000_123, '0000018bcfe5687b'],
    ['timestamp', '2023-11-14T22:13:20.123456Z', '0000018bcfe5687b'],
    ['timestamp', '2023-11-15T00:13:20.123+02:00', '0000018bcfe5687b'],
    ['date', '1970-01-02', '80000001'],
    ['date', -1, '7fffffff'],
    ['time', '00:00:01.000000002', '000000003b9aca02'],
    ['time', 1000, '000000003b9aca00'],
    ['inet', '10.0.0.1', '0a000001'],
    ['inet', 'fe80::1', 'fe800000000000000000000000000001'],
    ['inet', '::ffff:1.2.3.4', '00000000000000000000ffff01020304'],
    ['duration', '1mo2d3ns', '020406'],
    ['duration', 'P1DT2H', '0002fc0d18c2e28000'],
    [{ code: list, info: int }, [1, 2], '00000002000000040000000100000004' + '00000002'],
    [{ code: map, info: [int, text] }, { '1': 'x' }, '00000001000000040000000100000001' + '78'],
    [{ code: tuple, info: [int, text] }, [7], '0000000400000007ffffffff'],
    [{ code: udt, info: { fields: [{ name: 'zip', type: int }] } }, { zip: 12 }, '000000040000000c'],
  ])('%j of %j is %s', (type, value, bytes) => {
    expect(hexOf(type, value)).toBe(bytes);
  });

  it.each<[CqlType | keyof typeof cqlCodes, JsonValue]>([
    ['tinyint', 128],
    ['int', 1.5],
    ['int', 'x'],
    ['bigint', 2n ** 63n],
    ['bigint', 1e30],
    ['double', 9_007_199_254_740_993n],
    ['float', 1e300],
    ['decimal', 'NaN'],
    ['boolean', 1],
    ['ascii', 'ä'],
    ['blob', 'ä'],
    ['uuid', 'none'],
    ['timeuuid', '6f1c7f9e-0f83-4b2c-9d6a-0a4f4ffdd7c1'],
    ['timestamp', 'yesterday'],
    ['date', '2026-02-30'],
    ['time', '24:00:00'],
    ['inet', '1.2.3'],
    ['duration', '1x'],
    [{ code: list, info: int }, [null]],
    [{ code: tuple, info: [int] }, [1, 2]],
    [{ code: udt, info: { fields: [{ name: 'zip', type: int }] } }, { zap: 1 }],
  ])('%j refuses %j', (type, value) => {
    expect(() => hexOf(type, value)).toThrow(CqlValueError);
  });

  it('has no form for types that are not known', () => {
    expect(hexOf({ code: 0, info: 'org.apache.cassandra.db.marshal.VectorType' }, [1])).toBe('not supported');
  });
});
