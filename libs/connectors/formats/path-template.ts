/**
 * Flume's escapes in paths and file prefixes, resolved per record: `%{header}`, `%Y-%m-%d`, `%[localhost]` …, and ours:
 * `%{topic}` and `%{partition}`. The whole table is in `path-escapes.ts`. With `asFlume` those two are headers like others, and a
 * header with slashes makes folders.
 *
 * What a record brings in cannot leave its path segment: see `safeValue`. What the configuration says literally may contain `/`.
 * A missing header is empty, as in Flume, and empty segments vanish.
 */
import { crc32c } from '#std/crc32c';
import { assert } from '#std/assert';
import { destinationTopic, type SinkBatch } from '#pipeline/sink-batch';
import { isJsonObject, stringifyJson, type JsonValue } from '#pipeline/sink-json';
import { jsonValueOf } from './json-rows.js';
import { parseEscapes, safeValue, timeField, type Escape, type HostNames } from './path-escapes.js';
import type { CalendarZone } from '#std/calendar-zone';

export interface PathTemplateOptions {
  readonly zone: CalendarZone;
  readonly rounding: { roundDown(timeMs: number): number } | null;
  readonly host: HostNames;
  /** For events of a flume.conf: all names are headers, whose slashes count. Default false. */
  readonly asFlume?: boolean;
}

export class PathTemplate {
  /** The folder above everything that the template can give: `/flume` of `/flume/%Y/%{host}`. Without a slash at the end. */
  readonly base: string;
  /** The same path for every record: no need to look at any. */
  readonly constant: boolean;
  private readonly escapes: readonly Escape[];
  private readonly usesTime: boolean;
  private readonly resolved = new Map<string, string>();

  constructor(
    text: string,
    private readonly options: PathTemplateOptions,
  ) {
    this.escapes = options.asFlume === true ? parseEscapes(text).map(headerEscape) : parseEscapes(text);
    this.usesTime = this.escapes.some((escape) => escape.kind === 'time');
    this.constant = this.escapes.every((escape) => constantKinds.has(escape.kind));
    this.base = baseOf(this.escapes);
  }

  /** `timeMs` is the record's time, or the clock's where the configuration says so. */
  resolve(batch: SinkBatch, index: number, timeMs: number): string {
    const values = this.values(batch, index, timeMs);
    const key = values.join('\0');
    let path = this.resolved.get(key);
    if (path === undefined) {
      if (this.resolved.size >= resolvedMax) this.resolved.clear();
      path = this.join(values);
      this.resolved.set(key, path);
    }
    return path;
  }

  /** Whether the path depends on the time of the record, in whole or rounded. */
  get needsTime(): boolean {
    return this.usesTime;
  }

  /** Whether times in the same second give the same path; then one look-up serves a run of records. */
  get byTimeOnly(): boolean {
    return this.usesTime && this.escapes.every((escape) => !recordKinds.has(escape.kind) && !isRawTime(escape));
  }

  /** Whether the path depends on fields of JSON values: a record that is no JSON has no path then. */
  get needsFields(): boolean {
    return this.escapes.some((escape) => escape.kind === 'field');
  }

  private values(batch: SinkBatch, index: number, timeMs: number): string[] {
    const { zone, rounding, host, asFlume } = this.options;
    const headerValue = asFlume === true ? safePath : safeValue;
    const rounded = rounding === null || !this.usesTime ? timeMs : rounding.roundDown(timeMs);
    const fields = this.usesTime ? zone.fields(rounded) : null;
    return this.escapes.map((escape) => {
      switch (escape.kind) {
        case 'literal':
          return escape.text;
        case 'topic':
          return destinationTopic(batch);
        case 'partition':
          return String(batch.partition);
        case 'header':
          return headerValue(batch.header(index, escape.name) ?? '');
        case 'field':
          return fieldText(jsonValueOf(batch, index), escape.path);
        case 'host':
          return safeValue(host[escape.name]);
        case 'time': {
          if (isRawTime(escape)) return String(timeMs);
          assert(fields !== null, 'a template with a time escape has fields');
          return timeField(escape.letter, fields, rounded, zone.offsetMs(rounded));
        }
      }
    });
  }

  private join(values: readonly string[]): string {
    const path = values.join('');
    const segments = path.split('/').filter((segment) => segment !== '');
    // A slash at the end stays: what follows it is the file prefix, and there is none.
    const end = path.endsWith('/') && segments.length > 0 ? '/' : '';
    return (path.startsWith('/') ? '/' : '') + segments.map(safeSegment).join('/') + end;
  }
}

/** Kinds whose value each record has by itself. */
const recordKinds: ReadonlySet<Escape['kind']> = new Set(['header', 'field']);
const constantKinds: ReadonlySet<Escape['kind']> = new Set(['literal', 'topic', 'partition', 'host']);
const resolvedMax = 1024;
const segmentBytesMax = 200;

/** Of a partition without value, by Hive's own name (`hive.exec.default.partition.name`). */
const hiveDefault = '__HIVE_DEFAULT_PARTITION__';

function fieldText(value: JsonValue | undefined, path: readonly string[]): string {
  let found = value;
  for (const name of path) found = found !== undefined && isJsonObject(found) ? found[name] : undefined;
  if (found === undefined || found === null || found === '') return hiveDefault;
  return safeValue(typeof found === 'string' ? found : stringifyJson(found));
}

function headerEscape(escape: Escape): Escape {
  // A flume.conf has no fields: what looks like one is text.
  if (escape.kind === 'field') return { kind: 'literal', text: `%(${escape.path.join('.')})` };
  return escape.kind === 'topic' || escape.kind === 'partition' ? { kind: 'header', name: escape.kind } : escape;
}

function safePath(value: string): string {
  return value.includes('/') ? value.split('/').map(safeValue).join('/') : safeValue(value);
}

function isRawTime(escape: Escape): boolean {
  return escape.kind === 'time' && escape.letter === 't';
}

/** No segment may be `.` or `..`, be one of our own `+` folders, or be longer than file systems take. */
function safeSegment(segment: string): string {
  if (/^\.{1,2}$/.test(segment)) return segment.replaceAll('.', '%2E');
  const safe = segment.startsWith('+') ? `%2B${segment.slice(1)}` : segment;
  const bytes = Buffer.from(safe);
  if (bytes.length <= segmentBytesMax) return safe;
  const mark = `~${crc32c(bytes).toString(16).padStart(8, '0')}`;
  return cutUtf8(bytes, segmentBytesMax - mark.length) + mark;
}

/** At most `size` bytes, without half a character at the end. */
function cutUtf8(bytes: Buffer, size: number): string {
  let end = size;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end).toString();
}

function baseOf(escapes: readonly Escape[]): string {
  let text = '';
  for (const escape of escapes) {
    if (escape.kind !== 'literal') {
      text = text.slice(0, text.lastIndexOf('/') + 1);
      break;
    }
    text += escape.text;
  }
  const base = text.replace(/\/+/g, '/').replace(/\/$/, '');
  return base === '' && text.startsWith('/') ? '/' : base;
}
