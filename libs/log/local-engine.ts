import { join } from 'node:path';
import { parseOptions, type OptionValues } from '#config/options';
import { assert } from '#std/assert';
import type { Clock, Timer } from '#std/clock';
import type { Disk } from '#std/disk';
import { messageOf } from '#std/errors';
import type { Logger } from '#std/log';
import type { Random } from '#std/random';
import { AppendTicket } from './append-ticket.js';
import type { TopicChanges } from './catalog-topics.js';
import { DiskBudget } from './disk-budget.js';
import { engineOptions } from './engine-options.js';
import type {
  ActiveProducer,
  AdvanceStart,
  AdvanceStartResult,
  AppendEntry,
  AppendOptions,
  AppendResult,
  DirectoryDescription,
  DurableTable,
  EngineGroups,
  EngineHealth,
  EngineShare,
  EngineTopics,
  FetchOptions,
  FetchResult,
  FetchSlice,
  LogEngine,
  LogErrorCode,
  OffsetAnswer,
  OffsetQuery,
  PartitionDescription,
  PartitionWatcher,
  Topic,
  TopicCatalog,
  TopicChange,
  TransactionMarker,
} from './engine.js';
import { Fetcher } from './fetcher.js';
import { FilePool } from './file-pool.js';
import { FollowedTopics } from './followed-topics.js';
import { Gate } from './gate.js';
import { IndexCache } from './index-cache.js';
import { LocalGroups } from './local-groups.js';
import { LocalTables } from './local-tables.js';
import { LocalTopics } from './local-topics.js';
import { LogDirectories } from './log-directories.js';
import type { LogDirectory } from './log-directory.js';
import { Maintenance } from './maintenance.js';
import { deletedName, moveAway } from './partition-files.js';
import type { PartitionLog } from './partition-log.js';
import type { PartitionPorts } from './partition-ports.js';
import { Partitions } from './partitions.js';
import { ProducerIds } from './producer-ids.js';
import { TailCache } from './tail-cache.js';
import { findByTimestamp, findMaxTimestamp } from './timestamp-search.js';

export interface LocalEngineOptions {
  /** The main data directory, absolute; made where it is missing. One engine at a time has it. */
  readonly directory: string;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly catalog: TopicCatalog;
  /** Called once when no data directory takes a further write; the process should end. */
  readonly onFatal: (reason: string) => void;
  /** Values of `engineOptions`; defaults for what is left out. */
  readonly config?: Readonly<Record<string, string>>;
  /** Where it is one of several on this machine; null or missing: it is the only one. */
  readonly share?: EngineShare | null;
}

const cleanStopName = 'clean-stop';
const opensInFlightMax = 16;
/** Health is red while a commit takes longer. */
const commitMsMax = 5000;

/**
 * The log in segment files of one or several data directories, written by one process: `<topic>-<partition>/` with Kafka's file
 * names, two checkpoint files, and `deleted/` for what is still to be removed; in the main one `groups.journal` and `producer-ids` too.
 */
export class LocalEngine implements LogEngine {
  readonly topics: EngineTopics;
  readonly groups: EngineGroups;
  private readonly localTopics: LocalTopics | FollowedTopics;
  private readonly localGroups: LocalGroups;
  private readonly tables: LocalTables;
  private readonly producerIds: ProducerIds;
  private readonly config: OptionValues<typeof engineOptions>;
  private readonly directories: LogDirectories;
  private readonly budget: DiskBudget;
  private readonly maintenance: Maintenance;
  private readonly disk: Disk;
  private readonly files: FilePool;
  private readonly commitStarts = new Map<PartitionLog, number>();
  private readonly partitions: Partitions;
  private readonly fetcher: Fetcher;
  private readonly unflushed = new Set<PartitionLog>();
  private flushTimer: Timer | null = null;
  private state: 'new' | 'open' | 'closed' = 'new';

