import type { Channel, ChannelTake, ComponentContext, TopicPut, TransactionalPuts } from '#pipeline/collector';
import { ChannelError, pipelineErrors } from '#pipeline/errors';
import { EventBatch } from '#pipeline/event-batch';
import { messageOf } from '#std/errors';
import type { AssignmentListener, PartitionPosition, TopicPartition, TopicReaderOptions } from '#topics/topic-reader';
import type { RecordColumns } from '#wire/kafka/record-columns';
import { encodeAvroFlumeEvents } from './avro-flume-event.js';
import { keyHeader, keysOf, partitionsOf } from './event-columns.js';
import type { ProducerProperties } from './producer-properties.js';
import { eventsOfRecords } from './record-events.js';
import { TakenOffsets, type OffsetRange } from './taken-offsets.js';
import { closeWithin, type TopicAccess, type TopicInput, type TopicOutput, type TopicPlace } from './topic-access.js';

export interface TopicChannelSettings {
  readonly topic: string;
  readonly parseAsFlumeEvent: boolean;
  readonly partitionIdHeader: string | null;
  readonly defaultPartitionId: number | null;
  readonly producer: ProducerProperties;
  readonly place: TopicPlace;
  readonly reader: TopicReaderOptions;
  /** Null where events lie in the topic in another form than sink tasks read. */
  readonly openTopic?: Channel['openTopic'];
}

/** How long one poll waits, ms: a stop is noticed in between. */
const pollMs = 500;
/** How long a partition that is taken away waits for sinks to end what they have of it, ms. */
const revokeMsMax = 20_000;
const revokeCheckMs = 20;

/** Fetched records that no take has. */
interface PendingRecords extends TopicPartition {
  readonly records: RecordColumns;
  /** The offset after them. */
  readonly to: number;
}

/**
 * A topic as a channel: a put is done when its records are acknowledged; takes are the reads of one consumer group, and a commit moves the
 * group's offsets. What sinks have read stays in the topic, so more sinks, in other groups, can read it too. An agent may only put or
 * only take.
 */
export class TopicChannel implements Channel {
  readonly capacity = null;
  private context: ComponentContext | null = null;
  private output: TopicOutput | null = null;
  private input: TopicInput | null = null;
  private polling: Promise<void> | null = null;
  private pending: PendingRecords[] = [];
  /** Commits go out one after another, so that an older offset never follows a newer one. */
  private committing: Promise<void> = Promise.resolve();
  private readonly taken = new TakenOffsets();
  private readonly revoking = new Set<string>();

  constructor(
    private readonly name: string,
    private readonly settings: TopicChannelSettings,
    private readonly access: TopicAccess,
  ) {}

  get openTopic(): Channel['openTopic'] {
    return this.settings.openTopic ?? null;
  }

  start(context: ComponentContext): Promise<void> {
    this.context = context;
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    const { input, output, context } = this;
    this.input = null;
    this.output = null;
    this.context = null;
    this.pending = [];
    await input?.stop();
    await this.polling?.catch(() => undefined);
    if (output !== null && context !== null) await closeWithin(output, context.clock);
    await this.access.close();
  }

  size(): null {
    return null;
  }

