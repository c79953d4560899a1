import { assert } from '#std/assert';
import { messageOf } from '#std/errors';
import { controlBatch, controlOutcome } from '#wire/kafka/control-batch';
import { patchBaseOffset, patchLeaderEpoch, recordBatch } from '#wire/kafka/record-batch';
import type { AppendTicket, PendingAppend } from './append-ticket.js';
import { admitBatch } from './batch-admission.js';
import { makePartitionDirectory } from './partition-files.js';
import type { PartitionIdentity, PartitionPorts } from './partition-ports.js';
import { PartitionWatchers } from './partition-watchers.js';
import { recoverPartition, type PartitionMark } from './partition-recovery.js';
import { ProducerState, sequenceAfter, type MarkerStamp, type ProducerEntry } from './producer-state.js';
import { Segment } from './segment.js';
import { SwapGate } from './segment-swap.js';
import { leaderEpoch } from './stored-batch.js';
import { Tail } from './tail-cache.js';
import type { TopicSettings } from './topic-configs.js';
import { Turns } from './turns.js';

const groupBytesMax = 32 * 1024 * 1024;
/**
 * One partition: a row of segments and the one queue through which all bytes reach the newest of them.
 *
 * `accept` checks a batch and gives it its offset without an await, so that batches of one producer cannot overtake each
 * other. One loop writes: everything accepted while a write and a sync are under way goes into the next gathered write.
 * Only what is synced is published, which moves the high watermark, answers acks=all and wakes readers.
 */
export class PartitionLog {
  segments: Segment[] = [];
  logStartOffset = 0;
  /** The next offset to become durable; all below is visible. */
  highWatermark = 0;
  readonly tail = new Tail();
  /** Jobs on the segments other than appending: marks, retention, removal. */
  readonly turns = new Turns();
  readonly swap = new SwapGate();
  readonly watchers = new PartitionWatchers();
  producers = new ProducerState();
  mark: PartitionMark | null;
  /** Records that retention removed before a group had read them, since the start, summed over groups. */
  lostUnread = 0;

  private state: 'unloaded' | 'loaded' | 'gone' = 'unloaded';
  private loading: Promise<void> | null = null;
  private early: { ticket: AppendTicket; index: number; batch: Buffer }[] = [];
  private nextOffset = 0;
  /** Accepted, not written. */
  private queue: PendingAppend[] = [];
  /** Handed to a write that is not over. */
  private writing: readonly PendingAppend[] = [];
  /** Written, to be published by the next sync. */
  private unsynced: PendingAppend[] = [];
  private syncWanted = false;
  private pumping: Promise<void> | null = null;
  private rollWanted = false;
  /** The last write failed, and the log has a line about it. */
  private isFailing = false;
  private hasDirectory = false;

  constructor(
    readonly ports: PartitionPorts,
    readonly identity: PartitionIdentity,
    /** Shared by the topic's partitions and replaced when its configs change. */
    readonly topic: { settings: TopicSettings },
    kept: { readonly mark: PartitionMark | null; readonly logStartOffset: number },
  ) {
    this.mark = kept.mark;
    this.logStartOffset = kept.logStartOffset;
    this.highWatermark = kept.mark?.recoveryPoint ?? 0;
  }

  get isLoaded(): boolean {
    return this.state === 'loaded';
  }

  get isGone(): boolean {
    return this.state === 'gone';
  }

  /** All below is decided: readers of committed records see no further. */
  get lastStableOffset(): number {
    const { firstUnstable } = this.producers.transactions;
    return firstUnstable < 0 ? this.highWatermark : Math.max(firstUnstable, this.logStartOffset);
  }

  /** Whether `saveMark` may have something to do. */
  get isMarkDue(): boolean {
    return this.state === 'loaded' && this.mark?.recoveryPoint !== this.highWatermark;
  }

  get sizeBytes(): number {
    return this.segments.reduce((sum, segment) => sum + segment.size, 0);
  }

