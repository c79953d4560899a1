/** What was found at the beginning of one message; filled anew for each, so that there is no object per message. */
export class SyslogHead {
  /** Facility times 8 plus severity; -1 where the message has none: then it is Invalid, and all else is absent. */
  priority = -1;
  /** As it was written; null where only the value counts, because what follows is of no format. */
  priorityText: string | null = null;
  version: string | null = null;
  /** The time as it was written lies here; empty where there is none. */
  timeAt = 0;
  timeEnd = 0;
  /** Since the epoch. */
  timestampMs: number | null = null;
  host: string | null = null;
  /** The host as it was written lies here. */
  hostAt = 0;
  hostEnd = 0;
  /** Where the body begins; the start of the message where it is of no format. */
  bodyAt = 0;
  bodyEnd = 0;
  /** The message begins with version, time and host of RFC 5424, so that APP-NAME and so on follow. */
  isModern = false;

  clear(start: number, end: number): void {
    this.priority = -1;
    this.priorityText = null;
    this.version = null;
    this.timeAt = start;
    this.timeEnd = start;
    this.timestampMs = null;
    this.host = null;
    this.hostAt = start;
    this.hostEnd = start;
    this.bodyAt = start;
    this.bodyEnd = end;
    this.isModern = false;
  }
}

/** One way to read the beginning of a message, `bytes[start, end)`. */
export interface HeadReader {
  read(bytes: Buffer, start: number, end: number, nowMs: number, into: SyslogHead): void;
}
