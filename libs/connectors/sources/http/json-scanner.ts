import { isUtf8 } from 'node:buffer';
import { EventBatch } from '#pipeline/event-batch';
import { HeaderColumnsBuilder } from '../header-column.js';
import { ByteText } from '../byte-text.js';

/**
 * Reads `[{"headers": {"name": "value"}, "body": "text"}]` from its bytes, without an object or a text an event: bodies stay where they
 * are in the request. Gives null for all that is not plainly so (other members, nested values, mistakes): then the whole request is
 * read as JSON, which also knows what is wrong.
 *
 * Bodies with escapes are written back over their own place, which is never too small; so the bytes must not be read again.
 */
export class JsonScanner {
  private bytes: Buffer = Buffer.alloc(0);
  /** The memory of `bytes`, four bytes at a time; byte `at` is byte `base + at` of it. */
  private words: Int32Array = new Int32Array(0);
  private base = 0;
  private at = 0;
  /** Of the last string that was read: its place without the quotes, and what it has. */
  private from = 0;
  private to = 0;
  private hasEscape = false;
  private isAscii = true;

  private count = 0;
  private starts = new Int32Array(128);
  private ends = new Int32Array(128);
  /** Bodies with escapes, decoded; written when everything has been found to be well. */
  private decoded: { readonly index: number; readonly text: string }[] = [];
  private headers = new HeaderColumnsBuilder();
  private readonly names: ByteText[] = [];
  private readonly values: ByteText[] = [];

  scan(bytes: Buffer): EventBatch | null {
    if (!isUtf8(bytes)) return null;
    this.bytes = bytes;
    this.words = new Int32Array(bytes.buffer, 0, bytes.buffer.byteLength >> 2);
    this.base = bytes.byteOffset;
    this.at = 0;
    this.count = 0;
    this.decoded = [];
    this.headers = new HeaderColumnsBuilder();
    return this.readAll() ? this.finish() : null;
  }

  private finish(): EventBatch {
    this.writeDecoded();
    const { count } = this;
    const headers = this.headers.finish(count);
    return new EventBatch(this.bytes, this.starts.slice(0, count), this.ends.slice(0, count), headers);
  }

  private readAll(): boolean {
    this.skipBlanks();
    if (!this.take(openBracket)) return false;
    this.skipBlanks();
    if (!this.take(closeBracket)) {
      do {
        this.skipBlanks();
        if (!this.readEvent()) return false;
        this.skipBlanks();
      } while (this.take(comma));
      if (!this.take(closeBracket)) return false;
    }
    this.skipBlanks();
    return this.at === this.bytes.length;
  }

  private readEvent(): boolean {
    if (!this.take(openBrace)) return false;
    if (this.count === this.starts.length) this.grow();
    this.starts[this.count] = 0;
    this.ends[this.count] = 0;
    this.skipBlanks();
    if (!this.take(closeBrace)) {
      let hasBody = false;
      let hasHeaders = false;
      do {
        this.skipBlanks();
        if (!this.readString() || !this.skipColon()) return false;
        if (this.isName(bodyName) && !hasBody) {
          hasBody = true;
          if (!this.readBody()) return false;
        } else if (this.isName(headersName) && !hasHeaders) {
          hasHeaders = true;
          if (!this.readHeaders()) return false;
        } else return false;
        this.skipBlanks();
      } while (this.take(comma));
      if (!this.take(closeBrace)) return false;
    }
    this.count += 1;
    return true;
  }

  private readBody(): boolean {
    if (!this.readString()) return false;
    if (this.hasEscape) {
      const text = this.decode();
      if (text === null) return false;
      this.decoded.push({ index: this.count, text });
    }
    this.starts[this.count] = this.from;
    this.ends[this.count] = this.to;
    return true;
  }

  private readHeaders(): boolean {
    if (!this.take(openBrace)) return false;
    this.skipBlanks();
    if (this.take(closeBrace)) return true;
    let place = 0;
    do {
      this.skipBlanks();
      if (!this.readString() || this.hasEscape) return false;
      // Events mostly have the same headers in the same order.
      const name = textAt(this.names, place).read(this.bytes, this.from, this.to, this.isAscii);
      if (name === '__proto__' || !this.skipColon() || !this.readValue(name, place)) return false;
      place += 1;
      this.skipBlanks();
    } while (this.take(comma));
    return this.take(closeBrace);
  }

  private readValue(name: string, place: number): boolean {
    const { bytes } = this;
    if (bytes[this.at] === quote) {
      if (!this.readString()) return false;
      const value = this.hasEscape
        ? this.decode()
        : textAt(this.values, place).read(bytes, this.from, this.to, this.isAscii);
      if (value === null) return false;
      this.headers.set(name, this.count, value);
      return true;
    }
    return this.readNumber(name);
  }

