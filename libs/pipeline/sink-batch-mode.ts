import { cronAfter, type CronSchedule } from '#pipeline/cron-schedule';
import type { TopicPartition } from '#pipeline/sink';
import { partitionKey, type SinkPartition } from '#pipeline/sink-partition';
import type { Clock } from '#std/clock';
import { messageOf } from '#std/errors';
import type { Logger } from '#std/log';

/** When a sink in batch mode works; what is set is enough by itself. */
export interface BatchModeOptions {
  readonly cron: CronSchedule | null;
  /** Records that are behind, all partitions of the task together; 0 = no matter. */
  readonly recordsMin: number;
  /** Bytes that are behind, reckoned from records fetched already; 0 = no matter. */
  readonly bytesMin: number;
  /** Age of the oldest record that waits, ms; 0 = no matter. */
  readonly ageMs: number;
  /** Whether partitions that are given to the task are worked off at once. */
  readonly onStart: boolean;
}

/** End offsets, by `partitionKey`. */
export type EndOffsets = (partitions: readonly TopicPartition[]) => Promise<ReadonlyMap<string, number>>;

interface Run {
  readonly reason: string;
  readonly startedAt: number;
  readonly endedAt: number | null;
}

/** How often the ends of partitions are asked for while it sleeps, ms. */
const lookEveryMs = 5000;
/** How soon they are asked for again after no answer, ms. */
const askAgainMs = 1000;

/**
 * A sink that works at times and sleeps between them. Awake it works up to the ends that its partitions had when it woke, so that a run ends
 * however fast records come in. Asleep it holds the first records of each partition, which tell how old and how large what waits is, and
 * reads no more.
 */
