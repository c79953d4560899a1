import { isUtf8 } from 'node:buffer';
import { EventBatch } from '#pipeline/event-batch';
import type { Clock } from '#std/clock';
import type { Charset } from '../charset.js';
import { HeaderColumnBuilder, HeaderColumnsBuilder } from '../header-column.js';
import { keptText, type KeptFields } from './kept-fields.js';
import { takeStructuredData, type StructuredDataTarget } from './structured-data.js';
import { SyslogHead, type HeadReader } from './syslog-head.js';
import type { SyslogFrames } from './syslog-framing.js';

/** Names of headers, which syslogtcp and multiport_syslogtcp spell differently. */
export interface SyslogHeaderNames {
  readonly priority: string;
  readonly version: string;
}

export interface SyslogEventsOptions {
  readonly reader: HeadReader;
  readonly names: SyslogHeaderNames;
  readonly keep: KeptFields;
  readonly structuredData: StructuredDataTarget;
  /** Whether a message without a valid priority gets the facility and severity 0, as in syslogtcp, or no headers. */
  readonly invalidHasPriority: boolean;
  /** Whether bytes are no text in the charset of the source: such a message is Invalid. */
  readonly isMalformed?: (bytes: Buffer) => boolean;
}

/** Makes events of messages. What is found in one is never seen in another: each event has the headers of its own message only. */
export class SyslogEvents {
  private readonly head = new SyslogHead();
  private timestamps = { ms: Number.NaN, text: '' };

  constructor(
    private readonly clock: Clock,
    private readonly options: SyslogEventsOptions,
  ) {}

  /** `bytes` is kept by reference where no field has to be kept. */
  of(bytes: Buffer, frames: SyslogFrames): EventBatch {
    const { count } = frames;
    const { reader, keep, invalidHasPriority, structuredData } = this.options;
    const starts = frames.starts.slice(0, count);
    const ends = frames.ends.slice(0, count);
    const nowMs = this.clock.now();
    const columns = new SyslogColumns(this.options.names);
    const kept = keep.isPartial ? Array.from({ length: count }, () => '') : null;
    const isMalformed = this.malformed(bytes);
    const { head } = this;
    for (let index = 0; index < count; index += 1) {
      const start = starts[index] ?? 0;
      const end = ends[index] ?? 0;
      if (isMalformed?.(bytes.subarray(start, end)) === true) head.clear(start, end);
      else reader.read(bytes, start, end, nowMs, head);
      if (head.priority === -1) {
        if (invalidHasPriority) columns.setPriority(index, 0);
        columns.status.set(index, 'Invalid');
        continue;
      }
      columns.setHead(index, head);
      if (head.timestampMs !== null) columns.timestamp.set(index, this.textOf(head.timestampMs));
      if (frames.cuts[index] === 1) columns.status.set(index, 'Incomplete');
      if (structuredData !== 'body' && head.isModern) {
        const bodyAt = takeStructuredData(bytes, head.bodyAt, end, index, columns.structured);
        if (structuredData === 'headers') head.bodyAt = bodyAt;
      }
      // A message without a body stays whole, as in Flume.
      if (keep.all || head.bodyAt >= head.bodyEnd) continue;
      starts[index] = head.bodyAt;
      ends[index] = head.bodyEnd;
      if (kept !== null && head.priorityText !== null) kept[index] = keptText(keep, bytes, head);
    }
    const headers = columns.finish(count);
    const bodies = new EventBatch(bytes, starts, ends, headers);
    return kept === null ? bodies : withPrefixes(bodies, kept);
  }

  /** A check of single messages; null where all of them together are well-formed. */
  private malformed(bytes: Buffer): ((message: Buffer) => boolean) | null {
    const { isMalformed = null } = this.options;
    return isMalformed === null || !isMalformed(bytes) ? null : isMalformed;
  }

  private textOf(ms: number): string {
    if (ms !== this.timestamps.ms) this.timestamps = { ms, text: String(ms) };
    return this.timestamps.text;
  }
}

class SyslogColumns {
  readonly timestamp = new HeaderColumnBuilder();
  readonly status = new HeaderColumnBuilder();
  readonly structured = new HeaderColumnsBuilder();
  private readonly facility = new HeaderColumnBuilder();
  private readonly severity = new HeaderColumnBuilder();
  private readonly priority = new HeaderColumnBuilder();
  private readonly version = new HeaderColumnBuilder();
  private readonly host = new HeaderColumnBuilder();

  constructor(private readonly names: SyslogHeaderNames) {}

  setPriority(index: number, priority: number): void {
    this.facility.set(index, numberText(priority >> 3));
    this.severity.set(index, numberText(priority & 7));
  }

  setHead(index: number, head: SyslogHead): void {
    this.setPriority(index, head.priority);
    if (head.priorityText !== null) this.priority.set(index, head.priorityText);
    if (head.version !== null) this.version.set(index, head.version);
    if (head.host !== null) this.host.set(index, head.host);
  }

  /** The message's own headers win over those of structured data with the same name. */
  finish(count: number): Map<string, string | readonly (string | null)[]> {
    const headers = this.structured.finish(count);
    const own: readonly [string, HeaderColumnBuilder][] = [
      ['Facility', this.facility],
      ['Severity', this.severity],
      [this.names.priority, this.priority],
      [this.names.version, this.version],
      ['timestamp', this.timestamp],
      ['host', this.host],
      ['flume.syslog.status', this.status],
    ];
    for (const [name, column] of own) if (!column.isEmpty) headers.set(name, column.finish(count));
    return headers;
  }
}

const numberTexts = Array.from({ length: 128 }, (_, value) => String(value));

function numberText(value: number): string {
  return numberTexts[value] ?? String(value);
}

/** The same events with a text before each body. */
function withPrefixes(batch: EventBatch, prefixes: readonly string[]): EventBatch {
  const starts = new Int32Array(batch.count);
  const ends = new Int32Array(batch.count);
  const prefixBytes = prefixes.reduce((total, prefix) => total + prefix.length, 0);
  const target = Buffer.allocUnsafeSlow(batch.bodyBytes + prefixBytes);
  let at = 0;
  for (let index = 0; index < batch.count; index += 1) {
    starts[index] = at;
    at += target.write(prefixes[index] ?? '', at, 'latin1');
    at += batch.bytes.copy(target, at, batch.starts[index], batch.ends[index]);
    ends[index] = at;
  }
  return new EventBatch(target, starts, ends, batch.headers);
}

/** For `isMalformed`. */
export function malformedIn(charset: Charset): (bytes: Buffer) => boolean {
  if (charset.name === 'UTF-8') return (bytes) => !isUtf8(bytes);
  return (bytes) => {
    try {
      charset.decode(bytes, 'FAIL');
      return false;
    } catch {
      return true;
    }
  };
}
