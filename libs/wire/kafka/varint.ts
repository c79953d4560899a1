/** Zigzag variable-length integers of records: seven bits a byte, the lowest first, small magnitudes short. */

/** Bytes of a varint for a whole number within ±2^53. */
export function varintBytes(value: number): number {
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  let bytes = 1;
  while (rest > 0x7f) {
    rest = Math.floor(rest / 0x80);
    bytes += 1;
  }
  return bytes;
}

/** Writes a varint at `at`, where the caller has made room, and gives the place after it. */
export function writeVarint(bytes: Buffer, value: number, at: number): number {
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  let next = at;
  // Division instead of shifts only where a shift would lose bits.
  while (rest > 0x7fffffff) {
    bytes[next] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
    next += 1;
  }
  while (rest > 0x7f) {
    bytes[next] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
    next += 1;
  }
  bytes[next] = rest;
  return next + 1;
}
