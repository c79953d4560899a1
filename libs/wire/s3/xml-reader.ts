/** An element of a small XML document: names without their namespace's prefix, no attributes. */
export interface XmlElement {
  readonly name: string;
  /** Its own characters, decoded, without those of elements in it. */
  readonly text: string;
  readonly children: readonly XmlElement[];
}

interface OpenElement {
  readonly name: string;
  text: string;
  readonly children: XmlElement[];
}

/** Answers of S3 have four. */
const depthMax = 32;
const namedCharacters: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };
// One alternative each: comment, CDATA, instruction, end tag, start tag with its attributes (and whether it is empty), characters.
const token =
  /<!--[^]*?-->|<!\[CDATA\[([^]*?)\]\]>|<\?[^]*?\?>|<\/([^\s<>/]+)\s*>|<([^\s<>/!?]+)((?:\s+[^\s=<>/]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/y;

/**
 * Reads a whole document of elements and text, as web services answer it. Document types are refused, and with them entities other than
 * characters'. Throws an `Error` that says where a document is none. The caller bounds its length.
 */
export function readXml(document: string): XmlElement {
  const root: OpenElement = { name: '', text: '', children: [] };
  const open = [root];
  for (let at = document.startsWith('\uFEFF') ? 1 : 0; at < document.length; at = token.lastIndex) {
    token.lastIndex = at;
    const match = token.exec(document);
    if (match === null) throw new Error(`it is no XML at character ${at}`);
    const [, literal, closed, opened, , empty, characters] = match;
    const current = open.at(-1) ?? root;
    if (characters !== undefined) current.text += decoded(characters);
    else if (literal !== undefined) current.text += literal;
    else if (opened !== undefined) {
      const element: OpenElement = { name: localName(opened), text: '', children: [] };
      current.children.push(element);
      if (empty === '') open.push(element);
      if (open.length > depthMax) throw new Error(`its elements lie more than ${depthMax} deep`);
    } else if (closed !== undefined && (open.length === 1 || open.pop()?.name !== localName(closed))) {
      throw new Error(`it ends ${closed} at character ${at}, which is not open`);
    }
  }
  const [first] = root.children;
  if (open.length > 1 || first === undefined || root.children.length > 1 || root.text.trim() !== '') {
    throw new Error('it is not one whole XML element');
  }
  return first;
}

/** The text of the first child of that name; null where there is none. */
export function childText(element: XmlElement, name: string): string | null {
  return element.children.find((child) => child.name === name)?.text ?? null;
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

function decoded(text: string): string {
  return text.replace(/&([^;&\s]*;)?/g, (whole, reference: string | undefined) => {
    const name = reference?.slice(0, -1) ?? '';
    const [, hexadecimal, decimal] = /^#(?:x([0-9a-f]{1,6})|([0-9]{1,7}))$/i.exec(name) ?? [];
    const code = hexadecimal === undefined ? Number(decimal ?? Number.NaN) : Number.parseInt(hexadecimal, 16);
    const character = code <= 0x10ffff ? String.fromCodePoint(code) : namedCharacters[name];
    if (character === undefined) throw new Error(`it has the unknown entity ${whole.slice(0, 20)}`);
    return character;
  });
}
