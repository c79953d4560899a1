import { batchesIn, recordBatch } from '#wire/kafka/record-batch';

export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

/**
 * Base offsets of the batches that belong to aborted transactions: a producer's batches from the first offset of its
 * aborted transaction up to the marker that ends it.
 */
export function abortedBatches(bytes: Buffer, aborted: readonly AbortedTransaction[]): ReadonlySet<bigint> {
  const found = new Set<bigint>();
  if (aborted.length === 0) return found;
  const waiting = [...aborted].sort((left, right) => left.firstOffset - right.firstOffset);
  const open = new Set<number>();
  for (const batch of batchesIn(bytes)) {
    const producerId = recordBatch.producerId(batch);
    while (waiting[0] !== undefined && waiting[0].firstOffset <= recordBatch.lastOffset(batch)) {
      open.add(waiting[0].producerId);
      waiting.shift();
    }
    if (!recordBatch.isTransactional(batch)) continue;
    if (recordBatch.isControl(batch)) open.delete(producerId);
    else if (open.has(producerId)) found.add(batch.readBigInt64BE(0));
  }
  return found;
}
