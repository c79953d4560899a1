import { FatalSinkError } from '#pipeline/errors';
import type { Sink, TopicPartition } from '#pipeline/sink';
import { partitionKey, SinkPartition } from '#pipeline/sink-partition';
import type { SinkReader } from '#pipeline/sink-reader';
import type { Clock } from '#std/clock';
import { messageOf } from '#std/errors';
import type { Logger } from '#std/log';

export interface SinkPartitionsParts {
  readonly sink: Sink;
  readonly reader: SinkReader;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called before partitions are opened: records may come again that came before. */
  readonly onOpen: () => void;
}

/** The partitions that the group gave to a task, opened in its sink and closed there. */
export class SinkPartitions {
  private readonly all = new Map<string, SinkPartition>();

  constructor(private readonly parts: SinkPartitionsParts) {}

  [Symbol.iterator](): Iterator<SinkPartition> {
    return this.all.values();
  }

  get list(): readonly SinkPartition[] {
    return [...this.all.values()];
  }

  get count(): number {
    return this.all.size;
  }

  /** Bytes of records held for the sink. */
  get bufferedBytes(): number {
    let bytes = 0;
    for (const partition of this.all.values()) bytes += partition.bufferedBytes;
    return bytes;
  }

  get heldRecords(): number {
    let records = 0;
    for (const partition of this.all.values()) records += partition.heldRecords;
    return records;
  }

  find(at: TopicPartition): SinkPartition | undefined {
    return this.all.get(partitionKey(at));
  }

  add(assigned: readonly TopicPartition[]): SinkPartition[] {
    const partitions = assigned.map((position) => new SinkPartition(position));
    for (const partition of partitions) this.all.set(partitionKey(partition), partition);
    return partitions;
  }

  /** Opens what could not be opened when it was assigned, and has it read from where the store or the first dropped record is. */
  async openWaiting(): Promise<void> {
    const waiting = this.list.filter((partition) => !partition.opened);
    if (waiting.length === 0) return;
    await this.open(waiting);
    for (const partition of waiting) {
      const offset = partition.storedOffset ?? partition.droppedFrom;
      partition.droppedFrom = null;
      if (offset !== null) this.parts.reader.seek({ ...placeOf(partition), offset });
    }
  }

  async open(partitions: readonly SinkPartition[]): Promise<void> {
    this.parts.onOpen();
    const answer = await this.parts.sink.open(partitions.map(placeOf));
    const stored = new Map(answer.map((position) => [partitionKey(position), position.offset]));
    for (const partition of partitions) {
      const offset = stored.get(partitionKey(partition)) ?? null;
      partition.opened = true;
      partition.openedAt = this.parts.clock.monotonic();
      partition.storedOffset = offset;
      // What the store has may be ahead of the group: the next commit tells the group.
      partition.putNext = offset;
      partition.flushedNext = offset;
      partition.processedNext = offset;
      partition.receivedNext = offset;
    }
  }

  /** Another owner has the partition in the store: forget it, and open it again after a pause if it is still ours. */
  async letGo(partition: SinkPartition): Promise<void> {
    partition.droppedFrom = partition.restartOffset();
    partition.drop();
    partition.opened = false;
    await this.closeInSink([placeOf(partition)]);
  }

  async close(gone: readonly TopicPartition[]): Promise<void> {
    const open = gone.filter((position) => this.find(position)?.opened === true);
    for (const position of gone) this.all.delete(partitionKey(position));
    if (open.length > 0) await this.closeInSink(open);
  }

  private async closeInSink(partitions: readonly TopicPartition[]): Promise<void> {
    try {
      await this.parts.sink.close(partitions);
    } catch (error) {
      this.parts.logger.warn(`The sink did not close partitions cleanly: ${messageOf(error)}`);
    }
  }
}

/** A topic that was made anew would have its records dropped as done; that must not pass in silence. */
export function checkStart(partition: SinkPartition, offset: number): void {
  if (partition.storedOffset !== null && offset < partition.storedOffset) {
    throw new FatalSinkError(
      `The store has ${partition.topic}-${partition.partition} up to offset ${partition.storedOffset - 1}, but the topic ` +
        `goes on at ${offset}: the topic was made anew or reset. Give the connector another name, or remove what the store ` +
        'keeps of this partition, to read it from its start',
      { isLasting: true },
    );
  }
  partition.storedOffset = null;
}

export function placeOf(partition: TopicPartition): TopicPartition {
  return { topic: partition.topic, partition: partition.partition };
}
