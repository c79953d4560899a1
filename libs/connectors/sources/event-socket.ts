import type { Socket } from 'node:net';
import type { EventBatch } from '#pipeline/event-batch';
import type { Clock, Timer } from '#std/clock';
import type { ReceiveBudget } from '#net/receive-budget';
import type { DeliveryGatherer } from './delivery-gatherer.js';
import { EventBacklog } from './event-backlog.js';

/** Makes events of what one peer sends. Holds no more than a bounded piece of an unfinished one. */
export interface SocketProtocol {
  /** The events that a chunk finishes. Never throws, whatever comes. */
  push(chunk: Buffer): EventBatch;
  /** Not null once the peer did what ends the connection: what it is told, after the answers to all before. */
  readonly farewell: string | null;
  /** What the peer is told apart from answers, asked for at the start and after each chunk; null for nothing. */
  takeReply?(): Buffer | null;
  /** What the peer is told of `count` events that were committed (refusal null) or not; empty for nothing. */
  answer(count: number, refusal: unknown): string | Buffer;
}

export interface EventSocketOptions {
  /** Events of a part given to the gatherer, at most. */
  readonly eventsMax: number;
  readonly clock: Clock;
  /** What all peers of the source together may have waiting. */
  readonly budget: ReceiveBudget;
  /** A peer that sends nothing for so long is let go, ms; 0 lets it be. */
  readonly idleMs: number;
  readonly onIdle: () => void;
  /** A protocol threw, and the connection was closed. */
  readonly onBroken: (error: unknown) => void;
}

/** The peer is read no further while more than this waits for the channels, or answers for the peer. */
const waitingBytesMax = 256 * 1024;
const waitingEventsMax = 8192;
const unsentBytesMax = 64 * 1024;
/** Parts of one peer with the channels at once. */
const partsMax = 4;

/** What an event takes in memory besides its body, with the headers that it shares with others. */
const eventBytes = 128;

/** What a peer gets to take its last answers and to end its side. */
const lingerMs = 1000;

interface Slot {
  readonly count: number;
  readonly bytes: number;
  /** Undefined until it is known. */
  refusal: unknown;
}

/** One peer: events go to the gatherer in order, answers come back in the same order, and reading waits while either is slow. */
export class EventSocket {
  private readonly backlog = new EventBacklog();
  /** Delivered or being so, and not answered, in order. */
  private readonly slots: Slot[] = [];
  private waitingBytes = 0;
  private waitingEvents = 0;
  private hasEnded = false;

  private linger: Timer | null = null;

  constructor(
    private readonly socket: Socket,
    private readonly protocol: SocketProtocol,
    private readonly gatherer: DeliveryGatherer,
    private readonly options: EventSocketOptions,
  ) {}

  start(): void {
    this.socket.on('data', (chunk: Buffer) => this.read(chunk));
    this.socket.on('drain', () => this.regulate());
    this.socket.on('end', () => this.end());
    this.socket.once('close', () => this.linger?.cancel());
    this.reply();
    if (this.options.idleMs > 0) {
      this.socket.setTimeout(this.options.idleMs);
      this.socket.on('timeout', () => this.rest());
    }
  }

  /** Reads on, or stops reading, where the budget of all peers has changed. */
  look(): void {
    if (!this.socket.destroyed) this.regulate();
  }

  /** Reads no more; closes when all that was read is answered. */
  end(): void {
    this.hasEnded = true;
    this.regulate();
    this.closeIfDone();
  }

  /** Nothing has come or gone for `idleMs`. A peer that waits for our channels is not idle. */
  private rest(): void {
    if (this.slots.length > 0 || this.backlog.count > 0) {
      this.socket.setTimeout(this.options.idleMs);
      return;
    }
    this.options.onIdle();
    this.end();
  }

  private read(chunk: Buffer): void {
    if (this.hasEnded || this.protocol.farewell !== null) return;
    const batch = this.parse(chunk);
    if (batch === null) return;
    this.reply();
    this.backlog.push(batch);
    this.waitingEvents += batch.count;
    this.waitingBytes += batch.bodyBytes;
    this.options.budget.take(batch.bodyBytes + batch.count * eventBytes);
    this.pump();
    this.regulate();
    this.closeIfDone();
  }

  private reply(): void {
    const reply = this.protocol.takeReply?.() ?? null;
    if (reply !== null && this.socket.writable) this.socket.write(reply);
  }

  /** A mistake of ours in a protocol costs this connection, not the process. */
  private parse(chunk: Buffer): EventBatch | null {
    try {
      return this.protocol.push(chunk);
    } catch (error) {
      this.options.onBroken(error);
      this.socket.destroy();
      return null;
    }
  }

  private pump(): void {
    while (this.slots.length < partsMax) {
      const part = this.backlog.take(this.options.eventsMax);
      if (part === null) return;
      const slot: Slot = { count: part.count, bytes: part.bodyBytes, refusal: undefined };
      this.slots.push(slot);
      this.gatherer.add(part, (refusal) => {
        slot.refusal = refusal;
        this.settle();
      });
    }
  }

  private settle(): void {
    for (let first = this.slots[0]; first !== undefined && first.refusal !== undefined; first = this.slots[0]) {
      this.slots.shift();
      this.waitingEvents -= first.count;
      this.waitingBytes -= first.bytes;
      this.options.budget.release(first.bytes + first.count * eventBytes);
      const answer = this.protocol.answer(first.count, first.refusal);
      if (answer.length > 0 && this.socket.writable) this.socket.write(answer);
    }
    this.pump();
    this.regulate();
    this.closeIfDone();
  }

  private regulate(): void {
    const isFull =
      this.waitingBytes >= waitingBytesMax ||
      this.waitingEvents >= waitingEventsMax ||
      this.options.budget.isFull ||
      this.socket.writableLength >= unsentBytesMax;
    const isDone = this.hasEnded || this.protocol.farewell !== null;
    if (isFull && !isDone) this.socket.pause();
    // Also when done: what comes is thrown away, so that the end of the stream is seen.
    else this.socket.resume();
  }

  private closeIfDone(): void {
    const { farewell } = this.protocol;
    if (!this.hasEnded && farewell === null) return;
    if (this.slots.length > 0 || this.backlog.count > 0) return;
    if (this.linger !== null) return;
    if (this.socket.writable) this.socket.end(farewell ?? '');
    // Closing while something is unread would reset the connection, and the peer would lose its last answers.
    if (this.socket.readableEnded) this.socket.destroySoon();
    else this.linger = this.options.clock.after(lingerMs, () => this.socket.destroy());
    this.socket.once('end', () => this.socket.destroySoon());
  }
}
