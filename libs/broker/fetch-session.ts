import type { LogEngine, PartitionWatcher } from '#log/engine';
import type { Clock } from '#std/clock';
import { kafkaError } from '#wire/kafka/error-codes';
import {
  byteCount,
  type AskedPartition,
  type FetchedPartition,
  type FetchPatience,
  type FetchReader,
} from './fetch-reader.js';

const epochMax = 2 ** 31 - 1;

/** A partition named for removal from a session. */
export interface ForgottenPartition {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
}

export interface SessionPatience extends FetchPatience {
  /** Asked once, with the bytes of the answer; where it says no, nothing is told and all stays to be told. */
  mayTell(bytes: number): boolean;
}

export interface SessionAnswer {
  readonly asked: AskedPartition;
  readonly fetched: FetchedPartition;
}

/**
 * What one client reads, kept between its fetches (KIP-227), so that a request names only what changed and so does its answer.
 *
 * A fetch looks at the partitions in `ready` alone: those that the request named, those that were not read to their end, and those
 * whose watcher was told of something new. The rest has nothing to tell by construction, so the cost of a fetch is that of what
 * changed. `ready` is kept in the order of waiting: who was served goes to its end, and so nobody starves.
 */
export class FetchSession {
  /** What the next request must carry. */
  epoch = 1;
  lastUsedMs: number;
  private readonly partitions = new Map<string, SessionPartition>();
  private readonly ready = new Set<SessionPartition>();
  /** Set while a fetch waits: more bytes are needed before it answers. */
  private parked: { missing: number; readonly finish: () => void } | null = null;
  private isolation: string | null = null;
  private grew = false;
  private isClosed = false;
  private waiting = 0;
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly engine: LogEngine,
    private readonly clock: Clock,
    readonly id: number,
    readonly kind: {
      /** Topics are named by id, in this session's requests and answers. */
      readonly namesIds: boolean;
      /** Opened by a follower, which is not driven out by consumers. */
      readonly isPrivileged: boolean;
      readonly createdMs: number;
    },
  ) {
    this.lastUsedMs = kind.createdMs;
  }

  get size(): number {
    return this.partitions.size;
  }

  /** Takes up what a full fetch asked and was answered. */
  adopt(answers: readonly SessionAnswer[]): void {
    for (const { asked, fetched } of answers) {
      this.put(asked).tell(fetched);
    }
  }

  /** Adds or changes the partitions that a request names, and drops those it forgets. */
  update(named: readonly AskedPartition[], forgotten: readonly ForgottenPartition[]): void {
    for (const asked of named) this.put(asked);
    for (const gone of forgotten) {
      const key = this.keyOf(gone);
      const partition = this.partitions.get(key);
      if (partition === undefined) continue;
      this.partitions.delete(key);
      this.ready.delete(partition);
      partition.unwatch();
    }
  }

  nextEpoch(): void {
    this.epoch = this.epoch === epochMax ? 1 : this.epoch + 1;
  }

  /** The answers that have something to tell; a second fetch of the session hurries the first. */
  fetch(reader: FetchReader, patience: SessionPatience, signal: AbortSignal): Promise<SessionAnswer[]> {
    this.waiting += 1;
    this.parked?.finish();
    const mine = this.last
      .then(() => this.run(reader, patience, signal))
      .finally(() => {
        this.waiting -= 1;
      });
    this.last = mine.catch(() => undefined);
    return mine;
  }

  /** Out of the cache: nothing is watched any more, and a fetch that waits answers with what it has. */
  close(): void {
    this.isClosed = true;
    for (const partition of this.partitions.values()) partition.unwatch();
    this.parked?.finish();
  }

  /** Called by a partition that has something new. */
  moved(partition: SessionPartition, bytes: number, stableBytes: number): void {
    this.grew = true;
    this.ready.add(partition);
    if (this.parked === null) {
      // Once is enough until the next fetch looks; a session that nobody uses any more then costs its partitions nothing.
      partition.unwatch();
      return;
    }
    this.parked.missing -= this.isolation === 'read_committed' ? stableBytes : bytes;
    if (this.parked.missing <= 0) this.parked.finish();
  }

  private put(asked: AskedPartition): SessionPartition {
    const key = this.keyOf(asked);
    let partition = this.partitions.get(key);
    if (partition === undefined) {
      partition = new SessionPartition(this, this.engine, asked);
      this.partitions.set(key, partition);
    } else {
      partition.asked = asked;
    }
    this.ready.add(partition);
    return partition;
  }

  private keyOf({ topic, topicId, partition }: ForgottenPartition): string {
    return `${partition}:${this.kind.namesIds ? topicId : topic}`;
  }

  private async run(reader: FetchReader, patience: SessionPatience, signal: AbortSignal): Promise<SessionAnswer[]> {
    const { isolation } = reader.limits;
    if (this.isolation !== null && this.isolation !== isolation) {
      for (const partition of this.partitions.values()) this.ready.add(partition);
    }
    this.isolation = isolation;
    const deadline = this.clock.monotonic() + patience.maxWaitMs;
    for (;;) {
      const looked = await this.look(reader);
      const waitMs = deadline - this.clock.monotonic();
      const mustEnd = waitMs <= 0 || signal.aborted || this.isClosed || this.waiting > 1;
      if (looked.isUrgent || looked.bytes >= patience.minBytes || mustEnd) {
        return patience.mayTell(looked.bytes) ? this.tell(looked.answers) : [];
      }
      if (!this.grew) await this.park(patience.minBytes - looked.bytes, waitMs, signal);
    }
  }

  /** Reads what is ready. What has nothing to tell is no longer ready afterwards, unless it moved meanwhile. */
  private async look(reader: FetchReader): Promise<Looked> {
    const candidates = [...this.ready];
    this.ready.clear();
    this.grew = false;
    // Watched before it is read, so that nothing is missed between the two.
    for (const candidate of candidates) if (!this.isClosed) candidate.watch(reader);
    const asked = candidates.map((candidate) => candidate.asked);
    const fetched = asked.length === 0 ? [] : await reader.read(asked, { minBytes: 0, maxWaitMs: 0 });
    const answers: LookedPartition[] = [];
    const grown = [...this.ready];
    this.ready.clear();
    let bytes = 0;
    let isUrgent = false;
    for (const [index, candidate] of candidates.entries()) {
      const read = fetched[index];
      const found = read === undefined ? undefined : candidate.named(read);
      if (found === undefined || !this.partitions.has(this.keyOf(candidate.asked))) continue;
      const isNews = candidate.isNews(found);
      if (isNews || !isAtEnd(candidate, found, reader)) this.ready.add(candidate);
      if (!isNews) continue;
      answers.push({ partition: candidate, fetched: found });
      bytes += byteCount(found.records);
      isUrgent ||= found.errorCode !== kafkaError.NONE || found.divergingEpoch !== undefined;
    }
    for (const partition of grown) this.ready.add(partition);
    return { answers, bytes, isUrgent };
  }

  private tell(answers: readonly LookedPartition[]): SessionAnswer[] {
    return answers.map(({ partition, fetched }) => {
      partition.tell(fetched);
      this.ready.delete(partition);
      this.ready.add(partition);
      return { asked: partition.asked, fetched };
    });
  }

  private park(missing: number, waitMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        this.parked = null;
        timer.cancel();
        signal.removeEventListener('abort', finish);
        resolve();
      };
      const timer = this.clock.after(waitMs, finish);
      signal.addEventListener('abort', finish, { once: true });
      this.parked = { missing, finish };
    });
  }
}

