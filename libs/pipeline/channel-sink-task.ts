import type { ChannelSink } from '#pipeline/collector';
import { PoisonRecordError, RefusedRecordsError, type RecordRefusal } from '#pipeline/errors';
import { EventBatch } from '#pipeline/event-batch';
import type { Sink, StoredOffset, TopicPartition } from '#pipeline/sink';
import type { SinkBatch } from '#pipeline/sink-batch';

/**
 * A sink of a flume.conf as a sink task runs it: what it has written is durable, so offsets follow each put. At least once; what it throws
 * as PoisonRecordError or in a RefusedRecordsError becomes a dead letter. Counters of its own are the task's business then.
 */
export function channelSinkAsTask(sink: ChannelSink): Sink {
  const written = new Map<string, StoredOffset>();
  return {
    start: ({ name, clock, logger, stateDirectory }) =>
      sink.start({ name, clock, logger, stateDirectory, count: () => undefined, reportError: () => undefined }),
    open: () => Promise.resolve([]),
    async put(batch) {
      const refusals: RecordRefusal[] = [];
      for (let from = 0; from < batch.count; from += sink.batchSize) {
        const part = batch.slice(from, Math.min(batch.count, from + sink.batchSize));
        await sink.write(eventsOf(part)).catch((error: unknown) => {
          if (!(error instanceof RefusedRecordsError)) throw within(error, from);
          for (const { index, message } of error.refusals) refusals.push({ index: index + from, message });
        });
        const { topic, partition } = part;
        written.set(keyOf(part), { topic, partition, offset: part.offset(part.count - 1) + 1 });
      }
      if (refusals.length > 0) throw new RefusedRecordsError(refusals);
    },
    flush: () => Promise.resolve([...written.values()]),
    close(partitions) {
      for (const partition of partitions) written.delete(keyOf(partition));
      return Promise.resolve();
    },
    stop: () => sink.stop(),
  };
}

/** A refused record's place in the batch, which is not its place in the part. */
function within(error: unknown, from: number): unknown {
  if (!(error instanceof PoisonRecordError) || error.index === null) return error;
  return new PoisonRecordError(error.message, error.index + from, { cause: error });
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${partition}@${topic}`;
}

const keyHeader = 'key';

function eventsOf(batch: SinkBatch): EventBatch {
  return EventBatch.of(
    Array.from({ length: batch.count }, (_, index) => {
      const headers: Record<string, string> = {};
      for (const { key, value } of batch.headers(index)) if (value !== null) headers[key] = value.toString();
      const key = batch.key(index);
      if (key !== null) headers[keyHeader] = key.toString();
      return { body: batch.value(index) ?? Buffer.alloc(0), headers };
    }),
  );
}
