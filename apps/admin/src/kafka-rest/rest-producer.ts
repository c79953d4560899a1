import type { OnModuleDestroy } from '@nestjs/common';
import { DetailedHttpError } from '#nest/error-answer';
import { MillraceError, messageOf } from '#std/errors';
import type { Cluster } from '#topics/cluster';
import { TopicsError, topicsErrors } from '#topics/errors';
import { TopicWriter, type WriteRecord } from '#topics/topic-writer';

const deliveryMsMax = 30_000;
const closeMsMax = 2000;
/** How long records of separate requests are gathered into one batch, ms. */
const lingerMs = 1;

const kafkaAuthorizationCodes = new Set([29, 30, 31, 53]);

/** Writes what comes over REST: one writer for all requests, made when the first record comes. */
export class RestProducer implements OnModuleDestroy {
  private writer: TopicWriter | null = null;

  constructor(private readonly cluster: Cluster) {}

  get clock() {
    return this.cluster.clock;
  }

  /** Rejects with 40401: topics are not made by writing to them. */
  async checkTopic(topic: string): Promise<void> {
    try {
      await this.cluster.topic(topic);
    } catch (error) {
      if (!(error instanceof TopicsError) || error.kind !== topicsErrors.unknownTopic) throw error;
      throw new DetailedHttpError(40_401, `Topic ${topic} cannot be found. Create it first.`);
    }
  }

  /** Resolves when all replicas have it. */
  write(topic: string, record: WriteRecord): Promise<{ partition: number; offset: number }> {
    this.writer ??= new TopicWriter(this.cluster, { deliveryTimeoutMs: deliveryMsMax, lingerMs });
    return this.writer.writeRecord(topic, record);
  }

  async onModuleDestroy(): Promise<void> {
    await this.writer?.close(closeMsMax);
  }
}

export interface RecordFailure {
  readonly error_code: number;
  readonly message: string;
}

/** What a report says of a record that was not written. */
export function failureOf(error: unknown): RecordFailure {
  const message = messageOf(error);
  if (error instanceof DetailedHttpError) return { error_code: error.restCode, message };
  if (!(error instanceof MillraceError)) {
    return { error_code: 500, message: 'Internal error; the log of the server says more.' };
  }
  if (error.kind === topicsErrors.unknownTopic) return { error_code: 40_401, message };
  if (error.kind === topicsErrors.unknownPartition) return { error_code: 40_402, message };
  if (error.kind === topicsErrors.recordTooLarge) return { error_code: 413, message };
  if (error instanceof TopicsError && kafkaAuthorizationCodes.has(error.kafkaCode)) {
    return { error_code: 40_301, message };
  }
  return { error_code: error.retriable ? 50_003 : 50_002, message };
}
