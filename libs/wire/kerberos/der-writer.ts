/** Distinguished encoding (X.690) as far as Kerberos and SPNEGO need it. */

/** `class` bits and number: constructed context tags 0xa0 up, constructed application tags 0x60 up. */
export const contextTag = 0xa0;
export const applicationTag = 0x60;
export const tag = {
  integer: 0x02,
  bitString: 0x03,
  octets: 0x04,
  oid: 0x06,
  generalizedTime: 0x18,
  generalString: 0x1b,
  sequence: 0x30,
} as const;

export function derValueOf(tagByte: number, ...parts: readonly Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const size: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) size.unshift(rest & 0xff);
  const head = length < 0x80 ? [tagByte, length] : [tagByte, 0x80 | size.length, ...size];
  return Buffer.concat([Buffer.from(head), ...parts]);
}

/** A sequence of fields by their context tags; null ones are left out. */
export function derFields(fields: Readonly<Record<number, Buffer | null>>): Buffer {
  const parts = Object.entries(fields).flatMap(([number, value]) =>
    value === null ? [] : [derValueOf(contextTag + Number(number), value)],
  );
  return derValueOf(tag.sequence, ...parts);
}

export function derList(values: readonly Buffer[]): Buffer {
  return derValueOf(tag.sequence, ...values);
}

export function derInteger(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.unshift(rest & 0xff);
    rest = Math.floor(rest / 256);
  } while (rest !== 0 && rest !== -1);
  const isNegative = value < 0;
  if (isNegative !== (bytes[0] ?? 0) >= 0x80) bytes.unshift(isNegative ? 0xff : 0);
  return derValueOf(tag.integer, Buffer.from(bytes));
}

export function derOctets(bytes: Buffer): Buffer {
  return derValueOf(tag.octets, bytes);
}

export function derText(text: string): Buffer {
  return derValueOf(tag.generalString, Buffer.from(text));
}

/** 32 flags, as Kerberos has them. */
export function derFlags(flags: number): Buffer {
  const bits = Buffer.alloc(5);
  bits.writeUInt32BE(flags, 1);
  return derValueOf(tag.bitString, bits);
}

/** Without fractions of a second. */
export function derTime(ms: number): Buffer {
  const text = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return derValueOf(tag.generalizedTime, Buffer.from(text));
}
