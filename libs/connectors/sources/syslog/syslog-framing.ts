/** Messages in a buffer: message i is `bytes[starts[i], ends[i])`. Reused: it holds what the last call found. */
export class SyslogFrames {
  starts = new Int32Array(256);
  ends = new Int32Array(256);
  /** 1 where a message was longer than allowed; its rest follows as one of its own. */
  cuts = new Uint8Array(256);
  count = 0;

  add(start: number, end: number, isCut: boolean): void {
    if (this.count === this.starts.length) this.grow();
    this.starts[this.count] = start;
    this.ends[this.count] = end;
    this.cuts[this.count] = isCut ? 1 : 0;
    this.count += 1;
  }

  private grow(): void {
    const starts = new Int32Array(this.starts.length * 2);
    const ends = new Int32Array(this.starts.length * 2);
    const cuts = new Uint8Array(this.starts.length * 2);
    starts.set(this.starts);
    ends.set(this.ends);
    cuts.set(this.cuts);
    this.starts = starts;
    this.ends = ends;
    this.cuts = cuts;
  }
}

const newline = 10;
const carriageReturn = 13;
const blank = 0x20;
const lessThan = 0x3c;
/** A larger count is none, but for a larger `messageBytesMax`: the whole message has to be kept until it is there. */
const countedBytesMin = 64 * 1024;
const countDigitsMax = 7;

/**
 * Cuts a stream into messages. A message ends with a line end (`\n` or `\r\n`); or it begins with its length, as RFC 6587 has it
 * (`57 <34>1 …`), and may then hold line ends. Empty lines are passed over.
 */
export class SyslogFraming {
  readonly frames = new SyslogFrames();
  private rest: Buffer = Buffer.alloc(0);
  /** Bytes of `rest` in which there is no line end. */
  private searched = 0;

  constructor(private readonly messageBytesMax: number) {}

  /** Puts the messages that `chunk` finishes into `frames`; gives the buffer in which they lie. */
  push(chunk: Buffer): Buffer {
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    this.frames.count = 0;
    let at = 0;
    for (;;) {
      while (bytes[at] === newline) at += 1;
      const next = this.cut(bytes, at);
      if (next === at) break;
      at = next;
      this.searched = 0;
    }
    // Copied, so that half a message does not hold on to its whole chunk.
    this.rest = Buffer.from(bytes.subarray(at));
    return bytes;
  }

  /** Where the next message begins; `at` while this one is not whole. */
  private cut(bytes: Buffer, at: number): number {
    const lead = bytes[at] ?? 0;
    if (lead < 0x31 || lead > 0x39) return this.cutLine(bytes, at);
    return this.cutCounted(bytes, at) ?? this.cutLine(bytes, at);
  }

  /** As `cut`; null where the message has no count. */
  private cutCounted(bytes: Buffer, at: number): number | null {
    let next = at;
    let count = 0;
    for (; next < bytes.length && next < at + countDigitsMax; next += 1) {
      const byte = bytes[next] ?? 0;
      if (byte < 0x30 || byte > 0x39) break;
      count = count * 10 + byte - 0x30;
    }
    if (next === bytes.length || (next + 1 === bytes.length && bytes[next] === blank)) return at;
    if (bytes[next] !== blank || bytes[next + 1] !== lessThan) return null;
    if (count > Math.max(countedBytesMin, this.messageBytesMax)) return null;
    const start = next + 1;
    if (start + count > bytes.length) return at;
    this.add(bytes, start, start + count);
    return start + count;
  }

  private cutLine(bytes: Buffer, at: number): number {
    const found = bytes.indexOf(newline, at + this.searched);
    if (found !== -1) {
      this.add(bytes, at, found);
      return found + 1;
    }
    const limit = at + this.messageBytesMax;
    // One more may be the line end, or the `\r` of it.
    if (bytes.length <= limit + 1) {
      this.searched = bytes.length - at;
      return at;
    }
    this.frames.add(at, limit, true);
    return limit;
  }

  private add(bytes: Buffer, from: number, to: number): void {
    let start = from;
    let end = to;
    if (end > start && bytes[end - 1] === newline) end -= 1;
    if (end > start && bytes[end - 1] === carriageReturn) end -= 1;
    while (end - start > this.messageBytesMax) {
      this.frames.add(start, start + this.messageBytesMax, true);
      start += this.messageBytesMax;
    }
    if (end > start) this.frames.add(start, end, false);
  }
}
