/** MurmurHash2 of 32 bits with Kafka's seed, signed, as Kafka's own clients compute it. */
export function murmur2(bytes: Buffer): number {
  const multiplier = 0x5bd1e995;
  const length = bytes.length;
  let hash = 0x9747b28c ^ length;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    let word = bytes.readInt32LE(at);
    word = Math.imul(word, multiplier);
    word ^= word >>> 24;
    hash = Math.imul(hash, multiplier) ^ Math.imul(word, multiplier);
  }
  const left = length - at;
  if (left > 0) {
    if (left > 2) hash ^= (bytes[at + 2] ?? 0) << 16;
    if (left > 1) hash ^= (bytes[at + 1] ?? 0) << 8;
    hash = Math.imul(hash ^ (bytes[at] ?? 0), multiplier);
  }
  hash = Math.imul(hash ^ (hash >>> 13), multiplier);
  return hash ^ (hash >>> 15);
}

/** Where Kafka's default partitioner puts a record with this key, so that writers of any language agree. */
export function partitionOfKey(key: Buffer, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions;
}
