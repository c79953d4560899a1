import type { OnModuleDestroy } from '@nestjs/common';
import type { Cluster } from '#topics/cluster';
import { TopicWriter, type WriteRecord } from '#topics/topic-writer';

const deliveryMsMax = 30_000;
const closeMsMax = 2_000;

/** Writes what comes by `/api/v1`: one writer for all requests, made when the first record comes. */
export class RecordProducer implements OnModuleDestroy {
  private writer: TopicWriter | null = null;

  constructor(private readonly cluster: Cluster) {}

  /** Resolves when all replicas have it. */
  write(topic: string, record: WriteRecord): Promise<{ partition: number; offset: number }> {
    this.writer ??= new TopicWriter(this.cluster, { deliveryTimeoutMs: deliveryMsMax });
    return this.writer.writeRecord(topic, record);
  }

  async onModuleDestroy(): Promise<void> {
    await this.writer?.close(closeMsMax);
  }
}