  /** A number stays the text that it is; only whole ones are plain enough. */
  private readNumber(name: string): boolean {
    const { bytes } = this;
    const from = this.at;
    let next = bytes[from] === minus ? from + 1 : from;
    const digitsAt = next;
    while (isDigit(bytes[next] ?? 0)) next += 1;
    const after = bytes[next] ?? 0;
    const hasMore = after === dot || (after | 0x20) === letterE;
    if (next === digitsAt || hasMore || (bytes[digitsAt] === digitZero && next > digitsAt + 1)) return false;
    this.at = next;
    this.headers.set(name, this.count, bytes.toString('latin1', from, next));
    return true;
  }

  private readString(): boolean {
    const { bytes } = this;
    if (bytes[this.at] !== quote) return false;
    const { length } = bytes;
    const from = this.at + 1;
    let seen = 0;
    let hasEscape = false;
    for (let at = this.skipPlain(from); at < length; at += 1) {
      const byte = bytes[at] ?? 0;
      if (byte === quote) {
        this.from = from;
        this.to = at;
        this.at = at + 1;
        this.hasEscape = hasEscape;
        this.isAscii = seen < 0x80;
        return true;
      }
      if (byte < blank) return false;
      seen |= byte;
      if (byte === backslash) {
        hasEscape = true;
        at += 1;
      }
    }
    return false;
  }

  /** How far the string from `from` on is plain ASCII without quote, backslash and control characters: looks at four bytes at a time. */
  private skipPlain(from: number): number {
    const { base, bytes, words } = this;
    let at = from;
    while (((base + at) & 3) !== 0) {
      const byte = bytes[at] ?? quote;
      if (byte === quote || byte === backslash || byte < blank || byte > 0x7e) return at;
      at += 1;
    }
    const last = (base + bytes.length) >> 2;
    let word = (base + at) >> 2;
    for (; word < last; word += 1) {
      const four = words[word] ?? 0;
      // Sets the high bit of a byte that is over 0x7f, under a blank, a quote, or a backslash (and of some behind such a one).
      const found =
        four | (four - 0x20202020) | ((four ^ 0x22222222) - 0x01010101) | ((four ^ 0x5c5c5c5c) - 0x01010101);
      if ((found & 0x80808080) !== 0) break;
    }
    return (word << 2) - base;
  }

  /** The last string with its escapes resolved; null where they are none. */
  private decode(): string | null {
    try {
      return JSON.parse(this.bytes.toString('utf8', this.from - 1, this.to + 1)) as string;
    } catch {
      return null;
    }
  }

  private writeDecoded(): void {
    for (const { index, text } of this.decoded) {
      const start = this.starts[index] ?? 0;
      this.ends[index] = start + this.bytes.write(text, start, 'utf8');
    }
  }

  private isName(name: Buffer): boolean {
    const { bytes, from } = this;
    if (this.to - from !== name.length || this.hasEscape) return false;
    for (let at = 0; at < name.length; at += 1) if (bytes[from + at] !== name[at]) return false;
    return true;
  }

  private skipColon(): boolean {
    this.skipBlanks();
    if (!this.take(colon)) return false;
    this.skipBlanks();
    return true;
  }

  private skipBlanks(): void {
    const { bytes } = this;
    for (;;) {
      const byte = bytes[this.at];
      if (byte !== blank && byte !== 10 && byte !== 13 && byte !== 9) return;
      this.at += 1;
    }
  }

  private take(byte: number): boolean {
    if (this.bytes[this.at] !== byte) return false;
    this.at += 1;
    return true;
  }

  private grow(): void {
    const starts = new Int32Array(this.starts.length * 2);
    const ends = new Int32Array(this.starts.length * 2);
    starts.set(this.starts);
    ends.set(this.ends);
    this.starts = starts;
    this.ends = ends;
  }
}

/** Headers after the first ones of an event share a text. */
const placesMax = 64;

function textAt(texts: ByteText[], place: number): ByteText {
  const slot = Math.min(place, placesMax);
  return (texts[slot] ??= new ByteText());
}

function isDigit(byte: number): boolean {
  return byte >= digitZero && byte <= 0x39;
}

const bodyName = Buffer.from('body');
const headersName = Buffer.from('headers');
const blank = 0x20;
const quote = 0x22;
const comma = 0x2c;
const minus = 0x2d;
const dot = 0x2e;
const digitZero = 0x30;
const colon = 0x3a;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const letterE = 0x65;
const openBrace = 0x7b;
const closeBrace = 0x7d;
