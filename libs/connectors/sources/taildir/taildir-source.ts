/**
 * Flume's taildir: follows files as they grow. A file's position moves only when every required channel has committed its
 * lines; after a crash it goes on there, so lines are never lost and at most those of the last moment come twice.
 *
 * Where it differs from Flume: a renamed file goes on at its position also when the new name matches (Flume reads it
 * again from 0); positions are replaced by a rename (Flume writes in place, and a crash can leave half a file); the wait
 * between two looks is 0.1 to 1 s (Flume: 1 to 5 s), that between two writes of positions 0.1 s (Flume: 3 s).
 */
import { join } from 'node:path';
import { requireOptions, type OptionValues } from '#config/options';
import type { ComponentRemark, ComponentType, Source, SourceContext } from '#pipeline/collector';
import { ChannelError } from '#pipeline/errors';
import { EventBatch, type HeaderColumn } from '#pipeline/event-batch';
import type { Timer } from '#std/clock';
import { messageOf } from '#std/errors';
import { hasHead } from '../file-head.js';
import { checkGroupPath, FileFinder, type FoundFile } from './file-finder.js';
import { readPositions, writePositions, type Position } from './position-file.js';
import { TailedFile, type LineBatch } from './tailed-file.js';
import { taildirOptions } from './taildir-options.js';

const channelRetryMsMin = 1000;
const channelRetryMsMax = 5000;

export const taildirSource: ComponentType<Source> = {
  name: 'taildir',
  classNames: ['org.apache.flume.source.taildir.TaildirSource'],
  doc: 'Follows files as they grow, over renames and restarts, without losing a line.',
  options: taildirOptions,
  batchSizeOption: 'batchSize',
  check(options) {
    const { filegroups, groupPaths } = requireOptions('source', taildirOptions, options);
    return filegroups.flatMap((group): ComponentRemark[] => {
      const path = groupPaths[group];
      const option = `filegroups.${group}`;
      if (path === undefined)
        return [{ severity: 'error', option, message: `group ${group} has no path: set ${option}` }];
      try {
        checkGroupPath(group, path);
        return [];
      } catch (error) {
        return [{ severity: 'error', option, message: messageOf(error) }];
      }
    });
  },
  create: (input) => new TaildirSource(requireOptions(`source ${input.name}`, taildirOptions, input.options)),
};

class TaildirSource implements Source {
  private readonly finders: readonly FileFinder[];
  /** By inode: a file that is gone by name stays until it is idle. */
  private readonly files = new Map<number, TailedFile>();
  /** What the last look found, by inode. */
  private found = new Map<number, FoundFile>();
  private remembered: Position[] = [];
  private context: SourceContext | null = null;
  private stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private positionTimer: Timer | null = null;
  private isFirstLook = true;
  private writtenPositions = '';

  constructor(private readonly options: OptionValues<typeof taildirOptions>) {
    this.finders = options.filegroups.map(
      (group) => new FileFinder(group, options.groupPaths[group] ?? '', options.cachePatternMatching),
    );
  }

  async start(context: SourceContext): Promise<void> {
    this.context = context;
    this.stopping = new AbortController();
    this.remembered = await readPositions(this.positionPath(context));
    await this.look(context);
    this.running = this.run(context);
    this.schedulePositions(context);
  }

  async stop(): Promise<void> {
    const context = this.context;
    if (context === null) return;
    this.context = null;
    this.stopping.abort(new Error('the source stops'));
    this.positionTimer?.cancel();
    await this.running;
    await this.savePositions(context);
    for (const file of this.files.values()) await file.close();
    this.files.clear();
    this.isFirstLook = true;
  }

  private async run(context: SourceContext): Promise<void> {
    const { backoffSleepIncrement, maxBackoffSleep } = this.options;
    let quiet = 0;
    while (!this.stopping.signal.aborted) {
      try {
        const hadNews = await this.round(context);
        quiet = hadNews ? 0 : quiet + 1;
        context.reportError(null);
      } catch (error) {
        quiet += 1;
        if (!this.stopping.signal.aborted) context.reportError(error);
      }
      if (quiet > 0) await this.pause(context, Math.min(quiet * backoffSleepIncrement, maxBackoffSleep));
    }
  }

  /** One look at every file; true when there was something new. */
  private async round(context: SourceContext): Promise<boolean> {
    await this.look(context);
    let hadNews = false;
    for (const file of this.files.values()) {
      if (this.stopping.signal.aborted) break;
      if (await this.tail(context, file)) hadNews = true;
    }
    return hadNews;
  }

  /** Finds new files, and new names of known ones. */
  private async look(context: SourceContext): Promise<void> {
    const now = new Map<number, FoundFile>();
    for (const finder of this.finders) {
      for (const found of await finder.find()) {
        now.set(found.inode, found);
        const known = this.files.get(found.inode);
        if (known !== undefined && (known.isOpen || known.path === found.path)) known.path = found.path;
        else await this.adopt(context, finder.group, found);
      }
    }
    this.found = now;
    this.isFirstLook = false;
  }

