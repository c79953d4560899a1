import type { ChannelSink, ComponentContext } from '#pipeline/collector';
import { PoisonRecordError, RefusedRecordsError, type RecordRefusal } from '#pipeline/errors';
import { EventBatch } from '#pipeline/event-batch';
import type { Sink, StoredOffset, TopicPartition } from '#pipeline/sink';
import type { SinkBatch } from '#pipeline/sink-batch';

/**
 * A sink of a flume.conf as a sink task runs it: what it has written is durable, so offsets follow each part of a put, and another try of a put
 * goes on behind them. At least once; what it throws as PoisonRecordError or in a RefusedRecordsError becomes a dead letter. It counts for
 * `context`, where that is given.
 */
export function channelSinkAsTask(sink: ChannelSink, context?: ComponentContext): Sink {
  const written = new Map<string, StoredOffset>();
  /** Offsets below those that are written, of records that are not. */
  const refused = new Map<string, Set<number>>();
  const forget = (partition: TopicPartition): void => {
    written.delete(keyOf(partition));
    refused.delete(keyOf(partition));
  };
  const refusedOf = (partition: TopicPartition): Set<number> => {
    const known = refused.get(keyOf(partition)) ?? new Set();
    refused.set(keyOf(partition), known);
    return known;
  };
  /** Of one part; gives what was refused of it, by its place in the part. */
  const write = async (part: SinkBatch): Promise<readonly RecordRefusal[]> => {
    try {
      await sink.write(eventsOf(part));
      return [];
    } catch (error) {
      if (error instanceof RefusedRecordsError) return error.refusals;
      throw error;
    }
  };
  return {
    start: ({ name, clock, logger, stateDirectory }) =>
      sink.start({
        name,
        clock,
        logger,
        stateDirectory,
        count: (counter, by) => context?.count(counter, by),
        reportError: () => undefined,
      }),
    open: () => Promise.resolve([]),
    async put(batch) {
      const known = refusedOf(batch);
      const refusals: RecordRefusal[] = [];
      const inFlightMax = sink.writesInFlightMax ?? 1;
      for (let next = firstUnwritten(batch, written.get(keyOf(batch)), known); next < batch.count;) {
        const parts: { readonly from: number; readonly part: SinkBatch }[] = [];
        for (; next < batch.count && parts.length < inFlightMax; next += sink.batchSize) {
          parts.push({ from: next, part: batch.slice(next, Math.min(batch.count, next + sink.batchSize)) });
        }
        const results = await Promise.allSettled(parts.map(({ part }) => write(part)));
        for (const [number, result] of results.entries()) {
          const { from, part } = parts[number] ?? { from: 0, part: batch };
          if (result.status === 'rejected') throw within(result.reason, from);
          for (const { index, message } of result.value) {
            refusals.push({ index: index + from, message });
            known.add(part.offset(index));
          }
          const { topic, partition } = part;
          const offset = part.offset(part.count - 1) + 1;
          if (offset > (written.get(keyOf(part))?.offset ?? -1)) written.set(keyOf(part), { topic, partition, offset });
        }
      }
      if (refusals.length > 0) throw new RefusedRecordsError(refusals);
      for (let index = 0; known.size > 0 && index < batch.count; index += 1) known.delete(batch.offset(index));
    },
    flush: () => Promise.resolve([...written.values()]),
    skip(next) {
      const known = refused.get(keyOf(next));
      for (const offset of known ?? []) if (offset < next.offset) known?.delete(offset);
      return Promise.resolve();
    },
    close(partitions) {
      for (const partition of partitions) forget(partition);
      return Promise.resolve();
    },
    stop: () => sink.stop(),
  };
}

/** Where a batch goes on of which an earlier try has written the beginning. */
function firstUnwritten(batch: SinkBatch, written: StoredOffset | undefined, refused: ReadonlySet<number>): number {
  if (written === undefined) return 0;
  let index = 0;
  while (index < batch.count && batch.offset(index) < written.offset && !refused.has(batch.offset(index))) index += 1;
  return index;
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

/** Records as the events that they were in the channel. */
export function eventsOf(batch: SinkBatch): EventBatch {
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
