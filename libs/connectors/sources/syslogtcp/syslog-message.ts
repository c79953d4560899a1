import { rfc3164TimeMs, rfc5424TimeMs } from './syslog-time.js';

/** What was found in one message. Absent parts are null. */
export interface SyslogMessage {
  /** Facility times 8 plus severity; null where the message does not begin with one. */
  readonly priority: number | null;
  /** The rest is null where the message is of neither format. */
  readonly head: SyslogHead | null;
}

export interface SyslogHead {
  /** As it was written, without its brackets. */
  readonly priority: string;
  readonly version: string | null;
  /** As it was written. */
  readonly timestamp: string | null;
  /** Since the epoch. */
  readonly timestampMs: string | null;
  readonly host: string | null;
  /** Where the body begins in the message, bytes. */
  readonly bodyAt: number;
}

const priorityPattern = /^<(\d{1,3})>/;
const rfc5424Pattern =
  /^<(\d{1,3})>(\d?)\s?(?:(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:[+-]\d\d:\d\d|Z)?)|-)\s(?:(\w[\w.@:-]*)|-)\s/;
const rfc3164Pattern = /^<(\d{1,3})>(\d?)\s?([A-Z][a-z][a-z]\s{1,2}\d{1,2}\s\d\d:\d\d:\d\d)\s(\w[\w.@-]*)\s/;

/** Priority, timestamp and host take no more, with a host name as long as they may be. */
export const headBytesMax = 512;

/** `text` is the beginning of the message, one character a byte. RFC 5424 is tried first, then RFC 3164. */
export function parseSyslog(text: string, nowMs: number): SyslogMessage {
  const found = priorityPattern.exec(text);
  if (found === null) return { priority: null, head: null };
  const priority = Number(found[1]);
  const modern = rfc5424Pattern.exec(text);
  if (modern !== null) return { priority, head: headOf(modern, (time) => rfc5424TimeMs(time)) };
  const old = rfc3164Pattern.exec(text);
  return { priority, head: old === null ? null : headOf(old, (time) => rfc3164TimeMs(time, nowMs)) };
}

function headOf(match: RegExpExecArray, timeMs: (time: string) => string | null): SyslogHead {
  const [whole, priority = '', version, timestamp, host] = match;
  return {
    priority,
    version: version === undefined || version === '' ? null : version,
    timestamp: timestamp ?? null,
    timestampMs: timestamp === undefined ? null : timeMs(timestamp),
    host: host ?? null,
    bodyAt: whole.length,
  };
}
