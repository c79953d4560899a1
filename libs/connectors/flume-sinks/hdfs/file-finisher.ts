/**
 * Gives files their final names once they are written, and repairs those that a failed write left: bytes that were not acknowledged are cut
 * off first, and a file in which nothing was is removed. So a batch that is written again after a failure is in HDFS once.
 *
 * What fails is tried again by Flume's rules: `hdfs.closeTries` (0: for ever) each `hdfs.retryInterval`; while HDFS is away for a moment
 * nobody wants to wait three minutes, so with unlimited tries the first ones come after 1 s, 2 s, 4 s ….
 */
import type { ComponentContext } from '#pipeline/collector';
import type { Timer } from '#std/clock';
import { messageOf } from '#std/errors';
import type { AppendStore } from './append-store.js';
import type { FileJournal, JournaledFile } from './file-journal.js';

export interface FinisherOptions {
  /** 0: for ever. */
  readonly triesMax: number;
  readonly retryMs: number;
}

/** A file to finish; `isExact` where its size is known to be `bytes`. */
export interface FinishedFile extends JournaledFile {
  readonly isExact: boolean;
}

const firstRetryMs = 1000;
/** Names tried where the final one is taken. */
const namesMax = 100;
/** Files that are finished at once. */
const atOnceMax = 10;

export class FileFinisher {
  private readonly waiting: { file: FinishedFile; tries: number }[] = [];
  private readonly timers = new Set<Timer>();
  private readonly idle: (() => void)[] = [];
  private working = 0;
  private isStopped = false;

  constructor(
    private readonly store: AppendStore,
    private readonly journal: FileJournal,
    private readonly context: ComponentContext,
    private readonly options: FinisherOptions,
  ) {}

  add(file: FinishedFile): void {
    this.start(file, 0);
  }

  /** Waits for what is under way; what has failed, or fails now, stays in the journal for the next start. */
  async stop(): Promise<void> {
    if (this.working > 0 || this.waiting.length > 0) await new Promise<void>((resolve) => this.idle.push(resolve));
    this.isStopped = true;
    for (const timer of this.timers) timer.cancel();
    this.timers.clear();
  }

  private start(file: FinishedFile, tries: number): void {
    this.waiting.push({ file, tries });
    if (this.working < atOnceMax) void this.work();
  }

  private async work(): Promise<void> {
    this.working += 1;
    for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) {
      await this.tryOnce(next.file, next.tries + 1);
    }
    this.working -= 1;
    if (this.working === 0) for (const resolve of this.idle.splice(0)) resolve();
  }

  private async tryOnce(file: FinishedFile, tries: number): Promise<void> {
    const { context, options } = this;
    try {
      await this.finish(file);
      await this.journal.done(file.file);
      context.count('ConnectionClosedCount', 1);
    } catch (error) {
      context.count('ConnectionFailedCount', 1);
      if (options.triesMax > 0 && tries >= options.triesMax) {
        context.logger.error(`The file ${file.file} stays under this name after ${tries} tries: ${messageOf(error)}`);
        await this.journal.done(file.file);
        return;
      }
      if (tries === 1)
        context.logger.warn(`The file ${file.file} is not finished yet and tried again: ${messageOf(error)}`);
      this.retryLater(file, tries);
    }
  }

  private retryLater(file: FinishedFile, tries: number): void {
    if (this.isStopped) return;
    const { triesMax, retryMs } = this.options;
    const delayMs = triesMax > 0 ? retryMs : Math.min(retryMs, firstRetryMs * 2 ** Math.min(tries - 1, 20));
    const timer = this.context.clock.after(delayMs, () => {
      this.timers.delete(timer);
      this.start({ ...file, isExact: false }, tries);
    });
    this.timers.add(timer);
  }

  private async finish(file: FinishedFile): Promise<void> {
    const { store } = this;
    if (file.bytes === 0) {
      await store.remove(file.file);
      return;
    }
    if (!file.isExact) {
      const size = await store.size(file.file);
      // Renamed before, and the answer was lost.
      if (size === null) return;
      if (size > file.bytes) await store.truncate(file.file, file.bytes);
      else if (size < file.bytes)
        this.context.logger.error(`The file ${file.file} has ${size} bytes, but ${file.bytes} were acknowledged.`);
    }
    for (let number = 0; number < namesMax; number += 1) {
      const name = `${file.stem}${number === 0 ? '' : `-${number}`}${file.suffix}`;
      if ((await store.rename(file.file, name)) !== 'exists') return;
    }
    throw new Error(`${file.stem}${file.suffix} is there already, and so are ${namesMax} names like it`);
  }
}