  constructor(private readonly options: LocalEngineOptions) {
    const { clock, logger, random, catalog, directory, onFatal, share = null } = options;
    const nodeIndex = share?.nodeIndex ?? 0;
    this.config = parseOptions(engineOptions, options.config ?? {}).values;
    this.directories = new LogDirectories({
      disk: options.disk,
      logger,
      random,
      paths: [directory, ...this.config['log.dirs']],
      minFreeBytes: this.config['log.disk.min.free.bytes'],
      reserveBytes: this.config['log.disk.reserve.bytes'],
      onFatal,
    });
    const { disk } = this.directories;
    this.disk = disk;
    this.files = new FilePool(disk, this.config['log.open.files']);
    const shared = {
      disk,
      clock,
      logger,
      files: this.files,
      cache: new TailCache(this.config['log.cache.bytes']),
      indexes: new IndexCache(disk, this.files, this.config['log.index.cache.bytes']),
      gate: new Gate(this.config['log.commits.in.flight']),
      commitStarts: this.commitStarts,
      openGate: new Gate(opensInFlightMax),
      flushSoon: (partition: PartitionLog) => this.flushSoon(partition),
    };
    const portsOf = new Map<LogDirectory, PartitionPorts>();
    for (const each of this.directories.all) {
      portsOf.set(each, {
        ...shared,
        root: each.path,
        fault: each.fault,
        refusal: () => each.fault.reason ?? each.space.fullReason ?? this.budget.fullReason,
        grew: (bytes) => this.grew(each, bytes),
      });
    }
    this.partitions = new Partitions(this.directories, portsOf, logger, nodeIndex);
    this.fetcher = new Fetcher(clock, this.partitions);
    this.producerIds = new ProducerIds(disk, join(directory, 'producer-ids'), nodeIndex);
    this.localGroups = new LocalGroups(clock, { disk, logger, path: join(directory, 'groups.journal') });
    this.tables = new LocalTables({ disk, logger, directory: join(directory, 'tables') });
    const changes: TopicChanges = {
      added: (topic) => this.partitions.set(topic),
      changed: (topic) => this.partitions.set(topic),
      removed: (topic) => this.removeTopic(topic),
    };
    this.localTopics =
      share === null ? new LocalTopics(catalog, random, changes) : new FollowedTopics(catalog, share, changes);
    this.topics = this.localTopics;
    this.groups = this.localGroups;
    this.budget = new DiskBudget({
      clock,
      logger,
      directories: this.directories.all,
      budgetBytes: this.config['log.disk.budget.bytes'],
      partitions: this.partitions,
      disk,
    });
    this.maintenance = new Maintenance({
      disk,
      clock,
      logger,
      directories: this.directories,
      partitions: this.partitions,
      groups: this.localGroups,
      offsetsElsewhere: share?.offsetsElsewhere ?? (() => null),
      checkpointMs: this.config['log.checkpoint.ms'],
      checkpointBytes: this.config['log.checkpoint.bytes'],
      producerExpirationMs: this.config['producer.id.expiration.ms'],
      cleanerBytes: this.config['log.cleaner.dedupe.buffer.size'],
      random,
    });
  }

  /** Throws `log.directory.locked` and `log.directory.missing`, and leaves nothing locked then. */
  async open(): Promise<void> {
    const names = await this.directories.open();
    try {
      await this.openRooms(names);
    } catch (error) {
      await this.localGroups.close();
      await this.tables.close();
      this.directories.close();
      throw error;
    }
    this.state = 'open';
  }

  async close(): Promise<void> {
    if (this.state !== 'open') return;
    this.state = 'closed';
    try {
      this.flushTimer?.cancel();
      await this.budget.stop();
      await this.maintenance.stop();
      await this.localTopics.idle();
      const partitions = this.partitions.all();
      await Promise.all(partitions.map((partition) => partition.drain()));
      await this.localGroups.close();
      for (const directory of this.directories.all) await directory.idle();
      await this.markCleanStop();
      await this.files.closeAll();
    } finally {
      this.directories.close();
    }
  }

