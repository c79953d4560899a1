import type { AppendEntry, AppendResult, Topic } from '#log/engine';
import { assert } from '#std/assert';
import { MillraceError } from '#std/errors';
import { apis } from '#wire/kafka/apis';
import { kafkaError, kafkaErrorName } from '#wire/kafka/error-codes';
import { batchHeaderBytes, recordBatch } from '#wire/kafka/record-batch';
import type { ResponseInput } from '#wire/kafka/schema';
import type { ProduceRequest } from '#wire/kafka/schemas/produce';
import { brokerErrors } from '../errors.js';
import { defineHandler } from '../handler.js';
import { kafkaCodeOf } from '../log-error-codes.js';
import { admitBatches } from '../transactions/transactional-append.js';

/**
 * Produce, versions 3 to 13 (13 names topics by id). Versions 0 to 2 are advertised, because older librdkafka switches
 * compression off otherwise, and refused.
 *
 * The appends are begun before the handler first waits, so that requests of one connection, handled in their order, append
 * in their order however long the sync of an earlier one takes. Errors are per partition; the answer has the topics and
 * partitions of the request in the same order. Batches go to the log as views of the request.
 *
 * Batches of a transaction are asked for at the coordinator before they are appended; only where the transaction has to be changed
 * first, or has to end first, is that waited for.
 */
export const produce = defineHandler(apis.produce, (context, version, request) => {
  const { engine } = context.broker;
  const acks = request.acks;
  const acksKnown = acks === -1 || acks === 0 || acks === 1;
  const entries: AppendEntry[] = [];
  /** Of every partition in request order: an error, or null where `entries` has its batch. */
  const refusals: (Refusal | null)[] = [];
  for (const data of request.topicData) {
    const topic = version >= 13 ? engine.topics.byId(data.topicId) : engine.topics.byName(data.name);
    for (const partition of data.partitionData) {
      const refusal = acksKnown
        ? refuse(topic, partition.index, partition.records, version)
        : { code: kafkaError.INVALID_REQUIRED_ACKS, message: `acks is ${acks}; -1, 0 and 1 are possible.` };
      refusals.push(refusal);
      if (refusal === null && topic !== null && partition.records !== null) {
        entries.push({ topicId: topic.id, partition: partition.index, batch: partition.records });
      }
    }
  }
  const append = async (accepted: readonly AppendEntry[]): Promise<ProduceAnswer | null> => {
    const results = accepted.length === 0 ? [] : await engine.append(accepted, { acks: acksKnown ? acks : -1 });
    context.broker.counters.countAppends(accepted, results);
    if (acks === 0) {
      closeOnError(refusals, results);
      return null;
    }
    return answer(request.topicData, refusals, results);
  };
  if (!entries.some(({ batch }) => recordBatch.isTransactional(batch))) return append(entries);
  return admitBatches(context, { version, transactionalId: request.transactionalId }, entries, (codes) => {
    refuseAlso(refusals, codes);
    return append(entries.filter((_, index) => codes[index] === kafkaError.NONE));
  });
});

type ProduceAnswer = ResponseInput<typeof apis.produce>;

interface Refusal {
  readonly code: number;
  readonly message: string | null;
}

/** Where every format has its magic byte. */
const magicAt = 16;

/** What can be told without the log; null when the batch may go there. */
function refuse(topic: Topic | null, partition: number, records: Buffer | null, version: number): Refusal | null {
  if (topic === null) {
    return { code: version >= 13 ? kafkaError.UNKNOWN_TOPIC_ID : kafkaError.UNKNOWN_TOPIC_OR_PARTITION, message: null };
  }
  if (partition < 0 || partition >= topic.partitions) {
    return { code: kafkaError.UNKNOWN_TOPIC_OR_PARTITION, message: null };
  }
  if (records === null || records.length <= magicAt) {
    return { code: kafkaError.INVALID_RECORD, message: 'The request has no record batch for this partition.' };
  }
  const magic = recordBatch.magic(records);
  if (magic < 2) {
    return { code: kafkaError.INVALID_RECORD, message: `Record format ${magic} is not taken; use 2.` };
  }
  if (records.length < batchHeaderBytes) {
    return { code: kafkaError.CORRUPT_MESSAGE, message: 'The record batch is cut off in its head.' };
  }
  if (recordBatch.isControl(records)) {
    return { code: kafkaError.INVALID_RECORD, message: 'Clients cannot write control batches.' };
  }
  if (recordBatch.codec(records) === 'zstd' && version < 7) {
    return {
      code: kafkaError.UNSUPPORTED_COMPRESSION_TYPE,
      message: `Produce version ${version} cannot carry zstd; 7 and later can.`,
    };
  }
  return null;
}

/** Enters the errors, NONE for none, of those partitions that were not refused before. */
function refuseAlso(refusals: (Refusal | null)[], codes: readonly number[]): void {
  let index = 0;
  for (let at = 0; at < refusals.length; at += 1) {
    if (refusals[at] !== null) continue;
    const code = codes[index++] ?? kafkaError.NONE;
    if (code !== kafkaError.NONE) refusals[at] = { code, message: null };
  }
}

/** With acks=0 nothing is answered, so a failure closes the connection: the client then looks for the leader again. */
function closeOnError(refusals: readonly (Refusal | null)[], results: readonly AppendResult[]): void {
  const codes = [
    ...refusals.map((refusal) => refusal?.code ?? kafkaError.NONE),
    ...results.map((result) => kafkaCodeOf[result.error]),
  ];
  const code = codes.find((candidate) => candidate !== kafkaError.NONE);
  if (code === undefined) return;
  throw new MillraceError(
    brokerErrors.unackedProduce,
    `A batch sent with acks=0 was refused with ${kafkaErrorName(code)}; the connection is closed to tell the client.`,
  );
}

function answer(
  topicData: ProduceRequest['topicData'],
  refusals: readonly (Refusal | null)[],
  results: readonly AppendResult[],
): ProduceAnswer {
  let asked = 0;
  let appended = 0;
  return {
    responses: topicData.map((data) => ({
      name: data.name,
      topicId: data.topicId,
      partitionResponses: data.partitionData.map((partition) => {
        const refusal = refusals[asked++] ?? null;
        if (refusal !== null) {
          return { ...refused, index: partition.index, errorCode: refusal.code, errorMessage: refusal.message };
        }
        const result = results[appended++];
        assert(result !== undefined, 'the log answers every entry');
        return {
          index: partition.index,
          errorCode: kafkaCodeOf[result.error],
          baseOffset: result.baseOffset,
          logAppendTimeMs: result.logAppendTimeMs,
          logStartOffset: result.logStartOffset,
          errorMessage: result.message,
        };
      }),
    })),
  };
}

const refused = { baseOffset: -1, logAppendTimeMs: -1, logStartOffset: -1 };
