/**
 * Walks over the uncompressed records of one batch: whether they are whole, as many as the batch says, and nothing follows them. A
 * reader that meets anything else stops for ever at the batch, so it has to be refused when it is produced.
 */

/**
 * Looks at the length of each record only, some 15 ns a record. Says what is wrong as the rest of a sentence; null where `count`
 * records fill `bytes` from `from` to its end.
 */
export function recordsProblem(bytes: Buffer, from: number, count: number): string | null {
  const size = bytes.length;
  let at = from;
  for (let index = 0; index < count; index += 1) {
    if (at >= size) return `${index} of ${count} records are there`;
    let byte = bytes[at++] ?? 0;
    let value = byte & 0x7f;
    for (let shift = 7; byte > 0x7f && at < size && shift < 35; shift += 7) {
      byte = bytes[at++] ?? 0;
      value |= (byte & 0x7f) << shift;
    }
    const length = (value >>> 1) ^ -(value & 1);
    if (length < 1 || length > size - at) return `record ${index} of ${count} is not whole`;
    at += length;
  }
  return at === size ? null : `${size - at} bytes follow its ${count} records`;
}

export interface WalkedRecords {
  /** What is wrong, as the rest of a sentence; null where the records are whole. */
  readonly problem: string | null;
  /** Records without a key: how many, and the places of the first ones. */
  readonly keylessCount: number;
  readonly keyless: readonly number[];
}

/** Places that are listed, as in Kafka's error. */
const keylessListedMax = 3;

/** Bytes that a varint of 64 bits has at most. */
const varlongBytesMax = 10;

/** As `recordsProblem`, but looks at each field's length too, some 40 ns a record, and tells the records that have no key. */
export function walkRecords(bytes: Buffer, from: number, count: number): WalkedRecords {
  const walk = new RecordWalk(bytes, from);
  const keyless: number[] = [];
  let keylessCount = 0;
  for (let index = 0; index < count; index += 1) {
    const keyLength = walk.record();
    if (keyLength === cut) return { problem: `record ${index} of ${count} is not whole`, keylessCount, keyless };
    if (keyLength >= 0) continue;
    if (keylessCount < keylessListedMax) keyless.push(index);
    keylessCount += 1;
  }
  const left = bytes.length - walk.at;
  return { problem: left === 0 ? null : `${left} bytes follow its ${count} records`, keylessCount, keyless };
}

/** No length: they are -1 for null, or more. */
const cut = -2;

class RecordWalk {
  constructor(
    private readonly bytes: Buffer,
    public at: number,
  ) {}

  /** Steps over one record and gives its key's length, -1 for none; `cut` where it is not whole. */
  record(): number {
    const { bytes } = this;
    const length = this.varint();
    const end = this.at + length;
    if (length < 1 || end > bytes.length) return cut;
    // Attributes.
    this.at += 1;
    this.skipVarlong();
    this.skipVarlong();
    const keyLength = this.blob();
    if (keyLength === cut || this.blob() === cut) return cut;
    for (let headers = this.varint(); headers !== 0; headers -= 1) {
      if (headers < 0 || this.at >= end || this.blob() < 0 || this.blob() === cut) return cut;
    }
    return this.at === end ? keyLength : cut;
  }

  /** Steps over a length and as many bytes. */
  private blob(): number {
    const length = this.varint();
    if (length > 0) this.at += length;
    return length < -1 || this.at > this.bytes.length ? cut : length;
  }

  private varint(): number {
    const { bytes } = this;
    let byte = bytes[this.at++] ?? bad;
    let value = byte & 0x7f;
    for (let shift = 7; byte > 0x7f; shift += 7) {
      if (shift > 28) return cut;
      byte = bytes[this.at++] ?? bad;
      if (byte === bad) return cut;
      value |= (byte & 0x7f) << shift;
    }
    return (value >>> 1) ^ -(value & 1);
  }

  private skipVarlong(): void {
    const { bytes } = this;
    let left = varlongBytesMax;
    while ((bytes[this.at++] ?? 0) > 0x7f && left > 1) left -= 1;
  }
}

/** In place of a byte behind the end: the walk goes on to a place behind the end, which is then told. */
const bad = 0x100;