  async put(batch: EventBatch): Promise<void> {
    this.checkRunning();
    this.output ??= this.access.openWriter(this.settings.producer.writer);
    try {
      const { topic, columns } = this.putOf(batch);
      await this.output.write(topic, columns);
    } catch (error) {
      throw new ChannelError(pipelineErrors.channelFailed, `Channel ${this.name}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  /** Null where the producer's properties do without the acknowledgement of all replicas, which a transaction needs. */
  get transactional(): TransactionalPuts | null {
    const { place, producer } = this.settings;
    if (producer.writer.acks !== -1 || producer.writer.idempotent !== true) return null;
    return { ...place, writer: producer.writer, putOf: (batch) => this.putOf(batch) };
  }

  private putOf(batch: EventBatch): TopicPut {
    const { topic, parseAsFlumeEvent, partitionIdHeader: header, defaultPartitionId: fallback } = this.settings;
    const keys = keysOf(batch);
    const partitions = partitionsOf(batch, { header, fallback });
    const values = parseAsFlumeEvent ? encodeAvroFlumeEvents(batch) : batch.withoutHeader(keyHeader);
    return {
      topic,
      columns: {
        bytes: values.bytes,
        starts: values.starts,
        ends: values.ends,
        headers: values.headers,
        ...(keys === undefined ? {} : { keys }),
        ...(partitions === undefined ? {} : { partitions }),
      },
    };
  }

  async take(maxEvents: number, waitMs: number, signal?: AbortSignal): Promise<ChannelTake | null> {
    const context = this.checkRunning();
    const deadline = context.clock.monotonic() + waitMs;
    while (this.pending.length === 0) {
      const leftMs = deadline - context.clock.monotonic();
      if (signal?.aborted === true || leftMs < 0 || this.context === null) return null;
      await this.poll(Math.min(leftMs, pollMs));
      if (leftMs === 0) break;
    }
    const parts = this.takePending(maxEvents);
    return parts.length === 0 ? null : this.openTake(parts);
  }

  private checkRunning(): ComponentContext {
    if (this.context !== null) return this.context;
    throw new ChannelError(pipelineErrors.channelClosed, `Channel ${this.name} is closed.`);
  }

  /** Takes that wait at the same time share a poll. */
  private async poll(waitMs: number): Promise<void> {
    this.polling ??= this.pollOnce(waitMs).finally(() => {
      this.polling = null;
    });
    await this.polling;
  }

  private async pollOnce(waitMs: number): Promise<void> {
    if (this.input === null) {
      this.input = this.access.openReader(this.settings.reader);
      await this.input.start(this.listener());
    }
    try {
      for (const { topic, partition, records, nextOffset } of await this.input.poll(waitMs)) {
        if (records.count > 0) this.pending.push({ topic, partition, records, to: nextOffset });
      }
    } catch (error) {
      await this.dropReader();
      throw error;
    }
  }

  /** A reader that cannot go on is replaced at the next take; what it had read comes again. */
  private async dropReader(): Promise<void> {
    const { input } = this;
    this.input = null;
    this.pending = [];
    this.taken.forgetAll();
    await input?.stop();
  }

  private takePending(maxEvents: number): PendingRecords[] {
    const parts: PendingRecords[] = [];
    let room = maxEvents;
    while (room > 0) {
      const first = this.pending[0];
      if (first === undefined) break;
      const { records } = first;
      if (records.count <= room) {
        this.pending.shift();
        parts.push(first);
        room -= records.count;
        continue;
      }
      parts.push({ ...first, records: records.slice(0, room), to: records.offset(room) });
      this.pending[0] = { ...first, records: records.slice(room, records.count) };
      room = 0;
    }
    return parts;
  }

  /** Throws where a record is no AvroFlumeEvent; its records are at the head again then. */
  private openTake(parts: readonly PendingRecords[]): ChannelTake {
    let batch: EventBatch;
    try {
      batch = EventBatch.join(parts.map((part) => eventsOfRecords(part.records, this.settings.parseAsFlumeEvent)));
    } catch (error) {
      this.giveBack(parts);
      throw error;
    }
    const opened = parts.map((part) => {
      const range = { topic: part.topic, partition: part.partition, from: part.records.offset(0), to: part.to };
      this.taken.open(range);
      return { part, range };
    });
    return {
      batch,
      commit: () => this.commit(opened.map(({ range }) => range)),
      rollback: () => {
        const ours = opened.filter(({ range }) => this.taken.isOurs(range));
        for (const { range } of ours) this.taken.settle(range);
        this.giveBack(ours.map(({ part }) => part).filter((part) => !this.revoking.has(keyOf(part))));
        return Promise.resolve();
      },
    };
  }

  /** Before records of the same partition that were fetched later. */
  private giveBack(parts: readonly PendingRecords[]): void {
    this.pending = [...parts, ...this.pending].toSorted((left, right) =>
      keyOf(left) === keyOf(right) ? left.records.offset(0) - right.records.offset(0) : 0,
    );
  }

  /**
   * Never rejects: the sink has the events, and to give them back would only double them. Offsets that were not committed are, with
   * the next ones; if the process dies before, the events come again.
   */
  private async commit(ranges: readonly OffsetRange[]): Promise<void> {
    const positions = new Map<string, PartitionPosition>();
    for (const range of ranges) {
      const position = this.taken.settle(range);
      if (position !== null) positions.set(keyOf(position), position);
    }
    if (positions.size === 0) return;
    this.committing = this.committing.then(() => this.commitPositions([...positions.values()]));
    await this.committing;
  }

  private async commitPositions(positions: readonly PartitionPosition[]): Promise<void> {
    try {
      await this.input?.commit(positions);
    } catch (error) {
      this.context?.count('CommitFailCount', 1);
      this.context?.logger.warn(`Offsets of a topic channel were not committed: ${messageOf(error)}`);
    }
  }

  private listener(): AssignmentListener {
    return {
      onAssigned: () => Promise.resolve([]),
      onRevoked: (partitions) => this.revoke(partitions),
      onLost: (partitions) => {
        this.dropPending(partitions);
        this.taken.forget(partitions);
        return Promise.resolve();
      },
    };
  }

  /** Waits for takes under way, so that their commits still count. */
  private async revoke(partitions: readonly TopicPartition[]): Promise<void> {
    for (const partition of partitions) this.revoking.add(keyOf(partition));
    this.dropPending(partitions);
    for (let waited = 0; waited < revokeMsMax && this.taken.openCount(partitions) > 0; waited += revokeCheckMs) {
      if (this.context === null) break;
      await this.context.clock.sleep(revokeCheckMs);
    }
    this.taken.forget(partitions);
    for (const partition of partitions) this.revoking.delete(keyOf(partition));
  }

  private dropPending(partitions: readonly TopicPartition[]): void {
    const gone = new Set(partitions.map(keyOf));
    this.pending = this.pending.filter((part) => !gone.has(keyOf(part)));
  }
}

function keyOf(partition: TopicPartition): string {
  return `${partition.partition}@${partition.topic}`;
}
