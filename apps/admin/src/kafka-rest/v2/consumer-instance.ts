/**
 * One consumer of REST Proxy v2: a reader of topics that lives between requests. Its calls run one after another. Records count as
 * handed out when their answer could be sent; with automatic commits they are committed when the client comes back.
 */
import { DetailedHttpError } from '#nest/error-answer';
import type { TopicPartition } from '#topics/consumer-protocol';
import type { TopicAdmin } from '#topics/topic-admin';
import { TopicReader, type PartitionPosition, type PartitionRecords } from '#topics/topic-reader';
import { shownValue, type RecordFormat } from './formats.js';

export interface ConsumerSettings {
  readonly group: string;
  readonly name: string;
  readonly format: RecordFormat;
  /** Where a partition without a committed offset begins. */
  readonly reset: 'earliest' | 'latest';
  readonly isAutoCommit: boolean;
  /** A read waits for so many bytes, or its timeout. */
  readonly bytesMin: number;
  /** Of a read that names none, ms. */
  readonly timeoutMs: number;
}

export interface ShownRecord {
  readonly topic: string;
  readonly key: unknown;
  readonly value: unknown;
  readonly partition: number;
  readonly offset: number;
}

type Source =
  | { readonly kind: 'subscription'; readonly topics: readonly string[]; readonly pattern: string | null }
  | { readonly kind: 'assignment'; readonly partitions: readonly TopicPartition[] };

const callsWaitingMax = 16;
const assignmentMsMax = 6_000;
const assignmentStepMs = 20;
const bufferBytesMax = 4 * 1024 * 1024;

export class ConsumerInstance {
  /** Monotonic, ms; while a call is under way the instance is not idle. */
  idleSinceMs: number;
  private source: Source | null = null;
  private reader: TopicReader | null = null;
  /** Fetched and not handed out yet. */
  private left: PartitionRecords[] = [];
  /** The next offset by partition, as handed out and not committed. */
  private readonly handedOut = new Map<string, PartitionPosition>();
  private last: Promise<unknown> = Promise.resolve();
  private callsWaiting = 0;

  constructor(
    readonly settings: ConsumerSettings,
    private readonly topics: TopicAdmin,
  ) {
    this.idleSinceMs = this.nowMs;
  }

  get isBusy(): boolean {
    return this.callsWaiting > 0;
  }

  get subscribed(): readonly string[] {
    if (this.source?.kind !== 'subscription') return [];
    const assigned = this.reader?.assignment().map(({ topic }) => topic) ?? [];
    return this.source.pattern === null ? this.source.topics : [...new Set(assigned)];
  }

  get assigned(): readonly TopicPartition[] {
    return this.source?.kind === 'assignment' ? this.source.partitions : (this.reader?.assignment() ?? []);
  }

  /** After the calls that came before. Rejects with 429 where too many wait. */
  run<T>(call: () => Promise<T>): Promise<T> {
    if (this.callsWaiting >= callsWaitingMax) {
      throw new DetailedHttpError(429, `Consumer ${this.settings.name} has ${this.callsWaiting} calls waiting.`);
    }
    this.callsWaiting += 1;
    const result = this.last.then(call).finally(() => {
      this.callsWaiting -= 1;
      this.idleSinceMs = this.nowMs;
    });
    this.last = result.catch(() => undefined);
    return result;
  }

  async subscribe(topics: readonly string[], pattern: string | null): Promise<void> {
    if (this.source?.kind === 'assignment') {
      throw new DetailedHttpError(40_903, 'The consumer has an assignment; subscriptions and assignments exclude.');
    }
    const expression = pattern === null ? undefined : patternOf(pattern);
    await this.release();
    this.source = { kind: 'subscription', topics, pattern };
    await this.read(
      new TopicReader(this.topics.cluster, {
        groupId: this.settings.group,
        topics: expression === undefined ? topics : undefined,
        pattern: expression,
        start: this.settings.reset,
        outOfRange: this.settings.reset,
        bytesMax: bufferBytesMax,
      }),
    );
  }

