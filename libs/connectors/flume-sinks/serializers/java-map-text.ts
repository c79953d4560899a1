/**
 * Headers as Java prints a map: `{host=web1, timestamp=1}`, in the order of a `HashMap` of default capacity, so that files hold the same
 * bytes as Flume's. (Java's order follows from the hash codes of the names; more than twelve headers make the table larger.)
 */
import type { EventBatch } from '#pipeline/event-batch';

const capacityMin = 16;
const loadFactor = 0.75;

export class HeaderTexts {
  private readonly names: readonly string[];

  constructor(private readonly batch: EventBatch) {
    this.names = javaOrder([...batch.headers.keys()]);
  }

  text(index: number): string {
    const pairs: string[] = [];
    for (const name of this.names) {
      const value = this.batch.header(index, name);
      if (value !== null) pairs.push(`${name}=${value}`);
    }
    return `{${pairs.join(', ')}}`;
  }
}

export function javaOrder(names: readonly string[]): string[] {
  let capacity = capacityMin;
  while (names.length > capacity * loadFactor) capacity *= 2;
  const slot = new Map(names.map((name) => [name, spread(javaHash(name)) & (capacity - 1)]));
  return names.toSorted((left, right) => (slot.get(left) ?? 0) - (slot.get(right) ?? 0));
}

function javaHash(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
  return hash;
}

function spread(hash: number): number {
  return hash ^ (hash >>> 16);
}
