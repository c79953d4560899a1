import { MillraceError, type ErrorKind } from '#std/errors';
import { isRetriable, kafkaErrorName } from '#wire/kafka/error-codes';

/** Everything that the way to topics can answer, by code. */
export const topicsErrors = {
  unreachable: { code: 'topics.cluster.unreachable', retriable: true, http: 503 },
  disconnected: { code: 'topics.connection.lost', retriable: true, http: 503 },
  timeout: { code: 'topics.request.timeout', retriable: true, http: 504 },
  loginFailed: { code: 'topics.login.failed', retriable: false, kafka: 58, http: 502 },
  tlsFailed: { code: 'topics.tls.failed', retriable: false, http: 502 },
  securitySettings: { code: 'topics.client.security_invalid', retriable: false, http: 400 },
  closed: { code: 'topics.client.closed', retriable: false, http: 503 },
  unsupported: { code: 'topics.version.unsupported', retriable: false, http: 501 },
  malformed: { code: 'topics.answer.malformed', retriable: false, http: 502 },
  unknownTopic: { code: 'topics.topic.unknown', retriable: true, kafka: 3, http: 404 },
  unknownPartition: { code: 'topics.partition.unknown', retriable: false, kafka: 3, http: 404 },
  recordTooLarge: { code: 'topics.record.too-large', retriable: false, kafka: 10, http: 413 },
  deliveryTimeout: { code: 'topics.delivery.timeout', retriable: true, http: 504 },
  refused: { code: 'topics.request.refused', retriable: false, http: 400 },
  refusedForNow: { code: 'topics.request.refused-for-now', retriable: true, http: 503 },
  fenced: { code: 'topics.group.fenced', retriable: false, http: 409 },
  rebalancing: { code: 'topics.group.rebalancing', retriable: true, http: 409 },
  producerFenced: { code: 'topics.producer.fenced', retriable: false, kafka: 90, http: 409 },
  transactionAborted: { code: 'topics.transaction.aborted', retriable: true, http: 409 },
  transactionLost: { code: 'topics.transaction.lost', retriable: false, http: 409 },
  offsetOutOfRange: { code: 'topics.offset.out-of-range', retriable: false, kafka: 1, http: 416 },
} satisfies Record<string, ErrorKind>;

/** Something that the cluster answered with an error code, or that kept it from answering. */
export class TopicsError extends MillraceError {
  /** Kafka's error code of the answer, 0 where there was no answer. */
  readonly kafkaCode: number;

  constructor(kind: ErrorKind, message: string, options?: { cause?: unknown; kafkaCode?: number }) {
    super(kind, message, options);
    this.name = 'TopicsError';
    this.kafkaCode = options?.kafkaCode ?? 0;
  }
}

/** One record does not fit into the largest batch that its topic takes. The write it came with was refused whole. */
export class RecordTooLargeError extends TopicsError {
  constructor(
    readonly topic: string,
    /** Size of the record with its key and headers, bytes. */
    readonly sizeBytes: number,
    /** `max.message.bytes` of the topic, or the writer's own bound where that is lower. */
    readonly limitBytes: number,
    /** Position in the columns of the write, -1 where only the cluster knows. */
    readonly index: number,
  ) {
    super(
      topicsErrors.recordTooLarge,
      `A record of ${sizeBytes} bytes does not fit into topic ${topic}, which takes at most ${limitBytes}. ` +
        `Raise the topic's max.message.bytes, or make the record smaller before it is written.`,
    );
    this.name = 'RecordTooLargeError';
  }
}

/** The error of an answer that carries `code`. `doing` begins the sentence: `Creating topic orders`. */
export function answerError(code: number, doing: string, message?: string | null): TopicsError {
  const kind = isRetriable(code) ? topicsErrors.refusedForNow : topicsErrors.refused;
  const detail = message === undefined || message === null || message === '' ? '' : `: ${message}`;
  return new TopicsError(kind, `${doing} failed with ${kafkaErrorName(code)} (${code})${detail}`, { kafkaCode: code });
}

/** Keeps a TopicsError as it is; anything else is an answer that could not be read. */
export function asTopicsError(error: unknown, doing: string): TopicsError {
  if (error instanceof TopicsError) return error;
  return new TopicsError(topicsErrors.malformed, doing, { cause: error });
}
