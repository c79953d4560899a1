import type { HeaderColumnsBuilder } from '../header-column.js';

/** Where APP-NAME, PROCID, MSGID and the structured data of RFC 5424 go: they stay in the body, become headers, or both. */
export type StructuredDataTarget = 'body' | 'headers' | 'both';

/** Further names of parameters, in one batch, make no headers: so that garbage makes no table of them. */
const namesMax = 256;

/**
 * Reads `APP-NAME SP PROCID SP MSGID SP STRUCTURED-DATA [SP MSG]` in `bytes[at, end)` into headers: `appname`, `procid`, `msgid`, and
 * `sd.ID.NAME` for each parameter (`sd.ID`, empty, for an element without one). Gives where MSG begins, its byte order mark left out; where the text is not so,
 * nothing is set, and MSG begins at `at`.
 */
export function takeStructuredData(
  bytes: Buffer,
  at: number,
  end: number,
  index: number,
  headers: HeaderColumnsBuilder,
): number {
  const found: [string, string][] = [];
  let next = at;
  for (const name of ['appname', 'procid', 'msgid']) {
    const blankAt = bytes.indexOf(blank, next);
    if (blankAt <= next || blankAt >= end) return at;
    if (blankAt > next + 1 || bytes[next] !== minus) found.push([name, bytes.toString('latin1', next, blankAt)]);
    next = blankAt + 1;
  }
  const dataEnd = bytes[next] === minus ? next + 1 : readElements(bytes, next, end, found);
  if (dataEnd === -1 || (dataEnd < end && bytes[dataEnd] !== blank)) return at;
  for (const [name, value] of found) {
    if (headers.names < namesMax || headers.has(name)) headers.set(name, index, value);
  }
  const messageAt = Math.min(end, dataEnd + 1);
  const hasMark = bytes[messageAt] === 0xef && bytes[messageAt + 1] === 0xbb && bytes[messageAt + 2] === 0xbf;
  return hasMark && messageAt + 3 <= end ? messageAt + 3 : messageAt;
}

/** One or more `[ID NAME="VALUE" …]`; gives where they end, -1 where they are none. */
function readElements(bytes: Buffer, at: number, end: number, into: [string, string][]): number {
  let next = at;
  while (next < end && bytes[next] === openBracket) {
    const idEnd = nameEnd(bytes, next + 1, end);
    if (idEnd === next + 1) return -1;
    const id = `sd.${bytes.toString('latin1', next + 1, idEnd)}`;
    next = idEnd;
    if (bytes[next] === closeBracket) into.push([id, '']);
    while (next < end && bytes[next] === blank) {
      const valueAt = nameEnd(bytes, next + 1, end);
      if (valueAt === next + 1 || bytes[valueAt] !== equals || bytes[valueAt + 1] !== quote) return -1;
      const valueEnd = closingQuote(bytes, valueAt + 2, end);
      if (valueEnd === -1) return -1;
      into.push([`${id}.${bytes.toString('latin1', next + 1, valueAt)}`, valueOf(bytes, valueAt + 2, valueEnd)]);
      next = valueEnd + 1;
    }
    if (next >= end || bytes[next] !== closeBracket) return -1;
    next += 1;
  }
  return next === at ? -1 : next;
}

/** Names are printable, without `=`, blank, `]` and `"`. */
function nameEnd(bytes: Buffer, at: number, end: number): number {
  let next = at;
  for (; next < end; next += 1) {
    const byte = bytes[next] ?? 0;
    if (byte <= blank || byte > 0x7e || byte === equals || byte === closeBracket || byte === quote) return next;
  }
  return next;
}

function closingQuote(bytes: Buffer, at: number, end: number): number {
  for (let next = at; next < end; next += 1) {
    if (bytes[next] === backslash) next += 1;
    else if (bytes[next] === quote) return next;
  }
  return -1;
}

/** `\"`, `\\` and `\]` stand for the second; another backslash for itself. */
function valueOf(bytes: Buffer, from: number, to: number): string {
  return bytes.toString('utf8', from, to).replaceAll(/\\(["\\\]])/g, '$1');
}

const blank = 0x20;
const quote = 0x22;
const minus = 0x2d;
const equals = 0x3d;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
