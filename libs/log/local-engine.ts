import { join } from 'node:path';
import { parseOptions, type OptionValues } from '#config/options';
import type { Clock, Timer } from '#std/clock';
import type { Disk } from '#std/disk';
import { messageOf } from '#std/errors';
import type { Logger } from '#std/log';
import type { Random } from '#std/random';
import { AppendTicket } from './append-ticket.js';
import { Checkpoints, type KeptPartition } from './checkpoints.js';
import { engineOptions } from './engine-options.js';
import type {
  AdvanceStart,
  AdvanceStartResult,
  AppendEntry,
  AppendOptions,
  AppendResult,
  EngineGroups,
  EngineHealth,
  EngineTopics,
  FetchOptions,
  FetchResult,
  FetchSlice,
  LogEngine,
  OffsetAnswer,
  OffsetQuery,
  PartitionDescription,
  Topic,
  TopicCatalog,
} from './engine.js';
import { Fetcher } from './fetcher.js';
import { FilePool } from './file-pool.js';
import { Gate } from './gate.js';
import { GroupCommit } from './group-commit.js';
import { guardDisk } from './guarded-disk.js';
import { IndexCache } from './index-cache.js';
import { LocalGroups } from './local-groups.js';
import { LocalTopics } from './local-topics.js';
import { moveAway } from './partition-files.js';
import type { PartitionLog } from './partition-log.js';
import type { PartitionPorts } from './partition-ports.js';
import { Partitions } from './partitions.js';
import { ProducerIds } from './producer-ids.js';
import { hasRemovable, removeBelowStart, retentionStart } from './retention.js';
import { StorageFault } from './storage-fault.js';
import { TailCache } from './tail-cache.js';
import { findByTimestamp, findMaxTimestamp } from './timestamp-search.js';
import { Turns } from './turns.js';

export interface LocalEngineOptions {
  /** Absolute; made where it is missing. Used by one engine at a time. */
  readonly directory: string;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly catalog: TopicCatalog;
  /** Called once when the directory takes no further write; the process should end. */
  readonly onFatal: (reason: string) => void;
  /** Values of `engineOptions`; defaults for what is left out. */
  readonly config?: Readonly<Record<string, string>>;
}

const cleanStopName = 'clean-stop';
const deletedName = 'deleted';
/** Partitions looked at in one step of `maintain`. */
const partitionsPerStep = 64;
const opensInFlightMax = 16;
/** Health is red while a commit takes longer. */
const commitMsMax = 5000;

/**
 * The log in segment files of one directory, written by one process: `<topic>-<partition>/` with Kafka's file names, two
 * checkpoint files, `groups.journal`, `producer-ids`, and `deleted/` for what is still to be removed.
 */
export class LocalEngine implements LogEngine {
  readonly topics: EngineTopics;
  readonly groups: EngineGroups;
  private readonly localTopics: LocalTopics;
  private readonly localGroups: LocalGroups;
  private readonly producerIds: ProducerIds;
  private readonly checkpoints: Checkpoints;
  private readonly config: OptionValues<typeof engineOptions>;
  private readonly fault: StorageFault;
  private readonly files: FilePool;
  private readonly ports: PartitionPorts;
  private readonly partitions: Partitions;
  private readonly fetcher: Fetcher;
  private readonly marksCommit = new GroupCommit<null>(() => this.writeMarks());
  private readonly startsCommit = new GroupCommit<null>(() => this.writeStarts());
  private readonly unflushed = new Set<PartitionLog>();
  private flushTimer: Timer | null = null;
  private kept = new Map<string, KeptPartition>();
  private state: 'new' | 'open' | 'closed' = 'new';
  private unmarkedBytes = 0;
  private markedAtMs = 0;
  private checkpointsWaiting = 0;
  private readonly checkpointTurns = new Turns();
  private maintainAt = 0;