  async assign(partitions: readonly TopicPartition[]): Promise<void> {
    if (this.source?.kind === 'subscription') {
      throw new DetailedHttpError(40_903, 'The consumer has a subscription; delete it before assigning partitions.');
    }
    await this.release();
    const committed = await this.committed(partitions);
    const offsetOf = new Map(committed.map((position) => [keyOf(position), position.offset]));
    this.source = { kind: 'assignment', partitions };
    await this.read(
      new TopicReader(this.topics.cluster, {
        partitions: partitions.map((partition) => ({ ...partition, offset: offsetOf.get(keyOf(partition)) })),
        start: this.settings.reset,
        outOfRange: this.settings.reset,
        bytesMax: bufferBytesMax,
      }),
    );
  }

  /** Commits what is to be committed, leaves the group, forgets what was fetched. */
  async release(): Promise<void> {
    if (this.settings.isAutoCommit && this.handedOut.size > 0) await this.commitHandedOut().catch(() => undefined);
    this.handedOut.clear();
    this.left = [];
    this.source = null;
    const { reader } = this;
    this.reader = null;
    await reader?.stop();
  }

  /** `isWanted` says whether there is still somebody who would get them; if not, they stay for the next read. */
  async take(
    limits: { readonly timeoutMs: number; readonly bytesMax: number },
    isWanted: () => boolean,
  ): Promise<ShownRecord[]> {
    const { reader } = this;
    if (reader === null) {
      throw new DetailedHttpError(40_903, 'The consumer has neither a subscription nor an assignment.');
    }
    if (this.settings.isAutoCommit) await this.commitHandedOut();
    const endMs = this.nowMs + limits.timeoutMs;
    let bytes = sum(this.left);
    while (bytes < Math.min(Math.max(this.settings.bytesMin, 1), limits.bytesMax) && isWanted()) {
      const waitMs = endMs - this.nowMs;
      if (waitMs <= 0) break;
      const more = await reader.poll(waitMs);
      this.left.push(...more);
      bytes = sum(this.left);
    }
    return isWanted() ? this.shown(limits.bytesMax) : [];
  }

  /** Null: all that was handed out. Offsets are those of records that were processed. */
  async commit(offsets: readonly PartitionPosition[] | null): Promise<void> {
    if (offsets === null) return this.commitHandedOut();
    const positions = offsets.map(({ topic, partition, offset }) => ({ topic, partition, offset: offset + 1 }));
    await this.commitPositions(positions);
    for (const position of positions) this.handedOut.delete(keyOf(position));
  }

  async committed(partitions: readonly TopicPartition[]) {
    const wanted = new Set(partitions.map(keyOf));
    const offsets = await this.topics.groupOffsets(this.settings.group);
    return offsets.filter((offset) => wanted.has(keyOf(offset)));
  }

  async seek(positions: readonly PartitionPosition[]): Promise<void> {
    const reader = await this.assignedReader(positions);
    const moved = new Set(positions.map(keyOf));
    this.left = this.left.filter((records) => !moved.has(keyOf(records)));
    for (const position of positions) {
      reader.seek(position);
      this.handedOut.delete(keyOf(position));
    }
  }

  async seekTo(partitions: readonly TopicPartition[], at: 'earliest' | 'latest'): Promise<void> {
    await this.assignedReader(partitions);
    const positions: PartitionPosition[] = [];
    for (const topic of new Set(partitions.map((partition) => partition.topic))) {
      const offsets = await this.topics.offsets(topic, at);
      for (const { partition, offset } of offsets) {
        const isWanted = partitions.some((wanted) => wanted.topic === topic && wanted.partition === partition);
        if (isWanted) positions.push({ topic, partition, offset });
      }
    }
    await this.seek(positions);
  }

