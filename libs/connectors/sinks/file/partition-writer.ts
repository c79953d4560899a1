/**
 * One topic-partition of a rolling-file sink: records go to a group of files in the spool, and the group is committed as a whole.
 *
 * A commit, and why it may break off anywhere (`seal → upload → entry → rename → clear`):
 *
 * 1. **Upload.** Each file is written under `+tmp`, by a name never used before. Broken off: nobody reads `+tmp`; the offsets were not
 *    committed, the records are read again, and the next owner removes the files.
 * 2. **Entry.** One entry in the commit log names all renames and the next offset. It is there or not. Not there: as above.
 *    There: the group is committed, whatever comes, since every owner begins with the renames of the highest entry.
 * 3. **Rename** to the final names, never over a file. Broken off between two: the next owner finds the entry and does the rest. A
 *    temporary file that is gone was renamed before, so doing it twice is harmless. The entry stays until a later entry,
 *    which is only made once all renames are done.
 * 4. **Clear** the entries below. Broken off: they are cleared at the next commit; only the highest counts.
 *
 * An answer that was lost leaves the step to be done again with the same meaning: uploads take a new name, the entry is known by its
 * id, renames find their source gone. Nothing is visible under a final name before step 2, so files may be cut whenever we like,
 * by the wall clock too: where the cuts fell is in the names, and what was cut but not committed is cut anew.
 */
import { posix } from 'node:path';
import { recordTimeMs } from '#connectors/formats/record-time';
import type { PathTemplate } from '#connectors/formats/path-template';
import type { Format } from '#connectors/formats/format';
import type { StreamCodec } from '#connectors/formats/stream-codec';
import { FatalSinkError, FencedSinkError } from '#pipeline/errors';
import type { TopicPartition } from '#pipeline/sink';
import type { SinkBatch } from '#pipeline/sink-batch';
import { assert } from '#std/assert';
import type { Clock } from '#std/clock';
import { boundedEach } from './bounded-each.js';
import { CommitLog, type CommitEntry, type CommitOwner, type PlannedRename } from './commit-log.js';
import { FileGroup, type GroupFile, type RollLimits } from './file-group.js';
import type { FileStore, StagedFile } from './file-store.js';
import { formatFinalName, parseFinalName } from './final-name.js';
import type { Spool } from './spool.js';
import type { Turns } from './turns.js';

/** What all partitions of a task share. */
export interface RollingContext {
  readonly store: FileStore;
  readonly spool: Spool;
  readonly clock: Clock;
  readonly owner: CommitOwner;
  readonly newId: () => string;
  readonly layout: RollingLayout;
  readonly limits: RollLimits;
  readonly finishing: Turns;
}

export interface RollingLayout {
  /** Folder and prefix: `/flume/%Y-%m-%d/%{host}`; the prefix is what follows the last slash, maybe nothing. */
  readonly template: PathTemplate;
  readonly format: Format;
  /** Of the whole file; null = none. */
  readonly compression: StreamCodec | null;
  /** What final names end with, with its dot. */
  readonly extension: string;
  readonly offsetPadWidth: number;
  /** Names have the last offset behind the first one. */
  readonly nameWithLast: boolean;
  /** Paths by the clock instead of by the records' time. */
  readonly useLocalTime: boolean;
  /** Field of the JSON value with the time of the record; null = it is the record's own. */
  readonly timeField: string | null;
}

interface SealedGroup {
  readonly group: FileGroup;
  readonly nextOffset: number;
  readonly uploaded: Map<GroupFile, PlannedRename>;
  entry: CommitEntry | null;
  /** The entry is in the commit log. */
  logged: boolean;
}

const uploadsMax = 4;

export class PartitionWriter {
  /** Next offset to take; null = whatever comes. */
  private position: number | null = null;
  private durableOffset: number | null = null;
  private group: FileGroup | null = null;
  private readonly sealed: SealedGroup[] = [];
  /** Set once another owner was met; from then on records are refused. */
  private lost: FencedSinkError | null = null;
  private readonly log: CommitLog;
  private readonly knownDirectories = new Set<string>();

  constructor(
    readonly at: TopicPartition,
    private readonly context: RollingContext,
  ) {
    this.log = new CommitLog({
      store: context.store,
      owner: context.owner,
      newId: context.newId,
      stateDirectory: this.path(`+state/${at.topic}/${at.partition}`),
      temporaryDirectory: this.path(`+tmp/${at.topic}/${at.partition}`),
    });
  }

  /** Next offset below which everything is under final names; null where nothing was written yet. */
  get durable(): number | null {
    return this.durableOffset;
  }

  /** Bytes that wait for a commit. */
  get bytes(): number {
    return (this.group?.bytes ?? 0) + this.sealed.reduce((sum, { group }) => sum + group.bytes, 0);
  }

  /** Takes the partition over and finishes what an earlier owner had committed. */
  async open(): Promise<void> {
    const { store } = this.context;
    const state = await this.log.claim(() => this.scan());
    await this.renameAll(state.renames);
    await this.log.removeStaleTemporaries();
    await store.dropStaged?.(this.path(''), this.log.claimPath, (name) => this.isOwn(name));
    this.durableOffset = state.nextOffset;
    this.position = state.nextOffset;
  }

