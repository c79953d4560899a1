import { FatalSinkError, FencedSinkError, PoisonRecordError, RetriableSinkError } from '#pipeline/errors';
import { messageOf, MillraceError } from '#std/errors';
import { RecordTooLargeError, TopicsError, topicsErrors } from '#topics/errors';
import { kafkaError } from '#wire/kafka/error-codes';

/** A batch that the cluster refuses for what is in one of its records: no key in a compacted topic, a time too far away, too large. */
const poison: ReadonlySet<number> = new Set([
  kafkaError.INVALID_RECORD,
  kafkaError.INVALID_TIMESTAMP,
  kafkaError.MESSAGE_TOO_LARGE,
]);

/** What the sink runner is told of an error of the target cluster. `what` begins the sentence. */
export function sinkErrorOf(what: string, error: unknown): Error {
  if (!(error instanceof MillraceError)) return error instanceof Error ? error : new Error(messageOf(error));
  const message = `${what}: ${messageOf(error)}`;
  const options = { cause: error };
  if (error instanceof RecordTooLargeError) {
    return new PoisonRecordError(message, error.index < 0 ? null : error.index, options);
  }
  if (error instanceof TopicsError) {
    if (poison.has(error.kafkaCode)) return new PoisonRecordError(message, null, options);
    if (error.kind === topicsErrors.producerFenced) return new FencedSinkError(message, options);
    if (error.kind === topicsErrors.transactionLost) return new RetriableSinkError(message, options);
  }
  return error.retriable ? new RetriableSinkError(message, options) : new FatalSinkError(message, options);
}
