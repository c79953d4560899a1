/**
 * Java's charsets by their names, for options such as `inputCharset`. Text goes on as UTF-8 nearly everywhere, so what is read can be
 * any charset that the runtime knows, and what is written one of Java's standard charsets.
 */
import { isUtf8 } from 'node:buffer';

/** What becomes of bytes that are no character: an error, U+FFFD, or nothing. */
export type DecodeErrorPolicy = 'FAIL' | 'REPLACE' | 'IGNORE';

export class MalformedInputError extends Error {}

export interface Charset {
  readonly name: string;
  /** Bytes of the smallest character, and so of a line end. */
  readonly unitBytes: 1 | 2 | 4;
  readonly isBigEndian: boolean;
  /** Throws a `MalformedInputError` under the policy FAIL. */
  decode(bytes: Buffer, policy: DecodeErrorPolicy): string;
  /** Null where text can only be read in this charset. A character that it lacks becomes `?`. */
  readonly encode: ((text: string) => Buffer) | null;
  /** How many bytes hold the first `charsMax` UTF-16 code units of `bytes`; at least one character. */
  bytesOfChars(bytes: Buffer, charsMax: number): number;
}

/** Null where there is no such charset. */
export function findCharset(name: string): Charset | null {
  const key = name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  const known = standardCharsets.get(key);
  if (known !== undefined) return known;
  const label = key.replace(/^cp(125\d)$/, 'windows-$1');
  for (const candidate of [name, label]) {
    try {
      return new LabelledCharset(new TextDecoder(candidate, { ignoreBOM: true }).encoding);
    } catch {
      // Not a label that the runtime knows.
    }
  }
  return null;
}

/** The charset of an option that `checkCharset` has passed. */
export function requireCharset(name: string): Charset {
  const found = findCharset(name);
  if (found === null) throw new Error(`there is no charset "${name}"`);
  return found;
}

/** For an option's `check`. */
export function checkCharset(name: string): string | null {
  return findCharset(name) === null ? 'must be a charset, such as UTF-8, ISO-8859-1 or windows-1252' : null;
}

/** For an option's `check`, where text is written. */
export function checkOutputCharset(name: string): string | null {
  return (findCharset(name)?.encode ?? null) === null
    ? 'must be one of UTF-8, US-ASCII, ISO-8859-1, UTF-16, UTF-32'
    : null;
}

/**
 * For `UTF-16` and `UTF-32` without a byte order in the name: the one that the first bytes of a text show, and how many bytes
 * the mark takes. Big-endian without a mark, as in Java.
 */
export function withByteOrder(charset: Charset, head: Buffer): { charset: Charset; markBytes: number } {
  if (charset.name !== 'UTF-16' && charset.name !== 'UTF-32') return { charset, markBytes: 0 };
  for (const order of ['BE', 'LE'] as const) {
    const ordered = requireCharset(`${charset.name}${order}`);
    const mark = ordered.encode?.('\ufeff') ?? Buffer.alloc(0);
    if (head.subarray(0, mark.length).equals(mark)) return { charset: ordered, markBytes: mark.length };
  }
  return { charset: requireCharset(`${charset.name}BE`), markBytes: 0 };
}

const utf8Replacement = Buffer.from('\ufffd');

class Utf8 implements Charset {
  readonly name = 'UTF-8';
  readonly unitBytes = 1;
  readonly isBigEndian = true;

  decode(bytes: Buffer, policy: DecodeErrorPolicy): string {
    if (policy === 'REPLACE' || isUtf8(bytes)) return bytes.toString('utf8');
    if (policy === 'FAIL') throw malformed(this.name);
    // A U+FFFD that the text itself has stays: the text is cut there, and never within another character.
    const pieces: string[] = [];
    let at = 0;
    while (at <= bytes.length) {
      const found = bytes.indexOf(utf8Replacement, at);
      const end = found === -1 ? bytes.length : found;
      pieces.push(bytes.toString('utf8', at, end).replaceAll('\ufffd', ''));
      at = end + (found === -1 ? 1 : utf8Replacement.length);
    }
    return pieces.join('\ufffd');
  }

  encode(text: string): Buffer {
    return Buffer.from(text, 'utf8');
  }

  bytesOfChars(bytes: Buffer, charsMax: number): number {
    let at = 0;
    let chars = 0;
    while (at < bytes.length) {
      const lead = bytes[at] ?? 0;
      const size = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
      chars += size === 4 ? 2 : 1;
      if (chars > charsMax && at > 0) return at;
      at += size;
    }
    return Math.min(at, bytes.length);
  }
}

/** Where a byte is a character of the same number, up to a limit. */
class ByteCharset implements Charset {
  readonly unitBytes = 1;
  readonly isBigEndian = true;

  constructor(
    readonly name: string,
    private readonly codeMax: number,
  ) {}

  decode(bytes: Buffer, policy: DecodeErrorPolicy): string {
    const text = bytes.toString('latin1');
    if (this.codeMax === 0xff || isAscii(text)) return text;
    if (policy === 'FAIL') throw malformed(this.name);
    return text.replaceAll(/[\x80-\xff]/g, policy === 'REPLACE' ? '\ufffd' : '');
  }

  encode(text: string): Buffer {
    return Buffer.from(
      Array.from(text, (character) => ((character.codePointAt(0) ?? 0) <= this.codeMax ? character : '?')).join(''),
      'latin1',
    );
  }

