import type { Predicate, Transform, TransformContext } from '#pipeline/transforms/transform';
import type { TransformRecords } from '#pipeline/transforms/transform-records';

export interface ChainLink {
  readonly name: string;
  readonly transform: Transform;
  /** Null = concerns every record. */
  readonly predicate: Predicate | null;
  readonly negate: boolean;
}

/** Transforms in the order in which they are written. */
export class TransformChain {
  constructor(private readonly links: readonly ChainLink[]) {}

  get isEmpty(): boolean {
    return this.links.length === 0;
  }

  async start(context: Omit<TransformContext, 'name'>): Promise<void> {
    for (const { name, transform } of this.links) await transform.start?.({ ...context, name });
  }

  async stop(): Promise<void> {
    for (const { transform } of this.links) await transform.stop?.();
  }

  reset(): void {
    for (const { transform } of this.links) transform.reset?.();
  }

  async apply(records: TransformRecords): Promise<void> {
    for (const { transform, predicate, negate } of this.links) {
      records.settle();
      if (predicate !== null) records.active = chosen(records, predicate, negate);
      if (records.active.length === 0) continue;
      const waiting = transform.apply(records);
      if (waiting !== undefined) await waiting;
    }
    records.settle();
  }
}

function chosen(records: TransformRecords, predicate: Predicate, negate: boolean): Int32Array {
  const rows = new Int32Array(records.active.length);
  let count = 0;
  records.each((index) => {
    if (predicate(records, index) !== negate) rows[count++] = index;
  });
  return rows.subarray(0, count);
}
