import type { LogErrorCode } from '#log/engine';
import { kafkaError } from '#wire/kafka/error-codes';

/** What a client is told for each error of the log. */
export const kafkaCodeOf: Readonly<Record<LogErrorCode, number>> = {
  none: kafkaError.NONE,
  unknown_partition: kafkaError.UNKNOWN_TOPIC_OR_PARTITION,
  not_leader: kafkaError.NOT_LEADER_OR_FOLLOWER,
  offset_out_of_range: kafkaError.OFFSET_OUT_OF_RANGE,
  corrupt_batch: kafkaError.CORRUPT_MESSAGE,
  batch_too_large: kafkaError.MESSAGE_TOO_LARGE,
  invalid_record: kafkaError.INVALID_RECORD,
  unsupported_magic: kafkaError.UNSUPPORTED_FOR_MESSAGE_FORMAT,
  invalid_timestamp: kafkaError.INVALID_TIMESTAMP,
  out_of_order_sequence: kafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER,
  invalid_producer_epoch: kafkaError.INVALID_PRODUCER_EPOCH,
  invalid_transaction_state: kafkaError.INVALID_TXN_STATE,
  coordinator_fenced: kafkaError.TRANSACTION_COORDINATOR_FENCED,
  storage_error: kafkaError.KAFKA_STORAGE_ERROR,
};
