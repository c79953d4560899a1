/**
 * Flume's taildir: follows files as they grow. Where all channels are topics, a file's position is committed in one transaction with its
 * lines: none is lost and none comes twice, whatever is killed. Elsewhere the position moves when every required channel has
 * committed the lines; after a crash those of the last moment come twice.
 *
 * Where it differs from Flume: a renamed file goes on at its position also when the new name matches (Flume reads it
 * again from 0); a file that was cut and has grown past its position since is noticed; a busy file does not keep the others waiting;
 * positions are replaced by a rename (Flume writes in place, and a crash can leave half a file); the wait
 * between two looks is 0.1 to 1 s (Flume: 1 to 5 s), that between two writes of positions 0.1 s (Flume: 3 s).
 */
import { join } from 'node:path';
import { requireOptions, type OptionValues } from '#config/options';
import type { ComponentRemark, ComponentType, PositionChanges, Source, SourceContext } from '#pipeline/collector';
import { EventBatch, type HeaderColumn } from '#pipeline/event-batch';
import type { Timer } from '#std/clock';
import { systemCode } from '#std/errors';
import { compileJavaRegex } from '#std/java-regex';
import { requireCharset } from '../charset.js';
import { DeliveryWindow, RefusedDelivery } from '../delivery-window.js';
import { checkGroupPath } from './file-finder.js';
import { keyOf } from './known-positions.js';
import type { LineRules } from './line-batches.js';
import { parsePosition, PositionFiles, type FilePosition } from './position-file.js';
import type { LineBatch, TailedFile } from './tailed-file.js';
import { taildirOptions } from './taildir-options.js';
import { WatchedFiles } from './watched-files.js';

const channelRetryMsMin = 1000;
const channelRetryMsMax = 5000;
/** What one file may give before the others have their turn, where `maxBatchCount` does not say. */
const turnBytesMax = 4 * 1024 * 1024;
/** Bytes given to topics and not committed. */
const windowBytesMax = 8 * 1024 * 1024;
/** Lines of one delivery to topics, which have no transaction capacity. */
const topicBatchLinesMin = 4096;
/** Where the positions that count are with the events, the file is for Flume only. */
const positionsCopyMsMin = 3000;

export const taildirSource: ComponentType<Source> = {
  name: 'taildir',
  classNames: ['org.apache.flume.source.taildir.TaildirSource'],
  doc: 'Follows files as they grow, over renames and restarts, without losing a line; into topics each line exactly once.',
  options: taildirOptions,
  batchSizeOption: 'batchSize',
  check(options) {
    const { filegroups, groupPaths } = requireOptions('source', taildirOptions, options);
    return filegroups.flatMap((group): ComponentRemark[] => {
      const path = groupPaths[group];
      const option = `filegroups.${group}`;
      const message = path === undefined ? `group ${group} has no path: set ${option}` : checkGroupPath(group, path);
      return message === null ? [] : [{ severity: 'error', option, message }];
    });
  },
  create: (input) => new TaildirSource(requireOptions(`source ${input.name}`, taildirOptions, input.options)),
};

/** What belongs to one run, from a start to a stop. */
interface Run {
  readonly context: SourceContext;
  readonly stopping: AbortController;
  readonly watched: WatchedFiles;
  readonly window: DeliveryWindow;
  readonly rules: LineRules;
  readonly positionFiles: PositionFiles;
  /** Position records that go with the next delivery: of files that are forgotten. */
  readonly forgotten: Map<string, null>;
}

class TaildirSource implements Source {
  private current: Run | null = null;
  private running: Promise<void> = Promise.resolve();
  private positionTimer: Timer | null = null;
  private saving: Promise<void> = Promise.resolve();
  private writtenPositions = '';

  constructor(private readonly options: OptionValues<typeof taildirOptions>) {}

  async start(context: SourceContext): Promise<void> {
    const stopping = new AbortController();
    const run: Run = {
      context,
      stopping,
      watched: new WatchedFiles({ ...this.options, clock: context.clock }),
      window: new DeliveryWindow(context, {
        bytesMax: windowBytesMax,
        signal: stopping.signal,
        retryMsMin: channelRetryMsMin,
        retryMsMax: channelRetryMsMax,
        report: (error) => context.reportError(error),
      }),
      rules: this.rules(context),
      positionFiles: new PositionFiles(
        this.options.positionFile ?? join(context.stateDirectory, 'taildir_position.json'),
        join(context.stateDirectory, 'taildir_files.json'),
      ),
      forgotten: new Map(),
    };
    await this.recall(run);
    await run.watched.look();
    this.current = run;
    this.running = this.run(run);
    this.schedulePositions(run);
  }

