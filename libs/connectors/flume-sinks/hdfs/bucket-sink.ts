/**
 * Flume's HDFS sink over a store that can append: events go into the file of their bucket (resolved folder and prefix), and a batch counts as
 * delivered once every file that it touched has taken its bytes durably, open files included, as Flume counts after its hflush.
 *
 * Batches that arrive while a flush is under way wait and are flushed together: an append over WebHDFS is two requests and a new
 * pipeline, so many small batches cost as much as one. A flush that fails is undone: the files that it touched are cut back to what was
 * acknowledged before and finished, its batches fail, and the channel gives them again. Flume leaves them in and writes them twice.
 */
import type { ChannelSink, ComponentContext } from '#pipeline/collector';
import type { EventBatch } from '#pipeline/event-batch';
import { EventSinkBatch } from '#pipeline/event-sink-batch';
import type { Clock } from '#std/clock';
import type { PathTemplate } from '../../formats/path-template.js';
import { boundedEach } from '../../sinks/file/bounded-each.js';
import type { EventSerializer } from '../serializers/event-encoder.js';
import type { AppendStore } from './append-store.js';
import { BucketFile, type FileNames } from './bucket-file.js';
import { FileFinisher, type FinisherOptions } from './file-finisher.js';
import { FileJournal } from './file-journal.js';

export interface BucketSettings {
  readonly batchSize: number;
  /** Folder, slash, prefix. */
  readonly template: PathTemplate;
  readonly useLocalTime: boolean;
  readonly suffix: string;
  readonly inUsePrefix: string;
  readonly inUseSuffix: string;
  /** 0: not by that. */
  readonly rollMs: number;
  readonly rollBytes: number;
  readonly rollEvents: number;
  readonly idleMs: number;
  readonly openFilesMax: number;
  /** Files written at once. */
  readonly flushesAtOnce: number;
  readonly finisher: FinisherOptions;
}

interface Bucket {
  readonly key: string;
  /** Folder and prefix. */
  readonly path: string;
  readonly variant: string;
  file: BucketFile | null;
}

interface WaitingWrite {
  readonly batch: EventBatch;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Events that may wait for one flush: an append costs so much more than its bytes that small batches must go together. */
const eventsInFlightMax = 10_000;
const writesInFlightMax = 128;
/** How long a stop waits for files to get their names, ms; the next start does the rest. */
const finishMsMax = 5000;

export class BucketSink implements ChannelSink {
  private context: ComponentContext | null = null;
  private store: AppendStore | null = null;
  private journal: FileJournal | null = null;
  private finisher: FileFinisher | null = null;
  /** The least recently used first. */
  private readonly buckets = new Map<string, Bucket>();
  private waiting: WaitingWrite[] = [];
  /** Files whose time has come. */
  private due: Bucket[] = [];
  private working: Promise<void> | null = null;
  private counter = 0;
  private warnedOfTime = false;

  constructor(
    private readonly settings: BucketSettings,
    private readonly serializer: EventSerializer,
    private readonly connect: () => AppendStore,
  ) {}

  get batchSize(): number {
    return this.settings.batchSize;
  }

  get writesInFlightMax(): number {
    return Math.max(2, Math.min(writesInFlightMax, Math.floor(eventsInFlightMax / this.settings.batchSize)));
  }

  /** Does not wait for the store: it may be away. Files that a crash left open are finished meanwhile. */
  async start(context: ComponentContext): Promise<void> {
    this.context = context;
    this.journal = new FileJournal(context.stateDirectory);
    const left = await this.journal.start();
    this.store = this.connect();
    this.finisher = new FileFinisher(this.store, this.journal, context, this.settings.finisher);
    for (const file of left) this.finisher.add({ ...file, isExact: false });
  }

  /** Finishes all files. */
  async stop(): Promise<void> {
    await this.working?.catch(() => undefined);
    for (const bucket of this.buckets.values()) this.finish(bucket, false);
    this.buckets.clear();
    const { context, finisher, journal, store } = this;
    this.context = null;
    if (context !== null && finisher !== null) await within(finishMsMax, finisher.stop(), context.clock);
    await journal?.stop();
    await store?.close();
  }

