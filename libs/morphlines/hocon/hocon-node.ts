import type { Origin } from '../errors.js';
import type { HoconScalar } from './hocon-value.js';

/** A HOCON document as read, before substitution. */
export type HoconNode = ObjectNode | ArrayNode | HoconScalar | SubstitutionNode | ConcatenationNode;

/**
 * A field keeps each value that was assigned to it, in order, because a later one may be an object to merge or refer to the one before
 * (`path = ${path} [more]`).
 */
export class ObjectNode {
  readonly kind = 'objectNode';
  readonly fields = new Map<string, HoconNode[]>();

  constructor(readonly origin: Origin) {}

  assign(path: readonly string[], value: HoconNode): void {
    const [key = '', ...rest] = path;
    if (rest.length > 0) {
      const nested = new ObjectNode(value.origin);
      nested.assign(rest, value);
      this.assign([key], nested);
      return;
    }
    const layers = this.fields.get(key);
    const last = layers?.at(-1);
    if (layers === undefined) this.fields.set(key, [value]);
    else if (last?.kind === 'objectNode' && value.kind === 'objectNode') last.mergeIn(value);
    else layers.push(value);
  }

  mergeIn(other: ObjectNode): void {
    for (const [key, layers] of other.fields) for (const layer of layers) this.assign([key], layer);
  }
}

export class ArrayNode {
  readonly kind = 'arrayNode';

  constructor(
    readonly items: readonly HoconNode[],
    readonly origin: Origin,
  ) {}
}

/** `${path}` or `${?path}`. */
export class SubstitutionNode {
  readonly kind = 'substitution';
  /** Where an include put the file that this stands in: tried before the path as written. */
  prefix: readonly string[] = [];

  constructor(
    readonly path: readonly string[],
    readonly isOptional: boolean,
    readonly origin: Origin,
  ) {}
}

/** Values side by side: text is joined with the blanks between, arrays and objects without. */
export class ConcatenationNode {
  readonly kind = 'concatenation';

  constructor(
    readonly parts: readonly HoconNode[],
    readonly origin: Origin,
  ) {}
}