  async stop(): Promise<void> {
    const run = this.current;
    if (run === null) return;
    this.current = null;
    run.stopping.abort(new Error('the source stops'));
    this.positionTimer?.cancel();
    await this.running;
    await run.window.settle();
    await this.saving;
    await this.savePositions(run);
    for (const file of run.watched.files.values()) await file.close();
  }

  /** What channels keep counts, unless Flume has read on since; files that they do not know are looked up in the position file. */
  private async recall({ context, watched, positionFiles }: Run): Promise<void> {
    const kept = new Map<string, FilePosition>();
    for (const [key, text] of (await context.positions?.load()) ?? []) {
      const position = parsePosition(text);
      if (position !== null) kept.set(key, position);
    }
    const { positions, isFlumes } = await positionFiles.read();
    for (const position of positions) {
      // Under whatever name: the file on disk is older than what channels keep, and may know a newer name.
      const rivals = [...kept].filter(([, other]) => other.inode === position.inode);
      const isAhead = isFlumes && rivals.every(([, other]) => other.pos < position.pos);
      if (rivals.length > 0 && !isAhead) continue;
      for (const [key] of rivals) kept.delete(key);
      watched.known.add(position);
    }
    for (const position of kept.values()) watched.known.add(position);
  }

  private rules({ positions }: SourceContext): LineRules {
    const { options } = this;
    return {
      eventsMax: positions === null ? options.batchSize : Math.max(options.batchSize, topicBatchLinesMin),
      lineBytesMax: options.maxLineBytes,
      charset: options.charset === null ? null : requireCharset(options.charset),
      multiLine: options.multiline
        ? {
            pattern: compileJavaRegex(options.multilinePattern),
            belongsTo: options.multilinePatternBelong,
            matches: options.multilineMatched,
            linesMax: options.multilineMaxLines,
            bytesMax: options.multilineMaxBytes,
          }
        : null,
    };
  }

  private async run(run: Run): Promise<void> {
    const { context, stopping } = run;
    const { backoffSleepIncrement, maxBackoffSleep } = this.options;
    let quiet = 0;
    let refusals = 0;
    let hasFailed = false;
    while (!stopping.signal.aborted) {
      try {
        quiet = (await this.round(run)) ? 0 : quiet + 1;
        refusals = 0;
        if (hasFailed) context.reportError(null);
        hasFailed = false;
      } catch (error) {
        if (stopping.signal.aborted) break;
        hasFailed = true;
        if (error instanceof RefusedDelivery) {
          context.reportError(await this.goBack(run));
          refusals += 1;
          await pause(run, Math.min(channelRetryMsMin * 2 ** (refusals - 1), channelRetryMsMax));
          continue;
        }
        quiet += 1;
        context.reportError(error);
      }
      if (quiet > 0) await pause(run, Math.min(quiet * backoffSleepIncrement, maxBackoffSleep));
    }
  }

  /** After a refusal: every file goes on where it is committed. Gives the reason. */
  private async goBack({ window, watched }: Run): Promise<unknown> {
    const reason = await window.settle();
    for (const file of watched.files.values()) file.rewind();
    return reason;
  }

  /** One look at every file; true when there was something new. */
  private async round(run: Run): Promise<boolean> {
    const { watched, stopping } = run;
    await watched.look();
    await this.keepSkipped(run);
    let hadNews = false;
    for (const file of watched.files.values()) {
      if (stopping.signal.aborted) break;
      if (file.isGone) await this.lookByHandle(run, file);
      if (file.hasNews && (await this.turn(run, file))) hadNews = true;
      else await this.rest(run, file);
    }
    if (!hadNews) await this.forgetOld(run);
    run.window.check();
    return hadNews;
  }

  /** A file that no name leads to: is read to its end by its handle, and let go of when it is deleted or was quiet for long. */
  private async lookByHandle(run: Run, file: TailedFile): Promise<void> {
    const isDeleted = await file.seeByHandle();
    if (file.isOpen && (!isDeleted || file.hasNews)) return;
    await this.flush(run, file, true);
    await file.close();
    run.watched.forget(file);
  }

  /** Delivers what is new in one file, up to its share; true when there was something. */
  private async turn(run: Run, file: TailedFile): Promise<boolean> {
    const { context, stopping, rules } = run;
    if (!(await this.open(run, file))) return false;
    const batchesMax = this.options.maxBatchCount ?? 0;
    const from = { batches: 0, bytes: 0 };
    while (!stopping.signal.aborted) {
      const batch = await file.next(rules);
      if (batch === 'end') break;
      if (batch === 'rewritten') {
        await this.flush(run, file, true);
        file.restart();
        context.count('FileRewrittenCount', 1);
        context.logger.info('A file was cut or written anew, and is read from its beginning.', { file: file.path });
        continue;
      }
      await this.deliver(run, file, batch);
      from.batches += 1;
      from.bytes += batch.bytes.length;
      if (batchesMax > 0 ? from.batches >= batchesMax : from.bytes >= turnBytesMax) break;
    }
    if (from.batches === 0) return false;
    file.lastNewsMs = context.clock.monotonic();
    return true;
  }

