import { ByteText } from '../byte-text.js';
import { isBlank, isDigit, isUpper, isoTimeEnd, bsdTimeEnd, type SyslogTimes } from './syslog-time.js';
import type { HeadReader, SyslogHead } from './syslog-head.js';

/**
 * Reads messages as Flume's syslogtcp and syslogudp do: RFC 5424 first (with or without a version), then RFC 3164. Where neither fits, a
 * valid priority still counts and the whole message is the body.
 */
export class FlumeHeadReader implements HeadReader {
  private readonly priorities = new ByteText();
  private readonly versions = new ByteText();
  private readonly hosts = new ByteText();

  constructor(private readonly times: SyslogTimes) {}

  read(bytes: Buffer, start: number, end: number, nowMs: number, into: SyslogHead): void {
    into.clear(start, end);
    const priorityEnd = this.readPriority(bytes, start, end, into);
    if (priorityEnd === -1) return;
    const at = priorityEnd + 1;
    const versionEnd = versionEndOf(bytes, at, end);
    if (versionEnd > at && this.readStamp(bytes, versionEnd, end, nowMs, into, true)) {
      into.version = this.versions.read(bytes, at, versionEnd, true);
    } else if (!this.readStamp(bytes, at, end, nowMs, into, false)) {
      return;
    }
    into.priorityText = this.priorities.read(bytes, start + 1, priorityEnd, true);
  }

  /** Where its closing bracket is; -1 where there is none. */
  private readPriority(bytes: Buffer, start: number, end: number, into: SyslogHead): number {
    if (bytes[start] !== lessThan) return -1;
    let at = start + 1;
    let value = 0;
    for (; at < end && at <= start + priorityDigitsMax && isDigit(bytes[at] ?? 0); at += 1) {
      value = value * 10 + (bytes[at] ?? 0) - 0x30;
    }
    if (at === start + 1 || at >= end || bytes[at] !== greaterThan) return -1;
    into.priority = value;
    return at;
  }

  /** Reads time and host, after at most one blank; false, and nothing is changed, where they are not there. */
  private readStamp(
    bytes: Buffer,
    from: number,
    end: number,
    nowMs: number,
    into: SyslogHead,
    hasVersion: boolean,
  ): boolean {
    const at = from < end && isBlank(bytes[from] ?? 0) ? from + 1 : from;
    if (at >= end) return false;
    const lead = bytes[at] ?? 0;
    const isBsd = isUpper(lead);
    const timeEnd = isBsd ? bsdTimeEnd(bytes, at, end) : lead === minus ? at + 1 : isoTimeEnd(bytes, at, end);
    if (timeEnd === -1 || timeEnd >= end || !isBlank(bytes[timeEnd] ?? 0)) return false;
    const hostAt = timeEnd + 1;
    const hostEnd = hostEndOf(bytes, hostAt, end, isBsd ? 'bsd' : hasVersion ? 'any' : 'iso');
    if (hostEnd === -1 || hostEnd >= end || !isBlank(bytes[hostEnd] ?? 0)) return false;
    if (lead !== minus) {
      into.timeAt = at;
      into.timeEnd = timeEnd;
      into.timestampMs = isBsd ? this.times.bsd(bytes, at, timeEnd, nowMs) : this.times.iso(bytes, at, timeEnd);
    }
    const isNil = hostEnd === hostAt + 1 && bytes[hostAt] === minus;
    into.host = isNil ? null : this.hosts.read(bytes, hostAt, hostEnd, true);
    into.hostAt = hostAt;
    into.hostEnd = hostEnd;
    into.bodyAt = hostEnd + 1;
    into.isModern = !isBsd && hasVersion;
    return true;
  }
}

/** A version is one digit, or up to three with a blank behind them; `at` where there is none. */
function versionEndOf(bytes: Buffer, at: number, end: number): number {
  let next = at;
  while (next < end && next < at + versionDigitsMax && isDigit(bytes[next] ?? 0)) next += 1;
  if (next <= at + 1) return next;
  return bytes[at] !== 0x30 && next < end && isBlank(bytes[next] ?? 0) ? next : at + 1;
}

/**
 * Where a host name ends; -1 where there is none. With a version it is any printable text, as RFC 5424 has it, else what Flume takes:
 * letters, digits and `_.@-`, and the colons of an IPv6 address beside a time of RFC 3339.
 */
function hostEndOf(bytes: Buffer, at: number, end: number, form: 'any' | 'iso' | 'bsd'): number {
  let next = at;
  if (form === 'any') {
    while (next < end && (bytes[next] ?? 0) > 0x20 && (bytes[next] ?? 0) < 0x7f) next += 1;
    return next === at ? -1 : next;
  }
  if (form === 'iso' && bytes[at] === minus) return at + 1;
  if (!isWord(bytes[at] ?? 0)) return -1;
  for (next = at + 1; next < end; next += 1) {
    const byte = bytes[next] ?? 0;
    const isPart =
      isWord(byte) || byte === minus || byte === dot || byte === atSign || (byte === colon && form === 'iso');
    if (!isPart) return next;
  }
  return next;
}

function isWord(byte: number): boolean {
  return isDigit(byte) || isUpper(byte) || (byte >= 0x61 && byte <= 0x7a) || byte === underscore;
}

const priorityDigitsMax = 3;
const versionDigitsMax = 3;
const lessThan = 0x3c;
const greaterThan = 0x3e;
const minus = 0x2d;
const dot = 0x2e;
const colon = 0x3a;
const atSign = 0x40;
const underscore = 0x5f;
