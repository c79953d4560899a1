import type { AppendEntry } from '#log/engine';
import { kafkaError } from '#wire/kafka/error-codes';
import { recordBatch } from '#wire/kafka/record-batch';
import type { HandlerContext, MaybePromise } from '../handler.js';
import { writeError } from './transaction-errors.js';
import { partitionKey, type ProducerSession } from './transaction.js';

export interface ProduceHead {
  readonly version: number;
  readonly transactionalId: string | null;
}

/**
 * Asks for the batches of one Produce request whether they may be appended, of which some are in a transaction. `append` is called once
 * with the error of each entry, NONE where it is to be appended, and must begin the appends before it returns. From version 12 on
 * partitions are added to the transaction by this (KIP-890); below they have to be in it.
 */
export function admitBatches<T>(
  context: HandlerContext,
  { version, transactionalId }: ProduceHead,
  entries: readonly AppendEntry[],
  append: (codes: readonly number[]) => MaybePromise<T>,
): MaybePromise<T> {
  const refuseAll = (code: number): MaybePromise<T> => append(entries.map(() => code));
  if (transactionalId === null || !context.may('write', 'transactional_id', transactionalId)) {
    return refuseAll(kafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
  }
  const session = sessionOf(entries);
  // Kafka refuses two producers in one request with the same code.
  if (session === null) return refuseAll(kafkaError.INVALID_PRODUCER_ID_MAPPING);
  const keys = entries.map(({ topicId, partition, batch }) =>
    recordBatch.isTransactional(batch) ? partitionKey(topicId, partition) : null,
  );
  const partitions = keys.filter((key) => key !== null);
  const { gate, nodes, transactions } = context.broker;
  // Of single partitions only the coordinator's own node can tell; elsewhere all get the error of the request.
  const canTellOne = partitions.length > 1 && nodes.coordinates(transactionalId);
  return gate.admit({ transactionalId, session, partitions, groups: [], adds: version >= 12 }, (requestCode) =>
    append(
      keys.map((key) => {
        if (key === null) return kafkaError.NONE;
        const isOneMissing = requestCode === kafkaError.TRANSACTION_ABORTABLE && canTellOne;
        const own = { partitions: [key], groups: [] };
        return produceError(isOneMissing ? transactions.verify(transactionalId, session, own) : requestCode, version);
      }),
    ),
  );
}

/** The one producer of all transactional batches; null where there are two. */
function sessionOf(entries: readonly AppendEntry[]): ProducerSession | null {
  let session: ProducerSession | null = null;
  for (const { batch } of entries) {
    if (!recordBatch.isTransactional(batch)) continue;
    const producerId = recordBatch.producerId(batch);
    const epoch = recordBatch.producerEpoch(batch);
    if (session !== null && (session.producerId !== producerId || session.epoch !== epoch)) return null;
    session = { producerId, epoch };
  }
  return session;
}

/** What passes by itself is told as NOT_ENOUGH_REPLICAS, as by Kafka: every client tries the batch again on it. */
function produceError(code: number, version: number): number {
  switch (code) {
    case kafkaError.CONCURRENT_TRANSACTIONS:
    case kafkaError.COORDINATOR_NOT_AVAILABLE:
      return kafkaError.NOT_ENOUGH_REPLICAS;
    default:
      return writeError(code, version >= 11);
  }
}
