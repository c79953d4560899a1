import type { ChannelTake, ComponentContext } from '#pipeline/collector';
import { ChannelError, pipelineErrors } from '#pipeline/errors';
import { EventBatch } from '#pipeline/event-batch';
import { assert } from '#std/assert';
import { messageOf } from '#std/errors';
import { BufferPool } from './buffer-pool.js';
import { CapacityGate } from './capacity-gate.js';
import { channelFull, checkTransaction } from './channel-limits.js';
import { EventQueue, type QueuePart } from './event-queue.js';

/** A durable queue of encoded batches, as a file channel or a database keeps them. Positions rise along it. */
export interface BatchStore {
  /** Everything below was trimmed. */
  readonly head: number;
  /** After the last batch. */
  readonly end: number;
  /** Resolves when it is durable. Keeps `bytes` until then. Order of calls is order of positions. */
  append(bytes: Buffer, events: number): Promise<StoredAt>;
  /** Whole batches from `position` on, at most `bytesMax` but at least one where there is one. */
  read(position: number, bytesMax: number): Promise<StoreRead>;
  /** Forgets everything below `position`, durable when it resolves. */
  trim(position: number): Promise<void>;
  close(): Promise<void>;
}

export interface StoredAt {
  readonly position: number;
  /** Position after it. */
  readonly next: number;
}

export interface StoreRead {
  readonly records: readonly { readonly position: number; readonly bytes: Buffer }[];
  readonly next: number;
  /** A sentence on what was lost before the first of `records`; null where nothing was. */
  readonly damage: string | null;
}

export interface BatchCodec {
  /** Into memory that `allocate` gives, or its own. */
  encode(batch: EventBatch, allocate: (size: number) => Buffer): Buffer;
  /** May share `bytes`. */
  decode(bytes: Buffer): EventBatch;
  /** How many events an encoded batch has. */
  countOf(bytes: Buffer): number;
}

export interface StoredEventsParts {
  readonly name: string;
  readonly context: ComponentContext;
  readonly store: BatchStore;
  readonly codec: BatchCodec;
  readonly limits: StoredEventsLimits;
  /** Throws where puts are not to be taken now. */
  readonly checkPut?: () => void;
}

export interface StoredEventsLimits {
  readonly capacity: number;
  readonly transactionCapacity: number;
  readonly keepAliveMs: number;
}

/** Events kept in memory between put and take, bytes of bodies; what is beyond is read from the store again. */
const memoryBytesMax = 16 * 1024 * 1024;
/** Memory kept for encoding, bytes. */
const poolBytesMax = 8 * 1024 * 1024;
const readBytes = 1024 * 1024;
const scanBytes = 4 * 1024 * 1024;

/**
 * A channel on a durable store. A put is one encoded batch; a committed take moves the store's head. A batch that was just put stays
 * in memory and is taken from there, so a channel whose sinks keep up never reads its store. `loaded` are the events in memory; the
 * store's batches from `loadedTo` on lie there only.
 *
 * The head moves over whole puts only: where a sink took half of one and the process dies, that put comes again.
 */
export class StoredEvents {
  private readonly loaded: EventQueue;
  private readonly gate: CapacityGate;
  private readonly pool = new BufferPool(poolBytesMax);
  private loadedTo: number;
  /** End of the last put that was answered. Later ones may be durable already: their events are not to be trimmed. */
  private knownEnd: number;
  /** Position of the last durable put that is in the store only; null while everything is in memory. */
  private behind: number | null = null;
  private loading: Promise<void> | null = null;
  private readonly openTakes = new Set<OpenTake>();
  private isClosed = false;
  /** Events of puts that are under way. */
  private appending = 0;

  constructor(private readonly parts: StoredEventsParts) {
    const { context, limits, store } = parts;
    this.loaded = new EventQueue(context.clock);
    this.gate = new CapacityGate(context.clock, { events: limits.capacity, bytes: Number.MAX_SAFE_INTEGER });
    this.loadedTo = store.head;
    this.knownEnd = store.head;
  }

  get size(): number {
    return this.gate.events;
  }

  /** Counts what an earlier run left, by reading all of it; the events themselves are read again when they are taken. */
  async recover(): Promise<void> {
    const left = await this.countFrom(this.parts.store.head, true);
    this.recoverKnown(left.events, left.last);
  }

  /** For a store that knows what it has: how many events, and where the last batch is. */
  recoverKnown(events: number, last: number | null): void {
    this.gate.occupy(events, 0);
    this.behind = last;
  }

  async put(batch: EventBatch): Promise<void> {
    const { name, limits, checkPut } = this.parts;
    checkTransaction(name, batch, limits.transactionCapacity);
    checkPut?.();
    const room = { events: batch.count, bytes: 0, waitMs: limits.keepAliveMs };
    const isIn = await this.gate.enter(room, () => this.append(batch));
    if (isIn !== null) return;
    if (this.isClosed) throw new ChannelError(pipelineErrors.channelClosed, `Channel ${name} is closed.`);
    throw channelFull(name, { batch, gate: this.gate, capacity: limits.capacity, waitedMs: limits.keepAliveMs });
  }

