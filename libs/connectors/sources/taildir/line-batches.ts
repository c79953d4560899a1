/** Cuts what was read of a file into events: one a line, or several lines where they belong together. */
import type { Charset } from '../charset.js';
import { cutLines, type CutLines } from '../line-cutter.js';

/** Lines that belong to one event, by the options of Flume's own proposals for it and of Filebeat. */
export interface MultiLineRules {
  readonly pattern: RegExp;
  /** A line that matches (or does not, with `matches` false) belongs to the line before it, or to the one after it. */
  readonly belongsTo: 'previous' | 'next';
  readonly matches: boolean;
  readonly linesMax: number;
  readonly bytesMax: number;
}

export interface LineRules {
  /** Events of one batch at most. */
  readonly eventsMax: number;
  /** A longer line comes in pieces. */
  readonly lineBytesMax: number;
  /** Null: bytes stay as they are. */
  readonly charset: Charset | null;
  readonly multiLine: MultiLineRules | null;
}

export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Whole events of `bytes[from, to)`. With `isFinal` also what would wait for more lines to belong to it, but no line without end. */
export function cutEvents(bytes: Buffer, range: Range, rules: LineRules, isFinal: boolean): CutLines {
  const unitBytes = rules.charset?.unitBytes ?? 1;
  const linesMax = rules.multiLine === null ? rules.eventsMax : Infinity;
  const cut =
    unitBytes === 1 ? cutLines(bytes, range, linesMax, true) : cutWideLines(bytes, range, linesMax, rules.charset);
  return rules.multiLine === null ? cut : joinLines(bytes, cut, rules, isFinal);
}

/** As `cutLines`, where a line end has two or four bytes. */
function cutWideLines(bytes: Buffer, range: Range, linesMax: number, charset: Charset | null): CutLines {
  const unitBytes = charset?.unitBytes ?? 2;
  const lineEnd = charset?.isBigEndian === true ? 10 : 10 * 256 ** (unitBytes - 1);
  const carriageReturn = charset?.isBigEndian === true ? 13 : 13 * 256 ** (unitBytes - 1);
  const starts: number[] = [];
  const ends: number[] = [];
  let next = range.from;
  for (let at = range.from; at + unitBytes <= range.to && starts.length < linesMax; at += unitBytes) {
    if (bytes.readUIntBE(at, unitBytes) !== lineEnd) continue;
    const before = at - unitBytes;
    starts.push(next);
    ends.push(before >= next && bytes.readUIntBE(before, unitBytes) === carriageReturn ? before : at);
    next = at + unitBytes;
  }
  return { starts: Int32Array.from(starts), ends: Int32Array.from(ends), next };
}

function joinLines(bytes: Buffer, cut: CutLines, { multiLine, eventsMax }: LineRules, isFinal: boolean): CutLines {
  if (multiLine === null) return cut;
  const { pattern, belongsTo, matches, linesMax, bytesMax } = multiLine;
  const starts: number[] = [];
  const ends: number[] = [];
  const count = cut.starts.length;
  const startOf = (line: number): number => cut.starts[line] ?? cut.next;
  let first = 0;
  const close = (after: number): void => {
    starts.push(startOf(first));
    ends.push(cut.ends[after - 1] ?? 0);
    first = after;
  };
  for (let line = 0; line < count && starts.length < eventsMax; line += 1) {
    const joins = pattern.test(bytes.toString('utf8', cut.starts[line], cut.ends[line])) === matches;
    if (belongsTo === 'previous') {
      if (!joins && line > first) close(line);
    } else if (!joins) {
      close(line + 1);
    }
    const isFull = line + 1 - first >= linesMax || (cut.ends[line] ?? 0) - startOf(first) >= bytesMax;
    if (line >= first && isFull && starts.length < eventsMax) close(line + 1);
  }
  if (isFinal && first < count && starts.length < eventsMax) close(count);
  return { starts: Int32Array.from(starts), ends: Int32Array.from(ends), next: startOf(first) };
}