interface LookedPartition {
  readonly partition: SessionPartition;
  readonly fetched: FetchedPartition;
}

interface Looked {
  readonly answers: readonly LookedPartition[];
  readonly bytes: number;
  readonly isUrgent: boolean;
}

/** One partition of a session: what the client asks of it, and what it was told last. */
class SessionPartition implements PartitionWatcher {
  private highWatermark = -1;
  private lastStableOffset = -1;
  private logStartOffset = -1;
  private watchedTopicId: string | null = null;
  private wasKnown = false;

  constructor(
    private readonly session: FetchSession,
    private readonly engine: LogEngine,
    public asked: AskedPartition,
  ) {}

  grew(bytes: number, stableBytes: number): void {
    this.session.moved(this, bytes, stableBytes);
  }

  gone(): void {
    this.watchedTopicId = null;
    this.session.moved(this, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
  }

  watch(reader: FetchReader): void {
    if (this.watchedTopicId !== null) return;
    const topic = reader.topicOf(this.asked);
    if (topic !== null && this.engine.watch(topic.id, this.asked.partition, this)) this.watchedTopicId = topic.id;
  }

  unwatch(): void {
    if (this.watchedTopicId !== null) this.engine.unwatch(this.watchedTopicId, this.asked.partition, this);
    this.watchedTopicId = null;
  }

  /** An id whose topic the session has seen keeps its name, as in Kafka: when it is gone, the partition is unknown, not the id. */
  named(fetched: FetchedPartition): FetchedPartition {
    const isUnknownId = fetched.errorCode === kafkaError.UNKNOWN_TOPIC_ID;
    return isUnknownId && this.wasKnown ? { ...fetched, errorCode: kafkaError.UNKNOWN_TOPIC_OR_PARTITION } : fetched;
  }

  isNews(fetched: FetchedPartition): boolean {
    return (
      fetched.records.length > 0 ||
      fetched.errorCode !== kafkaError.NONE ||
      fetched.divergingEpoch !== undefined ||
      fetched.highWatermark !== this.highWatermark ||
      fetched.lastStableOffset !== this.lastStableOffset ||
      fetched.logStartOffset !== this.logStartOffset
    );
  }

  tell(fetched: FetchedPartition): void {
    this.wasKnown ||= fetched.errorCode !== kafkaError.UNKNOWN_TOPIC_ID;
    // After an error everything is told anew, so that the client learns that it is over.
    const isError = fetched.errorCode !== kafkaError.NONE;
    this.highWatermark = isError ? -1 : fetched.highWatermark;
    this.lastStableOffset = fetched.lastStableOffset;
    this.logStartOffset = fetched.logStartOffset;
  }
}

function isAtEnd(partition: SessionPartition, fetched: FetchedPartition, reader: FetchReader): boolean {
  const end = reader.limits.isolation === 'read_committed' ? fetched.lastStableOffset : fetched.highWatermark;
  return partition.asked.fetchOffset >= end;
}
