import type { ErrorKind } from '#std/errors';

/** What goes wrong in the log room apart from the entries' own `LogErrorCode`. */
export const logErrors = {
  topicExists: { code: 'log.topic.exists', retriable: false, kafka: 36, http: 409 },
  topicUnknown: { code: 'log.topic.unknown', retriable: false, kafka: 3, http: 404 },
  partitionsInvalid: { code: 'log.partitions.invalid', retriable: false, kafka: 37, http: 400 },
  /** The disk refused; what was asked is not durable. */
  storage: { code: 'log.storage.failed', retriable: true, kafka: 56, http: 503 },
  /** The engine or queue is closed, or was never opened. */
  closed: { code: 'log.closed', retriable: true, kafka: 56, http: 503 },
  /** Bytes on disk fail their check where no crash can have torn them. */
  corrupt: { code: 'log.corrupt', retriable: false, kafka: 2, http: 500 },
  /** Another engine has the data directory. */
  directoryLocked: { code: 'log.directory.locked', retriable: false, kafka: 56, http: 503 },
  /** A data directory that was used before is not there. */
  directoryMissing: { code: 'log.directory.missing', retriable: false, kafka: 56, http: 503 },
  positionUnknown: { code: 'log.position.unknown', retriable: false, kafka: 1, http: 404 },
} satisfies Record<string, ErrorKind>;