  write(batch: EventBatch): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ batch, resolve, reject });
      this.wake();
    });
  }

  private wake(): void {
    this.working ??= this.work().finally(() => {
      this.working = null;
      if (this.waiting.length > 0 || this.due.length > 0) this.wake();
    });
  }

  private async work(): Promise<void> {
    // Batches that are begun in one turn are flushed together.
    await Promise.resolve();
    while (this.waiting.length > 0 || this.due.length > 0) {
      for (const bucket of this.due.splice(0)) this.finish(bucket, false);
      const writes = this.waiting;
      this.waiting = [];
      if (writes.length > 0) await this.flushTogether(writes);
    }
  }

  private async flushTogether(writes: readonly WaitingWrite[]): Promise<void> {
    const touched = new Set<Bucket>();
    const full: BucketFile[] = [];
    const taken: WaitingWrite[] = [];
    for (const write of writes) {
      try {
        await this.serializer.prepare?.(write.batch);
        const sorted = this.sort(write.batch);
        for (const [bucket, indexes] of sorted) {
          this.add(bucket, write.batch, Int32Array.from(indexes), full);
          touched.add(bucket);
        }
        taken.push(write);
      } catch (error) {
        write.reject(error);
      }
    }
    const open = [...touched].flatMap(({ file }) => (file === null ? [] : [file]));
    await this.flush([...full, ...open], taken, touched);
  }

  private async flush(
    files: readonly BucketFile[],
    writes: readonly WaitingWrite[],
    touched: ReadonlySet<Bucket>,
  ): Promise<void> {
    const { store, journal } = this.started();
    try {
      const fresh = files.filter((file) => file.isFresh);
      if (fresh.length > 0) await journal.note(fresh.map((file) => file.journaled));
      await boundedEach(files, this.settings.flushesAtOnce, (file) => file.flush(store));
      await journal.note(files.map((file) => file.journaledAsStored));
    } catch (error) {
      for (const bucket of touched) bucket.file = null;
      for (const file of files) this.handOver(file, true);
      for (const { reject } of writes) reject(error);
      return;
    }
    for (const file of files) file.acknowledge();
    for (const { resolve } of writes) resolve();
    for (const file of files) if (file.isFull) this.handOver(file, false);
    for (const bucket of touched) {
      if (bucket.file === null) continue;
      if (bucket.file.isFull) bucket.file = null;
      else this.armIdle(bucket, bucket.file);
    }
    this.closeLeastUsed();
  }

  /** Adds events to a bucket's files; those that become full in between are put to `full`. */
  private add(bucket: Bucket, batch: EventBatch, indexes: Int32Array, full: BucketFile[]): void {
    const { context } = this.started();
    for (let from = 0; from < indexes.length;) {
      const file = (bucket.file ??= this.open(bucket));
      file.idle?.cancel();
      const to = this.roomEnd(file, batch, indexes, from);
      file.add(batch, indexes.subarray(from, to), context.clock.now());
      file.isFull = this.isFull(file);
      if (file.isFull && to < indexes.length) {
        full.push(file);
        bucket.file = null;
      }
      from = to;
    }
    // Full with its last event: the next batch of this group begins another file.
    if (bucket.file?.isFull === true) {
      full.push(bucket.file);
      bucket.file = null;
    }
  }

  /** Flume looks before each event whether the file has had its bytes or events; so an event may go over the size. */
  private roomEnd(file: BucketFile, batch: EventBatch, indexes: Int32Array, from: number): number {
    const { rollEvents, rollBytes } = this.settings;
    const byCount = rollEvents > 0 ? from + rollEvents - file.events : indexes.length;
    const end = Math.min(byCount, indexes.length);
    if (rollBytes === 0) return end;
    let bytes = file.bodyBytes;
    for (let at = from; at < end; at += 1) {
      const index = indexes[at] ?? 0;
      bytes += (batch.ends[index] ?? 0) - (batch.starts[index] ?? 0);
      if (bytes >= rollBytes) return at + 1;
    }
    return end;
  }

  private isFull(file: BucketFile): boolean {
    const { rollEvents, rollBytes } = this.settings;
    return (rollEvents > 0 && file.events >= rollEvents) || (rollBytes > 0 && file.bodyBytes >= rollBytes);
  }

  private open(bucket: Bucket): BucketFile {
    const { context } = this.started();
    const file = new BucketFile(this.namesOf(bucket.path), this.serializer.open(bucket.key, bucket.variant));
    context.count('ConnectionCreatedCount', 1);
    const { rollMs } = this.settings;
    if (rollMs > 0) file.interval = context.clock.after(rollMs, () => this.timeUp(bucket, file));
    return file;
  }

  /** Flume's counter begins at the time in ms; ours also never gives a number twice. */
  private namesOf(path: string): FileNames {
    const { suffix, inUsePrefix, inUseSuffix } = this.settings;
    this.counter = Math.max(this.counter, this.started().context.clock.now()) + 1;
    const at = path.lastIndexOf('/') + 1;
    const name = `${path.slice(at)}.${this.counter}`;
    return {
      open: `${path.slice(0, at)}${inUsePrefix}${name}${suffix}${inUseSuffix}`,
      stem: `${path.slice(0, at)}${name}`,
      suffix,
    };
  }

  private armIdle(bucket: Bucket, file: BucketFile): void {
    const { idleMs } = this.settings;
    file.idle?.cancel();
    if (idleMs > 0) file.idle = this.started().context.clock.after(idleMs, () => this.timeUp(bucket, file));
  }

  private timeUp(bucket: Bucket, file: BucketFile): void {
    if (bucket.file !== file || this.context === null) return;
    this.due.push(bucket);
    this.wake();
  }

  private closeLeastUsed(): void {
    for (const bucket of this.buckets.values()) {
      if (this.buckets.size <= this.settings.openFilesMax) return;
      this.finish(bucket, false);
    }
  }

  private finish(bucket: Bucket, failed: boolean): void {
    const { file } = bucket;
    bucket.file = null;
    this.buckets.delete(bucket.key);
    if (file !== null) this.handOver(file, failed);
  }

  private handOver(file: BucketFile, failed: boolean): void {
    const finished = file.finished(failed);
    if (finished !== null) this.finisher?.add(finished);
    else void this.journal?.done(file.names.open);
  }

  private sort(batch: EventBatch): Map<Bucket, number[]> {
    const { context } = this.started();
    const { template, useLocalTime } = this.settings;
    const nowMs = context.clock.now();
    const records = new EventSinkBatch(batch, { topic: '', partition: 0, firstOffset: 0, timeMs: nowMs });
    const byKey = new Map<string, { path: string; variant: string; indexes: number[] }>();
    let last: { path: string; variant: string; indexes: number[] } | undefined;
    let lastSecond = Number.NaN;
    const canRepeat = template.byTimeOnly && this.serializer.variant === undefined;
    for (let index = 0; index < batch.count; index += 1) {
      const timeMs = template.needsTime && !useLocalTime ? this.timeOf(batch, index, nowMs) : nowMs;
      const second = Math.floor(timeMs / 1000);
      if (last === undefined || !(canRepeat && second === lastSecond)) {
        lastSecond = second;
        const path = template.resolve(records, index, timeMs);
        const variant = this.serializer.variant?.(batch, index) ?? '';
        const key = variant === '' ? path : `${path}\0${variant}`;
        last = byKey.get(key);
        if (last === undefined) byKey.set(key, (last = { path, variant, indexes: [] }));
      }
      last.indexes.push(index);
    }
    return new Map([...byKey].map(([key, { path, variant, indexes }]) => [this.bucketOf(key, path, variant), indexes]));
  }

  /**
   * The header `timestamp`. Flume's sink fails for ever on an event that has none; here it goes by the clock, and is counted and told of.
   */
  private timeOf(batch: EventBatch, index: number, nowMs: number): number {
    const text = batch.header(index, 'timestamp');
    if (text !== null && /^-?\d{1,15}$/.test(text)) return Number(text);
    const { context } = this.started();
    context.count('TimestampMissingCount', 1);
    if (!this.warnedOfTime) {
      this.warnedOfTime = true;
      context.logger.warn(
        'Events have no header "timestamp" with a number, which the escapes of hdfs.path or hdfs.filePrefix need; they are filed by the ' +
          'time of this machine. A timestamp interceptor gives the header, hdfs.useLocalTimeStamp=true asks for that time.',
      );
    }
    return nowMs;
  }

  private bucketOf(key: string, path: string, variant: string): Bucket {
    const bucket = this.buckets.get(key) ?? { key, path, variant, file: null };
    this.buckets.delete(key);
    this.buckets.set(key, bucket);
    return bucket;
  }

  private started(): { context: ComponentContext; store: AppendStore; journal: FileJournal } {
    const { context, store, journal } = this;
    if (context === null || store === null || journal === null) throw new Error('The HDFS sink is not started.');
    return { context, store, journal };
  }
}

/** Resolves with `work`, or after `limitMs`. */
async function within(limitMs: number, work: Promise<void>, clock: Clock): Promise<void> {
  const waiting = new AbortController();
  await Promise.race([work, clock.sleep(limitMs, waiting.signal).catch(() => undefined)]);
  waiting.abort();
}