  constructor(private readonly options: LocalEngineOptions) {
    const { clock, logger, random, catalog, directory } = options;
    this.config = parseOptions(engineOptions, options.config ?? {}).values;
    this.fault = new StorageFault(logger, options.onFatal);
    const disk = guardDisk(options.disk, this.fault);
    this.files = new FilePool(disk, this.config['log.open.files']);
    this.checkpoints = new Checkpoints(disk, directory, logger);
    this.ports = {
      root: directory,
      disk,
      clock,
      logger,
      files: this.files,
      cache: new TailCache(this.config['log.cache.bytes']),
      indexes: new IndexCache(disk, this.files, this.config['log.index.cache.bytes']),
      gate: new Gate(this.config['log.commits.in.flight']),
      commitStarts: new Map(),
      openGate: new Gate(opensInFlightMax),
      fault: this.fault,
      flushSoon: (partition) => this.flushSoon(partition),
      grew: (bytes) => this.grew(bytes),
    };
    this.partitions = new Partitions(this.ports);
    this.fetcher = new Fetcher(clock, this.partitions);
    this.producerIds = new ProducerIds(disk, join(directory, 'producer-ids'));
    this.localGroups = new LocalGroups(clock, { disk, logger, path: join(directory, 'groups.journal') });
    this.localTopics = new LocalTopics(catalog, random, {
      added: (topic) => this.partitions.set(topic, this.kept),
      changed: (topic) => this.partitions.set(topic, this.kept),
      removed: (topic) => this.removeTopic(topic),
    });
    this.topics = this.localTopics;
    this.groups = this.localGroups;
  }

  async open(): Promise<void> {
    const { directory, logger, clock } = this.options;
    const { disk } = this.ports;
    await disk.makeDirectory(directory);
    await disk.makeDirectory(join(directory, deletedName));
    this.kept = await this.checkpoints.read();
    const names = await disk.list(directory);
    await this.producerIds.open();
    await this.localGroups.open();
    await this.localTopics.open();
    this.kept.clear();
    if (names.includes(cleanStopName)) {
      await disk.remove(join(directory, cleanStopName));
      await disk.syncDirectory(directory);
    } else if (names.length > 1) {
      logger.warn('The log was not stopped cleanly; the end of each partition is checked when it is first used.');
    }
    this.reportStrays(names);
    this.markedAtMs = clock.monotonic();
    this.state = 'open';
  }

  async close(): Promise<void> {
    if (this.state !== 'open') return;
    this.state = 'closed';
    this.flushTimer?.cancel();
    await this.localTopics.idle();
    const partitions = this.partitions.all();
    await Promise.all(partitions.map((partition) => partition.drain()));
    await this.localGroups.close();
    await this.startsCommit.idle();
    if (this.fault.reason === null) await this.markCleanStop();
    await this.files.closeAll();
  }

  health(): EngineHealth {
    if (this.state !== 'open') return { ok: false, reason: 'The log is not open.' };
    if (this.fault.reason !== null) return { ok: false, reason: this.fault.reason };
    const nowMs = this.options.clock.monotonic();
    for (const [partition, startedMs] of this.ports.commitStarts) {
      if (nowMs - startedMs < commitMsMax) continue;
      return { ok: false, reason: `Writing ${nameOf(partition)} takes ${Math.round(nowMs - startedMs)} ms so far.` };
    }
    return { ok: true, reason: null };
  }

  append(entries: readonly AppendEntry[], options: AppendOptions): Promise<AppendResult[]> {
    const ticket = new AppendTicket(entries.length, options.acks);
    for (let index = 0; index < entries.length; index += 1) {
      const entry = entries[index];
      if (entry === undefined) continue;
      const partition = this.partitions.find(entry.topicId, entry.partition);
      if (this.state !== 'open') ticket.refuse(index, 'storage_error', 'The log is not open.');
      else if (partition === null) ticket.refuse(index, 'unknown_partition', 'No such topic or partition.');
      else partition.submit(ticket, index, entry.batch);
    }
    return ticket.done;
  }

  fetch(slices: readonly FetchSlice[], options: FetchOptions): Promise<FetchResult[]> {
    return this.fetcher.fetch(slices, options);
  }

  async listOffsets(queries: readonly OffsetQuery[]): Promise<OffsetAnswer[]> {
    const answers: OffsetAnswer[] = [];
    for (const query of queries) answers.push(await this.listOffset(query));
    return answers;
  }

