import { hash } from 'node:crypto';
import type { TopicPartition } from '#pipeline/sink';
import type { SinkBatch } from '#pipeline/sink-batch';

/** Offsets `[from, to)` of a partition whose records the store should hold. */
export interface VerifiedRange extends TopicPartition {
  readonly from: number;
  readonly to: number;
}

/** Compares a store with the records that it was given: first all are shown to it in order, then it is asked. Changes nothing that is kept. */
export interface StoreReading {
  /** Records as the sink gets them. Throws PoisonRecordError for one that the sink would refuse; none of the batch counts then. */
  expect(batch: SinkBatch): Promise<void>;
  compare(signal: AbortSignal): Promise<StoreComparison>;
  /** Never throws. */
  close(): Promise<void>;
}

export interface StoreComparison {
  /** Rows, lines or records that the store should hold, and that it holds. */
  readonly expected: number;
  readonly found: number;
  readonly missing: number;
  /** More often there than they should be. */
  readonly duplicated: number;
  /** There, and of no record that was shown. */
  readonly unexpected: number;
  /** Of the differences, at most `differencesMax`. */
  readonly differences: readonly StoreDifference[];
  /** What could not be compared, and why. */
  readonly notes: readonly string[];
}

export interface StoreDifference {
  readonly kind: 'missing' | 'duplicated' | 'unexpected';
  readonly count: number;
  /** The record; null where the store does not tell. */
  readonly at: (TopicPartition & { readonly offset: number }) | null;
  /** For people: the file, the row. */
  readonly place: string;
}

export const differencesMax = 1000;

const placesOfPartition = 2 ** 40;

/** What should be there by content, each piece as 48 bits of its hash: 16 bytes a piece, whatever its size. */
export class ContentTally {
  private readonly expected = new NumberColumn();
  private readonly places = new NumberColumn();
  private readonly found = new NumberColumn();
  private readonly partitions: TopicPartition[] = [];
  private readonly indexes = new Map<string, number>();

  expect(content: Uint8Array, { topic, partition, offset }: TopicPartition & { readonly offset: number }): void {
    const key = `${partition} ${topic}`;
    let index = this.indexes.get(key);
    if (index === undefined) {
      index = this.partitions.push({ topic, partition }) - 1;
      this.indexes.set(key, index);
    }
    this.expected.push(digestOf(content));
    this.places.push(index * placesOfPartition + offset);
  }

  find(content: Uint8Array): void {
    this.found.push(digestOf(content));
  }

  compare(place: string, notes: readonly string[]): StoreComparison {
    const [wanted, given] = [this.expected.sorted(), this.found.sorted()];
    const counts = { missing: 0, duplicated: 0, unexpected: 0 };
    const kinds = new Map<number, { kind: StoreDifference['kind']; count: number }>();
    let [left, right] = [0, 0];
    while (left < wanted.length || right < given.length) {
      const digest = Math.min(wanted[left] ?? Infinity, given[right] ?? Infinity);
      const [fromLeft, fromRight] = [left, right];
      while (wanted[left] === digest) left += 1;
      while (given[right] === digest) right += 1;
      const [expected, found] = [left - fromLeft, right - fromRight];
      if (expected === found) continue;
      const kind = expected > found ? 'missing' : expected > 0 ? 'duplicated' : 'unexpected';
      const count = Math.abs(expected - found);
      counts[kind] += count;
      if (kinds.size < differencesMax) kinds.set(digest, { kind, count });
    }
    const placed = this.placed(kinds);
    const differences = [...kinds].map(([digest, difference]): StoreDifference => {
      const at = placed.get(digest) ?? null;
      return { ...difference, at, place };
    });
    return { expected: wanted.length, found: given.length, ...counts, differences, notes };
  }

  /** The first record of each digest. */
  private placed(digests: ReadonlyMap<number, unknown>): ReadonlyMap<number, TopicPartition & { offset: number }> {
    const placed = new Map<number, TopicPartition & { offset: number }>();
    for (let index = 0; index < this.expected.length; index += 1) {
      const digest = this.expected.at(index);
      if (!digests.has(digest) || placed.has(digest)) continue;
      const place = this.places.at(index);
      const partition = this.partitions[Math.floor(place / placesOfPartition)];
      if (partition !== undefined) placed.set(digest, { ...partition, offset: place % placesOfPartition });
    }
    return placed;
  }
}

function digestOf(content: Uint8Array): number {
  return hash('sha1', content, 'buffer').readUIntBE(0, 6);
}

/** Numbers in one typed array that grows. */
class NumberColumn {
  private numbers = new Float64Array(1024);
  length = 0;

  push(value: number): void {
    if (this.length === this.numbers.length) {
      const larger = new Float64Array(this.length * 2);
      larger.set(this.numbers);
      this.numbers = larger;
    }
    this.numbers[this.length] = value;
    this.length += 1;
  }

  at(index: number): number {
    return this.numbers[index] ?? Number.NaN;
  }

  sorted(): Float64Array {
    return this.numbers.slice(0, this.length).sort();
  }
}
