import type { Clock } from '#std/clock';

export interface CapacityLimits {
  readonly events: number;
  readonly bytes: number;
}

interface Waiter {
  readonly events: number;
  readonly bytes: number;
  readonly enter: () => void;
  readonly giveUp: () => void;
}

/**
 * Room in a channel, counted in events and bytes. Whoever asks first enters first; nobody overtakes one that waits, so that
 * batches keep their order.
 */
export class CapacityGate {
  private eventsHeld = 0;
  private bytesHeld = 0;
  private readonly waiters: Waiter[] = [];

  constructor(
    private readonly clock: Clock,
    private readonly limits: CapacityLimits,
  ) {}

  get events(): number {
    return this.eventsHeld;
  }

  get bytes(): number {
    return this.bytesHeld;
  }

  /** Whether `enter` would not wait. */
  canEnter(events: number, bytes: number): boolean {
    return this.waiters.length === 0 && this.hasRoom(events, bytes);
  }

  /**
   * Waits for room, at most `waitMs`, and calls `whenIn` at the moment of entering, so that what it begins keeps the order of
   * the calls. Where there is no room in time it calls `whenFull`, at that moment too; by default that gives null.
   */
  enter<T, F = null>(
    room: { events: number; bytes: number; waitMs: number },
    whenIn: () => Promise<T>,
    whenFull?: () => Promise<F>,
  ): Promise<T | F | null> {
    if (this.canEnter(room.events, room.bytes)) {
      this.occupy(room.events, room.bytes);
      return whenIn();
    }
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        timer.cancel();
        this.waiters.splice(this.waiters.indexOf(waiter), 1);
        if (whenFull === undefined) resolve(null);
        else whenFull().then(resolve, reject);
      };
      const waiter: Waiter = {
        ...room,
        giveUp,
        enter: () => {
          timer.cancel();
          whenIn().then(resolve, reject);
        },
      };
      const timer = this.clock.after(room.waitMs, () => {
        giveUp();
        this.admit();
      });
      this.waiters.push(waiter);
    });
  }

  /** Whoever waits has waited long enough, the first one first. */
  giveUpWaiting(): void {
    for (const waiter of [...this.waiters]) waiter.giveUp();
  }

  /** Counts what is there already, also beyond the limits: after a restart. */
  occupy(events: number, bytes: number): void {
    this.eventsHeld += events;
    this.bytesHeld += bytes;
  }

  leave(events: number, bytes: number): void {
    this.eventsHeld -= events;
    this.bytesHeld -= bytes;
    this.admit();
  }

  private admit(): void {
    for (let first = this.waiters[0]; first !== undefined; first = this.waiters[0]) {
      if (!this.hasRoom(first.events, first.bytes)) return;
      this.waiters.shift();
      this.occupy(first.events, first.bytes);
      first.enter();
    }
  }

  /** One batch always fits an empty channel's byte limit: it would wait for ever otherwise. */
  private hasRoom(events: number, bytes: number): boolean {
    if (this.eventsHeld + events > this.limits.events) return false;
    return this.bytesHeld === 0 || this.bytesHeld + bytes <= this.limits.bytes;
  }
}
