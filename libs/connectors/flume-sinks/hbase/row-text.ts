/** Texts of rows in the charsets that every Java has. */
const encodings = {
  'UTF-8': 'utf8',
  'ISO-8859-1': 'latin1',
  'US-ASCII': 'latin1',
  'UTF-16LE': 'utf16le',
} as const satisfies Record<string, BufferEncoding>;

export type CharsetName = keyof typeof encodings;

export const charsetNames = Object.keys(encodings).filter((name): name is CharsetName => name in encodings);

export function decodeText(bytes: Buffer, charset: CharsetName): string {
  return bytes.toString(encodings[charset]);
}

export function encodeText(text: string, charset: CharsetName): Buffer {
  return Buffer.from(text, encodings[charset]);
}