  /** Takes records into the spool. Those below the position were taken before and are passed over. */
  async put(batch: SinkBatch): Promise<void> {
    if (this.lost !== null) throw this.lost;
    let from = 0;
    while (from < batch.count && this.position !== null && batch.offset(from) < this.position) from += 1;
    while (from < batch.count) from = await this.take(batch, from);
  }

  /** Moves the position to `nextOffset` past records that will not come; the next commit makes it durable, due as any other. */
  skip(nextOffset: number): void {
    if (this.lost !== null) throw this.lost;
    if (this.position !== null && this.position >= nextOffset) return;
    this.openGroup();
    this.position = nextOffset;
  }

  /**
   * Commits what is due; all of it where `all` is set. A failed commit is gone on with at the next call. Throws
   * FencedSinkError once when another owner is met; what was not committed is dropped then, and the other one writes it.
   */
  async flush(all: boolean): Promise<void> {
    if (this.group !== null && (all || this.group.due(this.context.clock.monotonic()))) this.seal();
    for (let next = this.sealed[0]; next !== undefined; next = this.sealed[0]) {
      try {
        await this.commit(next);
      } catch (error) {
        this.knownDirectories.clear();
        if (error instanceof FencedSinkError) await this.lose(error);
        throw error;
      }
      this.sealed.shift();
      await next.group.release();
    }
  }

  /** Drops what was not committed. */
  async close(): Promise<void> {
    await this.group?.release();
    this.group = null;
    for (const { group } of this.sealed.splice(0)) await group.release();
  }

  /** Records from `from` on, up to the first that fills a file; gives the index after the last taken. */
  private async take(batch: SinkBatch, from: number): Promise<number> {
    const { clock } = this.context;
    const group = this.openGroup();
    const { byPath, end, earliestMs, latestMs } = this.sort(batch, from, group);
    for (const [path, indexes] of byPath) await group.append(path, batch, Int32Array.from(indexes));
    group.touch(clock.monotonic(), earliestMs, latestMs);
    this.position = batch.offset(end - 1) + 1;
    if (group.due(clock.monotonic())) this.seal();
    return end;
  }

  private openGroup(): FileGroup {
    const { clock, spool, layout, limits } = this.context;
    this.group ??= new FileGroup(spool, layout.format, limits, clock.monotonic(), clock.now());
    return this.group;
  }

  private async lose(error: FencedSinkError): Promise<void> {
    await this.close();
    this.lost = error;
  }

  private sort(batch: SinkBatch, from: number, group: FileGroup): SortedRecords {
    const { layout, clock, limits } = this.context;
    const { template } = layout;
    const localMs = layout.useLocalTime ? clock.now() : null;
    const byPath = new Map<string, number[]>();
    const timesMatter = limits.recordSpanMs > 0;
    let earliestMs = Number.POSITIVE_INFINITY;
    let latestMs = Number.NEGATIVE_INFINITY;
    let second = Number.NaN;
    let indexes: number[] | undefined;
    let room = 0;
    for (let index = from; index < batch.count; index += 1) {
      const timeMs = template.constant && !timesMatter ? 0 : (localMs ?? recordTimeMs(batch, index, layout.timeField));
      if (timesMatter) {
        earliestMs = Math.min(earliestMs, timeMs);
        latestMs = Math.max(latestMs, timeMs);
      }
      const same = template.constant || (template.byTimeOnly && Math.floor(timeMs / 1000) === second);
      if (!same || indexes === undefined) {
        second = Math.floor(timeMs / 1000);
        const path = template.resolve(batch, index, timeMs);
        indexes = byPath.get(path);
        if (indexes === undefined) byPath.set(path, (indexes = []));
        room = group.room(path);
      }
      indexes.push(index);
      if (indexes.length >= room) return { byPath, end: index + 1, earliestMs, latestMs };
    }
    return { byPath, end: batch.count, earliestMs, latestMs };
  }

  private seal(): void {
    assert(this.group !== null && this.position !== null, 'only a group with a position is sealed');
    this.sealed.push({ group: this.group, nextOffset: this.position, uploaded: new Map(), entry: null, logged: false });
    this.group = null;
  }

  private async commit(sealed: SealedGroup): Promise<void> {
    const { group, uploaded } = sealed;
    await this.ensureDirectory(this.path(`+tmp/${this.at.topic}/${this.at.partition}`));
    const missing = group.files.filter((file) => !uploaded.has(file));
    await boundedEach(missing, uploadsMax, async (file) => {
      uploaded.set(file, await this.upload(file, sealed.nextOffset));
    });
    const renames = group.files.map((file) => {
      const rename = uploaded.get(file);
      assert(rename !== undefined, 'every file of the group was uploaded');
      return rename;
    });
    sealed.entry ??= {
      ...this.context.owner,
      id: this.context.newId(),
      nextOffset: sealed.nextOffset,
      renames,
    };
    if (!sealed.logged) {
      await this.log.append(sealed.entry);
      sealed.logged = true;
    }
    await this.renameAll(renames);
    await this.log.removeOlder();
    this.durableOffset = sealed.nextOffset;
  }

