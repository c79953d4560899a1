/** Bytes of CQL's wider types (native protocol v5, section 6). */

export function int64Bytes(value: bigint): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigInt64BE(value, 0);
  return bytes;
}

/** The shortest two's complement, highest byte first. */
export function varintBytes(value: bigint): Buffer {
  let width = 1;
  while (BigInt.asIntN(width * 8, value) !== value) width += 1;
  const hex = BigInt.asUintN(width * 8, value).toString(16);
  return Buffer.from(hex.padStart(width * 2, '0'), 'hex');
}

/** Scale as an int, unscaled value as a varint, from a decimal text with or without exponent. */
export function decimalBytes(text: string): Buffer {
  const [digits = '', exponent = '0'] = text.toLowerCase().split('e');
  const dot = digits.indexOf('.');
  const fraction = dot < 0 ? 0 : digits.length - dot - 1;
  const unscaled = varintBytes(BigInt(digits.replace('.', '').replace(/^\+/, '')));
  const bytes = Buffer.allocUnsafe(4 + unscaled.length);
  bytes.writeInt32BE(fraction - Number(exponent), 0);
  unscaled.copy(bytes, 4);
  return bytes;
}

/** Each part behind its length, -1 for null; before them all their number, where `count` is not null. */
export function collectionBytes(count: number | null, parts: readonly (Buffer | null)[]): Buffer {
  let size = count === null ? 0 : 4;
  for (const part of parts) size += 4 + (part?.length ?? 0);
  const bytes = Buffer.allocUnsafe(size);
  let at = count === null ? 0 : bytes.writeInt32BE(count, 0);
  for (const part of parts) {
    at = bytes.writeInt32BE(part?.length ?? -1, at);
    if (part !== null) at += part.copy(bytes, at);
  }
  return bytes;
}

const unitNanoseconds: Readonly<Record<string, bigint>> = {
  h: 3_600_000_000_000n,
  m: 60_000_000_000n,
  s: 1_000_000_000n,
  ms: 1_000_000n,
  us: 1_000n,
  µs: 1_000n,
  ns: 1n,
};
const unitMonths: Readonly<Record<string, bigint>> = { y: 12n, mo: 1n };
const unitDays: Readonly<Record<string, bigint>> = { w: 7n, d: 1n };

/** A duration as CQL writes it (`1y2mo3d4h5m6s7ms8us9ns`) or ISO 8601 does (`P1Y2M3DT4H5M6S`); null for another text. */
export function durationBytes(text: string): Buffer | null {
  const negative = text.startsWith('-');
  const plain = isoDuration(negative ? text.slice(1) : text);
  const pattern = /(\d{1,18})(y|mo|w|d|h|ms|us|µs|ns|m|s)/gy;
  let [months, days, nanoseconds, end] = [0n, 0n, 0n, 0];
  for (const match of plain.matchAll(pattern)) {
    const count = BigInt(match[1] ?? 0);
    const unit = match[2] ?? '';
    months += count * (unitMonths[unit] ?? 0n);
    days += count * (unitDays[unit] ?? 0n);
    nanoseconds += count * (unitNanoseconds[unit] ?? 0n);
    end = match.index + match[0].length;
  }
  if (end === 0 || end !== plain.length) return null;
  const sign = negative ? -1n : 1n;
  return Buffer.concat([months, days, nanoseconds].map((value) => vintBytes(value * sign)));
}

function isoDuration(text: string): string {
  const match = /^P(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(?:T(\d+H)?(\d+M)?(\d+S)?)?$/.exec(text);
  if (match === null) return text.toLowerCase();
  const [years = '', months = '', weeks = '', days = '', hours = '', minutes = '', seconds = ''] = match.slice(1);
  return `${years}${months.replace('M', 'mo')}${weeks}${days}${hours}${minutes}${seconds}`.toLowerCase();
}

/** A vint: zigzag, and as many leading ones as there are bytes behind the first. */
function vintBytes(value: bigint): Buffer {
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  let extra = 0;
  while (extra < 8 && rest >> BigInt(7 * (extra + 1)) > 0n) extra += 1;
  const bytes = Buffer.alloc(extra + 1);
  for (let at = extra; at > 0; at -= 1) {
    bytes[at] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  bytes[0] = ((0xff << (8 - extra)) & 0xff) | Number(rest & 0xffn);
  return bytes;
}
