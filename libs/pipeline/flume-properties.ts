/**
 * Java's `.properties` syntax (`java.util.Properties.load`), with the place of every key kept. Comments begin with `#` or `!`
 * as the first visible character; a line ends at LF, CR or CR LF and goes on where it ends in an odd number of backslashes; key and
 * value are parted by `=`, `:` or blanks; `\t \n \r \f \uXXXX` are characters and any other backslash is dropped.
 */
import type { ConfPosition } from '#pipeline/flume-problem';

export interface PropertyEntry extends ConfPosition {
  readonly key: string;
  readonly value: string;
}

export interface PropertiesText {
  /** Every entry in the order of the file, also those whose key comes again later. */
  readonly entries: readonly PropertyEntry[];
  /** Escapes `\u` without four hexadecimal digits, where Java refuses the whole file. */
  readonly malformed: readonly ConfPosition[];
}

export function parseProperties(text: string, file: string): PropertiesText {
  const entries: PropertyEntry[] = [];
  const malformed: ConfPosition[] = [];
  for (const { content, line } of logicalLines(text)) {
    const split = splitEntry(content);
    const key = unescape(split.key);
    const value = unescape(split.value);
    if (key === null || value === null) malformed.push({ file, line });
    else entries.push({ key, value, file, line });
  }
  return { entries, malformed };
}

/** Reads the bytes of a file: UTF-8 where they are that, else ISO-8859-1, which is all that Java knows here. */
export function decodeProperties(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    return bytes.toString('latin1');
  }
}

interface LogicalLine {
  readonly content: string;
  /** Number of its first natural line. */
  readonly line: number;
}

function logicalLines(text: string): LogicalLine[] {
  const natural = text.split(/\r\n|\r|\n/);
  const logical: LogicalLine[] = [];
  for (let at = 0; at < natural.length; at += 1) {
    const line = at + 1;
    let content = withoutLeadingBlanks(natural[at] ?? '');
    if (content === '' || content.startsWith('#') || content.startsWith('!')) continue;
    while (isContinued(content)) {
      at += 1;
      content = content.slice(0, -1) + withoutLeadingBlanks(natural[at] ?? '');
      if (at >= natural.length) break;
    }
    logical.push({ content, line });
  }
  return logical;
}

function withoutLeadingBlanks(line: string): string {
  return line.replace(/^[ \t\f]+/, '');
}

function isContinued(line: string): boolean {
  return (/\\+$/.exec(line)?.[0].length ?? 0) % 2 === 1;
}

function splitEntry(content: string): { key: string; value: string } {
  let keyEnd = 0;
  while (keyEnd < content.length && !isKeyEnd(content[keyEnd] ?? '')) {
    keyEnd += content[keyEnd] === '\\' ? 2 : 1;
  }
  const key = content.slice(0, keyEnd);
  const rest = content.slice(keyEnd).replace(/^[ \t\f]*[=:]?[ \t\f]*/, '');
  return { key, value: rest };
}

function isKeyEnd(character: string): boolean {
  return character === '=' || character === ':' || character === ' ' || character === '\t' || character === '\f';
}

const escapes: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

/** Null where a `\u` is malformed. */
function unescape(text: string): string | null {
  if (!text.includes('\\')) return text;
  let result = '';
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (character !== '\\') {
      result += character;
      continue;
    }
    at += 1;
    const escaped = text[at] ?? '';
    if (escaped === 'u') {
      const digits = text.slice(at + 1, at + 5);
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) return null;
      result += String.fromCharCode(Number.parseInt(digits, 16));
      at += 4;
    } else {
      result += escapes[escaped] ?? escaped;
    }
  }
  return result;
}
