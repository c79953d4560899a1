import { mkdir, readdir, statfs } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { requireOptions } from '#config/options';
import { RecordQueue } from '#log/record-queue';
import type { Channel, ChannelTake, ComponentContext, ComponentRemark, ComponentType } from '#pipeline/collector';
import { ChannelError, pipelineErrors } from '#pipeline/errors';
import { EventBatch } from '#pipeline/event-batch';
import { assert } from '#std/assert';
import { realDisk } from '#std/disk';
import { messageOf } from '#std/errors';
import { CapacityGate } from '../capacity-gate.js';
import { EventQueue } from '../event-queue.js';
import { checkCapacities } from '../memory/memory-channel.js';
import { countOf, decodeBatch, encodeBatch } from './batch-codec.js';
import { BufferPool } from './buffer-pool.js';
import { DirectoryLock } from './directory-lock.js';
import {
  dataDirectories,
  fileChannelOptions,
  readFileChannelOptions,
  type FileChannelSettings,
} from './file-channel-options.js';

/** Events kept in memory between put and take, bytes of bodies; what is beyond is read from the files again. */
const memoryBytesMax = 16 * 1024 * 1024;
/** Memory kept for encoding, bytes. */
const poolBytesMax = 8 * 1024 * 1024;
const readBytes = 1024 * 1024;
const scanBytes = 4 * 1024 * 1024;
const spaceCheckMs = 1000;
/** What the queue writes before each of its records: the next position after a record is this plus its length further. */
const frameBytes = 8;

/**
 * Durable events on a record queue: a put is one encoded batch, synced before it is answered (puts at the same time share the
 * sync); a committed take moves the queue's head. A batch that was just put stays in memory and is taken from there, so a channel
 * whose sinks keep up never reads its files.
 *
 * The head moves over whole puts only: where a sink took half of one and the process dies, that put comes again.
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
    const folder = expandHome(this.settings.directory ?? context.stateDirectory);
    const directory = join(folder, 'queue');
    await mkdir(directory, { recursive: true });
    await warnOfFlumeLogs(folder, context);
    const lock = await DirectoryLock.acquire(directory);
    let queue: RecordQueue | null = null;
    try {
      queue = await RecordQueue.open(directory, {
        disk: realDisk,
        logger: context.logger,
        segmentBytesMax: this.settings.segmentBytesMax,
      });
      const running = new RunningFileChannel({
        name: this.name,
        settings: this.settings,
        context,
        directory,
        queue,
        lock,
      });
      await running.recover();
      this.running = running;
    } catch (error) {
      await queue?.close();
      await lock.release();
      throw error;
    }
  }

  async stop(): Promise<void> {
    const running = this.running;
    this.running = null;
    await running?.close();
  }

  async put(batch: EventBatch): Promise<void> {
    await this.checkRunning().put(batch);
  }

  async take(maxEvents: number, waitMs: number, signal?: AbortSignal): Promise<ChannelTake | null> {
    return await this.checkRunning().take({ maxEvents, waitMs, signal });
  }

  size(): number | null {
    return this.running?.size ?? null;
  }

  private checkRunning(): RunningFileChannel {
    if (this.running !== null) return this.running;
    throw new ChannelError(pipelineErrors.channelClosed, `Channel ${this.name} is closed.`);
  }
}

interface RunningParts {
  readonly name: string;
  readonly settings: FileChannelSettings;
  readonly context: ComponentContext;
  readonly directory: string;
  readonly queue: RecordQueue;
  readonly lock: DirectoryLock;
}

/** An open file channel. `loaded` are the events in memory; the queue's records from `loadedTo` on lie on disk only. */
class RunningFileChannel {
  private readonly loaded: EventQueue;
  private readonly gate: CapacityGate;
  private readonly pool = new BufferPool(poolBytesMax);
  private loadedTo = 0;
  /** End of the last put that was answered. Later ones may be durable already: their events are not to be trimmed. */
  private knownEnd = 0;
  /** Position of the last durable put that is on disk only; null while everything is in memory. */
  private behind: number | null = null;
  private loading: Promise<void> | null = null;
  /** First positions of takes that are neither committed nor rolled back. */
  private readonly openTakes = new Set<{ readonly position: number }>();
  private spaceCheckedAt = Number.NEGATIVE_INFINITY;
  private hasSpace = true;

