/**
 * The order of all rotations of some bytes, by prefix doubling: rotations that are sorted by their first k bytes are sorted by 2 k with one
 * counting sort, as the k bytes that follow are the start of another one. O(n log n) whatever the bytes are.
 */
export function sortedRotations(bytes: Buffer): Int32Array {
  const count = bytes.length;
  let order = new Int32Array(count);
  let next = new Int32Array(count);
  let ranks = new Int32Array(count);
  let nextRanks = new Int32Array(count);
  const starts = new Int32Array(Math.max(count, 256) + 1);
  for (const byte of bytes) starts[byte + 1] = (starts[byte + 1] ?? 0) + 1;
  for (let byte = 0; byte < 256; byte += 1) starts[byte + 1] = (starts[byte + 1] ?? 0) + (starts[byte] ?? 0);
  for (let at = 0; at < count; at += 1) {
    const byte = bytes[at] ?? 0;
    const place = starts[byte] ?? 0;
    order[place] = at;
    starts[byte] = place + 1;
  }
  let classes = ranked(order, ranks, (left, right) => bytes[left] === bytes[right]);
  for (let length = 1; length < count && classes < count; length *= 2) {
    starts.fill(0, 0, classes + 1);
    for (let at = 0; at < count; at += 1) starts[(ranks[at] ?? 0) + 1] = (starts[(ranks[at] ?? 0) + 1] ?? 0) + 1;
    for (let rank = 0; rank < classes; rank += 1) starts[rank + 1] = (starts[rank + 1] ?? 0) + (starts[rank] ?? 0);
    for (let at = 0; at < count; at += 1) {
      let rotation = (order[at] ?? 0) - length;
      if (rotation < 0) rotation += count;
      const rank = ranks[rotation] ?? 0;
      const place = starts[rank] ?? 0;
      next[place] = rotation;
      starts[rank] = place + 1;
    }
    const known = ranks;
    classes = ranked(next, nextRanks, (left, right) => {
      if (known[left] !== known[right]) return false;
      return known[(left + length) % count] === known[(right + length) % count];
    });
    [order, next] = [next, order];
    [ranks, nextRanks] = [nextRanks, ranks];
  }
  return order;
}

/** Gives each rotation its place, the same to neighbours that are the same; how many places there are. */
function ranked(order: Int32Array, ranks: Int32Array, isSame: (left: number, right: number) => boolean): number {
  let rank = -1;
  let before = -1;
  for (const rotation of order) {
    if (before < 0 || !isSame(before, rotation)) rank += 1;
    ranks[rotation] = rank;
    before = rotation;
  }
  return rank + 1;
}
