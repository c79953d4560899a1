import { MillraceError, type ErrorKind } from '#std/errors';

export const pipelineErrors = {
  channelFull: { code: 'pipeline.channel.full', retriable: true, http: 503 },
  channelClosed: { code: 'pipeline.channel.closed', retriable: true, http: 503 },
  channelFailed: { code: 'pipeline.channel.failed', retriable: true, http: 503 },
  sinkRetriable: { code: 'pipeline.sink.retriable', retriable: true },
  sinkFatal: { code: 'pipeline.sink.fatal', retriable: false },
  sinkFenced: { code: 'pipeline.sink.fenced', retriable: true },
  sinkPoison: { code: 'pipeline.sink.poison', retriable: false },
  sinkRefusals: { code: 'pipeline.sink.refusals', retriable: false },
} satisfies Record<string, ErrorKind>;

/** A channel did not take a batch; the source keeps it and tries again. */
export class ChannelError extends MillraceError {}

/** The store is away, busy or slow: the same batch is tried again with backoff, without limit. */
export class RetriableSinkError extends MillraceError {
  constructor(message: string, options?: { cause?: unknown; retryAfterMs?: number }) {
    super(pipelineErrors.sinkRetriable, message, options);
    this.retryAfterMs = options?.retryAfterMs ?? null;
  }
  readonly retryAfterMs: number | null;
}

/**
 * Configuration or rights are wrong: the task stops as FAILED. It is restarted after a while as often as `task.restart.max` lets it be, for
 * rights may be given and tables made meanwhile; where `isLasting` is set only somebody's own restart or change helps.
 */
export class FatalSinkError extends MillraceError {
  readonly isLasting: boolean;
  constructor(message: string, options?: { cause?: unknown; isLasting?: boolean }) {
    super(pipelineErrors.sinkFatal, message, options);
    this.isLasting = options?.isLasting ?? false;
  }
}

/**
 * The store refuses records as bad data. `index` is the position in the batch where the sink knows which one; null asks the
 * runner to bisect. Nothing of the batch may have been kept.
 */
export class PoisonRecordError extends MillraceError {
  constructor(
    message: string,
    readonly index: number | null,
    options?: { cause?: unknown },
  ) {
    super(pipelineErrors.sinkPoison, message, options);
  }
}

/** A record that the store refused as bad data. */
export interface RecordRefusal {
  /** Its position in the batch. */
  readonly index: number;
  readonly message: string;
}

/**
 * The store answered for each record by itself: it refused these, by rising index, and has kept all others of the batch, durably. For
 * stores where a record that is written again, or after later ones, does no harm: the runner tries each refused record alone, and does not
 * put the others again. What `flush` says of the batch does not matter.
 */
export class RefusedRecordsError extends MillraceError {
  constructor(
    readonly refusals: readonly RecordRefusal[],
    options?: { cause?: unknown },
  ) {
    super(
      pipelineErrors.sinkRefusals,
      `${refusals.length} records were refused, the first at ${refusals[0]?.index}: ${refusals[0]?.message}`,
      options,
    );
  }
}

/**
 * The store says that a partition has another owner by now. Nothing of the batch was kept. The runner lets go of the partition and
 * opens it again after a pause if it is still assigned, so that of two owners only the one that the group knows stays.
 */
export class FencedSinkError extends MillraceError {
  constructor(message: string, options?: { cause?: unknown }) {
    super(pipelineErrors.sinkFenced, message, options);
  }
}
