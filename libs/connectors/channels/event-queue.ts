import type { Clock } from '#std/clock';
import type { EventBatch } from '#pipeline/event-batch';

/** Consecutive events of a channel, as they were put or a part of it. */
export interface QueuePart {
  /** Rises along the queue; parts of one put share it. */
  readonly position: number;
  /** Place of the part's first event within its put. */
  readonly from: number;
  readonly batch: EventBatch;
}

/** One take is not larger than this, bytes of bodies, however many events were asked for; a single put's events may be. */
const takeBytesMax = 4 * 1024 * 1024;

/** Memory of a source's chunk that stays alive needlessly is given back where it is more than this, bytes. */
const pinnedBytesMin = 64 * 1024;

/** Neighbouring parts whose bodies lie in the same memory: the batches that a source cut out of one chunk. */
interface Run {
  readonly memory: ArrayBufferLike;
  /** Place of its first part. */
  from: number;
  bodyBytes: number;
}

/**
 * Committed events of a channel in memory, in order: taken from the head, given back to the head. Bodies stay where their source
 * read them, so that parts of one chunk are joined without a copy; a chunk of which little is left in the queue is let go, by a
 * copy of that little.
 */
export class EventQueue {
  private parts: QueuePart[] = [];
  /** Parts before this one are taken; they are cut off now and then. */
  private first = 0;
  private bytesHeld = 0;
  private eventsHeld = 0;
  private run: Run | null = null;
  private readonly wakes: (() => void)[] = [];

  constructor(private readonly clock: Clock) {}

  get isEmpty(): boolean {
    return this.first === this.parts.length;
  }

  /** Bytes of the bodies. */
  get bytes(): number {
    return this.bytesHeld;
  }

  get events(): number {
    return this.eventsHeld;
  }

  /** Position of the first part, or null without one. */
  get head(): number | null {
    return this.parts[this.first]?.position ?? null;
  }

  push(part: QueuePart): void {
    const memory = part.batch.bytes.buffer;
    if (this.run?.memory !== memory) {
      this.endRun();
      this.run = { memory, from: this.parts.length, bodyBytes: 0 };
    }
    this.parts.push(part);
    const bodyBytes = part.batch.bodyBytes;
    this.run.bodyBytes += bodyBytes;
    this.bytesHeld += bodyBytes;
    this.eventsHeld += part.batch.count;
    this.wake();
  }

  /** At most `maxEvents` events from the head; empty where there are none. */
  take(maxEvents: number): QueuePart[] {
    const taken: QueuePart[] = [];
    let room = maxEvents;
    let bytes = 0;
    while (room > 0) {
      const part = this.parts[this.first];
      if (part === undefined) break;
      const partBytes = part.batch.bodyBytes;
      if (taken.length > 0 && bytes + partBytes > takeBytesMax) break;
      if (part.batch.count > room) {
        const now = { ...part, batch: part.batch.slice(0, room) };
        const later = { ...part, from: part.from + room, batch: part.batch.slice(room, part.batch.count) };
        this.parts[this.first] = later;
        this.bytesHeld -= now.batch.bodyBytes;
        this.eventsHeld -= room;
        taken.push(now);
        break;
      }
      taken.push(part);
      this.bytesHeld -= partBytes;
      this.eventsHeld -= part.batch.count;
      bytes += partBytes;
      room -= part.batch.count;
      this.first += 1;
    }
    this.cut();
    return taken;
  }

  /** Puts parts back to where they were. */
  giveBack(parts: readonly QueuePart[]): void {
    const all = [...parts, ...this.parts.slice(this.first)];
    this.parts = all.toSorted((left, right) => left.position - right.position || left.from - right.from);
    this.first = 0;
    this.run = null;
    for (const part of parts) {
      this.bytesHeld += part.batch.bodyBytes;
      this.eventsHeld += part.batch.count;
    }
    this.wake();
  }

  /** Resolves at the next push, give-back or `wake`, after `waitMs`, or when `signal` aborts. */
  wait(waitMs: number, signal?: AbortSignal): Promise<void> {
    if (waitMs <= 0 || signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel();
        signal?.removeEventListener('abort', done);
        const at = this.wakes.indexOf(done);
        if (at >= 0) this.wakes.splice(at, 1);
        resolve();
      };
      const timer = this.clock.after(waitMs, done);
      signal?.addEventListener('abort', done, { once: true });
      this.wakes.push(done);
    });
  }

  wake(): void {
    for (const wake of this.wakes.splice(0)) wake();
  }

  private cut(): void {
    if (this.first < 64 && this.first < this.parts.length) return;
    this.parts.splice(0, this.first);
    if (this.run !== null) this.run.from = Math.max(0, this.run.from - this.first);
    this.first = 0;
  }

  /** No more parts come of the last chunk: copies them where they are a small part of it. */
  private endRun(): void {
    const { run } = this;
    if (run === null || run.memory.byteLength <= 4 * run.bodyBytes + pinnedBytesMin) return;
    for (let at = Math.max(run.from, this.first); at < this.parts.length; at += 1) {
      const part = this.parts[at];
      if (part !== undefined) this.parts[at] = { ...part, batch: part.batch.copy() };
    }
  }
}
