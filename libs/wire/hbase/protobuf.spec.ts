import { encodeDelimited, encodeProto, ProtoCursor, ProtoFields } from './protobuf.js';

describe('protobuf messages of HBase', () => {
  it('are read as they were written', () => {
    const bytes = encodeProto({
      1: 'text',
      2: 300,
      3: [{ 1: 1 }, { 1: 2 }],
      4: undefined,
      5: true,
      6: 2n ** 60n,
      7: Buffer.from([1, 2]),
    });
    const fields = new ProtoFields(bytes);
    expect([fields.text(1), fields.number(2), fields.number(5), fields.bytes(7)]).toEqual([
      'text',
      300,
      1,
      Buffer.from([1, 2]),
    ]);
    expect(fields.messages(3).map((message) => message.number(1))).toEqual([1, 2]);
    expect([fields.number(4), fields.text(4), fields.message(8)]).toEqual([null, null, null]);
  });

  it('have the bytes of the specification', () => {
    // Protocol Buffers, "Encoding": field 1 = 150 is 08 96 01, field 2 = "testing" is 12 07 …
    expect(encodeProto({ 1: 150, 2: 'testing' }).toString('hex')).toBe('089601120774657374696e67');
    expect(new ProtoCursor(encodeDelimited({ 1: 150 })).delimited().toString('hex')).toBe('089601');
  });

  it.each(['08', '1207', '0f', '12ffffffff7f61', '0d01'])('that break off are told: %s', (hex) => {
    expect(() => new ProtoFields(Buffer.from(hex, 'hex'))).toThrow(RangeError);
  });
});
