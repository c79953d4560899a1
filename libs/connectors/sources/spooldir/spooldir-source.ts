/**
 * Flume's spooldir: takes files that are put into a folder whole, and marks each when every required channel has committed all of it. A
 * restart goes on inside the file in hand; after a crash at most what was delivered in the last quarter of a second comes twice.
 *
 * Where it differs from Flume:
 * - A file that changes after it was put there, cannot be decoded, or whose mark is there already, is set aside with an error, and
 *   the other files go on; Flume stops for good. It is tried again after a restart, from where it was, or when another file has its name.
 * - What was in a file when it was opened is delivered, and nothing of what is written to it later.
 * - A line of exactly `maxLineLength` is one event; Flume gives an empty event after it.
 * - A zero-byte file is one empty event in every order; Flume leaves it out in `random`.
 * - Positions are kept in the folder of this source, as JSON, and not in `trackerDir`; where all channels are topics, in one transaction
 *   with the events, so that nothing comes twice. A mark of Flume's own is taken over.
 * - What a `.gz` file holds is read decompressed.
 * - At the start the folder's rights are asked of the system; Flume writes and deletes a file there, which others may see.
 */
import { constants } from 'node:fs';
import { access, mkdir, rename, unlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { requireOptions, type OptionValues } from '#config/options';
import type { ComponentRemark, ComponentType, Source, SourceContext } from '#pipeline/collector';
import { EventBatch, type HeaderColumn } from '#pipeline/event-batch';
import { assert } from '#std/assert';
import { messageOf, systemCode } from '#std/errors';
import { requireCharset } from '../charset.js';
import { DeliveryWindow, RefusedDelivery } from '../delivery-window.js';
import { AvroDeserializer } from './avro-deserializer.js';
import { BlobDeserializer } from './blob-deserializer.js';
import { readFlumeMark, removeFlumeMark } from './flume-meta.js';
import { LineDeserializer } from './line-deserializer.js';
import { look, SpoolFolder, type SpooledEntry } from './spool-folder.js';
import { SpoolPositions } from './spool-positions.js';
import { spooldirOptions } from './spooldir-options.js';
import { SpooledFile, type Deserializer, type FileEvents } from './spooled-file.js';

const channelRetryMsMin = 250;
/** Bytes given to topics and not committed. */
const windowBytesMax = 8 * 1024 * 1024;
/** Events of one delivery to topics, which have no transaction capacity. */
const topicBatchEventsMin = 4096;

export const spooldirSource: ComponentType<Source> = {
  name: 'spooldir',
  classNames: ['org.apache.flume.source.SpoolDirectorySource'],
  doc: 'Takes files that are put into a folder whole, and marks each when it is delivered.',
  options: spooldirOptions,
  batchSizeOption: 'batchSize',
  check(options) {
    const { deletePolicy, trackingPolicy, fileSuffix } = requireOptions('source', spooldirOptions, options);
    const remarks: ComponentRemark[] = [];
    if (deletePolicy === 'immediate' && trackingPolicy === 'tracker_dir') {
      const message = 'trackingPolicy tracker_dir keeps files where they are, so deletePolicy has to be never';
      remarks.push({ severity: 'error', option: 'trackingPolicy', message });
    }
    if (fileSuffix === '') {
      const message = 'fileSuffix must not be empty: every file would count as done';
      remarks.push({ severity: 'error', option: 'fileSuffix', message });
    }
    return remarks;
  },
  create: (input) => new SpooldirSource(requireOptions(`source ${input.name}`, spooldirOptions, input.options)),
};

class SpooldirSource implements Source {
  private readonly folder: SpoolFolder;
  /** Files that are not tried again, by path, with the reason. */
  private readonly setAside = new Map<string, { readonly inode: number; readonly reason: string }>();
  private positions: SpoolPositions | null = null;
  private window: DeliveryWindow | null = null;
  /** Positions that go with the next delivery: of files that are done. */
  private readonly forgotten = new Map<string, null>();
  private context: SourceContext | null = null;
  private stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly options: OptionValues<typeof spooldirOptions>) {
    const isTracked = options.trackingPolicy === 'tracker_dir';
    this.folder = new SpoolFolder({ ...options, trackerDir: isTracked ? options.trackerDir : null });
  }

  async start(context: SourceContext): Promise<void> {
    await this.checkFolder();
    const positions = await SpoolPositions.read(join(context.stateDirectory, 'spooldir_position.json'));
    const kept = await context.positions?.load();
    if (kept !== undefined) positions.absorb(kept);
    await this.takeOver(positions);
    this.positions = positions;
    this.context = context;
    this.stopping = new AbortController();
    this.window = new DeliveryWindow(context, {
      bytesMax: windowBytesMax,
      signal: this.stopping.signal,
      retryMsMin: channelRetryMsMin,
      retryMsMax: this.options.maxBackoff,
      report: (error) => this.report(context, error),
    });
    this.setAside.clear();
    this.running = this.run(context, this.positions);
  }

  async stop(): Promise<void> {
    const context = this.context;
    if (context === null) return;
    this.context = null;
    this.stopping.abort(new Error('the source stops'));
    await this.running;
    await this.window?.settle();
    await this.positions?.write(context.clock.monotonic());
  }

  /** Goes on where an agent of Flume stopped within a file. */
  private async takeOver(positions: SpoolPositions): Promise<void> {
    const trackerDirectory = resolve(this.folder.directory, this.options.trackerDir);
    const mark = await readFlumeMark(trackerDirectory);
    if (mark === null || positions.has(mark.file)) return;
    const entry = await look(mark.file, basename(mark.file));
    if (entry === null || mark.offset > entry.size) return;
    const file = await SpooledFile.open(entry, 0);
    try {
      const head = await file.fingerprint(mark.offset);
      positions.set({ file: mark.file, inode: entry.inode, position: mark.offset, head });
    } finally {
      await file.close();
    }
    await positions.write(0);
    await removeFlumeMark(trackerDirectory);
  }

  private async checkFolder(): Promise<void> {
    const { directory, trackerDirectory } = this.folder;
    const { R_OK, W_OK, X_OK } = constants;
    try {
      await access(directory, trackerDirectory === null ? R_OK | W_OK | X_OK : R_OK | X_OK);
      // One level only, as Flume: a mistyped path is not built up.
      if (trackerDirectory !== null) await mkdir(trackerDirectory).catch(ignoreExisting);
    } catch (error) {
      throw new Error(`The folder ${directory} is not there, or lacks the rights to read it and to mark files.`, {
        cause: error,
      });
    }
  }

  private async run(context: SourceContext, positions: SpoolPositions): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        const entries = await this.folder.list();
        this.forgetReplaced(entries);
        for (const path of positions.retain(new Set(entries.map((entry) => entry.path))))
          this.forgotten.set(path, null);
        this.report(context, null);
        await this.round(context, positions, entries);
        await positions.write(context.clock.monotonic());
      } catch (error) {
        if (!signal.aborted) this.report(context, error);
      }
      // Rejects when told to stop: the loop then ends by itself.
      await context.clock.sleep(this.options.pollDelay, signal).catch(() => undefined);
    }
  }

  private async round(
    context: SourceContext,
    positions: SpoolPositions,
    entries: readonly SpooledEntry[],
  ): Promise<void> {
    const listedAtMs = context.clock.monotonic();
    for (const entry of entries) {
      if (this.stopping.signal.aborted) return;
      if (this.setAside.has(entry.path)) continue;
      await this.take(context, positions, entry);
      // A younger file may have come meanwhile.
      const isStale = context.clock.monotonic() - listedAtMs >= this.options.pollDelay;
      if (this.options.consumeOrder === 'youngest' && isStale) return;
    }
  }

  /** One file, whole; or it is set aside. Throws only when told to stop. */
  private async take(context: SourceContext, positions: SpoolPositions, entry: SpooledEntry): Promise<void> {
    try {
      await this.readWhole(context, positions, entry);
      await this.finish(entry);
      positions.delete(entry.path);
      if (context.positions !== null) this.forgotten.set(entry.path, null);
    } catch (error) {
      if (this.stopping.signal.aborted) throw error;
      if ((await look(entry.path, entry.name)) === null) return;
      const reason = `${entry.path} was set aside: ${messageOf(error)}.`;
      this.setAside.set(entry.path, { inode: entry.inode, reason });
      context.count('EventReadFail', 1);
      context.logger.error(`A file ${reason} Other files go on; move it away, or restart the source to try again.`);
      this.report(context, null);
    }
  }

  /** Until all of it is committed: after a refusal it is read again from there. */
  private async readWhole(context: SourceContext, positions: SpoolPositions, entry: SpooledEntry): Promise<void> {
    const { window } = this;
    assert(window !== null, 'a started source has a window');
    for (let waitMs = channelRetryMsMin; ; waitMs = Math.min(waitMs * 2, this.options.maxBackoff)) {
      const known = await positions.recall(entry);
      const file = await SpooledFile.open(entry, known ?? 0);
      let refusal: unknown = null;
      try {
        if (entry.size > 0) await this.deliverAll(context, positions, file);
        else if (known === null) await this.deliver(positions, file, { batch: emptyEvent, position: 0 });
      } catch (error) {
        if (!(error instanceof RefusedDelivery)) throw error;
      } finally {
        // Also of a file that fails: what was delivered of it is not to come again.
        refusal = await window.settle();
        await positions.write(context.clock.monotonic());
        await file.close();
      }
      if (refusal === null) return;
      this.report(context, refusal);
      await context.clock.sleep(waitMs, this.stopping.signal);
    }
  }

  private async deliverAll(context: SourceContext, positions: SpoolPositions, file: SpooledFile): Promise<void> {
    const deserializer = this.createDeserializer();
    const eventsMax =
      context.positions === null ? this.options.batchSize : Math.max(this.options.batchSize, topicBatchEventsMin);
    for (;;) {
      const events = await deserializer.next(file, eventsMax);
      if (events === null) return;
      await this.deliver(positions, file, events);
      const nowMs = context.clock.monotonic();
      if (context.positions === null && positions.isDue(nowMs)) await positions.write(nowMs);
      this.stopping.signal.throwIfAborted();
    }
  }

  private async deliver(positions: SpoolPositions, file: SpooledFile, events: FileEvents): Promise<void> {
    const { path, inode } = file.entry;
    const { position } = events;
    const after = { file: path, inode, position, head: await file.fingerprint(position) };
    const moved = new Map<string, string | null>(this.forgotten);
    this.forgotten.clear();
    moved.set(path, JSON.stringify(after));
    await this.window?.give(this.withHeaders(file, events.batch), moved, () => positions.set(after));
    file.commit(position);
  }

  private withHeaders(file: SpooledFile, batch: EventBatch): EventBatch {
    const { fileHeader, fileHeaderKey, basenameHeader, basenameHeaderKey } = this.options;
    if (!fileHeader && !basenameHeader) return batch;
    const headers = new Map<string, HeaderColumn>();
    if (fileHeader) headers.set(fileHeaderKey, file.entry.path);
    if (basenameHeader) headers.set(basenameHeaderKey, file.entry.name);
    return batch.withHeaders(headers);
  }

  private createDeserializer(): Deserializer {
    const { options } = this;
    if (/avro/i.test(options.deserializer)) return new AvroDeserializer(options['deserializer.schemaType']);
    if (/blob/i.test(options.deserializer)) return new BlobDeserializer(options['deserializer.maxBlobLength']);
    return new LineDeserializer({
      input: requireCharset(options.inputCharset),
      output: requireCharset(options['deserializer.outputCharset']),
      policy: options.decodeErrorPolicy,
      lineCharsMax: options.bufferMaxLineLength ?? options['deserializer.maxLineLength'],
    });
  }

  /** Marks a file as done. Throws where it is not the one that was read. */
  private async finish(entry: SpooledEntry): Promise<void> {
    const now = await look(entry.path, entry.name);
    if (now === null) throw new Error('it has gone while it was read');
    if (now.inode !== entry.inode) throw new Error('another file took its name while it was read');
    if (now.size !== entry.size || now.modifiedMs !== entry.modifiedMs) {
      throw new Error(
        `it has changed after it was put there (from ${entry.size} to ${now.size} bytes). Write files elsewhere and move them in when they are whole`,
      );
    }
    if (this.options.deletePolicy === 'immediate') {
      await unlink(entry.path);
      return;
    }
    const mark = this.folder.markOf(entry.path);
    if (await exists(mark)) throw new Error(`a file of its name was taken before: ${mark} is there`);
    if (this.folder.trackerDirectory === null) {
      await rename(entry.path, mark);
      return;
    }
    await mkdir(dirname(mark), { recursive: true });
    await writeFile(mark, '', { flag: 'wx' });
  }

  /** A file of a name that was set aside, and that is another one now, is tried. */
  private forgetReplaced(entries: readonly SpooledEntry[]): void {
    if (this.setAside.size === 0) return;
    const inodes = new Map(entries.map((entry) => [entry.path, entry.inode]));
    for (const [path, { inode }] of this.setAside) if (inodes.get(path) !== inode) this.setAside.delete(path);
  }

  /** An error of now, else that of the files set aside. */
  private report(context: SourceContext, error: unknown): void {
    const [first] = this.setAside.values();
    const more = this.setAside.size > 1 ? ` And ${this.setAside.size - 1} more.` : '';
    context.reportError(error ?? (first === undefined ? null : new Error(`${first.reason}${more}`)));
  }
}

const emptyEvent = new EventBatch(Buffer.alloc(0), Int32Array.of(0), Int32Array.of(0));

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}

function ignoreExisting(error: unknown): void {
  if (systemCode(error) !== 'EEXIST') throw error;
}
