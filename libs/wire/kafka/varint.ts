/**
 * Zigzag variable-length integers of records: seven bits a byte, the lowest first, small magnitudes short. Lengths and small
 * deltas take integer arithmetic; only a timestamp far from its batch's first takes the slow way.
 */

/** Within ± this, doubling stays a 32-bit integer. */
const smallMax = 0x3fffffff;

/** Bytes of a varint for a whole number within ±2^53. */
export function varintBytes(value: number): number {
  if (value > smallMax || value < -smallMax) return largeVarintBytes(value);
  const zigzag = (value << 1) ^ (value >> 31);
  return zigzag < 0x80 ? 1 : zigzag < 0x4000 ? 2 : zigzag < 0x20_0000 ? 3 : zigzag < 0x1000_0000 ? 4 : 5;
}

/** Writes a varint at `at`, where the caller has made room, and gives the place after it. */
export function writeVarint(bytes: Buffer, value: number, at: number): number {
  if (value > smallMax || value < -smallMax) return writeLargeVarint(bytes, value, at);
  let rest = (value << 1) ^ (value >> 31);
  let next = at;
  while (rest > 0x7f) {
    bytes[next] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
    next += 1;
  }
  bytes[next] = rest;
  return next + 1;
}

function largeVarintBytes(value: number): number {
  let bytes = 1;
  for (let rest = zigzagLarge(value); rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes += 1;
  return bytes;
}

function writeLargeVarint(bytes: Buffer, value: number, at: number): number {
  let rest = zigzagLarge(value);
  let next = at;
  while (rest > 0x7f) {
    bytes[next] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
    next += 1;
  }
  bytes[next] = rest;
  return next + 1;
}

function zigzagLarge(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}