  async advanceStart(requests: readonly AdvanceStart[]): Promise<AdvanceStartResult[]> {
    const moved: PartitionLog[] = [];
    const results: AdvanceStartResult[] = [];
    for (const request of requests) {
      const { partition, error } = await this.partitions.loaded(request.topicId, request.partition);
      if (partition === null) {
        results.push({ error, logStartOffset: -1 });
        continue;
      }
      const offset = request.offset === -1 ? partition.highWatermark : request.offset;
      const isInside = offset >= 0 && offset <= partition.highWatermark;
      if (isInside && offset > partition.logStartOffset) {
        partition.logStartOffset = offset;
        moved.push(partition);
      }
      results.push({ error: isInside ? 'none' : 'offset_out_of_range', logStartOffset: partition.logStartOffset });
    }
    if (moved.length === 0) return results;
    try {
      await this.startsCommit.submit(null);
      await this.removeSegments(moved);
    } catch (error) {
      this.options.logger.error('Log starts cannot be moved.', { error: messageOf(error) });
      return results.map((result) => ({ ...result, error: result.error === 'none' ? 'storage_error' : result.error }));
    }
    return results;
  }

  async allocateProducer(): Promise<{ producerId: number; producerEpoch: number }> {
    return { producerId: await this.producerIds.allocate(), producerEpoch: 0 };
  }

  describePartitions(topicId?: string): PartitionDescription[] {
    return this.partitions.all(topicId).map((partition) => ({
      topicId: partition.identity.topicId,
      partition: partition.identity.partition,
      logStartOffset: partition.logStartOffset,
      highWatermark: partition.highWatermark,
      sizeBytes: partition.sizeBytes,
      segments: partition.segments.length,
    }));
  }

  async maintain(): Promise<boolean> {
    if (this.state !== 'open' || this.fault.reason !== null) return false;
    const { logger } = this.options;
    const all = this.partitions.all();
    const step = all.slice(this.maintainAt, this.maintainAt + partitionsPerStep);
    this.maintainAt += partitionsPerStep;
    try {
      await this.applyRetention(step);
      const hasDeleted = await this.removeOneDeleted();
      if (this.isCheckpointDue()) await this.checkpoint();
      if (this.maintainAt < all.length || hasDeleted) return true;
    } catch (error) {
      logger.error('A step of maintenance failed; it is tried again.', { error: messageOf(error) });
    }
    this.maintainAt = 0;
    return false;
  }

  private async listOffset(query: OffsetQuery): Promise<OffsetAnswer> {
    const { partition, error } = await this.partitions.loaded(query.topicId, query.partition);
    if (partition === null) return { error, offset: -1, timestamp: -1 };
    if (query.timestamp === -1) return { error: 'none', offset: partition.highWatermark, timestamp: -1 };
    if (query.timestamp === -2) return { error: 'none', offset: partition.logStartOffset, timestamp: -1 };
    try {
      const found =
        query.timestamp === -3 ? await findMaxTimestamp(partition) : await findByTimestamp(partition, query.timestamp);
      return { error: 'none', offset: found?.offset ?? -1, timestamp: found?.timestamp ?? -1 };
    } catch (cause) {
      this.options.logger.error('An offset cannot be looked up by timestamp.', {
        topicPartition: partition.identity.directory,
        error: messageOf(cause),
      });
      return { error: 'storage_error', offset: -1, timestamp: -1 };
    }
  }

  private async markCleanStop(): Promise<void> {
    const { disk, root, logger } = this.ports;
    try {
      await this.checkpoint();
      const file = await disk.open(join(root, cleanStopName), 'append');
      await file.close();
      await disk.syncDirectory(root);
    } catch (error) {
      // All data are durable already: the next start only has more to check.
      logger.error('The clean stop could not be marked.', { error: messageOf(error) });
    }
  }

  private async removeTopic(topic: Topic): Promise<void> {
    const { disk, root: directory } = this.ports;
    const partitions = this.partitions.all(topic.id);
    this.partitions.delete(topic.id);
    for (const partition of partitions) {
      await partition.retire();
      const name = nameOf(partition);
      if ((await disk.list(partition.identity.directory)).length === 0) continue;
      const away = join(directory, deletedName, `${name}.${topic.id}`);
      await moveAway(disk, directory, partition.identity.directory, away);
    }
    await this.localGroups.forgetTopic(topic.name);
  }