  /** Opens the files, checking what a crash may have torn. Cheap once done; rejects where the disk fails, and may be tried again. */
  load(): Promise<void> {
    if (this.state !== 'unloaded') return Promise.resolve();
    this.loading ??= this.open().finally(() => {
      this.loading = null;
    });
    return this.loading;
  }

  submit(ticket: AppendTicket, index: number, batch: Buffer): void {
    if (this.state === 'loaded' && this.early.length === 0) {
      this.accept(ticket, index, batch);
      return;
    }
    this.early.push({ ticket, index, batch });
    if (this.early.length > 1) return;
    this.load()
      .catch((error: unknown) => this.ports.logger.error('A partition cannot be opened.', this.fields(error)))
      .finally(() => this.submitEarly());
  }

  /** Makes durable and visible what acks=1 and 0 wrote. */
  flush(): void {
    if (this.unsynced.length === 0) return;
    this.syncWanted = true;
    this.pump();
  }

  /** Resolves when everything accepted so far is durable or refused. */
  async drain(): Promise<void> {
    await this.loading?.catch(() => undefined);
    this.flush();
    while (this.pumping !== null) {
      await this.pumping;
      this.flush();
    }
  }

  /** Takes no more; refuses what waits, wakes readers, and resolves when no file of it is in use. */
  async retire(): Promise<void> {
    await this.loading?.catch(() => undefined);
    this.state = 'gone';
    this.submitEarly();
    this.watchers.gone();
    while (this.pumping !== null) await this.pumping;
    await this.turns.idle();
    this.ports.cache.clear(this.tail);
    for (const segment of this.segments) {
      this.ports.indexes.forget(segment);
      await this.ports.files.forget(segment.path);
    }
  }

  private async open(): Promise<void> {
    const { openGate } = this.ports;
    if (!openGate.tryEnter()) await openGate.wait();
    try {
      await this.recover();
    } finally {
      openGate.leave();
    }
  }

  private async recover(): Promise<void> {
    const recovered = await recoverPartition(this.ports, {
      root: this.ports.root,
      directory: this.identity.directory,
      topicId: this.identity.topicId,
      mark: this.mark,
      logStartOffset: this.logStartOffset,
      indexIntervalBytes: this.topic.settings.indexIntervalBytes,
    });
    this.segments = recovered.segments;
    this.nextOffset = recovered.nextOffset;
    this.highWatermark = recovered.nextOffset;
    this.logStartOffset = recovered.logStartOffset;
    this.producers = recovered.producers;
    this.rollWanted = recovered.sealed;
    this.hasDirectory = recovered.hasDirectory;
    this.state = 'loaded';
  }

  private submitEarly(): void {
    const early = this.early;
    this.early = [];
    for (const { ticket, index, batch } of early) {
      if (this.state === 'loaded') this.accept(ticket, index, batch);
      else if (this.state === 'gone') ticket.refuse(index, 'unknown_partition', 'The topic was deleted.');
      else ticket.refuse(index, 'storage_error', 'The partition cannot be opened; see the log.');
    }
  }

