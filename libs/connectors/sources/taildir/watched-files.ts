import type { OptionValues } from '#config/options';
import type { Clock } from '#std/clock';
import { headOfBytes, type FileHead } from '../file-head.js';
import { isCompressed, openBytes } from '../byte-source.js';
import { FileFinder, lookAt, type FoundFile } from './file-finder.js';
import { keyOf, KnownPositions } from './known-positions.js';
import type { FilePosition } from './position-file.js';
import { recognise } from './read-content.js';
import { TailedFile } from './tailed-file.js';
import type { taildirOptions } from './taildir-options.js';

export interface WatchOptions extends OptionValues<typeof taildirOptions> {
  readonly clock: Clock;
}

/** A file that has not changed for so long is looked at less often. */
const coldMs = 60_000;
/** Within which every cold file is looked at. */
const coldRoundMs = 5000;
const coldLooksMin = 256;
/** A file renamed and replaced between two looks shows its new name first, its successor after. */
const passesMax = 3;
/** A compressed file that has not changed for so long is whole. */
const freshMs = 2000;

/**
 * The files of all groups, by what they are and by their names. One look takes one stat of each name, and judges by that alone, so that
 * a rotation in the middle of it cannot mix two files.
 */
export class WatchedFiles {
  /** By device and inode, in the order in which they were found; a file that is gone by name stays until it is read. */
  readonly files = new Map<string, TailedFile>();
  readonly known = new KnownPositions();
  /** Files that were adopted at their end: their position is to be kept at once. */
  readonly skipped: TailedFile[] = [];
  private readonly finders: readonly FileFinder[];
  private readonly byPath = new Map<string, TailedFile>();
  private isFirstLook = true;
  private coldAt = 0;
  private lookedMs = 0;

  constructor(private readonly options: WatchOptions) {
    this.finders = options.filegroups.map(
      (group) =>
        new FileFinder({
          group,
          path: options.groupPaths[group] ?? '',
          caches: options.cachePatternMatching,
          isRecursive: options.recursiveDirectorySearch,
        }),
    );
  }

  /** Finds new files, new names of known ones, and what has changed. */
  async look(): Promise<void> {
    const { clock } = this.options;
    const groups = new Map<string, string>();
    for (const finder of this.finders) {
      for (const path of await finder.list(clock.now())) if (!groups.has(path)) groups.set(path, finder.group);
    }
    for (const [path, file] of this.byPath) if (!groups.has(path)) this.unname(path, file);
    let due = this.dueOf(groups);
    for (let pass = 0; pass < passesMax && due.length > 0; pass += 1) {
      const found = await Promise.all(due.map((path) => lookAt(path, groups.get(path) ?? '')));
      const there = found.filter((file) => file !== null);
      for (const [index, path] of due.entries()) {
        const file = this.byPath.get(path);
        if (found[index] === null && file !== undefined) this.unname(path, file);
      }
      for (const file of there.toSorted((left, right) => left.modifiedMs - right.modifiedMs)) await this.take(file);
      due = [...groups.keys()].filter((path) => !this.byPath.has(path) && !due.includes(path));
    }
    this.isFirstLook = false;
  }

  /** Lets go of a file; its position is kept for a while, in case it comes back. */
  forget(file: TailedFile): void {
    if (this.files.get(file.key) === file) this.files.delete(file.key);
    if (this.byPath.get(file.path) === file) this.byPath.delete(file.path);
    if (file.committed.pos > 0) this.known.add({ ...file.committed, file: file.path });
  }

  private unname(path: string, file: TailedFile): void {
    this.byPath.delete(path);
    file.isGone = true;
  }

