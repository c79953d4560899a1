import type { RecordHeader, SinkBatch } from '#pipeline/sink-batch';
import { messageOf } from '#std/errors';

/** Where records go that a sink can not take. */
export interface DeadLetterQueue {
  readonly topic: string;
  /** Resolves when the record is durable there; rejects when it is not, and then nothing may pass it. */
  write(letter: DeadLetter): Promise<void>;
  close(): Promise<void>;
}

export interface DeadLetter {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
  /** Of the original record, ms since the epoch. */
  readonly timestamp: number;
}

/** Why and where a record was given up. */
export interface DeadLetterReason {
  readonly connector: string;
  readonly task: number;
  /** Connect's stage: `VALUE_CONVERTER`, `KEY_CONVERTER`, `TASK_PUT`. */
  readonly stage: string;
  /** The converter or the kind of sink that refused it. */
  readonly className: string;
  readonly error: unknown;
  readonly attempts: number;
  /** Wall time, ms. */
  readonly failedAt: number;
}

const stackBytesMax = 4096;

/**
 * The record as it was, with context headers in front where they are asked for: Kafka Connect's `__connect.errors.*`, and
 * ours as `__sink.errors.*`. A record that died before keeps its older headers behind them.
 */
export function deadLetterOf(
  batch: SinkBatch,
  index: number,
  reason: DeadLetterReason,
  withContext: boolean,
): DeadLetter {
  const headers = batch.headers(index);
  return {
    key: batch.key(index),
    value: batch.value(index),
    headers: withContext ? [...contextHeaders(batch, index, reason), ...headers] : headers,
    timestamp: batch.timestamp(index),
  };
}

function contextHeaders(batch: SinkBatch, index: number, reason: DeadLetterReason): RecordHeader[] {
  const error = reason.error;
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const texts: Record<string, string> = {
    '__connect.errors.topic': batch.topic,
    '__connect.errors.partition': String(batch.partition),
    '__connect.errors.offset': String(batch.offset(index)),
    '__connect.errors.connector.name': reason.connector,
    '__connect.errors.task.id': String(reason.task),
    '__connect.errors.stage': reason.stage,
    '__connect.errors.class.name': reason.className,
    '__connect.errors.exception.class.name': error instanceof Error ? error.constructor.name : typeof error,
    '__connect.errors.exception.message': messageOf(error),
    '__connect.errors.exception.stacktrace': stack.slice(0, stackBytesMax),
    '__sink.errors.class': 'poison',
    '__sink.errors.attempts': String(reason.attempts),
    '__sink.errors.first.failed.at': new Date(reason.failedAt).toISOString(),
  };
  return Object.entries(texts).map(([key, text]) => ({ key, value: Buffer.from(text) }));
}
