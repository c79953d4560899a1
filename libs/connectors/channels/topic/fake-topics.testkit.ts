import type { AssignmentListener, PartitionPosition, PartitionRecords } from '#topics/topic-reader';
import type { WriteColumns } from '#topics/topic-writer';
import { patchBaseOffset } from '#wire/kafka/record-batch';
import { RecordBatchBuilder } from '#wire/kafka/record-batch-builder';
import { decodeRecords } from '#wire/kafka/record-columns';
import { RecordSource } from '#wire/kafka/record-source';
import type { TopicAccess } from './topic-access.js';

/** One partition of every topic, in memory, with one group; real record batches, so that bytes and headers go the whole way. */
export class FakeTopics implements TopicAccess {
  readonly writes: { topic: string; columns: WriteColumns }[] = [];
  readonly batches: Buffer[] = [];
  committed = 0;
  failWrites = 0;
  listener: AssignmentListener | undefined;
  private end = 0;

  openWriter() {
    return {
      write: (topic: string, columns: WriteColumns) => this.write(topic, columns),
      close: () => Promise.resolve(),
    };
  }

  openReader() {
    let next = this.committed;
    return {
      start: (listener?: AssignmentListener) => {
        this.listener = listener;
        return Promise.resolve();
      },
      poll: async (waitMs: number): Promise<PartitionRecords[]> => {
        const batches = Buffer.concat(this.batches);
        const records = decodeRecords(batches, { fromOffset: next });
        if (records.count === 0) {
          await new Promise((resolve) => setTimeout(resolve, Math.min(waitMs, 5)));
          return [];
        }
        next = this.end;
        return [{ topic: 't', partition: 0, records, nextOffset: next, highWatermark: this.end }];
      },
      commit: (positions: readonly PartitionPosition[]) => {
        for (const { offset } of positions) this.committed = offset;
        return Promise.resolve();
      },
      stop: () => Promise.resolve(),
    };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private write(topic: string, columns: WriteColumns): Promise<void> {
    if (this.failWrites > 0) {
      this.failWrites -= 1;
      return Promise.reject(new Error('the topics are away'));
    }
    this.writes.push({ topic, columns });
    const builder = new RecordBatchBuilder({ bytesMax: 1024 * 1024, codec: 'none' });
    builder.appendRange(new RecordSource(columns, 1_700_000_000_000), 0, columns.starts.length);
    const batch = builder.build();
    patchBaseOffset(batch, this.end);
    this.end += columns.starts.length;
    this.batches.push(batch);
    return Promise.resolve();
  }
}
