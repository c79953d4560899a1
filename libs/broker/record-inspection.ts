import { kafkaError } from '#wire/kafka/error-codes';
import { compress, inflate } from '#wire/kafka/compression';
import { WireError } from '#wire/kafka/errors';
import { batchHeaderBytes, recompressBatch, recordBatch, validateProducedBatch } from '#wire/kafka/record-batch';
import { recordsProblem, walkRecords } from '#wire/kafka/record-walk';
import type { TopicPolicy } from './topic-policies.js';

const mebibyte = 1024 * 1024;
/** A batch may inflate to so many times its size, or to one mebibyte, but never to more than the limit. */
const inflationMax = 100;
const inflatedBytesMax = 64 * mebibyte;

export interface RecordError {
  readonly batchIndex: number;
  readonly batchIndexErrorMessage: string;
}

export interface RecordRefusal {
  readonly code: number;
  readonly message: string;
  readonly recordErrors?: readonly RecordError[];
}

/**
 * Looks into a produced batch, as far as its topic needs it: uncompressed records are walked over by their lengths; compressed ones are
 * inflated only where the topic is compacted, and so needs their keys, or wants another codec. Gives the batch to append, which is the
 * same bytes unless it was compressed anew, or why it is refused. A batch that the log will refuse by its header is left to the log.
 */
export function inspectBatch(batch: Buffer, policy: TopicPolicy, partition: string): Buffer | RecordRefusal {
  const codec = recordBatch.codec(batch);
  const anew = policy.codec !== null && policy.codec !== codec;
  if (!policy.isCompacted && !anew) {
    const problem = codec === 'none' ? recordsProblem(batch, batchHeaderBytes, recordBatch.count(batch)) : null;
    return problem === null || isForLog(batch, policy) ? batch : refused(problem);
  }
  if (codec === null || isForLog(batch, policy)) return batch;
  try {
    const packed = batch.subarray(batchHeaderBytes);
    const records = inflate(
      codec,
      packed,
      Math.min(inflatedBytesMax, Math.max(mebibyte, inflationMax * packed.length)),
    );
    const walked = walkRecords(records, 0, recordBatch.count(batch));
    if (walked.problem !== null) return refused(walked.problem);
    if (policy.isCompacted && walked.keylessCount > 0) return keyless(walked.keyless, walked.keylessCount, partition);
    const wanted = policy.codec;
    return wanted === null || !anew ? batch : recompressBatch(batch, wanted, compress(wanted, records, policy.level));
  } catch (error) {
    if (error instanceof WireError) return refused(error.message);
    throw error;
  }
}

/** Whether the log refuses the batch by its size or its header. */
function isForLog(batch: Buffer, policy: TopicPolicy): boolean {
  return batch.length > policy.maxMessageBytes || validateProducedBatch(batch) !== null;
}

function refused(problem: string): RecordRefusal {
  return { code: kafkaError.INVALID_RECORD, message: `The records of the batch cannot be read: ${problem}.` };
}

function keyless(places: readonly number[], count: number, partition: string): RecordRefusal {
  const batchIndexErrorMessage = `Compacted topic cannot accept message without key in topic partition ${partition}`;
  return {
    code: kafkaError.INVALID_RECORD,
    message: `${count} record(s) have no key, which a compacted topic needs; the first: ${places.join(', ')}.`,
    recordErrors: places.map((batchIndex) => ({ batchIndex, batchIndexErrorMessage })),
  };
}