export class BatchMode {
  private run: Run | null = null;
  private lastRun: Run | null = null;
  private wakesAt: number | null;
  private isWanted = false;
  private readonly targets = new Map<string, number>();
  private ends: ReadonlyMap<string, number> = new Map();
  private askedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly options: BatchModeOptions,
    private readonly endOffsets: EndOffsets,
    private readonly positionOf: (at: TopicPartition) => number | null,
  ) {
    this.wakesAt = this.nextTime();
  }

  get isAsleep(): boolean {
    return this.run === null;
  }

  /** Partitions were given to the task: what another owner had begun with them is not left until the next time. */
  assigned(): void {
    if (this.options.onStart) this.isWanted = true;
  }

  revoked(gone: readonly TopicPartition[]): void {
    for (const at of gone) this.targets.delete(partitionKey(at));
  }

  /** Wakes where it is time to, and learns how far this run goes. Never rejects. */
  async turn(partitions: readonly SinkPartition[]): Promise<void> {
    if (this.run === null) {
      const reason = await this.reasonToWake(partitions);
      if (reason === null) return;
      this.isWanted = false;
      this.targets.clear();
      this.run = { reason, startedAt: this.clock.now(), endedAt: null };
    }
    const unknown = partitions.filter((partition) => !this.targets.has(partitionKey(partition)));
    if (unknown.length === 0) return;
    for (const [key, end] of await this.ask(unknown, askAgainMs)) {
      if (!this.targets.has(key)) this.targets.set(key, end);
    }
  }

  /** Whether this partition's records are to be delivered now. */
  isDue(partition: SinkPartition): boolean {
    return this.run !== null && this.targets.has(partitionKey(partition)) && !this.isThrough(partition);
  }

  /** Whether nothing more shall be fetched of it for now. */
  isStill(partition: SinkPartition): boolean {
    return this.run === null ? !partition.idle : this.isThrough(partition);
  }

  /** Whether this run has come to its end; `sleep` follows once all is flushed. */
  isDone(partitions: readonly SinkPartition[]): boolean {
    return this.run !== null && partitions.every((partition) => this.isThrough(partition));
  }

  sleep(): void {
    if (this.run !== null) this.lastRun = { ...this.run, endedAt: this.clock.now() };
    this.run = null;
    this.wakesAt = this.nextTime();
  }

  /** For people. */
  activity(): string {
    if (this.run !== null) return `WORKING since ${timeText(this.run.startedAt)} (${this.run.reason})`;
    const { recordsMin, bytesMin, ageMs } = this.options;
    const until = [
      ...(this.wakesAt === null ? [] : [timeText(this.wakesAt)]),
      ...(recordsMin > 0 ? [`${recordsMin} records wait`] : []),
      ...(bytesMin > 0 ? [`${bytesMin} bytes wait`] : []),
      ...(ageMs > 0 ? [`a record has waited ${ageMs} ms`] : []),
    ];
    return `SLEEPING until ${until.join(' or ')}`;
  }

  status(): Record<string, unknown> {
    return {
      state: this.run === null ? 'sleeping' : 'working',
      wakesAt: this.run === null && this.wakesAt !== null ? timeText(this.wakesAt) : null,
      run: this.run === null ? null : shown(this.run),
      lastRun: this.lastRun === null ? null : shown(this.lastRun),
    };
  }

  private isThrough(partition: SinkPartition): boolean {
    const target = this.targets.get(partitionKey(partition));
    if (target === undefined || !partition.opened || partition.deliveries.length > 0) return false;
    if (partition.processedNext !== null && partition.processedNext >= target) return true;
    // Marks of transactions are offsets without a record.
    return partition.idle && (this.positionOf(partition) ?? -1) >= target;
  }

  private async reasonToWake(partitions: readonly SinkPartition[]): Promise<string | null> {
    const { recordsMin, bytesMin, ageMs } = this.options;
    if (this.isWanted) return 'its partitions were given to it';
    if (this.wakesAt !== null && this.clock.now() >= this.wakesAt) return 'it was time';
    if (ageMs > 0 && partitions.some((partition) => this.ageOf(partition) >= ageMs))
      return `records wait for ${ageMs} ms`;
    if (recordsMin === 0 && bytesMin === 0) return null;
    const answer = await this.ask(partitions, lookEveryMs);
    if (answer.size > 0) this.ends = answer;
    let records = 0;
    let bytes = 0;
    for (const partition of partitions) {
      const lag = this.lagOf(partition);
      records += lag;
      if (partition.heldRecords > 0) bytes += (lag * partition.bufferedBytes) / partition.heldRecords;
    }
    if (recordsMin > 0 && records >= recordsMin) return `${records} records wait`;
    return bytesMin > 0 && bytes >= bytesMin ? `${Math.round(bytes)} bytes wait` : null;
  }

  private ageOf(partition: SinkPartition): number {
    const oldest = partition.oldest();
    return oldest === null ? -1 : this.clock.now() - oldest.timestamp(0);
  }

  private lagOf(partition: SinkPartition): number {
    const end = this.ends.get(partitionKey(partition));
    const next = partition.oldest()?.offset(0) ?? partition.processedNext ?? this.positionOf(partition);
    const behind = end === undefined || next === null ? 0 : end - next;
    return Math.max(behind, partition.heldRecords);
  }

  /** Nothing where it is too early to ask again, or where nobody answers. */
  private async ask(partitions: readonly SinkPartition[], everyMs: number): Promise<ReadonlyMap<string, number>> {
    const now = this.clock.monotonic();
    if (partitions.length === 0 || now - this.askedAt < everyMs) return new Map();
    this.askedAt = now;
    try {
      return await this.endOffsets(partitions);
    } catch (error) {
      this.logger.warn(`The ends of partitions are not known, so no run can begin: ${messageOf(error)}`);
      return new Map();
    }
  }

  private nextTime(): number | null {
    return this.options.cron === null ? null : cronAfter(this.options.cron, this.clock.now());
  }
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

function shown(run: Run): Record<string, unknown> {
  return {
    reason: run.reason,
    startedAt: timeText(run.startedAt),
    endedAt: run.endedAt === null ? null : timeText(run.endedAt),
  };
}