  health(): EngineHealth {
    if (this.state !== 'open') return { ok: false, reason: 'The log is not open.' };
    const { fault } = this.directories;
    if (fault !== null) return { ok: false, reason: fault };
    const nowMs = this.options.clock.monotonic();
    for (const [partition, startedMs] of this.commitStarts) {
      if (nowMs - startedMs < commitMsMax) continue;
      const { name } = partition.identity;
      return { ok: false, reason: `Writing ${name} takes ${Math.round(nowMs - startedMs)} ms so far.` };
    }
    const { warning } = this.budget;
    return warning === null ? { ok: true, reason: null } : { ok: true, reason: null, warning };
  }

  /** Puts a change in force that the director of the nodes has made; only where there are several. */
  async follow(change: TopicChange): Promise<void> {
    assert(this.localTopics instanceof FollowedTopics, 'an engine that is the only one makes its changes itself');
    await this.localTopics.follow(change);
  }

  append(entries: readonly AppendEntry[], options: AppendOptions): Promise<AppendResult[]> {
    const ticket = new AppendTicket(entries.length, options.acks, options.beginsAtZero);
    for (let index = 0; index < entries.length; index += 1) {
      const entry = entries[index];
      if (entry === undefined) continue;
      const partition = this.partitions.find(entry.topicId, entry.partition);
      if (this.state !== 'open') ticket.refuse(index, 'storage_error', 'The log is not open.');
      else if (partition === null) this.refuseAbsent(ticket, index, entry);
      else this.submit(partition, ticket, index, entry.batch);
    }
    return ticket.done;
  }

  fetch(slices: readonly FetchSlice[], options: FetchOptions): Promise<FetchResult[]> {
    return this.fetcher.fetch(slices, options);
  }

  watch(topicId: string, partition: number, watcher: PartitionWatcher): boolean {
    const found = this.partitions.find(topicId, partition);
    if (found === null || found.isGone) return false;
    found.watchers.add(watcher);
    return true;
  }

  unwatch(topicId: string, partition: number, watcher: PartitionWatcher): void {
    this.partitions.find(topicId, partition)?.watchers.delete(watcher);
  }

