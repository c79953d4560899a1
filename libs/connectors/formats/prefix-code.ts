/** Lengths of a prefix code for symbols of these frequencies (Huffman), none above `lengthMax`; each symbol gets one, also where it never comes. */
export function codeLengths(frequencies: ArrayLike<number>, lengthMax: number): Uint8Array {
  let weights = Array.from(frequencies, (frequency) => Math.max(1, frequency));
  for (;;) {
    const lengths = huffmanLengths(weights);
    if (lengths.every((length) => length <= lengthMax)) return lengths;
    // Flatter frequencies have shorter codes.
    weights = weights.map((weight) => 1 + (weight >> 1));
  }
}

/** Two queues, both by rising weight: symbols, and pairs as they are made. */
function huffmanLengths(weights: readonly number[]): Uint8Array {
  const count = weights.length;
  const leaves = Array.from(weights.keys()).toSorted((left, right) => (weights[left] ?? 0) - (weights[right] ?? 0));
  const weightOf = [...weights];
  const parents = new Int32Array(2 * count - 1).fill(-1);
  let [leafAt, pairAt] = [0, count];
  const lightest = (): number => {
    const leaf = leaves[leafAt];
    const isLeaf =
      leaf !== undefined && (pairAt >= weightOf.length || (weightOf[leaf] ?? 0) <= (weightOf[pairAt] ?? 0));
    if (isLeaf) leafAt += 1;
    else pairAt += 1;
    return isLeaf ? leaf : pairAt - 1;
  };
  while (weightOf.length < 2 * count - 1) {
    const [one, other] = [lightest(), lightest()];
    parents[one] = weightOf.length;
    parents[other] = weightOf.length;
    weightOf.push((weightOf[one] ?? 0) + (weightOf[other] ?? 0));
  }
  const lengths = new Uint8Array(2 * count - 1);
  // A pair is made after what it is made of, so from the last one down the length above is known.
  for (let node = 2 * count - 3; node >= 0; node -= 1) lengths[node] = (lengths[parents[node] ?? 0] ?? 0) + 1;
  return lengths.subarray(0, count);
}

/** The codes of these lengths in canonical order: by length, then by symbol. */
export function canonicalCodes(lengths: Uint8Array): Uint32Array {
  const codes = new Uint32Array(lengths.length);
  const longest = Math.max(...lengths);
  let code = 0;
  for (let length = 1; length <= longest; length += 1) {
    for (let symbol = 0; symbol < lengths.length; symbol += 1) {
      if (lengths[symbol] === length) codes[symbol] = code++;
    }
    code *= 2;
  }
  return codes;
}