  /** Nothing new in a file: what waits in it is taken after a while, and its handle is given back. */
  private async rest(run: Run, file: TailedFile): Promise<void> {
    if (!file.isOpen) return;
    const { options } = this;
    const quietMs = run.context.clock.monotonic() - file.lastNewsMs;
    if (options.multiline && quietMs >= options.multilineEventTimeoutSeconds * 1000) await this.flush(run, file, false);
    if (quietMs >= (options.lastLineTimeout ?? options.idleTimeout)) await this.flush(run, file, true);
    if (quietMs < options.idleTimeout) return;
    await file.close();
    if (file.isGone) run.watched.forget(file);
  }

  private async flush(run: Run, file: TailedFile, isWhole: boolean): Promise<void> {
    for (let batch = file.rest(run.rules, isWhole); batch !== null; batch = file.rest(run.rules, isWhole)) {
      await this.deliver(run, file, batch);
    }
  }

  /** False where another file has the name by now: the next look finds it. */
  private async open(run: Run, file: TailedFile): Promise<boolean> {
    if (file.isOpen) return true;
    await this.closeQuietest(run);
    try {
      if (await file.open()) return true;
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
    }
    run.watched.forget(file);
    return false;
  }

  private async closeQuietest({ watched }: Run): Promise<void> {
    const open = [...watched.files.values()].filter((file) => file.isOpen);
    if (open.length < this.options.maxOpenFiles) return;
    const rank = (file: TailedFile): number => file.lastNewsMs + (file.hasHeldLines || file.isGone ? 1e12 : 0);
    const quietest = open.reduce((best, file) => (rank(file) < rank(best) ? file : best));
    await quietest.close();
  }

  private async deliver(run: Run, file: TailedFile, batch: LineBatch): Promise<void> {
    const moved = new Map<string, string | null>(run.forgotten);
    run.forgotten.clear();
    moved.set(file.key, JSON.stringify(batch.after));
    await run.window.give(this.eventsOf(run, file, batch), moved, () => file.commit(batch));
  }

  /** Files that begin at their end are remembered so at once: else a crash would pass over what comes next. */
  private async keepSkipped({ watched, window }: Run): Promise<void> {
    const skipped = watched.skipped.splice(0);
    if (skipped.length === 0) return;
    const moved = new Map(skipped.map((file) => [file.key, JSON.stringify(file.committed)]));
    await window.give(noEvents, moved, () => undefined);
  }

  /** Of files that are long gone only so many positions are kept. */
  private async forgetOld({ watched, window, forgotten }: Run): Promise<void> {
    for (const position of watched.known.trim()) {
      if (!watched.files.has(keyOf(position))) forgotten.set(keyOf(position), null);
    }
    if (forgotten.size === 0) return;
    const moved: PositionChanges = new Map(forgotten);
    forgotten.clear();
    await window.give(noEvents, moved, () => undefined);
  }

  private eventsOf({ rules }: Run, file: TailedFile, lines: LineBatch): EventBatch {
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
    const batch = new EventBatch(lines.bytes, lines.starts, lines.ends, headers);
    const { charset } = rules;
    if (charset === null) return batch;
    const texts = Array.from(lines.starts, (_start, index) => charset.decode(batch.body(index), 'REPLACE'));
    return EventBatch.of(texts.map((text) => ({ body: Buffer.from(text) }))).withHeaders(headers);
  }

  private schedulePositions(run: Run): void {
    const { context, stopping } = run;
    const { writePosInterval } = this.options;
    const waitMs = context.positions === null ? writePosInterval : Math.max(writePosInterval, positionsCopyMsMin);
    this.positionTimer = context.clock.after(waitMs, () => {
      this.saving = this.savePositions(run).catch((error: unknown) => context.reportError(error));
      void this.saving.finally(() => {
        if (!stopping.signal.aborted) this.schedulePositions(run);
      });
    });
  }

  private async savePositions({ watched, positionFiles }: Run): Promise<void> {
    const listed = [...watched.files.values()].map((file) => ({ ...file.committed, file: file.path }));
    const all = [...listed, ...watched.known.all];
    const text = JSON.stringify(all);
    if (text === this.writtenPositions) return;
    await positionFiles.write(listed, all);
    this.writtenPositions = text;
  }
}

const noEvents = new EventBatch(Buffer.alloc(0), new Int32Array(0), new Int32Array(0));

async function pause({ context, stopping }: Run, waitMs: number): Promise<void> {
  try {
    await context.clock.sleep(waitMs, stopping.signal);
  } catch {
    // Told to stop: the loop ends by itself.
  }
}
