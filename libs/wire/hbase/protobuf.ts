/**
 * As much of Protocol Buffers' encoding as HBase's messages need: varints, bytes and nested messages. (proto2 encoding: a key is
 * `field << 3 | type`; type 0 is a varint, 1 eight bytes, 2 a length and bytes, 5 four bytes.)
 */
export type ProtoValue = number | bigint | boolean | string | Buffer | ProtoMessage | undefined;
/** Values by field number; an array is a repeated field. Absent and undefined fields are not written. */
export type ProtoMessage = { readonly [field: number]: ProtoValue | readonly ProtoValue[] };

export function encodeProto(message: ProtoMessage): Buffer {
  const pieces: Buffer[] = [];
  for (const [field, value] of Object.entries(message)) {
    for (const one of isList(value) ? value : [value]) encodeField(pieces, Number(field), one);
  }
  return Buffer.concat(pieces);
}

/** A message with its length before it. */
export function encodeDelimited(message: ProtoMessage): Buffer {
  const bytes = encodeProto(message);
  return Buffer.concat([encodeVarint(bytes.length), bytes]);
}

function isList(value: ProtoValue | readonly ProtoValue[]): value is readonly ProtoValue[] {
  return Array.isArray(value);
}

function encodeField(pieces: Buffer[], field: number, value: ProtoValue): void {
  if (value === undefined) return;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') {
    pieces.push(encodeVarint(field * 8), encodeVarint(typeof value === 'boolean' ? Number(value) : value));
    return;
  }
  const bytes = typeof value === 'string' ? Buffer.from(value) : Buffer.isBuffer(value) ? value : encodeProto(value);
  pieces.push(encodeVarint(field * 8 + 2), encodeVarint(bytes.length), bytes);
}

export function encodeVarint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt(value);
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

/** The fields of one message, as they came. Throws RangeError where it breaks off. */
export class ProtoFields {
  private readonly fields = new Map<number, (number | Buffer)[]>();

  constructor(bytes: Buffer) {
    for (const cursor = new ProtoCursor(bytes); !cursor.isAtEnd;) {
      const key = cursor.varint();
      const field = Math.floor(key / 8);
      const value = cursor.value(key % 8);
      const list = this.fields.get(field);
      if (list === undefined) this.fields.set(field, [value]);
      else list.push(value);
    }
  }

  number(field: number): number | null {
    const value = this.fields.get(field)?.at(-1);
    return typeof value === 'number' ? value : null;
  }

  bytes(field: number): Buffer | null {
    const value = this.fields.get(field)?.at(-1);
    return Buffer.isBuffer(value) ? value : null;
  }

  text(field: number): string | null {
    return this.bytes(field)?.toString() ?? null;
  }

  message(field: number): ProtoFields | null {
    const bytes = this.bytes(field);
    return bytes === null ? null : new ProtoFields(bytes);
  }

  messages(field: number): ProtoFields[] {
    return (this.fields.get(field) ?? []).flatMap((value) => (Buffer.isBuffer(value) ? [new ProtoFields(value)] : []));
  }
}

/** Reads one message after another off a buffer. */
export class ProtoCursor {
  private at = 0;

  constructor(private readonly buffer: Buffer) {}

  get isAtEnd(): boolean {
    return this.at >= this.buffer.length;
  }

  delimited(): Buffer {
    return this.take(this.varint());
  }

  /** Exact up to 2^53; ids beyond are not looked at. */
  varint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 0x80) {
      const byte = this.buffer[this.at];
      if (byte === undefined) throw new RangeError('A message breaks off inside a number.');
      this.at += 1;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  value(type: number): number | Buffer {
    switch (type) {
      case 0:
        return this.varint();
      case 1:
        return this.take(8);
      case 2:
        return this.take(this.varint());
      case 5:
        return this.take(4);
      default:
        throw new RangeError(`A message has a field of the unknown type ${type}.`);
    }
  }

  private take(length: number): Buffer {
    if (this.at + length > this.buffer.length) throw new RangeError('A message breaks off inside a field.');
    this.at += length;
    return this.buffer.subarray(this.at - length, this.at);
  }
}
