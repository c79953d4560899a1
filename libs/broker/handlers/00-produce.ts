import type { AppendEntry, AppendResult, Topic } from '#log/engine';
import { assert } from '#std/assert';
import { MillraceError } from '#std/errors';
import { apis } from '#wire/kafka/apis';
import { kafkaError, kafkaErrorName } from '#wire/kafka/error-codes';
import { batchHeaderBytes, recordBatch } from '#wire/kafka/record-batch';
import type { ResponseInput } from '#wire/kafka/schema';
import type { ProduceRequest } from '#wire/kafka/schemas/produce';
import { brokerErrors } from '../errors.js';
import { defineHandler, type HandlerContext } from '../handler.js';
import { kafkaCodeOf } from '../log-error-codes.js';
import { quotaClientOf } from '../quotas/throttle.js';
import { inspectBatch, type RecordError } from '../record-inspection.js';
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
      const taken = acksKnown
        ? take(context, { topic, name: data.name, version }, partition)
        : { code: kafkaError.INVALID_REQUIRED_ACKS, message: `acks is ${acks}; -1, 0 and 1 are possible.` };
      refusals.push('code' in taken ? taken : null);
      if (!('code' in taken)) entries.push(taken);
    }
  }
  const throttleTimeMs = countBytes(context, request.topicData);
  const append = async (accepted: readonly AppendEntry[]): Promise<ProduceAnswer | null> => {
    const results =
      accepted.length === 0
        ? []
        : await engine.append(accepted, { acks: acksKnown ? acks : -1, beginsAtZero: version >= 12 });
    context.broker.counters.countAppends(accepted, results);
    if (acks === 0) {
      if (throttleTimeMs > 0) context.mute(throttleTimeMs);
      closeOnError(refusals, results);
      return null;
    }
    return { ...answer(request.topicData, refusals, results), throttleTimeMs };
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
  readonly recordErrors?: readonly RecordError[];
}

interface Target {
  readonly topic: Topic | null;
  /** Empty where the request names topics by id. */
  readonly name: string;
  readonly version: number;
}

type ProducedPartition = ProduceRequest['topicData'][number]['partitionData'][number];

/** What goes to the log of one partition, or why nothing does. Rights come first: without them nothing is told of a topic. */
function take(
  context: HandlerContext,
  { topic, name, version }: Target,
  { index, records }: ProducedPartition,
): AppendEntry | Refusal {
  if (topic === null && version >= 13) return { code: kafkaError.UNKNOWN_TOPIC_ID, message: null };
  if (!context.may('write', 'topic', topic?.name ?? name)) {
    return { code: kafkaError.TOPIC_AUTHORIZATION_FAILED, message: null };
  }
  const refusal = refuse(topic, index, records, version);
  if (refusal !== null) return refusal;
  assert(topic !== null && records !== null, 'what is not there is refused');
  const policy = context.broker.topicPolicies.of(topic);
  const batch = inspectBatch(records, policy, `${topic.name}-${index}`);
  return 'code' in batch ? batch : { topicId: topic.id, partition: index, batch };
}

/** Counts what the client sent, and says how many ms it has to wait. */
function countBytes(context: HandlerContext, topicData: ProduceRequest['topicData']): number {
  const { quotas } = context.broker;
  if (!quotas.limits('producer_byte_rate')) return 0;
  let bytes = 0;
  for (const { partitionData } of topicData) for (const { records } of partitionData) bytes += records?.length ?? 0;
  return quotas.bytes('producer_byte_rate', quotaClientOf(context), bytes);
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
          const { code: errorCode, message: errorMessage, recordErrors = [] } = refusal;
          return { ...refused, index: partition.index, errorCode, errorMessage, recordErrors };
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
