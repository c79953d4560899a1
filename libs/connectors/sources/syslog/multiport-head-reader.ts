import { ByteText } from '../byte-text.js';
import type { Charset } from '../charset.js';
import { isDigit, isUpper, isoTimeEnd, bsdTimeEnd, type SyslogTimes } from './syslog-time.js';
import type { HeadReader, SyslogHead } from './syslog-head.js';

/**
 * Reads messages as Flume's multiport_syslogtcp does, more strictly than syslogtcp: after the priority comes the version `1 ` or none, then a
 * time (`-` is now), then a host up to the next blank, whatever it is. A message that is not so is Invalid as a whole.
 */
export class MultiportHeadReader implements HeadReader {
  private readonly priorities = new ByteText();
  private readonly hosts = new ByteText();

  constructor(
    private readonly times: SyslogTimes,
    private readonly charset: Charset,
  ) {}

  read(bytes: Buffer, start: number, end: number, nowMs: number, into: SyslogHead): void {
    into.clear(start, end);
    let at = start + 1;
    let priority = 0;
    if (bytes[start] !== lessThan) return;
    for (; at < end && at <= start + priorityDigitsMax && isDigit(bytes[at] ?? 0); at += 1) {
      priority = priority * 10 + (bytes[at] ?? 0) - 0x30;
    }
    const priorityEnd = at;
    if (at === start + 1 || at >= end || bytes[at] !== greaterThan) return;
    at += 1;
    const hasVersion = at + 2 < end && bytes[at] === digitOne && bytes[at + 1] === blank;
    if (hasVersion) at += 2;
    const timeEnd = this.readTime(bytes, at, end, nowMs, into);
    if (timeEnd === -1) return;
    const hostAt = timeEnd + 1;
    const hostEnd = bytes.indexOf(blank, hostAt);
    if (hostAt >= end || hostEnd === -1 || hostEnd >= end) return;
    into.timeAt = at;
    into.timeEnd = timeEnd;
    into.priority = priority;
    into.priorityText = this.priorities.read(bytes, start + 1, priorityEnd, true);
    into.version = hasVersion ? '1' : null;
    into.host = this.hostOf(bytes, hostAt, hostEnd);
    into.hostAt = hostAt;
    into.hostEnd = hostEnd;
    into.bodyAt = hostEnd + 1;
    into.isModern = hasVersion && !isUpper(bytes[at] ?? 0);
  }

  private hostOf(bytes: Buffer, from: number, to: number): string {
    for (let at = from; at < to; at += 1) {
      if ((bytes[at] ?? 0) > 0x7f) return this.charset.decode(bytes.subarray(from, to), 'REPLACE');
    }
    return this.hosts.read(bytes, from, to, true);
  }

  /** Where it ends; -1 where there is none. A month that there is not is the time 0, as in Flume. */
  private readTime(bytes: Buffer, at: number, end: number, nowMs: number, into: SyslogHead): number {
    if (at >= end) return -1;
    if (bytes[at] === minus) {
      into.timestampMs = nowMs;
      return at + 1;
    }
    if (isUpper(bytes[at] ?? 0)) {
      const timeEnd = bsdTimeEnd(bytes, at, end);
      if (timeEnd >= end) return -1;
      if (timeEnd !== -1) into.timestampMs = this.times.bsd(bytes, at, timeEnd, nowMs) ?? 0;
      return timeEnd;
    }
    const timeEnd = isoTimeEnd(bytes, at, end);
    const isWhole = timeEnd !== -1 && timeEnd < end && bytes[timeEnd] === blank && hasZone(bytes, timeEnd);
    if (!isWhole) return -1;
    into.timestampMs = this.times.iso(bytes, at, timeEnd);
    return timeEnd;
  }
}

function hasZone(bytes: Buffer, timeEnd: number): boolean {
  const sign = bytes[timeEnd - 6];
  return bytes[timeEnd - 1] === letterZ || sign === minus || sign === plus;
}

/** Flume looks for the bracket in so many characters after the first. */
const priorityDigitsMax = 5;
const lessThan = 0x3c;
const greaterThan = 0x3e;
const blank = 0x20;
const minus = 0x2d;
const plus = 0x2b;
const digitOne = 0x31;
const letterZ = 0x5a;
