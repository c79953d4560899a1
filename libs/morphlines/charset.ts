import { isAscii } from 'node:buffer';

/** A character set by Java's name. */
export interface Charset {
  readonly name: string;
  /** What cannot be decoded becomes U+FFFD. */
  decode(bytes: Uint8Array): string;
  /** What cannot be encoded becomes `?`. */
  encode(text: string): Buffer;
}

const known = new Map<string, Charset | null>();

/** Null where there is no such character set. Any name that WHATWG's Encoding Standard or Java has for it will do. */
export function findCharset(name: string): Charset | null {
  let charset = known.get(name);
  if (charset === undefined) {
    charset = makeCharset(name);
    if (known.size < 1000) known.set(name, charset);
  }
  return charset;
}

export const utf8: Charset = {
  name: 'UTF-8',
  decode: (bytes) => asBuffer(bytes).toString('utf8'),
  encode: (text) => Buffer.from(text, 'utf8'),
};

function makeCharset(name: string): Charset | null {
  switch (name.toLowerCase().replaceAll('_', '-')) {
    case 'utf-8':
    case 'utf8':
      return utf8;
    case 'iso-8859-1':
    case 'iso8859-1':
    case 'latin1':
      return {
        name,
        decode: (bytes) => asBuffer(bytes).toString('latin1'),
        encode: (text) => Buffer.from(text.replaceAll(/[\u0100-\uffff]/g, '?'), 'latin1'),
      };
    case 'us-ascii':
    case 'ascii':
      return {
        name,
        decode: (bytes) =>
          isAscii(bytes)
            ? asBuffer(bytes).toString('latin1')
            : asBuffer(bytes)
                .toString('latin1')
                .replaceAll(/[\x80-\xff]/g, '\ufffd'),
        encode: (text) => Buffer.from(text.replaceAll(/[\x80-\uffff]/g, '?'), 'latin1'),
      };
    case 'utf-16':
      return { name, decode: decodeUtf16, encode: (text) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16() };
    case 'utf-16be':
      return { name, decode: decoder('utf-16be'), encode: (text) => Buffer.from(text, 'utf16le').swap16() };
    case 'utf-16le':
      return { name, decode: decoder('utf-16le'), encode: (text) => Buffer.from(text, 'utf16le') };
    default:
      return otherCharset(name);
  }
}

function otherCharset(name: string): Charset | null {
  const label = name.toLowerCase().replace(/^cp(125\d)$/, 'windows-$1');
  try {
    const decode = decoder(label);
    return { name, decode, encode: singleByteEncoder(decode) };
  } catch {
    return null;
  }
}

function decoder(label: string): (bytes: Uint8Array) => string {
  const text = new TextDecoder(label, { ignoreBOM: true });
  return (bytes) => text.decode(bytes);
}

/** Big-endian unless a byte order mark says otherwise. */
function decodeUtf16(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return decoder('utf-16le')(bytes.subarray(2));
  return decoder('utf-16be')(bytes[0] === 0xfe && bytes[1] === 0xff ? bytes.subarray(2) : bytes);
}

/** Right for character sets of one byte a character. Of others (Shift_JIS …) only ASCII can be written. */
function singleByteEncoder(decode: (bytes: Uint8Array) => string): (text: string) => Buffer {
  const byCharacter = new Map<string, number>();
  for (let byte = 255; byte >= 0; byte -= 1) byCharacter.set(decode(Uint8Array.of(byte)), byte);
  return (text) => Buffer.from(Array.from(text, (character) => byCharacter.get(character) ?? 0x3f));
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