  private async adopt(context: SourceContext, group: string, found: FoundFile): Promise<void> {
    const known = await this.recall(found);
    const skips = this.options.skipToEnd && this.isFirstLook;
    const position = known?.pos ?? (skips ? found.size : 0);
    const nowMs = context.clock.monotonic();
    this.files.set(
      found.inode,
      new TailedFile(found.path, found.inode, group, { position, head: known?.head ?? null, nowMs }),
    );
  }

  /** The position of a file from before the restart, or from before it was closed. */
  private async recall(found: FoundFile): Promise<Position | null> {
    const former = this.files.get(found.inode)?.toPosition() ?? null;
    const known = former ?? this.remembered.find((entry) => entry.inode === found.inode) ?? null;
    if (known === null || known.pos > found.size) return null;
    // Without a head (Flume wrote it), inode and path have to agree, as in Flume.
    const isSame = known.head === null ? known.file === found.path : await hasHead(found.path, known.head);
    return isSame ? known : null;
  }

  /** Delivers what is new in one file; true when there was something. */
  private async tail(context: SourceContext, file: TailedFile): Promise<boolean> {
    if (!(await this.openFile(file))) return false;
    if (await file.restartIfTruncated())
      context.logger.info('a file was cut and is read from its beginning', { file: file.path });
    const batchesMax = this.options.maxBatchCount ?? 0;
    let batches = 0;
    while (!this.stopping.signal.aborted && (batchesMax <= 0 || batches < batchesMax)) {
      const lines = await file.nextLines(this.options.batchSize, this.options.maxLineBytes);
      if (lines === null) break;
      await this.deliver(context, file, lines);
      batches += 1;
    }
    const nowMs = context.clock.monotonic();
    if (batches > 0) {
      file.lastNewsMs = nowMs;
      await file.learnHead();
      return true;
    }
    if (nowMs - file.lastNewsMs >= this.options.idleTimeout) await this.closeIdle(context, file);
    return false;
  }

  /** Files without news stay closed, so that many old files cost nothing. */
  private async openFile(file: TailedFile): Promise<boolean> {
    if (file.isOpen) return true;
    const found = this.found.get(file.inode);
    if (found !== undefined && found.size === file.committed) return false;
    if (found !== undefined && (await file.open())) return true;
    this.files.delete(file.inode);
    return false;
  }

  private async closeIdle(context: SourceContext, file: TailedFile): Promise<void> {
    const rest = file.rest();
    if (rest !== null) {
      await this.deliver(context, file, rest);
      await file.learnHead();
      file.lastNewsMs = context.clock.monotonic();
    }
    await file.close();
  }

  /** Until the channels have taken it: in order, so the file and all behind it wait. */
  private async deliver(context: SourceContext, file: TailedFile, lines: LineBatch): Promise<void> {
    const batch = this.batchOf(file, lines);
    for (let waitMs = channelRetryMsMin; ; waitMs = Math.min(waitMs * 2, channelRetryMsMax)) {
      try {
        await context.deliver(batch);
        file.commit(lines);
        return;
      } catch (error) {
        if (!(error instanceof ChannelError)) throw error;
        context.reportError(error);
        await context.clock.sleep(waitMs, this.stopping.signal);
      }
    }
  }

  private batchOf(file: TailedFile, lines: LineBatch): EventBatch {
    const headers = new Map<string, HeaderColumn>();
    const prefix = `${file.group}.`;
    for (const [key, value] of Object.entries(this.options.headers)) {
      if (key.startsWith(prefix)) headers.set(key.slice(prefix.length), value);
    }
    if (this.options.fileHeader) headers.set(this.options.fileHeaderKey, file.path);
    if (this.options.byteOffsetHeader) {
      headers.set(
        'byteoffset',
        Array.from(lines.starts, (start) => String(lines.bytesAt + start)),
      );
    }
    return new EventBatch(lines.bytes, lines.starts, lines.ends, headers);
  }

  private positionPath(context: SourceContext): string {
    return this.options.positionFile ?? join(context.stateDirectory, 'taildir_position.json');
  }

  private schedulePositions(context: SourceContext): void {
    this.positionTimer = context.clock.after(this.options.writePosInterval, () => {
      this.savePositions(context)
        .catch((error: unknown) => context.reportError(error))
        .finally(() => {
          if (!this.stopping.signal.aborted) this.schedulePositions(context);
        });
    });
  }

  private async savePositions(context: SourceContext): Promise<void> {
    const positions = [...this.files.values()].map((file) => file.toPosition());
    const text = JSON.stringify(positions);
    if (text === this.writtenPositions) return;
    await writePositions(this.positionPath(context), positions);
    this.writtenPositions = text;
  }

  private async pause(context: SourceContext, waitMs: number): Promise<void> {
    try {
      await context.clock.sleep(waitMs, this.stopping.signal);
    } catch {
      // Told to stop: the loop ends by itself.
    }
  }
}