  /** New names, names of files that changed lately, and some of the others in their turn. */
  private dueOf(groups: ReadonlyMap<string, string>): string[] {
    const { clock } = this.options;
    const hotSinceMs = clock.now() - coldMs;
    const due: string[] = [];
    const cold: string[] = [];
    for (const path of groups.keys()) {
      const file = this.byPath.get(path);
      if (file === undefined || file.isOpen || file.modifiedMs > hotSinceMs) due.push(path);
      else cold.push(path);
    }
    const nowMs = clock.monotonic();
    const share = (nowMs - this.lookedMs) / coldRoundMs;
    this.lookedMs = nowMs;
    const count = Math.min(cold.length, Math.max(coldLooksMin, Math.ceil(cold.length * share)));
    for (let step = 0; step < count; step += 1) due.push(cold[(this.coldAt + step) % cold.length] ?? '');
    this.coldAt = cold.length === 0 ? 0 : (this.coldAt + count) % cold.length;
    return due;
  }

  private async take(found: FoundFile): Promise<void> {
    const before = this.byPath.get(found.path);
    const known = this.files.get(keyOf(found));
    if (known !== undefined && (known === before || known.isOpen || (await this.isSame(known, found)))) {
      if (known !== before) {
        if (this.byPath.get(known.path) === known) this.byPath.delete(known.path);
        if (before !== undefined) before.isGone = true;
      }
      known.see(found);
      this.byPath.set(found.path, known);
      return;
    }
    if (before !== undefined) before.isGone = true;
    // Another file got the inode of one that was deleted.
    if (known !== undefined) this.forget(known);
    await this.adopt(found);
  }

  private async isSame(known: TailedFile, found: FoundFile): Promise<boolean> {
    const { head, pos } = known.committed;
    const fits = pos <= found.size || known.isCompressed;
    return fits && (head === null || (await beginsAs(found.path, head)));
  }

  private async adopt(found: FoundFile): Promise<void> {
    const nowMs = this.options.clock.monotonic();
    const position = (await this.recall(found)) ?? (await this.recogniseRead(found));
    if (position === 'later') return;
    const skips = this.options.skipToEnd && this.isFirstLook && position === null;
    const start = skips ? { ...nowhere, pos: found.size } : position;
    const file = new TailedFile(found, start, nowMs);
    if (skips) this.skipped.push(file);
    this.files.set(file.key, file);
    this.byPath.set(found.path, file);
  }

  /** A file that was read and is compressed now has nothing new. One that is still being written is looked at later. */
  private async recogniseRead(found: FoundFile): Promise<FilePosition | 'later' | null> {
    if (!isCompressed(found.path)) return null;
    const live = [...this.files.values()].map((file) => ({ ...file.committed, file: file.path }));
    const { position, resembles } = await recognise(found.path, [...live, ...this.known.all]);
    const isFresh = this.options.clock.now() - found.modifiedMs < freshMs;
    return position === null && resembles && isFresh ? 'later' : position;
  }

  /** The position of a file from before the restart, or from before it was let go of. */
  private async recall(found: FoundFile): Promise<FilePosition | null> {
    for (const candidate of this.known.candidates(found)) {
      // Without a head (Flume wrote it), inode and path have to agree, as in Flume.
      const isSame =
        candidate.head === null
          ? candidate.file === found.path && candidate.pos <= found.size
          : await beginsAs(found.path, candidate.head);
      if (!isSame || (candidate.pos > found.size && !isCompressed(found.path))) continue;
      this.known.delete(candidate);
      return candidate;
    }
    return null;
  }
}

const nowhere: FilePosition = { inode: 0, device: -1, pos: 0, file: '', head: null, crc: null };

/** False for a file that is gone meanwhile, or cannot be read. */
async function beginsAs(path: string, head: FileHead): Promise<boolean> {
  try {
    const source = await openBytes(path);
    try {
      const bytes = Buffer.alloc(head.bytes);
      const read = await source.read(bytes, 0, head.bytes, 0);
      return headOfBytes(bytes.subarray(0, read)).hash === head.hash;
    } finally {
      await source.close();
    }
  } catch {
    return false;
  }
}