  async take(wanted: { maxEvents: number; waitMs: number; signal?: AbortSignal }): Promise<ChannelTake | null> {
    if (this.loaded.isEmpty) await this.load();
    if (this.loaded.isEmpty) {
      await this.loaded.wait(wanted.waitMs, wanted.signal);
      if (this.loaded.isEmpty) await this.load();
    }
    const parts = this.loaded.take(Math.min(wanted.maxEvents, this.parts.limits.transactionCapacity));
    const [first] = parts;
    return first === undefined ? null : this.openTake(parts, first.position);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.loaded.wake();
    this.gate.giveUpWaiting();
    await this.loading?.catch(() => undefined);
    await this.parts.store.close();
  }

  private openTake(parts: readonly QueuePart[], position: number): ChannelTake {
    const batch = EventBatch.join(parts.map((part) => part.batch));
    const open: OpenTake = { position, events: batch.count };
    this.openTakes.add(open);
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

  private async append(batch: EventBatch): Promise<true> {
    const { name, store, codec } = this.parts;
    let memory: Buffer | null = null;
    this.appending += batch.count;
    try {
      const encoded = codec.encode(batch, (size) => (memory = this.pool.take(size)));
      const { position, next } = await store.append(encoded, batch.count);
      this.knownEnd = Math.max(this.knownEnd, next);
      this.remember(position, batch);
      return true;
    } catch (error) {
      this.gate.leave(batch.count, 0);
      throw new ChannelError(pipelineErrors.channelFailed, `Channel ${name}: ${messageOf(error)}`, { cause: error });
    } finally {
      this.appending -= batch.count;
      if (memory !== null) this.pool.giveBack(memory);
    }
  }

  /** A put that is durable now: into memory where that is up to date and has room, else it is left in the store. */
  private remember(position: number, batch: EventBatch): void {
    // A take may have read it between its sync and now.
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

  /** Reads the next batches from the store where there are some; takes that ask at the same time share the read. */
  private async load(): Promise<void> {
    if (this.behind === null) return;
    this.loading ??= this.loadNext().finally(() => {
      this.loading = null;
    });
    await this.loading;
  }

  private async loadNext(): Promise<void> {
    const { store, codec } = this.parts;
    const read = await store.read(this.loadedTo, readBytes);
    const batches = read.records.map(({ position, bytes }) => ({ position, from: 0, batch: codec.decode(bytes) }));
    this.loadedTo = read.next;
    if (this.behind !== null && this.behind < read.next) this.behind = null;
    for (const part of batches) this.loaded.push(part);
    if (read.damage !== null) await this.passDamage(read.damage);
  }

  /** Events that cannot be read any more leave the channel, with a word; nobody knew how many there were until the rest is counted. */
  private async passDamage(damage: string): Promise<void> {
    const rest = await this.countFrom(this.loadedTo, false);
    let held = this.loaded.events + this.appending + rest.events;
    for (const take of this.openTakes) held += take.events;
    const lost = Math.max(0, this.gate.events - held);
    this.reportDamage(damage, lost);
    this.gate.leave(lost, 0);
  }

  private reportDamage(damage: string, lost: number | null): void {
    const { name, context } = this.parts;
    const count = lost === null ? 'an unknown number of' : String(lost);
    const message = `Channel ${name} has lost ${count} events to damage; the rest goes on. ${damage}`;
    context.count('EventTakeErrorCount', lost ?? 1);
    context.logger.error(message);
    context.reportError(new ChannelError(pipelineErrors.channelFailed, message));
  }

  private async countFrom(
    position: number,
    reports: boolean,
  ): Promise<{ readonly events: number; readonly last: number | null }> {
    const { store, codec } = this.parts;
    let events = 0;
    let last: number | null = null;
    let at = position;
    while (at < store.end) {
      const read = await store.read(at, scanBytes);
      for (const record of read.records) {
        events += codec.countOf(record.bytes);
        last = record.position;
      }
      if (reports && read.damage !== null) this.reportDamage(read.damage, null);
      at = read.next;
    }
    return { events, last };
  }

  /** Moves the durable head to the first event that is still held by the channel or by an open take. */
  private async moveHead(): Promise<void> {
    const everythingTaken = Math.max(this.knownEnd, this.loadedTo);
    let head = this.loaded.head ?? (this.behind === null ? everythingTaken : this.loadedTo);
    for (const take of this.openTakes) head = Math.min(head, take.position);
    await this.parts.store.trim(head);
  }
}

/** A take that is neither committed nor rolled back. */
interface OpenTake {
  /** Of its first event. */
  readonly position: number;
  readonly events: number;
}
