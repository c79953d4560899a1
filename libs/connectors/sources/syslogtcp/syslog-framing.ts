/** One message in a buffer: `[start, end)`. */
export interface Frame {
  readonly start: number;
  readonly end: number;
  /** It was longer than allowed; its rest follows as a frame of its own. */
  readonly isCut: boolean;
}

const newline = 10;
const carriageReturn = 13;
/** A larger count is none, but for a larger `messageBytesMax`: the whole message has to be kept until it is there. */
const countedBytesMin = 64 * 1024;
const countPattern = /^([1-9]\d{0,6}) </;
const countPrefixPattern = /^[1-9]\d{0,6} ?$/;

/**
 * Cuts a stream into messages. A message ends with a line end (`\n` or `\r\n`); or it begins with its length, as RFC 6587 has it
 * (`57 <34>1 …`), and may then hold line ends. Empty lines are passed over.
 */
export class SyslogFraming {
  private rest: Buffer = Buffer.alloc(0);

  constructor(private readonly messageBytesMax: number) {}

  /** The messages that `chunk` finishes, with the buffer in which they lie. */
  push(chunk: Buffer): { bytes: Buffer; frames: readonly Frame[] } {
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    const frames: Frame[] = [];
    let at = 0;
    for (;;) {
      while (bytes[at] === newline) at += 1;
      const next = this.cutCounted(bytes, at, frames) ?? this.cutLine(bytes, at, frames);
      if (next === at) break;
      at = next;
    }
    // Copied, so that half a message does not hold on to its whole chunk.
    this.rest = Buffer.from(bytes.subarray(at));
    return { bytes, frames };
  }

  /** Where the next message begins; `at` while this one is not whole; null where it has no count. */
  private cutCounted(bytes: Buffer, at: number, into: Frame[]): number | null {
    const lead = bytes[at] ?? 0;
    if (lead < 0x31 || lead > 0x39) return null;
    const text = bytes.toString('latin1', at, at + 9);
    const found = countPattern.exec(text);
    if (found === null) return countPrefixPattern.test(text) ? at : null;
    const count = Number(found[1]);
    if (count > Math.max(countedBytesMin, this.messageBytesMax)) return null;
    const start = at + (found[1]?.length ?? 0) + 1;
    const next = start + count;
    if (next > bytes.length) return at;
    this.add(bytes, { start, end: next }, into);
    return next;
  }

  /** Where the next message begins; `at` while this one is not whole. */
  private cutLine(bytes: Buffer, at: number, into: Frame[]): number {
    const limit = at + this.messageBytesMax;
    const found = bytes.indexOf(newline, at);
    if (found !== -1) {
      this.add(bytes, { start: at, end: found }, into);
      return found + 1;
    }
    // One more may be the line end, or the `\r` of it.
    if (bytes.length <= limit + 1) return at;
    into.push({ start: at, end: limit, isCut: true });
    return limit;
  }

  private add(bytes: Buffer, range: { readonly start: number; readonly end: number }, into: Frame[]): void {
    let { start, end } = range;
    if (end > start && bytes[end - 1] === newline) end -= 1;
    if (end > start && bytes[end - 1] === carriageReturn) end -= 1;
    while (end - start > this.messageBytesMax) {
      into.push({ start, end: start + this.messageBytesMax, isCut: true });
      start += this.messageBytesMax;
    }
    if (end > start) into.push({ start, end, isCut: false });
  }
}