  private async upload(file: GroupFile, nextOffset: number): Promise<PlannedRename> {
    const { store, finishing } = this.context;
    const temporary = this.log.nextTemporary();
    const to = this.finalPath(file);
    const work = (): Promise<StagedFile> =>
      store.stage === undefined
        ? store.write(temporary, this.fileBytes(file)).then((bytes) => ({ from: temporary, bytes }))
        : store.stage(temporary, to, this.fileBytes(file), { nextOffset });
    // What a file is made of at its end takes memory: a row group, a block.
    const staged = await (file.encoder.finish === undefined ? work() : finishing.run(work)).catch((error: unknown) => {
      this.log.abandon(temporary);
      throw error;
    });
    return { from: this.relative(staged.from), to: this.relative(to), bytes: staged.bytes };
  }

  private fileBytes({ spool, encoder }: GroupFile): AsyncIterable<Buffer> {
    const { compression } = this.context.layout;
    const encoded = spool.chunks();
    const finished = encoder.finish === undefined ? encoded : encoder.finish(encoded);
    return compression === null ? finished : compression.compress(finished);
  }

  private finalPath(file: GroupFile): string {
    const { layout } = this.context;
    const slash = file.path.lastIndexOf('/');
    const name = formatFinalName(
      {
        prefix: file.path.slice(slash + 1),
        topic: this.at.topic,
        partition: this.at.partition,
        firstOffset: file.firstOffset,
        lastOffset: layout.nameWithLast ? file.lastOffset : null,
        extension: layout.extension,
      },
      layout.offsetPadWidth,
    );
    return `${file.path.slice(0, slash + 1)}${name}`;
  }

  private async renameAll(renames: readonly PlannedRename[]): Promise<void> {
    await boundedEach(renames, uploadsMax, (rename) => this.rename(rename));
  }

  private async rename({ from, to, bytes }: PlannedRename): Promise<void> {
    const { store } = this.context;
    const [source, target] = [this.path(from), this.path(to)];
    await this.ensureDirectory(posix.dirname(target));
    const result = await store.rename(source, target);
    if (result !== 'exists') return;
    const there = await store.size(target);
    if (there !== bytes) {
      throw new FatalSinkError(
        `${target} is there with ${there ?? 'no'} bytes, but this sink has to put its own ${bytes} bytes there (now ` +
          `${source}). Something else writes files of these names: move that file away and restart the task.`,
      );
    }
    await store.remove(source);
  }

  /** Only where there is no commit log: the highest offset in the names under the base folder. */
  private async scan(): Promise<number | null> {
    const { store, layout } = this.context;
    let next: number | null = null;
    let latest: { readonly firstOffset: number; readonly path: string } | null = null;
    const waiting = [this.path('')];
    for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
      for (const file of await store.list(directory)) {
        if (file.directory) {
          if (!file.name.startsWith('+')) waiting.push(posix.join(directory, file.name));
          continue;
        }
        const name = parseFinalName(file.name, layout.nameWithLast);
        if (name === null || !this.isOwn(file.name)) continue;
        if (name.lastOffset !== null) next = Math.max(next ?? 0, name.lastOffset + 1);
        else if (name.firstOffset > (latest?.firstOffset ?? -1)) {
          latest = { firstOffset: name.firstOffset, path: posix.join(directory, file.name) };
        }
      }
    }
    if (latest === null) return next;
    // The file that begins last is of the last group, and all files of a group say where the group ends.
    const note = await store.noteOf?.(latest.path);
    if (note !== undefined && note !== null) return note.nextOffset;
    throw new FatalSinkError(
      `${latest.path} does not say which offset follows it, and the state beside it is gone. Move the files of ` +
        `${this.at.topic}-${this.at.partition} away, or set the connector's offsets and give it another folder.`,
    );
  }

  /** Whether a final name is one of this partition. */
  private isOwn(fileName: string): boolean {
    const name = parseFinalName(fileName, this.context.layout.nameWithLast);
    return name?.topic === this.at.topic && name.partition === this.at.partition;
  }

  private async ensureDirectory(path: string): Promise<void> {
    if (this.knownDirectories.has(path)) return;
    await this.context.store.makeDirectory(path);
    if (this.knownDirectories.size >= knownDirectoriesMax) this.knownDirectories.clear();
    this.knownDirectories.add(path);
  }

  private path(relative: string): string {
    return posix.join(this.context.layout.template.base, relative);
  }

  private relative(path: string): string {
    return posix.relative(this.context.layout.template.base, path);
  }
}

const knownDirectoriesMax = 10_000;

interface SortedRecords {
  readonly byPath: ReadonlyMap<string, readonly number[]>;
  /** Index after the last record taken. */
  readonly end: number;
  readonly earliestMs: number;
  readonly latestMs: number;
}