  constructor(private readonly parts: RunningParts) {
    const { context, settings } = parts;
    this.loaded = new EventQueue(context.clock);
    this.gate = new CapacityGate(context.clock, { events: settings.capacity, bytes: Number.MAX_SAFE_INTEGER });
  }

  get size(): number {
    return this.gate.events;
  }

  /** Counts what an earlier run left; it is read when it is taken. */
  async recover(): Promise<void> {
    const { queue } = this.parts;
    let at = queue.head;
    this.loadedTo = at;
    this.knownEnd = at;
    while (at < queue.end) {
      const read = await queue.read(at, scanBytes);
      for (const record of read.records) {
        this.gate.occupy(countOf(record.bytes), 0);
        this.behind = record.position;
      }
      at = read.next;
    }
    await this.checkSpace();
  }

  async put(batch: EventBatch): Promise<void> {
    const { name, settings } = this.parts;
    if (batch.count > settings.transactionCapacity) {
      throw new ChannelError(
        pipelineErrors.channelFull,
        `Channel ${name}: a batch of ${batch.count} events is more than its transactionCapacity ${settings.transactionCapacity}.`,
      );
    }
    this.refuseWithoutSpace();
    const room = { events: batch.count, bytes: 0, waitMs: settings.keepAliveMs };
    const isIn = await this.gate.enter(room, () => this.append(batch));
    if (isIn !== null) return;
    throw new ChannelError(
      pipelineErrors.channelFull,
      `Channel ${name} is full: ${this.gate.events} of ${settings.capacity} events, and no room for ${batch.count} more in ${settings.keepAliveMs} ms. Its sinks are slower than its sources, or the capacity is too small.`,
    );
  }

  async take(wanted: { maxEvents: number; waitMs: number; signal?: AbortSignal }): Promise<ChannelTake | null> {
    if (this.loaded.isEmpty) await this.load();
    if (this.loaded.isEmpty) {
      await this.loaded.wait(wanted.waitMs, wanted.signal);
      if (this.loaded.isEmpty) await this.load();
    }
    const parts = this.loaded.take(Math.min(wanted.maxEvents, this.parts.settings.transactionCapacity));
    const [first] = parts;
    if (first === undefined) return null;
    const open = { position: first.position };
    this.openTakes.add(open);
    const batch = EventBatch.join(parts.map((part) => part.batch));
    const end = (): void => {
      const wasOpen = this.openTakes.delete(open);
      assert(wasOpen, 'a take ends once');
    };
    return {
      batch,
      commit: async () => {
        end();
        try {
          await this.moveHead();
        } catch (error) {
          this.openTakes.add(open);
          throw error;
        }
        this.gate.leave(batch.count, 0);
      },
      rollback: () => {
        end();
        this.loaded.giveBack(parts);
        return Promise.resolve();
      },
    };
  }

  async close(): Promise<void> {
    this.loaded.wake();
    await this.loading;
    await this.parts.queue.close();
    await this.parts.lock.release();
  }

  private async append(batch: EventBatch): Promise<true> {
    const { name, queue } = this.parts;
    let memory: Buffer | null = null;
    try {
      const encoded = encodeBatch(batch, (size) => (memory = this.pool.take(size)));
      const position = await queue.append(encoded);
      this.knownEnd = Math.max(this.knownEnd, position + frameBytes + encoded.length);
      this.remember(position, batch);
      return true;
    } catch (error) {
      this.gate.leave(batch.count, 0);
      throw new ChannelError(pipelineErrors.channelFailed, `Channel ${name}: ${messageOf(error)}`, { cause: error });
    } finally {
      if (memory !== null) this.pool.giveBack(memory);
    }
  }

