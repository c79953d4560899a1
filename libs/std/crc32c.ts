import { crc32c as native } from '@node-rs/crc32';

/** CRC-32C (Castagnoli, RFC 3720) of `bytes`, unsigned; `seed` continues an earlier one. */
export function crc32c(bytes: Uint8Array, seed = 0): number {
  return native(bytes, seed);
}
