import { kafkaError } from '#wire/kafka/error-codes';

/** PRODUCER_FENCED for clients that know it; those before KIP-588 know INVALID_PRODUCER_EPOCH. */
export function fencedError(errorCode: number, knowsFenced: boolean): number {
  return errorCode === kafkaError.PRODUCER_FENCED && !knowsFenced ? kafkaError.INVALID_PRODUCER_EPOCH : errorCode;
}

/**
 * What a write is told that was not admitted to its transaction. A client that does not know TRANSACTION_ABORTABLE (KIP-890) gets
 * INVALID_TXN_STATE, which is fatal to it.
 */
export function writeError(errorCode: number, knowsAbortable: boolean): number {
  if (errorCode === kafkaError.TRANSACTION_ABORTABLE && !knowsAbortable) return kafkaError.INVALID_TXN_STATE;
  return fencedError(errorCode, false);
}
