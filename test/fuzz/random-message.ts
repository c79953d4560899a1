import type { Random } from '#std/random';
import { contains, defaultOf, type Field, type Fields, type FieldType } from '#wire/kafka/schema';

/** Names that exist on the other side, so that a good part of the messages gets past the first look. */
export interface KnownWords {
  readonly names: readonly string[];
  readonly uuids: readonly string[];
  readonly records: () => Buffer;
}

/** Bodies made from an API's declaration, quickly: most values are ordinary, some lie at the edges of their type. */
export class RandomMessages {
  constructor(
    private readonly random: Random,
    private readonly words: KnownWords,
  ) {}

  body(fields: Fields, version: number): Record<string, unknown> {
    const body: Record<string, unknown> = {};
    for (const [name, field] of Object.entries(fields)) body[name] = this.field(field, version);
    return body;
  }

  below(count: number): number {
    return Math.floor(this.random.next() * count);
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }

  private field(field: Field, version: number): unknown {
    if (!contains(field.versions, version)) return defaultOf(field);
    if (contains(field.nullable, version) && this.below(4) === 0) return null;
    return this.value(field.type, version);
  }

  private value(type: FieldType, version: number): unknown {
    switch (type.kind) {
      case 'bool':
        return this.below(2) === 0;
      case 'int8':
        return this.pick([0, 1, 2, 3, 4, -1, 127, -128]);
      case 'int16':
        return this.pick([0, 0, 1, -1, 2, 4, 100, 32_767, -32_768]);
      case 'int32':
        return this.pick([0, 0, 0, 1, 1, 2, -1, 3, 1000, 30_000, 2 ** 31 - 1, -(2 ** 31)]);
      case 'int64':
        return this.pick([0, 0, 0, 1, 1, 2, -1, -2, -3, 1000, 4000, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER]);
      case 'float64':
        return this.pick([0, 1, -1, 1e9, Number.NaN, Number.POSITIVE_INFINITY, 5e-324]);
      case 'uuid':
        return this.pick(this.words.uuids);
      case 'string':
        return this.text();
      case 'bytes':
        return Buffer.alloc(this.below(40), this.below(256));
      case 'records':
        return this.words.records();
      case 'array':
        return Array.from({ length: this.pick([0, 1, 1, 2, 3]) }, () => this.value(type.element, version));
      case 'struct':
        return this.body(type.fields, version);
    }
  }

  private text(): string {
    const kind = this.below(20);
    if (kind > 2) return this.pick(this.words.names);
    if (kind === 2) return '';
    if (kind === 1) return 'ÿ\u0000/..'.repeat(1 + this.below(60));
    return 'x'.repeat(this.below(400));
  }
}
