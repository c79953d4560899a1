import { envelopeConverter } from './sink-envelope.js';

const schema = JSON.stringify({
  type: 'struct',
  optional: false,
  fields: [
    { field: 'id', type: 'int64', optional: false },
    { field: 'payload', type: 'string', optional: true },
    { field: 'in', type: 'struct', optional: true, fields: [{ field: 'n', type: 'int32', optional: true }] },
  ],
});

function converted(...texts: string[]): unknown[] {
  const converter = envelopeConverter({ 'schemas.enable': 'true' });
  return texts.map((text) => {
    try {
      return converter.convert(Buffer.from(text)).json;
    } catch (error) {
      return (error as Error).message;
    }
  });
}

describe('JSON with schemas', () => {
  it('of one schema reads the same, whether its beginning was seen before or not', () => {
    const values = ['{"id":1,"payload":"a,\\"payload\\":1}"}', '{"id":9007199254740993,"payload":null,"in":{"n":2}}'];
    const texts = values.flatMap((value) => [
      `{"schema":${schema},"payload":${value}}`,
      `{ "schema":${schema} , "payload" : ${value} }`,
      `{"payload":${value},"schema":${schema}}`,
    ]);
    const first = { id: 1, payload: 'a,"payload":1}', in: null };
    const second = { id: 9007199254740993n, payload: null, in: { n: 2 } };
    const rows = [first, first, first, second, second, second];
    expect(converted(...texts, ...texts)).toEqual([...rows, ...rows]);
  });

  it('is refused where it has more than a schema and a payload, and where the payload is not of the schema', () => {
    const good = `{"schema":${schema},"payload":{"id":1}}`;
    const row = { id: 1, payload: null, in: null };
    expect(
      converted(
        good,
        `{"schema":${schema},"payload":{"id":1},"more":1}`,
        `{"schema":${schema},"payload":{"id":1}`,
        `{"schema":${schema},"payload":{"id":"x"}}`,
        `{"schema":${schema},"payload":{"id":1,"in":7}}`,
        good,
      ),
    ).toEqual([
      row,
      expect.stringContaining('schemas.enable is true'),
      'the bytes are not JSON',
      expect.stringContaining('string at .id'),
      expect.stringContaining('number at .in'),
      row,
    ]);
  });
});
