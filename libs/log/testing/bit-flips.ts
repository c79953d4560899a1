import { makeImage, readTolerantly } from './damage-image.js';

/** A segment of 16 KiB before the one that is written, so that both kinds are damaged. */
const configs = { 'segment.bytes': String(16 * 1024), 'index.interval.bytes': '300' };

/**
 * Flips every `step`th bit of all files with this ending, one at a time, and opens the directory with each. Gives the number of flips;
 * throws where a wrong byte was served, a flip in records was not noticed, or a file was removed.
 */
export async function flipBits(ending: string, step: number): Promise<number> {
  const image = await makeImage({ before: 24, after: 0, configs, valueBytes: 700 });
  const clean = new Map(image.disk.paths().map((path) => [path, image.disk.peek(path) ?? Buffer.alloc(0)]));
  const damagedBatches = ending === '.log' ? 1 : 0;
  let flips = 0;
  for (const [path, bytes] of clean) {
    if (!path.endsWith(ending)) continue;
    for (let bit = 0; bit < bytes.length * 8; bit += step) {
      const damaged = Buffer.from(bytes);
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      image.disk.overwrite(path, damaged);
      const errors = await readTolerantly(await image.open(), image);
      if (errors !== damagedBatches) throw new Error(`bit ${bit} of ${path}: ${errors} batches answer as damaged`);
      flips += 1;
    }
    image.disk.overwrite(path, bytes);
    const paths = new Set(image.disk.paths());
    const removed = [...clean.keys()].filter((other) => !paths.has(other) && !other.endsWith('clean-stop'));
    if (removed.length > 0) throw new Error(`damage of ${path} removed ${removed.join(', ')}`);
  }
  return flips;
}
