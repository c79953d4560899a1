import type { EventBatch } from '#pipeline/event-batch';
import type { Timer } from '#std/clock';
import type { EventEncoder } from '../serializers/event-encoder.js';
import type { AppendStore } from './append-store.js';
import type { FinishedFile } from './file-finisher.js';
import type { JournaledFile } from './file-journal.js';

export interface FileNames {
  /** While it is open. */
  readonly open: string;
  readonly stem: string;
  readonly suffix: string;
}

/** One file of a bucket while it is open: events wait in its encoder until `flush` brings them into the store. */
export class BucketFile {
  events = 0;
  /** Of bodies, as Flume counts for `hdfs.rollSize`. */
  bodyBytes = 0;
  /** Takes no more events; finished after its next flush. */
  isFull = false;
  interval: Timer | null = null;
  idle: Timer | null = null;
  /** Bytes that a flush brought into the store. */
  private storedBytes = 0;
  /** Bytes of flushes that were acknowledged to the channel. */
  private acknowledgedBytes = 0;
  /** Another file of this name was there: it is not ours to remove. */
  private isForeign = false;

  constructor(
    readonly names: FileNames,
    private readonly encoder: EventEncoder,
  ) {}

  add(batch: EventBatch, indexes: Int32Array, nowMs: number): void {
    this.encoder.add(batch, indexes, nowMs);
    this.events += indexes.length;
    for (const index of indexes) this.bodyBytes += (batch.ends[index] ?? 0) - (batch.starts[index] ?? 0);
  }

  async flush(store: AppendStore): Promise<void> {
    const bytes = await this.encoder.take();
    if (bytes.length === 0) return;
    if (this.storedBytes > 0) await store.append(this.names.open, bytes);
    else if ((await store.create(this.names.open, bytes)) === 'exists') {
      this.isForeign = true;
      throw new Error(`The file ${this.names.open} is there already; another one is begun.`);
    }
    this.storedBytes += bytes.length;
  }

  /** Nothing of it is in the store yet. */
  get isFresh(): boolean {
    return this.storedBytes === 0;
  }

  acknowledge(): void {
    this.acknowledgedBytes = this.storedBytes;
  }

  get journaled(): JournaledFile {
    const { open: file, stem, suffix } = this.names;
    return { file, stem, suffix, bytes: this.acknowledgedBytes };
  }

  /** What a flush that has succeeded will leave. */
  get journaledAsStored(): JournaledFile {
    return { ...this.journaled, bytes: this.storedBytes };
  }

  /** For the finisher; null where there is nothing to do. `failed`: the last flush may have left anything. */
  finished(failed: boolean): FinishedFile | null {
    this.interval?.cancel();
    this.idle?.cancel();
    return this.isForeign ? null : { ...this.journaled, isExact: !failed };
  }
}
