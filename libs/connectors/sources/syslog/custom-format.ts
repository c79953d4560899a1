import type { ComponentRemark } from '#pipeline/collector';
import { compileJavaRegex } from '#std/java-regex';
import { JodaPattern } from '../../interceptors/regex-extractor/joda-pattern.js';
import type { HeadReader, SyslogHead } from './syslog-head.js';

type FormatOptions = Readonly<Record<string, string>>;

const keys = ['regex', 'search', 'replace', 'dateFormat'];

/**
 * Flume's `format.*`: a pattern of the user's own, tried before the others on messages with a valid priority. It has to fit the whole message; its
 * groups are priority, version, time, host and body. Every match of `search` in the time becomes `replace`, and what that gives is
 * read with `dateFormat`.
 */
export class CustomFormatReader implements HeadReader {
  private readonly pattern: RegExp;
  private readonly search: RegExp | null;
  private readonly replacement: string;
  private readonly time: JodaPattern | null;

  /** @param otherwise reads what does not fit, and the priority. */
  constructor(
    private readonly otherwise: HeadReader,
    format: FormatOptions,
  ) {
    const { regex = '', search, replace, dateFormat } = format;
    this.pattern = wholePattern(regex);
    this.search = search === undefined || replace === undefined ? null : compileJavaRegex(search, 'g');
    this.replacement = replace ?? '';
    this.time = dateFormat === undefined ? null : timePattern(dateFormat);
  }

  read(bytes: Buffer, start: number, end: number, nowMs: number, into: SyslogHead): void {
    this.otherwise.read(bytes, start, end, nowMs, into);
    if (into.priority === -1) return;
    // One character a byte, so that places in the text are places in the bytes.
    const match = this.pattern.exec(bytes.toString('latin1', start, end));
    if (match === null) return;
    const { priority } = into;
    into.clear(start, end);
    into.priority = priority;
    into.priorityText = match[1] ?? null;
    into.version = notEmpty(match[2]);
    into.timestampMs = this.timeOf(match[3], nowMs);
    into.host = notEmpty(match[4]);
    const { indices } = match;
    [into.timeAt, into.timeEnd] = placeOf(indices?.[3], start, start);
    [into.hostAt, into.hostEnd] = placeOf(indices?.[4], start, start);
    [into.bodyAt, into.bodyEnd] = placeOf(indices?.[5], start, end);
  }

  private timeOf(text: string | undefined, nowMs: number): number | null {
    if (text === undefined || this.time === null) return null;
    const changed = this.search === null ? text : text.replaceAll(this.search, this.replacement);
    return this.time.parse(changed, nowMs);
  }
}

/** `otherwise` where no format is given. */
export function withCustomFormat(otherwise: HeadReader, format: FormatOptions): HeadReader {
  return format['regex'] === undefined ? otherwise : new CustomFormatReader(otherwise, format);
}

/** For a component's `check`. */
export function checkCustomFormat(format: FormatOptions): ComponentRemark[] {
  const remarks: ComponentRemark[] = [];
  const look = (key: string, compile: (text: string) => unknown): void => {
    const text = format[key];
    if (text === undefined) return;
    try {
      compile(text);
    } catch (error) {
      remarks.push({ severity: 'error', option: `format.${key}`, message: (error as Error).message });
    }
  };
  look('regex', wholePattern);
  look('search', (text) => compileJavaRegex(text, 'g'));
  look('dateFormat', timePattern);
  for (const key of Object.keys(format)) {
    const message = `format.${key} is nothing that syslog sources know; there are ${keys.join(', ')}`;
    if (!keys.includes(key)) remarks.push({ severity: 'warning', option: `format.${key}`, message });
  }
  const message = 'has no effect without format.regex';
  if (format['regex'] === undefined && Object.keys(format).some((key) => keys.includes(key))) {
    remarks.push({ severity: 'warning', option: 'format.regex', message });
  }
  return remarks;
}

function wholePattern(regex: string): RegExp {
  const bytewise = Buffer.from(regex, 'utf8').toString('latin1');
  const { source, flags } = compileJavaRegex(bytewise, 'd');
  return new RegExp(`^(?:${source})$`, flags);
}

/** Patterns of SimpleDateFormat, whose `X` is an offset as `Z` is here. */
function timePattern(pattern: string): JodaPattern {
  return JodaPattern.compile(pattern.replaceAll(/X+|z+/g, 'Z'));
}

function notEmpty(text: string | undefined): string | null {
  return text === undefined || text === '' ? null : text;
}

function placeOf(range: readonly [number, number] | undefined, start: number, otherwiseEnd: number): [number, number] {
  return range === undefined ? [start, otherwiseEnd] : [start + range[0], start + range[1]];
}