  /** A put that is durable now: into memory where that is up to date and has room, else it is left on disk. */
  private remember(position: number, batch: EventBatch): void {
    // A take may have read it from disk between its sync and now.
    if (position < this.loadedTo) return;
    if (this.behind !== null) {
      this.behind = position;
      this.loaded.wake();
    } else if (this.loaded.bytes > memoryBytesMax) {
      this.behind = position;
      this.loadedTo = position;
    } else {
      this.loaded.push({ position, from: 0, batch });
    }
  }

  /** Reads the next records from disk where there are some; takes that ask at the same time share the read. */
  private async load(): Promise<void> {
    if (this.behind === null) return;
    this.loading ??= this.loadNext().finally(() => {
      this.loading = null;
    });
    await this.loading;
  }

  private async loadNext(): Promise<void> {
    const read = await this.parts.queue.read(this.loadedTo, readBytes);
    this.loadedTo = read.next;
    if (this.behind !== null && this.behind < read.next) this.behind = null;
    for (const { position, bytes } of read.records) this.loaded.push({ position, from: 0, batch: decodeBatch(bytes) });
  }

  /** Moves the durable head to the first event that is still held by the channel or by an open take. */
  private async moveHead(): Promise<void> {
    const everythingTaken = Math.max(this.knownEnd, this.loadedTo);
    let head = this.loaded.head ?? (this.behind === null ? everythingTaken : this.loadedTo);
    for (const take of this.openTakes) head = Math.min(head, take.position);
    await this.parts.queue.trim(head);
  }

  /** Looks at the disk now and then, without keeping this put waiting. */
  private refuseWithoutSpace(): void {
    const now = this.parts.context.clock.monotonic();
    if (now - this.spaceCheckedAt >= spaceCheckMs) {
      this.spaceCheckedAt = now;
      void this.checkSpace();
    }
    if (this.hasSpace) return;
    const { name, settings } = this.parts;
    throw new ChannelError(
      pipelineErrors.channelFull,
      `Channel ${name}: its disk has less than minimumRequiredSpace ${settings.freeBytesMin} bytes free. Make room, or lower the option.`,
    );
  }

  /** Never rejects: a disk that does not tell its free space is taken to have some. */
  private async checkSpace(): Promise<void> {
    const { directory, settings, context } = this.parts;
    try {
      const { bavail, bsize } = await statfs(directory);
      this.hasSpace = bavail * bsize >= settings.freeBytesMin;
    } catch (error) {
      context.logger.warn(`The free space of a file channel's disk is not known: ${messageOf(error)}`);
      this.hasSpace = true;
    }
  }
}

function expandHome(directory: string): string {
  return resolve(directory.startsWith('~/') ? join(homedir(), directory.slice(2)) : directory);
}

/** Events that Flume left in the same folder are not ours to read. */
async function warnOfFlumeLogs(folder: string, context: ComponentContext): Promise<void> {
  const names = await readdir(folder);
  if (!names.some((name) => /^log-\d+$/.test(name))) return;
  context.logger.warn(
    "The folder has logs of Flume's file channel, which are not read: let Flume drain its channel first.",
    {
      folder,
    },
  );
}

function checkFileChannel(options: Readonly<Record<string, string>>): ComponentRemark[] {
  const values = requireOptions('file channel', fileChannelOptions, options);
  const remarks = checkCapacities(values);
  const directories = dataDirectories(values.dataDirs);
  if (directories.length > 1) {
    remarks.push({
      severity: 'warning',
      option: 'dataDirs',
      message: `only the first of the ${directories.length} dataDirs is used, ${directories[0] ?? ''}.`,
    });
  }
  if (!values.fsyncPerTransaction) {
    remarks.push({
      severity: 'warning',
      option: 'fsyncPerTransaction',
      message: 'fsyncPerTransaction=false is not followed: every put is synced, several in one go.',
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
