/**
 * A sink of rolling files over any file store: the life of `PartitionWriter`s by the contract of sinks. `put` only ever touches the
 * spool; the store is met in `open` and `flush`.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { RetriableSinkError } from '#pipeline/errors';
import type { Sink, SinkContext, StoredOffset, TopicPartition } from '#pipeline/sink';
import type { SinkBatch } from '#pipeline/sink-batch';
import { assert } from '#std/assert';
import type { Disk } from '#std/disk';
import { realDisk } from '#std/disk';
import { boundedEach } from './bounded-each.js';
import type { RollLimits } from './file-group.js';
import type { FileStore } from './file-store.js';
import { checkLayout } from './layout-check.js';
import { PartitionWriter, type RollingContext, type RollingLayout } from './partition-writer.js';
import { Spool, type SpoolLimits } from './spool.js';
import { Turns } from './turns.js';

export interface RollingSinkOptions {
  /** Makes the store at start. */
  readonly connect: (context: SinkContext) => FileStore;
  readonly layout: RollingLayout;
  readonly limits: RollLimits;
  readonly spool: SpoolLimits;
  /** Default: the real one. */
  readonly disk?: Disk;
  readonly newId?: () => string;
}

const partitionsAtOnce = 4;
const finishedAtOnce = 2;

export class RollingSink implements Sink {
  private rolling: RollingContext | null = null;
  private readonly writers = new Map<string, PartitionWriter>();

  constructor(private readonly options: RollingSinkOptions) {}

  async start(context: SinkContext): Promise<void> {
    const { options } = this;
    const directory = join(context.stateDirectory, 'spool');
    const spool = new Spool(options.disk ?? realDisk, context.logger, directory, options.spool);
    await spool.start();
    this.rolling = {
      store: options.connect(context),
      spool,
      clock: context.clock,
      owner: { connector: context.name, task: context.task, ownerEpoch: context.ownerEpoch },
      newId: options.newId ?? randomUUID,
      layout: options.layout,
      limits: options.limits,
      finishing: new Turns(finishedAtOnce),
    };
  }

  async open(partitions: readonly TopicPartition[]): Promise<readonly StoredOffset[]> {
    const rolling = this.started();
    const opened = partitions.map((at) => new PartitionWriter(at, rolling));
    await boundedEach(opened, partitionsAtOnce, (writer) => writer.open());
    for (const writer of opened) {
      await this.writers.get(keyOf(writer.at))?.close();
      this.writers.set(keyOf(writer.at), writer);
    }
    return storedOffsets(opened);
  }

  async put(batch: SinkBatch): Promise<void> {
    const { layout, spool } = this.started();
    const writer = this.writers.get(keyOf(batch));
    assert(writer !== undefined, `${keyOf(batch)} is open`);
    if (spool.full) {
      throw new RetriableSinkError(
        `The spool holds ${spool.bytes} bytes of at most ${spool.limits.bytesMax} that are not in the store yet; ` +
          'waiting for the store.',
      );
    }
    layout.format.check(batch);
    checkLayout(layout, batch);
    await writer.put(batch);
  }

  async flush(all: boolean): Promise<readonly StoredOffset[]> {
    const writers = [...this.writers.values()];
    const pressed = all ? new Set(writers) : this.pressed(writers);
    await boundedEach(writers, partitionsAtOnce, (writer) => writer.flush(pressed.has(writer)));
    return storedOffsets(writers);
  }

  async skip(next: StoredOffset): Promise<void> {
    this.writers.get(keyOf(next))?.skip(next.offset);
  }

  async close(partitions: readonly TopicPartition[]): Promise<void> {
    for (const at of partitions) {
      await this.writers.get(keyOf(at))?.close();
      this.writers.delete(keyOf(at));
    }
  }

  async stop(): Promise<void> {
    await this.close([...this.writers.values()].map((writer) => writer.at));
    const rolling = this.rolling;
    this.rolling = null;
    if (rolling === null) return;
    await rolling.store.close();
    await rolling.spool.stop();
  }

  /**
   * Long before the spool is full its largest partitions are committed early, so that a store that keeps up is never waited for, however
   * large files were meant to become.
   */
  private pressed(writers: readonly PartitionWriter[]): ReadonlySet<PartitionWriter> {
    const { spool } = this.started();
    const pressed = new Set<PartitionWriter>();
    let rest = spool.bytes;
    if (rest < spool.limits.bytesMax * pressureShare) return pressed;
    for (const writer of writers.toSorted((left, right) => right.bytes - left.bytes)) {
      if (rest <= spool.limits.bytesMax / 2) break;
      pressed.add(writer);
      rest -= writer.bytes;
    }
    return pressed;
  }

  private started(): RollingContext {
    assert(this.rolling !== null, 'the sink was started');
    return this.rolling;
  }
}

const pressureShare = 0.75;

function keyOf(at: TopicPartition): string {
  return `${at.topic}-${at.partition}`;
}

function storedOffsets(writers: readonly PartitionWriter[]): StoredOffset[] {
  return writers.flatMap(({ at, durable }) =>
    durable === null ? [] : [{ topic: at.topic, partition: at.partition, offset: durable }],
  );
}
