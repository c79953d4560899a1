import { placesOfToken, tokenOfPlaces } from './record-places.js';
import { shown } from './record-view.js';

describe('bytes of records, shown', () => {
  it('takes objects and arrays for JSON, other text for text, the rest as base64', () => {
    expect(shown(Buffer.from('{"a":[1]}'), 'auto')).toEqual({ value: { a: [1] }, format: 'json' });
    expect(shown(Buffer.from('12'), 'auto')).toEqual({ value: '12', format: 'text' });
    expect(shown(Buffer.from('{broken'), 'auto')).toEqual({ value: '{broken', format: 'text' });
    expect(shown(Buffer.from([0xff, 0]), 'auto')).toEqual({ value: '/wA=', format: 'base64' });
    expect(shown(null, 'auto')).toEqual({ value: null, format: 'null' });
  });

  it('shows as asked for where it can', () => {
    expect(shown(Buffer.from('12'), 'json')).toEqual({ value: 12, format: 'json' });
    expect(shown(Buffer.from('{"a":1}'), 'text')).toEqual({ value: '{"a":1}', format: 'text' });
    expect(shown(Buffer.from('a'), 'base64')).toEqual({ value: 'YQ==', format: 'base64' });
    expect(shown(Buffer.from([0xff]), 'text')).toEqual({ value: '/w==', format: 'base64' });
  });

  it('leaves JSON as text whose numbers would be rounded', () => {
    const text = '{"id":9007199254740993}';
    expect(shown(Buffer.from(text), 'auto')).toEqual({ value: text, format: 'text' });
  });
});

describe('tokens of places', () => {
  it('come back as they were', () => {
    expect([
      ...placesOfToken(
        tokenOfPlaces(
          new Map([
            [0, 17],
            [3, 4],
          ]),
        ),
      ),
    ]).toEqual([
      [0, 17],
      [3, 4],
    ]);
  });

  it.each(['', 'x', '0:', '0:1,', '0:-1', '0:1;1:2'])('are refused where they are none: "%s"', (token) => {
    expect(() => placesOfToken(token)).toThrow(/no place to go on from/);
  });
});
