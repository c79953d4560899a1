import type { AppendEntry, AppendResult } from '#log/engine';
import { recordBatch } from '#wire/kafka/record-batch';

/** What the broker did since its start; read by metrics, never reset. */
export class BrokerCounters {
  recordsAppended = 0;
  batchesAppended = 0;
  bytesAppended = 0;

  /** Records are counted by the heads of their batches; a duplicate that was answered again counts too. */
  countAppends(entries: readonly AppendEntry[], results: readonly AppendResult[]): void {
    for (let index = 0; index < entries.length; index += 1) {
      const entry = entries[index];
      if (entry === undefined || results[index]?.error !== 'none') continue;
      this.batchesAppended += 1;
      this.recordsAppended += recordBatch.count(entry.batch);
      this.bytesAppended += entry.batch.length;
    }
  }
}
