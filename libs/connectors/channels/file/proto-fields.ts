/** The few kinds of protocol buffer fields that Flume's file channel writes. */
export class ProtoFields {
  private constructor(
    private readonly buffer: Buffer,
    /** Where each field's value begins and ends, by number. */
    private readonly places: ReadonlyMap<number, readonly { readonly from: number; readonly to: number }[]>,
  ) {}

  /** The message at `at`, which has its length before it, and the place after it. Throws RangeError where it is cut off. */
  static delimited(buffer: Buffer, at: number): { readonly fields: ProtoFields; readonly end: number } {
    const length = varint(buffer, at);
    const end = length.end + length.value;
    if (end > buffer.length) throw new RangeError('a message is cut off');
    return { fields: ProtoFields.of(buffer.subarray(length.end, end)), end };
  }

  private static of(buffer: Buffer): ProtoFields {
    const places = new Map<number, { from: number; to: number }[]>();
    for (let at = 0; at < buffer.length;) {
      const tag = varint(buffer, at);
      const place = placeOf(buffer, tag.end, tag.value & 7);
      if (place.to > buffer.length) throw new RangeError('a field is cut off');
      const number = tag.value >>> 3;
      const others = places.get(number);
      if (others === undefined) places.set(number, [place]);
      else others.push(place);
      at = place.to;
    }
    return new ProtoFields(buffer, places);
  }

  /** 0 where it is absent. */
  fixed32(field: number): number {
    const place = this.places.get(field)?.[0];
    return place === undefined ? 0 : this.buffer.readInt32LE(place.from);
  }

  /** 0 where it is absent; exact up to 2⁵³. */
  fixed64(field: number): number {
    const place = this.places.get(field)?.[0];
    return place === undefined ? 0 : Number(this.buffer.readBigInt64LE(place.from));
  }

  /** Empty where it is absent. */
  bytes(field: number): Buffer {
    const place = this.places.get(field)?.[0];
    return place === undefined ? Buffer.alloc(0) : this.buffer.subarray(place.from, place.to);
  }

  text(field: number): string {
    return this.bytes(field).toString();
  }

  message(field: number): ProtoFields | null {
    return this.places.has(field) ? ProtoFields.of(this.bytes(field)) : null;
  }

  messages(field: number): ProtoFields[] {
    const places = this.places.get(field) ?? [];
    return places.map((place) => ProtoFields.of(this.buffer.subarray(place.from, place.to)));
  }
}

function placeOf(buffer: Buffer, at: number, kind: number): { from: number; to: number } {
  if (kind === 0) return { from: at, to: varint(buffer, at).end };
  if (kind === 1) return { from: at, to: at + 8 };
  if (kind === 5) return { from: at, to: at + 4 };
  if (kind !== 2) throw new RangeError(`a field has the unknown kind ${kind}`);
  const length = varint(buffer, at);
  return { from: length.end, to: length.end + length.value };
}

function varint(buffer: Buffer, at: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let shift = 0, end = at; shift < 35; shift += 7) {
    const byte = buffer.readUInt8(end);
    end += 1;
    value += (byte & 127) * 2 ** shift;
    if (byte < 128) return { value, end };
  }
  throw new RangeError('a number is longer than 32 bits');
}