  /** Checks, numbers and queues a batch. No await in here: the order of calls is the order in the log. */
  private accept(ticket: AppendTicket, index: number, batch: Buffer): void {
    const { fault, clock } = this.ports;
    if (fault.reason !== null) {
      ticket.refuse(index, 'storage_error', fault.reason);
      return;
    }
    const nowMs = clock.now();
    const refusal = admitBatch(batch, this.topic.settings, nowMs);
    if (refusal !== null) {
      ticket.refuse(index, refusal.error, refusal.message, this.logStartOffset);
      return;
    }
    const lastOffsetDelta = recordBatch.lastOffsetDelta(batch);
    const baseOffset = this.nextOffset;
    const lastOffset = baseOffset + lastOffsetDelta;
    const logAppendTimeMs = this.topic.settings.logAppendTime ? nowMs : -1;
    const producerId = recordBatch.producerId(batch);
    let producer: ProducerEntry | null = null;
    if (producerId >= 0) {
      const firstSequence = recordBatch.baseSequence(batch);
      const epoch = recordBatch.producerEpoch(batch);
      const isTransactional = recordBatch.isTransactional(batch);
      const header = { producerId, epoch, firstSequence, lastOffsetDelta, isTransactional };
      const verdict = this.producers.check(header, ticket.beginsAtZero);
      if (verdict.kind === 'duplicate') {
        const original = verdict.batch;
        this.enqueue({ ticket, index, batch: null, producerId, producer, position: -1, answered: false, ...original });
        return;
      }
      if (verdict.kind !== 'next') {
        ticket.refuse(index, verdict.kind, verdict.message, this.logStartOffset);
        return;
      }
      const lastSequence = sequenceAfter(firstSequence, lastOffsetDelta);
      const sequenced = { firstSequence, lastSequence, baseOffset, lastOffset, logAppendTimeMs };
      producer = this.producers.accept(header, sequenced, nowMs);
    }
    this.place({
      ticket,
      index,
      batch,
      baseOffset,
      lastOffset,
      logAppendTimeMs,
      producerId,
      producer,
      position: -1,
      answered: false,
    });
  }

  /** Queues the control batch that ends a producer's transaction, as `submit` does with a batch; the partition is loaded. */
  submitMarker(ticket: AppendTicket, index: number, marker: MarkerStamp): void {
    const nowMs = this.ports.clock.now();
    const verdict = this.producers.checkMarker(marker);
    if (this.ports.fault.reason !== null) {
      ticket.refuse(index, 'storage_error', this.ports.fault.reason);
    } else if (verdict !== null) {
      ticket.refuse(index, verdict.kind, verdict.message, this.logStartOffset);
    } else {
      this.place({
        ticket,
        index,
        batch: controlBatch({ ...marker, timestampMs: nowMs }),
        baseOffset: this.nextOffset,
        lastOffset: this.nextOffset,
        logAppendTimeMs: -1,
        producerId: marker.producerId,
        producer: this.producers.acceptMarker(marker, nowMs),
        position: -1,
        answered: false,
      });
    }
  }

  /** Gives the batch the next offsets, and memory of the log: the caller's is the caller's again. */
  private place(pending: PendingAppend & { batch: Buffer }): void {
    pending.batch = this.ports.cache.memory.keep(pending.batch);
    patchBaseOffset(pending.batch, pending.baseOffset);
    patchLeaderEpoch(pending.batch, leaderEpoch);
    this.nextOffset = pending.lastOffset + 1;
    this.enqueue(pending);
  }

  private enqueue(pending: PendingAppend): void {
    if (pending.lastOffset < this.highWatermark) {
      this.answer(pending);
      return;
    }
    this.queue.push(pending);
    if (pending.ticket.acks === 0) this.answer(pending);
    this.pump();
  }

  private pump(): void {
    this.pumping ??= this.commitAll();
  }

  private async commitAll(): Promise<void> {
    // One turn, so that the batches of one call, and of calls made together, share the first write as well.
    await Promise.resolve();
    const { gate, clock, commitStarts } = this.ports;
    while (this.queue.length > 0 || this.syncWanted) {
      if (!gate.tryEnter()) await gate.wait();
      commitStarts.set(this, clock.monotonic());
      try {
        await this.commitGroup();
      } finally {
        commitStarts.delete(this);
        gate.leave();
      }
    }
    // In the same turn as the last look at the queue, so that nothing queued is left behind.
    this.pumping = null;
  }

  /** One gathered write, durable at once or followed by one sync, if somebody waits for it. */
  private async commitGroup(): Promise<void> {
    if (this.refuseAllIfDown()) return;
    try {
      const segment = await this.writableSegment();
      const group = this.takeGroup(segment);
      await this.write(segment, group);
    } catch (error) {
      await this.undoWrite(error);
      return;
    }
    const unsynced = (this.unsynced.at(-1)?.lastOffset ?? -1) + 1 - this.highWatermark;
    if (this.syncWanted || unsynced >= this.topic.settings.flushMessages) await this.sync();
    else if (this.unsynced.length > 0) this.ports.flushSoon(this);
  }

