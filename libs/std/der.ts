/** Distinguished encoding (X.690) as far as certificates and key stores need it: tags, lengths, and what is inside. */
export interface DerValue {
  /** Class, constructed bit and number in one byte; longer tags occur in nothing that is read here. */
  readonly tag: number;
  readonly content: Buffer;
  /** With tag and length. */
  readonly whole: Buffer;
}

export const derTag = { integer: 2, octets: 4, oid: 6, sequence: 0x30, set: 0x31, context0: 0xa0 } as const;

/** The values that follow each other in `bytes`. Throws a RangeError where they end in the middle of one. */
export function derValues(bytes: Buffer): DerValue[] {
  const values: DerValue[] = [];
  let at = 0;
  while (at < bytes.length) {
    const value = derValue(bytes.subarray(at));
    values.push(value);
    at += value.whole.length;
  }
  return values;
}

/** The first value in `bytes`. */
export function derValue(bytes: Buffer): DerValue {
  const tag = bytes.readUInt8(0);
  const first = bytes.readUInt8(1);
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  const length = lengthBytes === 0 ? first : bytes.readUIntBE(2, lengthBytes);
  const begin = 2 + lengthBytes;
  if ((first >= 0x80 && lengthBytes === 0) || begin + length > bytes.length) throw new RangeError('cut off');
  return { tag, content: bytes.subarray(begin, begin + length), whole: bytes.subarray(0, begin + length) };
}

/** `2.5.4.3` */
export function oidText(content: Buffer): string {
  const numbers: number[] = [];
  let number = 0;
  for (const byte of content) {
    number = number * 128 + (byte & 0x7f);
    if ((byte & 0x80) !== 0) continue;
    if (numbers.length === 0) {
      const first = Math.min(2, Math.floor(number / 40));
      numbers.push(first, number - first * 40);
    } else {
      numbers.push(number);
    }
    number = 0;
  }
  return numbers.join('.');
}
