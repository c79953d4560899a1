import { JsonObjects } from './json-objects.js';

const objects = ['{"a":"}{"}', '{"b":{"c":[1,"\\""]}}', '{}', '{"d":"\\\\"}', '{"e":"ü"}'];

describe('JSON objects out of a stream', () => {
  it.each([1, 2, 3, 7, 1000])('are the same whether they come in pieces of %i bytes or not', (size) => {
    const bytes = Buffer.from(objects.join(' \n'));
    const splitter = new JsonObjects();
    const found: string[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      found.push(...splitter.take(bytes.subarray(at, at + size)).map(String));
    }
    splitter.end();
    expect(found).toEqual(objects);
  });

  it.each(['[{}]', '{} x', '1'])('are all there may be: %s is refused', (text) => {
    expect(() => new JsonObjects().take(Buffer.from(text))).toThrow(/one JSON object a record/);
  });

  it('that do not end are refused at the end', () => {
    const splitter = new JsonObjects();
    expect(splitter.take(Buffer.from('{"a":1}{"b"'))).toHaveLength(1);
    expect(() => splitter.end()).toThrow(/ends within a record/);
  });

  it('that are too large are refused before they end', () => {
    const splitter = new JsonObjects();
    const piece = Buffer.alloc(1024 * 1024, 'x');
    splitter.take(Buffer.from('{"a":"'));
    expect(() => {
      for (let step = 0; step < 5; step += 1) splitter.take(piece);
    }).toThrow(/more than 4194304 bytes/);
  });
});
