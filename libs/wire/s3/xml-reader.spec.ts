import { childText, readXml } from './xml-reader.js';

describe('the reader of small XML documents', () => {
  it('reads elements, characters by name and number, and literal text', () => {
    const read = readXml(
      '<?xml version="1.0"?>\n<!-- a <list> --><s:List xmlns:s="urn:x" b = \'>\'><Key>a &amp; b&#32;&#x1F600;&#1;</Key><Empty/><T><![CDATA[<&>]]></T></s:List>\n',
    );
    expect(read.name).toBe('List');
    expect(childText(read, 'Key')).toBe('a & b 😀\u0001');
    expect(childText(read, 'Empty')).toBe('');
    expect(childText(read, 'T')).toBe('<&>');
    expect(childText(read, 'Other')).toBeNull();
  });

  it.each([
    ['nothing', ''],
    ['text alone', 'no such page'],
    ['an element that stays open', '<a><b></b>'],
    ['elements that cross', '<a><b></a></b>'],
    ['an end alone', '</a>'],
    ['two elements', '<a/><b/>'],
    ['a document type', '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'],
    ['an unknown entity', '<a>&nbsp;</a>'],
    ['an ampersand alone', '<a>a & b</a>'],
    ['a character beyond the last', '<a>&#x110000;</a>'],
    ['elements without end', '<a>'.repeat(100_000)],
  ])('refuses %s', (_name, text) => {
    expect(() => readXml(text)).toThrow(/^its? /);
  });
});
