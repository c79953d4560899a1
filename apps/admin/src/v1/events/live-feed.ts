/**
 * One table of the stream: looks once a second while somebody listens, never else, and tells each listener which rows are others than at
 * the look before. Rows are kept as text, so that they are compared and written without being put into JSON again.
 */
import type { Clock, Timer } from '#std/clock';
import { messageOf } from '#std/errors';
import type { Logger } from '#std/log';

/** A row with what decides whether somebody may see it. */
export interface LiveRow {
  readonly row: object;
  readonly text: string;
}

export type Look = (atMs: number) => Promise<ReadonlyMap<string, object>>;

export interface FeedParts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** CPU time of this thread until now, ms. Default: the system's. */
  readonly cpuMs?: () => number;
}

export interface FeedListener {
  /** Keys whose rows are new or others, and keys that are gone. */
  changed(keys: readonly string[], gone: readonly string[]): void;
}

const tickMs = 1000;
/** A look may take a fifth of a core at most; what the thread does besides counts too, and makes it rest longer. */
const restPerLook = 4;
const slowLookMs = 300;
/** Also where a look waits for others longer than a tick. */
const minRestMs = 200;
const retryMsMax = 10_000;

export class LiveFeed {
  private readonly listeners = new Set<FeedListener>();
  private timer: Timer | null = null;
  private isLooking = false;
  private failures = 0;
  private rows = new Map<string, LiveRow>();
  /** Wall time of the last look that succeeded, ms; 0: none since somebody began to listen. */
  at = 0;

  constructor(
    private readonly name: string,
    private readonly look: Look,
    private readonly parts: FeedParts,
  ) {}

  get isIdle(): boolean {
    return this.listeners.size === 0;
  }

  get keys(): Iterable<string> {
    return this.rows.keys();
  }

  row(key: string): LiveRow | undefined {
    return this.rows.get(key);
  }

  /** Gives back what ends it. A listener hears of the rows that are there by `changed`, also where there are none. */
  listen(listener: FeedListener): () => void {
    this.listeners.add(listener);
    if (this.at > 0) listener.changed([...this.rows.keys()], []);
    if (this.timer === null && !this.isLooking) void this.lookNow();
    return () => {
      this.listeners.delete(listener);
      if (this.isIdle) this.rest();
    };
  }

  /** Nobody listens: what was seen is old by the time that somebody does again. */
  private rest(): void {
    this.timer?.cancel();
    this.timer = null;
    this.rows = new Map();
    this.at = 0;
  }

  private async lookNow(): Promise<void> {
    const { clock, logger, cpuMs = threadCpuMs } = this.parts;
    const beganCpuMs = cpuMs();
    this.isLooking = true;
    const beganMs = clock.monotonic();
    try {
      const atMs = clock.now();
      const rows = await this.look(atMs);
      if (!this.isIdle) this.take(rows, atMs);
      this.failures = 0;
    } catch (error) {
      this.failures += 1;
      if (this.failures === 1) logger.warn(`Live data of ${this.name} cannot be had: ${messageOf(error)}`);
    }
    this.isLooking = false;
    if (this.isIdle) return;
    const tookMs = clock.monotonic() - beganMs;
    const costMs = Math.min(tookMs, cpuMs() - beganCpuMs);
    const restMs = costMs > slowLookMs ? costMs * restPerLook : Math.max(minRestMs, tickMs - tookMs);
    const waitMs = this.failures === 0 ? restMs : Math.min(retryMsMax, tickMs * 2 ** this.failures);
    this.timer = clock.after(waitMs, () => {
      this.timer = null;
      void this.lookNow();
    });
  }

  private take(rows: ReadonlyMap<string, object>, atMs: number): void {
    const changed: string[] = [];
    const next = new Map<string, LiveRow>();
    for (const [key, row] of rows) {
      const text = JSON.stringify(row);
      const old = this.rows.get(key);
      if (old?.text === text) {
        next.set(key, old);
      } else {
        next.set(key, { row, text });
        changed.push(key);
      }
    }
    const gone = [...this.rows.keys()].filter((key) => !rows.has(key));
    const isFirst = this.at === 0;
    this.rows = next;
    this.at = atMs;
    if (!isFirst && changed.length === 0 && gone.length === 0) return;
    for (const listener of this.listeners) listener.changed(changed, gone);
  }
}

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