  private refuseAllIfDown(): boolean {
    const { reason } = this.ports.fault;
    if (reason === null && this.state === 'loaded') return false;
    this.syncWanted = false;
    const refused = [...this.unsynced, ...this.queue];
    this.unsynced = [];
    this.queue = [];
    for (const pending of refused) {
      if (reason === null) this.refuse(pending, 'unknown_partition', 'The topic was deleted.');
      else this.refuse(pending, 'storage_error', reason);
    }
    return true;
  }

  /** The newest segment, or a new one where the next batch does not go into it. */
  private async writableSegment(): Promise<Segment> {
    const active = this.segments.at(-1);
    const next = this.queue.find((pending) => pending.batch !== null);
    if (active !== undefined && !this.rollWanted) {
      if (next?.batch === undefined || next.batch === null || active.writtenBytes === 0) return active;
      const { segmentBytes, segmentMs } = this.topic.settings;
      const fits = active.writtenBytes + next.batch.length <= segmentBytes;
      if (fits && this.ports.clock.now() - active.createdAtMs < segmentMs) return active;
    }
    return this.roll(next?.baseOffset ?? this.nextOffset);
  }

  private takeGroup(segment: Segment): PendingAppend[] {
    const bytesMax = Math.min(groupBytesMax, this.topic.settings.segmentBytes - segment.writtenBytes);
    let bytes = 0;
    let count = 0;
    for (const { batch } of this.queue) {
      const size = batch?.length ?? 0;
      // The first one always goes: it fits, or is larger than a segment and has this one for itself.
      if (bytes > 0 && bytes + size > bytesMax) break;
      bytes += size;
      count += 1;
    }
    if (count === this.queue.length) {
      const group = this.queue;
      this.queue = [];
      return group;
    }
    return this.queue.splice(0, count);
  }

  private async write(segment: Segment, group: readonly PendingAppend[]): Promise<void> {
    this.writing = group;
    const chunks: Buffer[] = [];
    const start = segment.writtenBytes;
    let position = start;
    for (const pending of group) {
      if (pending.batch === null) continue;
      pending.position = position;
      position += pending.batch.length;
      chunks.push(pending.batch);
    }
    // A write that syncs its own bytes is enough where all before them are durable.
    const durably = segment.size === start && group.some(({ ticket }) => ticket.acks === -1);
    if (chunks.length > 0) {
      await this.ports.files.use(segment.path, (file) =>
        durably ? file.writeDurably(chunks, start) : file.write(chunks, start),
      );
    }
    segment.writtenBytes = position;
    this.writing = [];
    this.isFailing = false;
    for (const pending of group) {
      this.unsynced.push(pending);
      if (pending.ticket.acks === 1) this.answer(pending);
      else if (pending.ticket.acks === -1) this.syncWanted = !durably;
    }
    if (durably) this.publish(segment);
  }

  /** A write failed (the disk is full): the file is cut to what was written before, and whoever waits is told to try again. */
  private async undoWrite(error: unknown): Promise<void> {
    const { logger, fault, files } = this.ports;
    if (!this.isFailing) logger.error('An append failed; what waits is told to try again.', this.fields(error));
    this.isFailing = true;
    if (this.unsynced.length > 0) await this.sync();
    const active = this.segments.at(-1);
    if (active !== undefined && fault.reason === null) {
      await files
        .use(active.path, (file) => file.truncate(active.writtenBytes))
        .catch((cause: unknown) => fault.raise(`Cutting ${active.path}`, cause));
    }
    // Whatever was accepted in the meantime stands on offsets that are gone, so all of it is refused in this one turn.
    const refused = [...this.writing, ...this.queue];
    this.writing = [];
    this.queue = [];
    this.nextOffset = this.highWatermark;
    this.producers.rollBack();
    for (const pending of refused) this.refuse(pending, 'storage_error', `The append failed: ${messageOf(error)}`);
  }

