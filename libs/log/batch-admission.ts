import { patchLogAppendTime, recordBatch, validateProducedBatch } from '#wire/kafka/record-batch';
import type { LogErrorCode } from './engine.js';
import type { TopicSettings } from './topic-configs.js';

export interface BatchRefusal {
  readonly error: LogErrorCode;
  readonly message: string;
}

/**
 * Checks a produced batch against its topic's settings, as Kafka does but by the batch's header alone: timestamps are those of the
 * first and the newest record. With log append time the batch is stamped. Null where it may be appended.
 */
export function admitBatch(batch: Buffer, settings: TopicSettings, nowMs: number): BatchRefusal | null {
  if (batch.length > settings.maxMessageBytes) {
    return {
      error: 'batch_too_large',
      message: `The batch has ${batch.length} bytes, max.message.bytes is ${settings.maxMessageBytes}.`,
    };
  }
  const problem = validateProducedBatch(batch);
  if (problem !== null) return { error: problem.code, message: problem.message };
  // Without a producer id the other two mean nothing: some clients leave 0 in them.
  const isSequenced = recordBatch.producerId(batch) >= 0;
  if (isSequenced && (recordBatch.baseSequence(batch) < 0 || recordBatch.producerEpoch(batch) < 0)) {
    return { error: 'invalid_record', message: 'A batch with a producer id needs an epoch and a sequence too.' };
  }
  if (!isSequenced && recordBatch.isTransactional(batch)) {
    return { error: 'invalid_record', message: 'A transactional batch needs a producer id.' };
  }
  if (settings.logAppendTime) {
    patchLogAppendTime(batch, nowMs);
    return null;
  }
  return refuseTimestamps(batch, settings, nowMs);
}

function refuseTimestamps(batch: Buffer, settings: TopicSettings, nowMs: number): BatchRefusal | null {
  if (recordBatch.isLogAppendTime(batch)) {
    return { error: 'invalid_timestamp', message: 'A producer may not set the log append time.' };
  }
  const newest = recordBatch.maxTimestamp(batch);
  if (newest - nowMs > settings.timestampAfterMsMax) {
    return {
      error: 'invalid_timestamp',
      message: `Timestamp ${newest} is ahead of ${nowMs} by more than ${settings.timestampAfterMsMax} ms.`,
    };
  }
  const first = recordBatch.baseTimestamp(batch);
  if (first >= 0 && nowMs - first > settings.timestampBeforeMsMax) {
    return {
      error: 'invalid_timestamp',
      message: `Timestamp ${first} is behind ${nowMs} by more than ${settings.timestampBeforeMsMax} ms.`,
    };
  }
  return null;
}