  private async read(reader: TopicReader): Promise<void> {
    this.reader = reader;
    const forget = (partitions: readonly TopicPartition[]): void => {
      const gone = new Set(partitions.map(keyOf));
      this.left = this.left.filter((records) => !gone.has(keyOf(records)));
      for (const key of gone) this.handedOut.delete(key);
    };
    await reader.start({
      onAssigned: () => Promise.resolve([]),
      onRevoked: async (partitions) => {
        if (this.settings.isAutoCommit) await this.commitHandedOut().catch(() => undefined);
        forget(partitions);
      },
      onLost: (partitions) => Promise.resolve(forget(partitions)),
    });
  }

  private shown(bytesMax: number): ShownRecord[] {
    const shown: ShownRecord[] = [];
    const positions: PartitionPosition[] = [];
    const left: PartitionRecords[] = [];
    let bytes = 0;
    for (const entry of this.left) {
      const { topic, partition, records, nextOffset } = entry;
      let index = 0;
      for (; index < records.count && (bytes < bytesMax || shown.length === 0); index += 1) {
        const offset = records.offset(index);
        const size = (records.key(index)?.length ?? 0) + (records.value(index)?.length ?? 0);
        if (shown.length > 0 && bytes + size > bytesMax) {
          bytes = bytesMax;
          break;
        }
        bytes += size;
        shown.push(this.shownRecord(entry, index, offset));
      }
      const isWhole = index === records.count;
      if (!isWhole) left.push({ ...entry, records: records.slice(index, records.count) });
      if (index > 0 || isWhole) {
        positions.push({ topic, partition, offset: isWhole ? nextOffset : records.offset(index) });
      }
    }
    this.left = left;
    for (const position of positions) this.handedOut.set(keyOf(position), position);
    return shown;
  }

  private shownRecord({ topic, partition, records }: PartitionRecords, index: number, offset: number): ShownRecord {
    const place = `The record ${topic}-${partition} at ${offset}`;
    const { format } = this.settings;
    return {
      topic,
      key: shownValue(format, records.key(index), `The key of ${place}`),
      value: shownValue(format, records.value(index), `The value of ${place}`),
      partition,
      offset,
    };
  }

  private async commitHandedOut(): Promise<void> {
    const positions = [...this.handedOut.values()];
    if (positions.length === 0) return;
    await this.commitPositions(positions);
    for (const position of positions) {
      if (this.handedOut.get(keyOf(position)) === position) this.handedOut.delete(keyOf(position));
    }
  }

  private async commitPositions(positions: readonly PartitionPosition[]): Promise<void> {
    if (this.source?.kind === 'subscription' && this.reader !== null) await this.reader.commit(positions);
    else await this.topics.resetGroupOffsets(this.settings.group, positions);
  }

  /** The group may need a moment before it gives partitions. */
  private async assignedReader(partitions: readonly TopicPartition[]): Promise<TopicReader> {
    const { reader } = this;
    const { clock } = this.topics.cluster;
    const endMs = this.nowMs + assignmentMsMax;
    while (reader !== null && this.nowMs < endMs) {
      const held = new Set(reader.assignment().map(keyOf));
      const missing = partitions.find((partition) => !held.has(keyOf(partition)));
      if (missing === undefined) return reader;
      if (held.size > 0) {
        throw new DetailedHttpError(
          40_903,
          `${missing.topic}-${missing.partition} is not assigned to consumer ${this.settings.name}.`,
        );
      }
      await clock.sleep(assignmentStepMs);
    }
    throw new DetailedHttpError(40_903, `Consumer ${this.settings.name} has no partitions assigned yet.`);
  }

  private get nowMs(): number {
    return this.topics.cluster.clock.monotonic();
  }
}

function sum(portions: readonly PartitionRecords[]): number {
  // A record without key and value counts too.
  return portions.reduce((bytes, { records }) => bytes + records.byteCount + records.count, 0);
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${partition} ${topic}`;
}

/** The whole name has to match, as in Java. Throws 422 for what is no expression. */
function patternOf(pattern: string): RegExp {
  try {
    return new RegExp(`^(?:${pattern})$`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : '';
    throw new DetailedHttpError(422, `The topic_pattern is not a regular expression: ${reason}`);
  }
}
