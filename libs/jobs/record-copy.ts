/**
 * Copies ranges of a topic into another one, each record once: the copies and the place after them are one transaction of the target
 * cluster, under a group of the job's own. A run that takes over goes on from that place.
 */
import { copiesOf } from '#connectors/sinks/kafka/record-copies';
import { RecordsBatch } from '#pipeline/sink-reader';
import type { SinkBatch } from '#pipeline/sink-batch';
import { PreparedBatch } from '#pipeline/sink-columns';
import { MillraceError } from '#std/errors';
import type { Clock } from '#std/clock';
import type { Cluster } from '#topics/cluster';
import { TopicAdmin } from '#topics/topic-admin';
import { TransactionalWriter } from '#topics/transactional-writer';
import { jobErrors } from './errors.js';
import { dropJobGroup, jobGroupPrefix } from './job-group.js';
import { Pace } from './pace.js';
import { readRanges, type OffsetRange } from './range-reader.js';
import { recordsIn } from './record-range.js';

export interface RecordCopyOptions {
  readonly jobId: string;
  readonly source: Cluster;
  readonly target: Cluster;
  readonly targetTopic: string;
  readonly ranges: readonly OffsetRange[];
  /** Whether this is the first run of the job. */
  readonly isFirst: boolean;
  /** Null: all. */
  readonly filter: ((batch: SinkBatch, index: number) => boolean) | null;
  /** Headers that say where a record came from. */
  readonly provenance: boolean;
  /** Records a second; 0: as fast as it goes. */
  readonly rate: number;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  progress(done: number, total: number): void;
  log(line: string): void;
}

export interface RecordCopyResult {
  readonly scanned: number;
  /** In this run. */
  readonly copied: number;
}

/** A transaction ends when it has so many records, or after so long. */
const transactionRecordsMax = 20_000;
const transactionMsMax = 1_000;
const closeMs = 2_000;

export class RecordCopy {
  private readonly group: string;
  private readonly writer: TransactionalWriter;
  private readonly targets: TopicAdmin;
  /** Places after what the open transaction holds. */
  private readonly places = new Map<number, number>();
  private writes: Promise<void>[] = [];
  private inTransaction = 0;
  private begunMs = 0;
  private scanned = 0;
  private copied = 0;

  constructor(private readonly options: RecordCopyOptions) {
    this.group = `${jobGroupPrefix}${options.jobId}`;
    this.writer = new TransactionalWriter(options.target, { transactionalId: this.group });
    this.targets = new TopicAdmin(options.target);
  }

  async run(): Promise<RecordCopyResult> {
    const { options, writer } = this;
    const described = await this.targets.describeTopic(options.targetTopic);
    if (described === null) {
      throw new MillraceError(jobErrors.range, `There is no topic ${options.targetTopic}: create it first`);
    }
    const widest = Math.max(0, ...options.ranges.map(({ partition }) => partition + 1));
    const keepPartition = described.partitions >= widest;
    const pace = new Pace(options.clock, options.rate);
    const total = recordsIn(options.ranges);
    try {
      await writer.init();
      const left = await this.left();
      this.scanned = total - recordsIn(left);
      options.progress(this.scanned, total);
      for await (const { topic, partition, records, nextOffset } of readRanges(options.source, left, options.signal)) {
        const step = options.rate === 0 ? records.count : Math.max(1, Math.ceil(options.rate / 4));
        for (let from = 0; from < records.count; from += step) {
          const some = records.slice(from, Math.min(records.count, from + step));
          const isLast = from + step >= records.count;
          const next = isLast ? nextOffset : some.offset(some.count - 1) + 1;
          this.take(this.wanted(new RecordsBatch(topic, partition, some)), keepPartition, {
            partition,
            nextOffset: next,
          });
          this.scanned += some.count;
          // No transaction waits for the pace: the cluster would give it up.
          if (options.rate > 0 || this.isDue()) await this.commit();
          options.progress(Math.min(total, this.scanned), total);
          await pace.after(some.count, options.signal);
        }
      }
      await this.commit();
      options.progress(total, total);
    } finally {
      await writer.close(closeMs);
    }
    // Where nothing was read there is none.
    const stays = total > 0 ? await dropJobGroup(this.targets, this.group, options.clock) : null;
    if (stays !== null) options.log(`Group ${this.group} stays: ${stays}`);
    return { scanned: this.scanned, copied: this.copied };
  }

  /** What no transaction has committed. */
  private async left(): Promise<OffsetRange[]> {
    let offsets = await this.targets.groupOffsets(this.group);
    const { ranges, isFirst } = this.options;
    if (isFirst && offsets.length > 0) {
      // A group of this name can only be of another database of jobs, whose numbers began at 1 too.
      await this.targets.deleteGroup(this.group);
      offsets = [];
    }
    const known = new Map(offsets.map(({ topic, partition, offset }) => [`${partition} ${topic}`, offset]));
    return ranges.map((range) => ({
      ...range,
      from: Math.min(range.to, Math.max(range.from, known.get(`${range.partition} ${range.topic}`) ?? 0)),
    }));
  }

  private wanted(batch: RecordsBatch): SinkBatch {
    const { filter } = this.options;
    if (filter === null) return batch;
    const rows = Int32Array.from({ length: batch.count }, (_, index) => index).filter((index) => filter(batch, index));
    return new PreparedBatch(batch, { keys: null, values: null, headers: null }, { rows, from: 0, to: rows.length });
  }

  private take(batch: SinkBatch, keepPartition: boolean, place: { partition: number; nextOffset: number }): void {
    const { options, writer } = this;
    if (this.begunMs === 0) {
      // A write that fails breaks the transaction, and is told by it.
      void writer.begin();
      this.begunMs = options.clock.monotonic();
    }
    this.places.set(place.partition, place.nextOffset);
    if (batch.count === 0) return;
    const columns = copiesOf(batch, { keepPartition, provenance: options.provenance });
    const write = writer.write(options.targetTopic, columns);
    // Awaited before the commit; until then a failure is not unheard of.
    write.catch(() => undefined);
    this.writes.push(write);
    this.inTransaction += batch.count;
  }

  private isDue(): boolean {
    const { clock } = this.options;
    return this.inTransaction >= transactionRecordsMax || clock.monotonic() - this.begunMs >= transactionMsMax;
  }

  private async commit(): Promise<void> {
    if (this.begunMs === 0) return;
    const { options, writer } = this;
    const topic = options.ranges[0]?.topic ?? '';
    try {
      await Promise.all(this.writes);
      const committer = { groupId: this.group, generationId: -1, memberId: '', groupInstanceId: null };
      const positions = [...this.places].map(([partition, offset]) => ({ topic, partition, offset }));
      await writer.sendOffsets(committer, positions);
      await writer.commit();
    } catch (error) {
      await writer.abort().catch(() => undefined);
      throw error;
    }
    this.copied += this.inTransaction;
    this.writes = [];
    this.places.clear();
    this.inTransaction = 0;
    this.begunMs = 0;
  }
}
