import { createConverter } from '#pipeline/sink-converters';
import { parseJsonText, stringifyJson } from '#pipeline/sink-json';

const json = 'org.apache.kafka.connect.json.JsonConverter';

function convert(name: string, settings: Record<string, string>, bytes: Buffer | string): string {
  const converter = createConverter(name, settings);
  if (converter === null) throw new Error('passes everything');
  const converted = converter.convert(Buffer.from(bytes));
  return converted.bytes?.toString() ?? stringifyJson(converted.json ?? null);
}

describe('converters', () => {
  it('let bytes pass by any of their names', () => {
    expect(createConverter('bytes', {})).toBeNull();
    expect(createConverter('org.apache.kafka.connect.converters.ByteArrayConverter', {})).toBeNull();
  });

  it('refuse text that is not UTF-8', () => {
    expect(convert('string', {}, 'é')).toBe('é');
    expect(() => convert('StringConverter', {}, Buffer.from([0xff, 0x41]))).toThrow('not UTF-8');
  });

  it.each<[Record<string, string>, string, string | null]>([
    [{}, '{"a":1}', '{"a":1}'],
    [{}, '{"schema":null,"payload":{"a":1}}', '{"a":1}'],
    [{ 'schemas.enable': 'false' }, '{"schema":null,"payload":1}', '{"schema":null,"payload":1}'],
    [{ 'schemas.enable': 'true' }, '{"schema":{"type":"int64"},"payload":9007199254740993}', '9007199254740993'],
    [{ 'schemas.enable': 'true' }, '{"a":1}', null],
    [{}, '{"a":', null],
    [{}, '', null],
  ])('read JSON with %j: %s', (settings, text, expected) => {
    if (expected === null) expect(() => convert(json, settings, text)).toThrow(/not JSON|schemas.enable is true/);
    else expect(convert(json, settings, text)).toBe(expected);
  });
});

describe('JSON of records', () => {
  it.each([
    ['9007199254740993', 9007199254740993n],
    ['-9223372036854775808', -9223372036854775808n],
    ['9007199254740991', 9007199254740991],
    [
      '{"a":[12345678901234567890,1.5,"1234567890123456789"]}',
      { a: [12345678901234567890n, 1.5, '1234567890123456789'] },
    ],
    ['1234567890123456.5', 1234567890123456.5],
    ['[-9007199254740993,12345678901234567890]', [-9007199254740993n, 12345678901234567890n]],
  ])('keeps whole numbers exact: %s', (text, value) => {
    expect(parseJsonText(text)).toEqual(value);
    expect(stringifyJson(parseJsonText(text))).toBe(text);
  });
});