  setTopicDefaults(configs: Readonly<Record<string, string>>): void {
    this.partitions.defaults = configs;
    for (const topic of this.topics.list()) this.partitions.set(topic);
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
      await this.maintenance.settleStarts(moved);
    } catch (error) {
      this.options.logger.error('Log starts cannot be moved.', { error: messageOf(error) });
      return results.map((result) => ({ ...result, error: result.error === 'none' ? 'storage_error' : result.error }));
    }
    return results;
  }

  async writeMarkers(markers: readonly TransactionMarker[]): Promise<LogErrorCode[]> {
    const found = await Promise.all(markers.map((marker) => this.partitions.loaded(marker.topicId, marker.partition)));
    const ticket = new AppendTicket(markers.length, -1);
    for (const [index, marker] of markers.entries()) {
      const { partition, error } = found[index] ?? { partition: null, error: 'unknown_partition' };
      if (this.state !== 'open') ticket.refuse(index, 'storage_error', 'The log is not open.');
      else if (partition === null) ticket.refuse(index, error, 'The partition is not there or cannot be opened.');
      else partition.submitMarker(ticket, index, marker);
    }
    return (await ticket.done).map((result) => result.error);
  }

  async describeProducers(topicId: string, partition: number): Promise<ActiveProducer[] | null> {
    const found = await this.partitions.loaded(topicId, partition);
    return found.partition?.producers.describe() ?? null;
  }

  table(name: string): DurableTable {
    return this.tables.of(name);
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
      directory: partition.ports.root,
      lostUnread: partition.lostUnread,
    }));
  }

  describeDirectories(): DirectoryDescription[] {
    return this.directories.all.map((directory) => directory.describe());
  }

  async maintain(): Promise<boolean> {
    return this.state === 'open' && this.maintenance.step();
  }

  private async openRooms(names: readonly string[]): Promise<void> {
    const { directory, logger } = this.options;
    await this.producerIds.open();
    await this.localGroups.open();
    await this.tables.open();
    await this.localTopics.open();
    if (names.includes(cleanStopName)) {
      await this.disk.remove(join(directory, cleanStopName));
      await this.disk.syncDirectory(directory);
    } else if (this.directories.foundNames().length > 0) {
      logger.warn('The log was not stopped cleanly; the end of each partition is checked when it is first used.');
    }
    this.reportStrays();
    this.directories.opened();
    await this.budget.start();
  }

  private refuseAbsent(ticket: AppendTicket, index: number, { topicId, partition }: AppendEntry): void {
    const absence = this.partitions.absence(topicId, partition);
    const message = absence === 'not_leader' ? 'Another node leads the partition.' : 'No such topic or partition.';
    ticket.refuse(index, absence, message);
  }

  private submit(partition: PartitionLog, ticket: AppendTicket, index: number, batch: Buffer): void {
    const refusal = partition.ports.refusal();
    if (refusal === null) partition.submit(ticket, index, batch);
    else ticket.refuse(index, 'storage_error', refusal, partition.logStartOffset);
  }

  private async listOffset(query: OffsetQuery): Promise<OffsetAnswer> {
    const { partition, error } = await this.partitions.loaded(query.topicId, query.partition);
    if (partition === null) return { error, offset: -1, timestamp: -1 };
    const end = query.isolation === 'read_committed' ? partition.lastStableOffset : partition.highWatermark;
    if (query.timestamp === -1) return { error: 'none', offset: end, timestamp: -1 };
    if (query.timestamp === -2) return { error: 'none', offset: partition.logStartOffset, timestamp: -1 };
    try {
      const found =
        query.timestamp === -3 ? await findMaxTimestamp(partition) : await findByTimestamp(partition, query.timestamp);
      // What cannot be read yet answers no query.
      if (found === null || found.offset >= end) return { error: 'none', offset: -1, timestamp: -1 };
      return { error: 'none', ...found };
    } catch (cause) {
      this.options.logger.error('An offset cannot be looked up by timestamp.', {
        topicPartition: partition.identity.directory,
        error: messageOf(cause),
      });
      return { error: 'storage_error', offset: -1, timestamp: -1 };
    }
  }

  private async markCleanStop(): Promise<void> {
    const { directory, logger } = this.options;
    try {
      await this.maintenance.checkpoint();
      if (this.directories.fault !== null) return;
      const file = await this.disk.open(join(directory, cleanStopName), 'append');
      await file.close();
      await this.disk.syncDirectory(directory);
    } catch (error) {
      // All data are durable already: the next start only has more to check.
      logger.error('The clean stop could not be marked.', { error: messageOf(error) });
    }
  }

  private async removeTopic(topic: Topic): Promise<void> {
    const partitions = this.partitions.all(topic.id);
    this.partitions.delete(topic.id);
    for (const partition of partitions) {
      const { name, directory } = partition.identity;
      const { root, fault } = partition.ports;
      await partition.retire();
      // On a disk that failed it stays behind, and is known as a stray by its topic id.
      if (fault.reason !== null || (await this.disk.list(directory)).length === 0) continue;
      await moveAway(this.disk, root, directory, join(root, deletedName, `${name}.${topic.id}`));
    }
    await this.localGroups.forgetTopic(topic.name);
  }

  private flushSoon(partition: PartitionLog): void {
    const { flushMs } = partition.topic.settings;
    if (flushMs < this.config['flush.ms']) {
      this.options.clock.after(flushMs, () => partition.flush());
      return;
    }
    this.unflushed.add(partition);
    this.flushTimer ??= this.options.clock.after(this.config['flush.ms'], () => {
      this.flushTimer = null;
      const partitions = [...this.unflushed];
      this.unflushed.clear();
      for (const waiting of partitions) waiting.flush();
    });
  }

  private grew(directory: LogDirectory, bytes: number): void {
    directory.space.grew(bytes);
    this.budget.grew(bytes);
    if (this.state === 'open') this.maintenance.grew(bytes);
  }

  private reportStrays(): void {
    const known = new Set(this.partitions.all().map(({ identity }) => identity.name));
    const strays = this.directories.foundNames().filter((name) => !known.has(name));
    if (strays.length === 0) return;
    this.options.logger.warn('Directories of topics that the catalog does not have are left as they are.', {
      count: strays.length,
      first: strays[0],
    });
  }
}