  private async applyRetention(partitions: readonly PartitionLog[]): Promise<void> {
    const { clock } = this.options;
    const nowMs = clock.now();
    const moved: PartitionLog[] = [];
    await Promise.all(partitions.map((partition) => partition.load()));
    for (const partition of partitions) {
      partition.producers.expire(nowMs - this.config['producer.id.expiration.ms']);
      const start = await retentionStart(partition, nowMs);
      if (start > partition.logStartOffset) {
        partition.logStartOffset = start;
        moved.push(partition);
      } else if (hasRemovable(partition)) {
        moved.push(partition);
      }
    }
    if (moved.length === 0) return;
    await this.startsCommit.submit(null);
    await this.removeSegments(moved);
  }

  /** The log starts are durable. Producers are saved first, because their batches may be in what is removed. */
  private async removeSegments(partitions: readonly PartitionLog[]): Promise<void> {
    for (const partition of partitions) await partition.saveMark();
    await this.marksCommit.submit(null);
    for (const partition of partitions) await removeBelowStart(partition);
  }

  private async removeOneDeleted(): Promise<boolean> {
    const { disk, root: directory } = this.ports;
    const [first, ...rest] = await disk.list(join(directory, deletedName));
    if (first !== undefined) await disk.removeTree(join(directory, deletedName, first));
    return rest.length > 0;
  }

  private flushSoon(partition: PartitionLog): void {
    this.unflushed.add(partition);
    this.flushTimer ??= this.options.clock.after(this.config['flush.ms'], () => {
      this.flushTimer = null;
      const partitions = [...this.unflushed];
      this.unflushed.clear();
      for (const waiting of partitions) waiting.flush();
    });
  }

  private grew(bytes: number): void {
    this.unmarkedBytes += bytes;
    if (this.checkpointsWaiting > 0 || this.state !== 'open' || !this.isCheckpointDue()) return;
    this.checkpoint().catch((error: unknown) => {
      this.options.logger.error('Marks cannot be saved; a start after a crash reads more.', {
        error: messageOf(error),
      });
    });
  }

  private isCheckpointDue(): boolean {
    if (this.unmarkedBytes >= this.config['log.checkpoint.bytes']) return true;
    const elapsedMs = this.options.clock.monotonic() - this.markedAtMs;
    return this.unmarkedBytes > 0 && elapsedMs >= this.config['log.checkpoint.ms'];
  }

  /** Moves the marks of all partitions up to what is durable, and makes the table of them durable. */
  private checkpoint(): Promise<void> {
    this.checkpointsWaiting += 1;
    this.unmarkedBytes = 0;
    this.markedAtMs = this.options.clock.monotonic();
    return this.checkpointTurns
      .run(async () => {
        const moved: PartitionLog[] = [];
        for (const partition of this.partitions.all()) if (await partition.saveMark()) moved.push(partition);
        if (moved.length === 0) return;
        await this.marksCommit.submit(null);
        for (const partition of moved) await partition.markSaved();
      })
      .finally(() => {
        this.checkpointsWaiting -= 1;
      });
  }

  private writeMarks(): Promise<void> {
    return this.checkpoints.writeMarks(this.lines());
  }

  private writeStarts(): Promise<void> {
    return this.checkpoints.writeStarts(this.lines());
  }

  private lines(): { name: string; topicId: string; mark: PartitionLog['mark']; logStartOffset: number }[] {
    return this.partitions.all().map((partition) => ({
      name: nameOf(partition),
      topicId: partition.identity.topicId,
      mark: partition.mark,
      logStartOffset: partition.logStartOffset,
    }));
  }

  private reportStrays(names: readonly string[]): void {
    const known = new Set(this.partitions.all().map(nameOf));
    const strays = names.filter((name) => /-\d+$/.test(name) && !known.has(name));
    if (strays.length === 0) return;
    this.options.logger.warn('Directories of topics that the catalog does not have are left as they are.', {
      count: strays.length,
      first: strays[0],
    });
  }
}

function nameOf(partition: PartitionLog): string {
  const { directory } = partition.identity;
  return directory.slice(directory.lastIndexOf('/') + 1);
}
