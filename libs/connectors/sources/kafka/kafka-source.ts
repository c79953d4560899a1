/**
 * Flume's Kafka source: reads topics as a member of a consumer group.
 *
 * What the channels have committed is committed to the group behind the deliveries, and before a partition is given back, so that a crash
 * repeats at most the last moment. Where the channels keep positions (`SourceContext.positions`), offsets travel with the events instead
 * and nothing is repeated; the group's offsets then only follow, for tools that show the lag. The further of the two places counts, as another
 * member of the group may have gone on meanwhile.
 *
 * Where it differs from Flume:
 * - A record that is no AvroFlumeEvent is counted (EventReadFail) and logged with its place; Flume drops it with a stack trace.
 * - Partitions are given back only when the batch in hand is delivered and committed: no duplicates from a rebalance. Flume delivers what
 *   it has after others have got the partition.
 * - A batch does not wait to be filled; offsets are committed while the next batch is delivered, and not one round trip a batch.
 * - `kafka.topics.regex` finds new topics within 10 s (Kafka's client: 5 minutes); `timestampHeader` is read.
 */
import { requireOptions } from '#config/options';
import type { ComponentInput, ComponentType, PositionChanges, Source, SourceContext } from '#pipeline/collector';
import { ChannelError } from '#pipeline/errors';
import type { EventBatch } from '#pipeline/event-batch';
import { messageOf } from '#std/errors';
import { noSecurity } from '#topics/client-security';
import { Cluster, parseBootstrap } from '#topics/cluster';
import { TopicAdmin } from '#topics/topic-admin';
import {
  TopicReader,
  type AssignmentListener,
  type PartitionPosition,
  type TopicPartition,
} from '#topics/topic-reader';
import { eventsOfConsumed, type ConsumedRecords, type RecordEventOptions } from './consumed-records.js';
import { GroupProgress } from './group-progress.js';
import {
  checkKafkaSource,
  kafkaSourceOptions,
  readConsumerProperties,
  type KafkaSourceValues,
} from './kafka-source-options.js';

/** How long a partition that is taken away waits for channels that refuse, ms: part of what the group waits for us. */
const revokeMsMax = 20_000;
/**
 * Where channels keep positions, a delivery waits for a transaction (20 ms as it comes), so more batches go in one. Not several
 * deliveries at once: a later one could commit its offset where an interceptor fails the one before it.
 */
const batchesInTransaction = 8;
/** Between two tries after the reader has failed for good, ms. */
const reopenMs = 5000;

export const kafkaSource: ComponentType<Source> = {
  name: 'kafka',
  classNames: ['org.apache.flume.source.kafka.KafkaSource'],
  doc: 'Reads topics of a Kafka cluster, or of this installation, as a member of a consumer group.',
  options: kafkaSourceOptions,
  batchSizeOption: 'batchSize',
  check: checkKafkaSource,
  create: (input) => new KafkaSource(input, requireOptions(`source ${input.name}`, kafkaSourceOptions, input.options)),
};

class KafkaSource implements Source {
  private readonly format: RecordEventOptions;
  private cluster: Cluster | null = null;
  private running: Promise<void> = Promise.resolve();
  private stopping = new AbortController();
  /** Aborts the waits of a batch whose partitions are taken away. */
  private giveUp = new AbortController();
  /** The batch in hand, and the look that may bring the next. */
  private inHand: Promise<void> = Promise.resolve();
  private pending: ConsumedRecords[] = [];
  private isRevoking = false;
  private kept: Map<string, string> | null = null;
  private progress: GroupProgress | null = null;

  constructor(
    private readonly input: ComponentInput,
    private readonly values: KafkaSourceValues,
  ) {
    this.format = {
      useFlumeEventFormat: values.useFlumeEventFormat,
      topicHeader: values.setTopicHeader ? values.topicHeader : null,
      timestampHeader: values.timestampHeader,
      headers: new Map(Object.entries(values.header)),
    };
  }

