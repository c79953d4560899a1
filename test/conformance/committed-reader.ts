import { apis } from '#wire/kafka/apis';
import { recordBatch } from '#wire/kafka/record-batch';
import { decodeRecords } from '#wire/kafka/record-columns';
import type { RawClient } from './raw-client.js';
import { fetchBody, type TestTopic } from './target.js';

export type Isolation = 0 | 1;

/** Reads a topic at both isolation levels, 1 being read_committed. */
export class CommittedReader {
  constructor(
    private readonly client: RawClient,
    private readonly topic: TestTopic,
  ) {}

  async fetch(isolationLevel: Isolation, { offset = 0, partition = 0, from = this.topic } = {}) {
    const answer = await this.client.call(apis.fetch, 11, {
      ...fetchBody({ topic: from, offset, partition }),
      isolationLevel,
    });
    const found = answer.responses[0]?.partitions[0];
    if (found === undefined) throw new Error(`the answer has no partition, error ${answer.errorCode}`);
    return found;
  }

  async latest(isolationLevel: Isolation): Promise<number> {
    const answer = await this.client.call(apis.listOffsets, 5, {
      replicaId: -1,
      isolationLevel,
      topics: [{ name: this.topic.name, partitions: [{ partitionIndex: 0, timestamp: -1 }] }],
    });
    return answer.topics[0]?.partitions[0]?.offset ?? -1;
  }

  /** What a consumer with read_committed delivers: batches below the last stable offset that no entry of the list covers. */
  async committed(): Promise<string[]> {
    const { records, abortedTransactions } = await this.fetch(1);
    const open = new Set<number>();
    const values: string[] = [];
    for (const batch of batchesIn(records)) {
      const producerId = recordBatch.producerId(batch);
      for (const aborted of abortedTransactions ?? []) {
        if (aborted.producerId === producerId && aborted.firstOffset === recordBatch.baseOffset(batch)) {
          open.add(producerId);
        }
      }
      if (recordBatch.isControl(batch)) {
        open.delete(producerId);
        continue;
      }
      if (recordBatch.isTransactional(batch) && open.has(producerId)) continue;
      const columns = decodeRecords(batch);
      for (let index = 0; index < columns.count; index += 1) values.push(columns.value(index)?.toString() ?? '');
    }
    return values;
  }
}

export function batchesIn(records: Buffer | null): Buffer[] {
  const batches: Buffer[] = [];
  for (let at = 0; records !== null && at < records.length; at += recordBatch.length(records, at)) {
    batches.push(records.subarray(at, at + recordBatch.length(records, at)));
  }
  return batches;
}
