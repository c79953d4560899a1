/**
 * Events that a topic never takes: too large, a partition that is none, a name that no topic may have. In Flume such an event holds up its sink for
 * ever; with a topic for dead letters it goes there, with the reason in its headers, and the others go on.
 */
import { PoisonRecordError, RetriableSinkError } from '#pipeline/errors';
import type { EventBatch } from '#pipeline/event-batch';
import { messageOf } from '#std/errors';
import { RecordTooLargeError, TopicsError, topicsErrors } from '#topics/errors';
import type { WriteColumns } from '#topics/topic-writer';

const poisonKinds: ReadonlySet<unknown> = new Set([
  topicsErrors.recordTooLarge,
  topicsErrors.unknownPartition,
  topicsErrors.refused,
]);

/** A dead letter must fit into a topic that may have the same limit as the one that was too small. */
const bodyBytesMax = 256 * 1024;

/**
 * Writes the events that can be written, in order, and gives the others to `bury`. Rejects with what `write` throws for any other reason.
 * Where the error does not say which event it is, the batch is halved, so that some of its events may be written twice.
 */
export async function writeAround(
  batch: EventBatch,
  write: (batch: EventBatch) => Promise<void>,
  bury: (event: EventBatch, error: unknown) => Promise<void>,
): Promise<void> {
  try {
    await write(batch);
  } catch (error) {
    if (!isPoison(error)) throw error;
    if (batch.count === 1) {
      await bury(batch, error);
      return;
    }
    const at = indexOf(error);
    const cuts = at === null ? [0, batch.count >> 1, batch.count] : [...new Set([0, at, at + 1, batch.count])];
    for (let cut = 0; cut + 1 < cuts.length; cut += 1) {
      await writeAround(batch.slice(cuts[cut] ?? 0, cuts[cut + 1] ?? batch.count), write, bury);
    }
  }
}

/** The error of a write as a sink task understands it. Where several topics were written the event's place is not known. */
export function taskErrorOf(
  error: unknown,
  { isPoisonKnown, isWhole }: { readonly isPoisonKnown: boolean; readonly isWhole: boolean },
): Error {
  const message = messageOf(error);
  if (isPoisonKnown && isPoison(error)) {
    return new PoisonRecordError(message, isWhole ? indexOf(error) : null, { cause: error });
  }
  return new RetriableSinkError(message, { cause: error });
}

/** One event as a record for the dead letters; a long body is cut, which a header says. */
export function deadLetter(event: EventBatch, topic: string, error: unknown, nowMs: number): WriteColumns {
  const body = event.body(0);
  const kept = body.subarray(0, bodyBytesMax);
  const headers = new Map(event.headers);
  headers.set('__connect.errors.topic', topic);
  headers.set('__connect.errors.exception.message', messageOf(error));
  if (kept.length < body.length) headers.set('__sink.errors.body.bytes', String(body.length));
  return {
    bytes: kept,
    starts: Int32Array.of(0),
    ends: Int32Array.of(kept.length),
    headers,
    timestamps: nowMs,
  };
}

function isPoison(error: unknown): boolean {
  if (error instanceof PoisonRecordError) return true;
  return error instanceof TopicsError && poisonKinds.has(error.kind);
}

function indexOf(error: unknown): number | null {
  if (error instanceof PoisonRecordError) return error.index;
  return error instanceof RecordTooLargeError && error.index >= 0 ? error.index : null;
}