  async start(context: SourceContext): Promise<void> {
    const properties = readConsumerProperties(this.input.name, this.values);
    const { services } = this.input;
    const bootstrap = this.values['kafka.bootstrap.servers'];
    // An address of the source's own does not get the agent's password.
    const agentSecurity = bootstrap === null || bootstrap === services.bootstrap ? services.security : undefined;
    const kept = context.positions === null ? null : new Map(await context.positions.load());
    this.kept = kept;
    this.stopping = new AbortController();
    const cluster = new Cluster({
      bootstrap: parseBootstrap(bootstrap ?? services.bootstrap),
      clientId: properties.clientId ?? `${this.input.agent}-${this.input.name}`,
      security: properties.security ?? agentSecurity ?? noSecurity,
      clock: context.clock,
      logger: context.logger,
    });
    this.cluster = cluster;
    this.running = this.run(context, cluster, () => new TopicReader(cluster, properties.reader));
  }

  async stop(): Promise<void> {
    if (this.cluster === null) return;
    this.stopping.abort(new Error('the source stops'));
    await this.running;
    await this.cluster.close();
    this.cluster = null;
  }

  /** A reader that has failed for good (no such topic right, a login refused) is replaced, for rights may be given. */
  private async run(context: SourceContext, cluster: Cluster, open: () => TopicReader): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const reader = open();
      this.pending = [];
      this.progress = new GroupProgress(reader, context);
      try {
        await reader.start(this.listener(context, cluster));
        await this.read(context, reader);
      } catch (error) {
        if (!signal.aborted) {
          context.count('KafkaReadFail', 1);
          context.reportError(error);
          context.logger.error(`Reading topics failed and is tried again in 5 s: ${messageOf(error)}`);
        }
      }
      await reader.stop().catch((error: unknown) => {
        context.logger.warn(`The reader did not stop cleanly: ${messageOf(error)}`);
      });
      if (!signal.aborted) await context.clock.sleep(reopenMs, signal).catch(() => undefined);
    }
  }

  private async read(context: SourceContext, reader: TopicReader): Promise<void> {
    while (!this.stopping.signal.aborted) {
      await this.look(context, reader);
      if (this.pending.length === 0) continue;
      this.giveUp = new AbortController();
      this.inHand = this.deliverPending(context);
      await this.inHand;
    }
  }

  private async look(context: SourceContext, reader: TopicReader): Promise<void> {
    const { signal } = this.stopping;
    const beganMs = context.clock.monotonic();
    // A stop must not wait for records: the wait is cut into short ones.
    const waitMs = Math.min(this.values.batchDurationMillis, 500);
    const polled = await reader.poll(waitMs);
    if (polled.length === 0) context.count('KafkaEmptyCount', 1);
    else context.count('KafkaEventGetTimer', Math.round(context.clock.monotonic() - beganMs));
    // Handed out before a rebalance that has begun meanwhile: whoever gets the partition reads them.
    if (signal.aborted || this.isRevoking) return;
    for (const { topic, partition, records, nextOffset } of polled) {
      if (records.count > 0) this.pending.push({ topic, partition, records, nextOffset });
    }
  }

  /** All that was fetched, batch by batch; ends early where the partitions are taken away. */
  private async deliverPending(context: SourceContext): Promise<void> {
    const eventsMax = this.values.batchSize * (this.kept === null ? 1 : batchesInTransaction);
    while (this.pending.length > 0 && !this.stopping.signal.aborted && !this.isRevoking) {
      const parts = this.takePending(eventsMax);
      const { batch, unreadable } = eventsOfConsumed(parts, this.format);
      if (unreadable.length > 0) this.reportUnreadable(context, unreadable);
      const positions = new Map(parts.map((part) => [this.keyOf(part), part]));
      const moved = new Map([...positions].map(([key, part]) => [key, String(part.nextOffset)]));
      if (!(await this.deliver(context, batch, moved))) {
        this.pending = [];
        return;
      }
      for (const [key, position] of moved) this.kept?.set(key, position);
      this.progress?.move([...positions.values()].map(toPosition));
    }
  }

  private takePending(eventsMax: number): ConsumedRecords[] {
    const parts: ConsumedRecords[] = [];
    let room = eventsMax;
    for (let first = this.pending[0]; first !== undefined && room > 0; first = this.pending[0]) {
      const { records } = first;
      if (records.count <= room) {
        this.pending.shift();
        parts.push(first);
        room -= records.count;
      } else {
        parts.push({ ...first, records: records.slice(0, room), nextOffset: records.offset(room) });
        this.pending[0] = { ...first, records: records.slice(room, records.count) };
        room = 0;
      }
    }
    return parts;
  }

  /** Until the channels have taken it; false when the source stops or its partitions go before that. */
  private async deliver(context: SourceContext, batch: EventBatch, moved: PositionChanges): Promise<boolean> {
    const { backoffSleepIncrement, maxBackoffSleep } = this.values;
    const signal = AbortSignal.any([this.stopping.signal, this.giveUp.signal]);
    for (let tries = 1; ; tries += 1) {
      try {
        await context.deliver(batch, moved);
        context.reportError(null);
        return true;
      } catch (error) {
        context.reportError(error);
        if (tries === 1 && !(error instanceof ChannelError))
          context.logger.error(`A batch was not processed and is tried again: ${messageOf(error)}`);
      }
      try {
        await context.clock.sleep(Math.min(tries * backoffSleepIncrement, maxBackoffSleep), signal);
      } catch {
        return false;
      }
    }
  }

  private listener(context: SourceContext, cluster: Cluster): AssignmentListener {
    return {
      onAssigned: async (partitions) => {
        this.isRevoking = false;
        return this.kept === null ? [] : await this.placesOf(partitions, cluster, this.kept);
      },
      onRevoked: async () => {
        await this.release(context);
        await this.progress?.flush();
      },
      onLost: async () => {
        // Others have them already: what is not delivered yet is theirs.
        this.giveUp.abort(new Error('the partitions were lost'));
        await this.release(context);
        this.progress?.forget();
      },
    };
  }

  /** Lets the batch in hand come to its end, and drops the rest: it is read again from the committed offsets. */
  private async release(context: SourceContext): Promise<void> {
    this.isRevoking = true;
    const { giveUp } = this;
    const timer = context.clock.after(revokeMsMax, () => giveUp.abort(new Error('the partitions are taken away')));
    await this.inHand.catch(() => undefined);
    timer.cancel();
    // A look that had records when the rebalance began has seen `isRevoking` after this turn.
    await context.clock.sleep(0);
    this.pending = [];
  }

  private async placesOf(
    partitions: readonly TopicPartition[],
    cluster: Cluster,
    kept: ReadonlyMap<string, string>,
  ): Promise<readonly PartitionPosition[]> {
    const ours = partitions.flatMap(({ topic, partition }) => {
      const text = kept.get(this.keyOf({ topic, partition }));
      const offset = text === undefined ? Number.NaN : Number(text);
      return Number.isSafeInteger(offset) && offset >= 0 ? [{ topic, partition, offset }] : [];
    });
    if (ours.length === 0) return [];
    const committed = new Map<string, number>();
    for (const entry of await new TopicAdmin(cluster).groupOffsets(this.values['kafka.consumer.group.id'])) {
      committed.set(this.keyOf(entry), entry.offset);
    }
    return ours.map((place) => ({ ...place, offset: Math.max(place.offset, committed.get(this.keyOf(place)) ?? 0) }));
  }

  /** The group is in the key: another group begins anew. */
  private keyOf({ topic, partition }: TopicPartition): string {
    return `${this.values['kafka.consumer.group.id']}/${topic}/${partition}`;
  }

  private reportUnreadable(context: SourceContext, unreadable: readonly string[]): void {
    context.count('EventReadFail', unreadable.length);
    const [first = ''] = unreadable;
    context.logger.warn('Records are no AvroFlumeEvents and were left out.', { records: unreadable.length, first });
  }
}

function toPosition({ topic, partition, nextOffset }: ConsumedRecords): PartitionPosition {
  return { topic, partition, offset: nextOffset };
}
