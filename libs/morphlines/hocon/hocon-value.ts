import type { JavaDouble } from '../java-value.js';
import type { Origin } from '../errors.js';

/** A HOCON document after substitution. Each value knows its file and line. */
export type HoconValue = HoconObject | HoconArray | HoconScalar;

export class HoconObject {
  readonly kind = 'object';

  constructor(
    readonly fields: ReadonlyMap<string, HoconValue>,
    readonly origin: Origin,
  ) {}
}

export class HoconArray {
  readonly kind = 'array';

  constructor(
    readonly items: readonly HoconValue[],
    readonly origin: Origin,
  ) {}
}

export class HoconScalar {
  readonly kind = 'scalar';

  constructor(
    readonly value: string | number | bigint | JavaDouble | boolean | null,
    /** As it was written, quotes and escapes taken away. */
    readonly text: string,
    readonly origin: Origin,
  ) {}
}

/** Fields of the upper over those of the lower, objects merged. */
export function mergeObjects(lower: HoconObject, upper: HoconObject): HoconObject {
  const merged = new Map(lower.fields);
  for (const [key, value] of upper.fields) {
    const below = merged.get(key);
    merged.set(key, below?.kind === 'object' && value.kind === 'object' ? mergeObjects(below, value) : value);
  }
  return new HoconObject(merged, upper.origin);
}
