/** Avro's CRC-64-AVRO (Rabin) fingerprint, of the canonical form of a schema, as its specification has it. */
const empty = 0xc15d213aa4d7a795n;

const table = Array.from({ length: 256 }, (_, index) => {
  let print = BigInt(index);
  for (let bit = 0; bit < 8; bit += 1) print = (print >> 1n) ^ ((print & 1n) === 0n ? 0n : empty);
  return print;
});

/** In hexadecimal, the lowest byte first, as Java's Avro gives its bytes. */
export function rabinFingerprint(bytes: Buffer): string {
  let print = empty;
  for (const byte of bytes) print = (print >> 8n) ^ (table[Number((print ^ BigInt(byte)) & 0xffn)] ?? 0n);
  const result = Buffer.alloc(8);
  result.writeBigUInt64LE(print);
  return result.toString('hex');
}
