import { encodedText, readRecordLine, timeText } from './record-line.js';

/** Goes the way of a value through a line. */
function there(value: Buffer | null): Buffer | null {
  const { text, encoding, json } = encodedText(value);
  const line = `{"value":${json ?? JSON.stringify(text)},"value_encoding":${JSON.stringify(encoding)},"value_text":${JSON.stringify(text)}}`;
  return readRecordLine(Buffer.from(line)).value;
}

describe('a line of a record', () => {
  it.each([
    ['{"id":1}', 'json'],
    ['{ "id": 1.50 }', 'json'],
    ['{"id":12345678901234567890}', 'json'],
    ['{"a":1,"a":2}', 'json'],
    ['null', 'json'],
    ['plain "text"', 'text'],
    ['', 'text'],
    ['\u2028 line\nfeed', 'text'],
  ])('of %j is %s and gives the same bytes', (text, encoding) => {
    expect(encodedText(Buffer.from(text)).encoding).toBe(encoding);
    expect(there(Buffer.from(text))).toEqual(Buffer.from(text));
  });

  it('of other bytes is base64, and of nothing nothing', () => {
    const bytes = Buffer.from([0xff, 0, 0x80]);
    expect(encodedText(bytes).encoding).toBe('base64');
    expect(there(bytes)).toEqual(bytes);
    expect(there(null)).toBeNull();
  });

  it('may be written by hand, with less', () => {
    const record = readRecordLine(Buffer.from('{"key":"a","value":{"b":1},"headers":{"c":"d"},"timestamp":5}'));
    expect(record).toEqual({
      key: Buffer.from('a'),
      value: Buffer.from('{"b":1}'),
      headers: [{ key: 'c', value: Buffer.from('d') }],
      timestamp: 5,
      partition: null,
    });
  });

  it.each([
    ['[1]', /no JSON object/],
    ['{"id":1}', /neither a key nor a value/],
    ['{"value":"%%","value_encoding":"base64"}', /value is no base64/],
    ['{"value":"a","value_encoding":"hex"}', /none of json, text and base64/],
    ['{"value":1,"value_encoding":"text"}', /value is no text/],
    ['{"value":1,"timestamp":"noon"}', /timestamp is neither/],
    ['{"value":1,"partition":-1}', /partition is no whole number/],
    ['{"value":1,"headers":[{}]}', /a header has no key/],
    ['{"value":', /JSON/],
  ])('is refused with a reason: %s', (line, reason) => {
    expect(() => readRecordLine(Buffer.from(line))).toThrow(reason);
  });

  it('has times that no calendar has as milliseconds', () => {
    expect(timeText(0)).toBe('1970-01-01T00:00:00.000Z');
    expect(timeText(9e15)).toBe('9000000000000000');
  });
});