  private async sync(): Promise<void> {
    this.syncWanted = false;
    const active = this.segments.at(-1);
    if (this.unsynced.length === 0 || active === undefined) return;
    try {
      if (active.writtenBytes > active.size) await this.ports.files.use(active.path, (file) => file.sync());
    } catch (error) {
      // Opening the file may fail as well; what is on the disk is unknown all the same.
      this.ports.fault.raise(`Syncing ${active.path}`, error);
      this.refuseAllIfDown();
      return;
    }
    this.publish(active);
  }

  /** Makes visible what was written, all of it durable now: indexes, cache, producers and high watermark move, producers are answered, readers wake. */
  private publish(segment: Segment): void {
    const group = this.unsynced;
    this.unsynced = [];
    const grown = segment.writtenBytes - segment.size;
    const stable = this.lastStableOffset;
    const wasStable = stable === this.highWatermark;
    segment.size = segment.writtenBytes;
    const { indexIntervalBytes } = this.topic.settings;
    for (const { batch, baseOffset, lastOffset, position, producer, producerId } of group) {
      if (batch === null) continue;
      assert(baseOffset === this.highWatermark, 'batches are published in order, without a gap');
      segment.note({ baseOffset, position, maxTimestamp: recordBatch.maxTimestamp(batch) }, indexIntervalBytes);
      if (producer !== null) this.producers.settle(producerId, producer, lastOffset, controlOutcome(batch));
      this.ports.cache.add(this.tail, { baseOffset, lastOffset, bytes: batch });
      this.highWatermark = lastOffset + 1;
    }
    for (const pending of group) if (pending.ticket.acks === -1) this.answer(pending);
    if (grown > 0) {
      this.ports.grew(grown);
      // How much a marker sets free is not counted: whoever waits for committed records looks again.
      const isStable = this.lastStableOffset === this.highWatermark;
      const stableGrown = wasStable && isStable ? grown : this.lastStableOffset > stable ? Infinity : 0;
      this.watchers.grew(grown, stableGrown);
    }
  }

  /** Closes the newest segment, durable and with its indexes and producers saved, and makes the next one. */
  private async roll(baseOffset: number): Promise<Segment> {
    await this.sync();
    const { disk, files, clock, indexes, root } = this.ports;
    const { directory, topicId } = this.identity;
    if (this.ports.fault.reason !== null) throw new Error(this.ports.fault.reason);
    const segment = new Segment(directory, baseOffset, clock.now());
    await this.turns.run(async () => {
      const closed = this.segments.at(-1);
      if (closed !== undefined) await closed.saveIndexes(disk, { sync: true });
      if (!this.hasDirectory) await makePartitionDirectory(disk, root, directory, topicId);
      this.hasDirectory = true;
      await files.use(segment.path, (file) => file.truncate(0), 'create');
      await disk.syncDirectory(directory);
      segment.resetIndexes();
      this.segments.push(segment);
      this.rollWanted = false;
      if (closed !== undefined && closed.indexes !== null) indexes.keep(closed, closed.indexes);
    });
    return segment;
  }

  private answer(pending: PendingAppend): void {
    if (pending.answered) return;
    pending.answered = true;
    const { baseOffset, logAppendTimeMs } = pending;
    const { logStartOffset } = this;
    pending.ticket.settle(pending.index, { error: 'none', message: null, baseOffset, logAppendTimeMs, logStartOffset });
  }

  private refuse(pending: PendingAppend, error: 'storage_error' | 'unknown_partition', message: string): void {
    if (pending.batch !== null) this.ports.cache.memory.drop(pending.batch);
    if (pending.answered) return;
    pending.answered = true;
    pending.ticket.refuse(pending.index, error, message, this.logStartOffset);
  }

  private fields(error: unknown): { partition: string; error: string } {
    return { partition: this.identity.directory, error: messageOf(error) };
  }
}
