import { messageOf } from '#std/errors';
import { patchLogAppendTime, recordBatch, validateProducedBatch } from '#wire/kafka/record-batch';
import { keyedRecords } from './batch-filter.js';
import type { LogErrorCode, RecordError } from './engine.js';
import type { TopicSettings } from './topic-configs.js';

export interface BatchRefusal {
  readonly error: LogErrorCode;
  readonly message: string;
  readonly recordErrors?: readonly RecordError[];
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
  const keyless = settings.compacts ? refuseKeyless(batch) : null;
  if (keyless !== null) return keyless;
  if (settings.logAppendTime) {
    patchLogAppendTime(batch, nowMs);
    return null;
  }
  return refuseTimestamps(batch, settings, nowMs);
}

/** Compaction would not know what a record without a key supersedes. */
function refuseKeyless(batch: Buffer): BatchRefusal | null {
  try {
    const recordErrors: RecordError[] = [];
    for (const [index, { key }] of keyedRecords(batch).entries()) {
      if (key === null) recordErrors.push({ index, message: 'Compacted topic cannot accept message without key.' });
    }
    if (recordErrors.length === 0) return null;
    return { error: 'invalid_record', message: 'One or more records have been rejected.', recordErrors };
  } catch (error) {
    return { error: 'corrupt_batch', message: `The records of the batch cannot be read: ${messageOf(error)}` };
  }
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
