import { RecordQueue } from '#log/record-queue';
import { requireOptions } from '#config/options';
import type { Channel, ChannelTake, ComponentContext, ComponentRemark, ComponentType } from '#pipeline/collector';
import { ChannelError, pipelineErrors } from '#pipeline/errors';
import type { EventBatch } from '#pipeline/event-batch';
import type { Timer } from '#std/clock';
import { realDisk } from '#std/disk';
import { messageOf } from '#std/errors';
import { countOf, decodeBatch, encodeBatch } from '../batch-codec.js';
import { checkCapacities, throwClosed } from '../channel-limits.js';
import { StoredEvents, type BatchCodec } from '../stored-events.js';
import { DataDirectories } from './data-directories.js';
import { EncryptedBatchCodec } from './encrypted-batch.js';
import { checkEncryption } from './encryption-options.js';
import { fileChannelOptions, readFileChannelOptions, type FileChannelSettings } from './file-channel-options.js';
import { flumeTakeover, type FlumeTakeover } from './flume-takeover.js';
import { readKeyRing } from './key-ring.js';
import { storeOf } from './queue-store.js';

const spaceCheckMs = 1000;

const plainCodec: BatchCodec = { encode: encodeBatch, decode: decodeBatch, countOf };

/**
 * Durable events on a record queue in files: a put is one encoded batch, synced before it is answered (puts at the same time share
 * the sync); a committed take moves the queue's head. What an earlier run left is found by reading it, about a second for a GiB.
 */
export class FileChannel implements Channel {
  private running: RunningFileChannel | null = null;

  constructor(
    private readonly name: string,
    private readonly settings: FileChannelSettings,
  ) {}

  get capacity(): number {
    return this.settings.capacity;
  }

  async start(context: ComponentContext): Promise<void> {
    this.running = await RunningFileChannel.open(this.name, this.settings, context);
  }

  async stop(): Promise<void> {
    const running = this.running;
    this.running = null;
    await running?.close();
  }

  async put(batch: EventBatch): Promise<void> {
    await this.checkRunning().events.put(batch);
  }

  async take(maxEvents: number, waitMs: number, signal?: AbortSignal): Promise<ChannelTake | null> {
    return await this.checkRunning().events.take({ maxEvents, waitMs, signal });
  }

  size(): number | null {
    return this.running?.events.size ?? null;
  }

  private checkRunning(): RunningFileChannel {
    return this.running ?? throwClosed(this.name);
  }
}

/** An open file channel: its events, and what watches over its files. */
class RunningFileChannel {
  readonly events: StoredEvents;
  private spaceCheckedAt = Number.NEGATIVE_INFINITY;
  private hasSpace = true;
  private syncTimer: Timer | null = null;

  private constructor(
    private readonly name: string,
    private readonly settings: FileChannelSettings,
    private readonly context: ComponentContext,
    private readonly directories: DataDirectories,
    private readonly queue: RecordQueue,
    codec: BatchCodec,
  ) {
    this.events = new StoredEvents({
      name,
      context,
      codec,
      limits: settings,
      store: storeOf(queue),
      checkPut: () => this.refuseWithoutSpace(),
    });
  }

  static async open(
    name: string,
    settings: FileChannelSettings,
    context: ComponentContext,
  ): Promise<RunningFileChannel> {
    const ring = settings.encryption === null ? null : await readKeyRing(settings.encryption);
    const folders = settings.directories.length === 0 ? [context.stateDirectory] : settings.directories;
    const directories = await DataDirectories.open(folders, context);
    const codec = ring === null ? plainCodec : new EncryptedBatchCodec(ring);
    let queue: RecordQueue | null = null;
    try {
      const takeover = await flumeTakeover(directories.paths, ring?.keys ?? new Map(), context);
      queue = await RecordQueue.open(directories.paths, {
        disk: realDisk,
        logger: context.logger,
        segmentBytesMax: settings.segmentBytesMax,
        syncsEach: settings.syncIntervalMs === null,
        freeBytesMin: settings.freeBytesMin,
      });
      if (takeover !== null) await takeOver(takeover, queue, codec);
      const running = new RunningFileChannel(name, settings, context, directories, queue, codec);
      await running.events.recover();
      await running.checkSpace();
      running.syncLater();
      return running;
    } catch (error) {
      await queue?.close();
      await directories.release();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.syncTimer?.cancel();
    await this.events.close();
    await this.directories.release();
  }

  /** Where puts are not synced each, the files are now and then. */
  private syncLater(): void {
    const { syncIntervalMs } = this.settings;
    if (syncIntervalMs === null) return;
    this.syncTimer = this.context.clock.after(syncIntervalMs, () => {
      void this.queue.sync().catch((error: unknown) => {
        this.context.reportError(error);
        this.context.logger.error(`A file channel could not be synced: ${messageOf(error)}`);
      });
      this.syncLater();
    });
  }

  /** Looks at the disks now and then, without keeping this put waiting. */
  private refuseWithoutSpace(): void {
    const now = this.context.clock.monotonic();
    if (now - this.spaceCheckedAt >= spaceCheckMs) {
      this.spaceCheckedAt = now;
      void this.checkSpace();
    }
    if (this.hasSpace) return;
    throw new ChannelError(
      pipelineErrors.channelFull,
      `Channel ${this.name}: none of its disks has minimumRequiredSpace ${this.settings.freeBytesMin} bytes free. Make room, or lower the option.`,
    );
  }

  private async checkSpace(): Promise<void> {
    this.hasSpace = (await this.directories.freeBytes()) >= this.settings.freeBytesMin;
  }
}

async function takeOver(takeover: FlumeTakeover, queue: RecordQueue, codec: BatchCodec): Promise<void> {
  for await (const batch of takeover.batches) {
    await queue.append(codec.encode(batch, (size) => Buffer.allocUnsafeSlow(size)));
  }
  await queue.sync();
  await takeover.done();
}

function checkFileChannel(options: Readonly<Record<string, string>>): ComponentRemark[] {
  const values = requireOptions('file channel', fileChannelOptions, options);
  const remarks = [...checkCapacities(values), ...checkEncryption(values)];
  if (!values.fsyncPerTransaction) {
    remarks.push({
      severity: 'warning',
      option: 'fsyncPerTransaction',
      message: `fsyncPerTransaction=false: what was put in the last ${values.fsyncInterval} s may be lost in a power cut (not when the process dies).`,
    });
  }
  return remarks;
}

export const fileChannel: ComponentType<Channel> = {
  name: 'file',
  classNames: ['org.apache.flume.channel.file.FileChannel'],
  doc: 'Holds events in files. What it has committed survives a kill and a power cut.',
  options: fileChannelOptions,
  check: checkFileChannel,
  create: ({ name, options }) => new FileChannel(name, readFileChannelOptions(`channel ${name}`, options)),
};