  bytesOfChars(bytes: Buffer, charsMax: number): number {
    return Math.min(bytes.length, Math.max(1, charsMax));
  }
}

class WideCharset implements Charset {
  constructor(
    readonly name: string,
    readonly unitBytes: 2 | 4,
    readonly isBigEndian: boolean,
    /** Java writes a mark where the name says no order. */
    private readonly mark: string,
  ) {}

  decode(bytes: Buffer, policy: DecodeErrorPolicy): string {
    const text = this.unitBytes === 2 ? this.decodePairs(bytes) : this.decodeQuads(bytes);
    const isWhole = bytes.length % this.unitBytes === 0 && text.isWellFormed();
    if (isWhole) return text;
    if (policy === 'FAIL') throw malformed(this.name);
    const replaced = text.toWellFormed();
    if (policy === 'IGNORE') return replaced.replaceAll('\ufffd', '');
    return bytes.length % this.unitBytes === 0 ? replaced : `${replaced}\ufffd`;
  }

  encode(text: string): Buffer {
    const marked = `${this.mark}${text}`;
    if (this.unitBytes === 2) {
      const bytes = Buffer.from(marked, 'utf16le');
      return this.isBigEndian ? bytes.swap16() : bytes;
    }
    const points = Array.from(marked, (character) => character.codePointAt(0) ?? 0);
    const bytes = Buffer.alloc(points.length * 4);
    for (const [index, point] of points.entries()) {
      if (this.isBigEndian) bytes.writeUInt32BE(point, index * 4);
      else bytes.writeUInt32LE(point, index * 4);
    }
    return bytes;
  }

  bytesOfChars(bytes: Buffer, charsMax: number): number {
    let at = 0;
    let chars = 0;
    while (at + this.unitBytes <= bytes.length) {
      const size = this.sizeAt(bytes, at);
      chars += size === 4 && this.unitBytes === 2 ? 2 : 1;
      if (chars > charsMax && at > 0) return at;
      at += size;
    }
    return bytes.length;
  }

  private sizeAt(bytes: Buffer, at: number): number {
    if (this.unitBytes === 4) return 4;
    const unit = this.isBigEndian ? bytes.readUInt16BE(at) : bytes.readUInt16LE(at);
    return unit >= 0xd800 && unit < 0xdc00 ? 4 : 2;
  }

  private decodePairs(bytes: Buffer): string {
    const whole = bytes.subarray(0, bytes.length & ~1);
    return this.isBigEndian ? Buffer.from(whole).swap16().toString('utf16le') : whole.toString('utf16le');
  }

  private decodeQuads(bytes: Buffer): string {
    let text = '';
    for (let at = 0; at + 4 <= bytes.length; at += 4) {
      const point = this.isBigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at);
      // A lone surrogate marks it as malformed for the caller.
      text += point <= 0x10ffff ? String.fromCodePoint(point) : '\ud800';
    }
    return text;
  }
}

/** One that only the runtime's decoder knows, by its label. */
class LabelledCharset implements Charset {
  readonly unitBytes = 1;
  readonly isBigEndian = true;
  readonly encode = null;

  constructor(readonly name: string) {}

  decode(bytes: Buffer, policy: DecodeErrorPolicy): string {
    try {
      const text = new TextDecoder(this.name, { fatal: policy === 'FAIL', ignoreBOM: true }).decode(bytes);
      return policy === 'IGNORE' ? text.replaceAll('\ufffd', '') : text;
    } catch (error) {
      throw malformed(this.name, error);
    }
  }

  bytesOfChars(bytes: Buffer, charsMax: number): number {
    const decoder = new TextDecoder(this.name, { ignoreBOM: true });
    let chars = 0;
    let whole = 0;
    for (let at = 0; at < bytes.length; at += 1) {
      const text = decoder.decode(bytes.subarray(at, at + 1), { stream: true });
      if (text === '') continue;
      chars += text.length;
      if (chars > charsMax && whole > 0) return whole;
      whole = at + 1;
    }
    return bytes.length;
  }
}

const standardCharsets: ReadonlyMap<string, Charset> = new Map<string, Charset>([
  ['utf8', new Utf8()],
  ['usascii', new ByteCharset('US-ASCII', 0x7f)],
  ['ascii', new ByteCharset('US-ASCII', 0x7f)],
  ['iso88591', new ByteCharset('ISO-8859-1', 0xff)],
  ['latin1', new ByteCharset('ISO-8859-1', 0xff)],
  ['utf16', new WideCharset('UTF-16', 2, true, '\ufeff')],
  ['utf16be', new WideCharset('UTF-16BE', 2, true, '')],
  ['utf16le', new WideCharset('UTF-16LE', 2, false, '')],
  ['utf32', new WideCharset('UTF-32', 4, true, '')],
  ['utf32be', new WideCharset('UTF-32BE', 4, true, '')],
  ['utf32le', new WideCharset('UTF-32LE', 4, false, '')],
]);

function isAscii(latin1: string): boolean {
  for (let at = 0; at < latin1.length; at += 1) if (latin1.charCodeAt(at) > 0x7f) return false;
  return true;
}

function malformed(name: string, cause?: unknown): MalformedInputError {
  return new MalformedInputError(`bytes that are no ${name}`, { cause });
}
