/** What comes is no journal export, and nobody can say where the next entry begins. */
export class JournalFormatError extends Error {}

/** One entry: field names with their values, in order; a name may come several times. */
export interface JournalEntry {
  readonly fields: readonly (readonly [string, Buffer])[];
  /** Its fields were larger than allowed; those that did not fit are left out. */
  readonly isCut: boolean;
}

/**
 * Reads the Journal Export Format of systemd: lines `NAME=text`, or `NAME`, the length in 8 bytes (little-endian) and that many bytes; an
 * empty line ends an entry. What is held is bounded: fields over the limit are passed over without being kept.
 */
export class JournalExportReader {
  private rest: Buffer = Buffer.alloc(0);
  private fields: (readonly [string, Buffer])[] = [];
  private fieldBytes = 0;
  private isCut = false;
  /** Not null: bytes of a value that is passed over. */
  private skipped: number | null = null;
  /** The rest of a line is passed over. */
  private isSkippingLine = false;

  constructor(private readonly entryBytesMax: number) {}

  /** The entries that `chunk` finishes. Throws a `JournalFormatError`, and then cannot go on. */
  push(chunk: Buffer): JournalEntry[] {
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    const entries: JournalEntry[] = [];
    let at = 0;
    for (let next = this.step(bytes, at, entries); next !== at; next = this.step(bytes, at, entries)) at = next;
    this.rest = Buffer.from(bytes.subarray(at));
    return entries;
  }

  /** The entry that nothing but the end of the stream has ended; null where there is none. Throws where a field is not whole. */
  finish(): JournalEntry | null {
    if (this.rest.length > 0 || this.skipped !== null) throw new JournalFormatError('an end in the middle of a field');
    return this.take();
  }

  /** Reads a field, or a piece that is passed over; gives where it ends, `at` where more has to come. */
  private step(bytes: Buffer, at: number, entries: JournalEntry[]): number {
    if (this.skipped !== null) return this.skipValue(bytes, at, this.skipped);
    const lineEnd = bytes.indexOf(newline, at);
    if (this.isSkippingLine) {
      this.isSkippingLine = lineEnd === -1;
      return lineEnd === -1 ? bytes.length : lineEnd + 1;
    }
    if (lineEnd === -1) {
      if (bytes.length - at <= this.entryBytesMax) return at;
      this.isCut = true;
      this.isSkippingLine = true;
      return bytes.length;
    }
    if (lineEnd === at) {
      const entry = this.take();
      if (entry !== null) entries.push(entry);
      return at + 1;
    }
    const equalsAt = bytes.indexOf(equals, at);
    if (equalsAt === -1 || equalsAt > lineEnd) return this.readBinary(bytes, at, lineEnd);
    this.add(nameOf(bytes, at, equalsAt), bytes, equalsAt + 1, lineEnd);
    return lineEnd + 1;
  }

  private readBinary(bytes: Buffer, at: number, lineEnd: number): number {
    const valueAt = lineEnd + 1 + 8;
    const name = nameOf(bytes, at, lineEnd);
    if (valueAt > bytes.length) return at;
    const size = Number(bytes.readBigUInt64LE(lineEnd + 1));
    if (size > sizeMax) throw new JournalFormatError(`the field ${name} of ${size} bytes`);
    if (size + this.fieldBytes > this.entryBytesMax) {
      this.isCut = true;
      // With the line end behind it.
      this.skipped = size + 1;
      return valueAt;
    }
    if (valueAt + size + 1 > bytes.length) return at;
    if (bytes[valueAt + size] !== newline) throw new JournalFormatError(`no line end after the field ${name}`);
    this.add(name, bytes, valueAt, valueAt + size);
    return valueAt + size + 1;
  }

  private skipValue(bytes: Buffer, at: number, left: number): number {
    const next = Math.min(bytes.length, at + left);
    this.skipped = next - at === left ? null : left - (next - at);
    return next;
  }

  private add(name: string, bytes: Buffer, from: number, to: number): void {
    if (this.fieldBytes + name.length + to - from > this.entryBytesMax) {
      this.isCut = true;
      return;
    }
    this.fieldBytes += name.length + to - from;
    this.fields.push([name, Buffer.from(bytes.subarray(from, to))]);
  }

  private take(): JournalEntry | null {
    const { fields, isCut } = this;
    if (fields.length === 0 && !isCut) return null;
    this.fields = [];
    this.fieldBytes = 0;
    this.isCut = false;
    return { fields, isCut };
  }
}

function nameOf(bytes: Buffer, from: number, to: number): string {
  const name = bytes.toString('latin1', from, Math.min(to, from + nameBytesMax + 1));
  if (!/^[A-Z0-9_]{1,64}$/.test(name))
    throw new JournalFormatError(`the field name ${JSON.stringify(name.slice(0, 40))}`);
  return name;
}

const newline = 10;
const equals = 0x3d;
/** As systemd has it. */
const nameBytesMax = 64;
/** systemd keeps fields of up to 768 MB. */
const sizeMax = 768 * 1024 * 1024;
