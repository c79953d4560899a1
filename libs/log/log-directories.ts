import { dirname, join } from 'node:path';
import { assert } from '#std/assert';
import type { Disk } from '#std/disk';
import { messageOf, MillraceError } from '#std/errors';
import type { Logger } from '#std/log';
import type { Random } from '#std/random';
import { DirectorySpace } from './directory-space.js';
import { openText, replaceFile, sealText } from './durable-file.js';
import { logErrors } from './errors.js';
import { guardDisk } from './guarded-disk.js';
import { LogDirectory } from './log-directory.js';
import { deletedName, readOwner } from './partition-files.js';
import { StorageFault } from './storage-fault.js';

export interface LogDirectoriesOptions {
  readonly disk: Disk;
  readonly logger: Logger;
  readonly random: Random;
  /** Absolute paths, the main directory first; none inside another. */
  readonly paths: readonly string[];
  readonly minFreeBytes: number | null;
  readonly reserveBytes: number;
  /** Called once, when no directory takes writes any more. */
  readonly onFatal: (reason: string) => void;
}

/** In each directory beside the main one: 32 hexadecimal digits, so that it is known again wherever it is mounted. */
const idName = 'directory-id';
/** In the main directory: the others that hold, or may hold, partitions; a line `id path` each, sealed. */
const listName = 'directories';
const partitionPattern = /-\d+$/;

/**
 * The data directories. Where a partition lies is found by looking at the start. A directory that was used before and is not there
 * (a disk that was not mounted) ends the start, for its partitions would begin anew at offset 0 elsewhere; one that
 * cannot be read is down from the start on, and whatever is found in no other is taken to lie there.
 */
export class LogDirectories {
  readonly all: readonly LogDirectory[];
  readonly main: LogDirectory;
  /** Guarded: every room of the engine writes through it. */
  readonly disk: Disk;
  /** Name of a partition's directory → where one of that name was found at the start. */
  private readonly found = new Map<string, { directory: LogDirectory; owner: string | null }[]>();
  private isOpen = false;

  constructor(private readonly options: LogDirectoriesOptions) {
    const { paths, logger, random, disk, minFreeBytes, reserveBytes } = options;
    this.disk = guardDisk(disk, (path) => this.of(path));
    this.all = paths.map(
      (path) =>
        new LogDirectory(
          path,
          this.disk,
          logger,
          new StorageFault(logger, (reason) => this.lost(reason)),
          new DirectorySpace({ disk, logger, random, path, minFreeBytes, reserveBytes }),
        ),
    );
    const [main] = this.all;
    assert(main !== undefined, 'there is a main directory');
    this.main = main;
  }

  /** Takes the locks, reads the checkpoints and looks which partition lies where. Gives all names in the main directory. */
  async open(): Promise<string[]> {
    try {
      return await this.openAll();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Places all partitions that are made from here on in directories that take writes. */
  opened(): void {
    this.isOpen = true;
    this.found.clear();
    for (const directory of this.all) directory.kept = new Map();
  }

  close(): void {
    for (const directory of this.all) {
      directory.lock?.release();
      directory.lock = null;
    }
  }

  /** Why a directory takes no writes; null where all do. */
  get fault(): string | null {
    return this.all.find(({ fault }) => fault.reason !== null)?.fault.reason ?? null;
  }

  /** Where a partition lies, or is to lie: with the fewest others. */
  place(name: string, topicId: string): LogDirectory {
    const found = this.found.get(name);
    const kept = found?.find(({ owner }) => owner === topicId) ?? found?.[0];
    if (kept !== undefined) return kept.directory;
    const down = this.all.find(({ fault }) => fault.reason !== null);
    if (down !== undefined && !this.isOpen) return down;
    const able = this.all.filter(({ fault }) => fault.reason === null);
    return able.reduce(
      (best, directory) => (directory.partitions.size < best.partitions.size ? directory : best),
      able[0] ?? this.main,
    );
  }

  /** Directories of partitions that are there, whoever's; empty after `opened`. */
  foundNames(): string[] {
    return [...this.found.keys()];
  }

  private of(path: string): LogDirectory {
    return this.all.find((directory) => isWithin(path, directory.path)) ?? this.main;
  }

  private lost(reason: string): void {
    if (this.all.every(({ fault }) => fault.reason !== null)) this.options.onFatal(reason);
  }

  private async openAll(): Promise<string[]> {
    let mainNames: string[] = [];
    for (const directory of this.all) {
      try {
        const names = await this.openOne(directory);
        if (directory === this.main) mainNames = names;
      } catch (error) {
        if (directory === this.main || error instanceof MillraceError) throw error;
        directory.fault.raise(`Opening ${directory.path}`, error);
      }
    }
    await this.checkList();
    await this.findOwners();
    return mainNames;
  }

  private async openOne(directory: LogDirectory): Promise<string[]> {
    const { path } = directory;
    await this.disk.makeDirectory(path);
    // Where we may not look into the parent, its entry is made durable by who made the parent.
    await this.options.disk.syncDirectory(dirname(path)).catch(() => undefined);
    directory.lock = await this.disk.lock(path);
    if (directory.lock === null) {
      throw new MillraceError(
        logErrors.directoryLocked,
        `The data directory ${path} is in use by another topic service. Stop that one, or give this one a directory of its own.`,
      );
    }
    await this.disk.makeDirectory(join(path, deletedName));
    const names = await this.disk.list(path);
    for (const name of names) {
      if (!partitionPattern.test(name)) continue;
      this.found.set(name, [...(this.found.get(name) ?? []), { directory, owner: null }]);
    }
    directory.kept = await directory.checkpoints.read();
    return names;
  }

  /** Every directory that was used before has to be there; new ones are noted. */
  private async checkList(): Promise<void> {
    const { disk, main } = this;
    const path = join(main.path, listName);
    const bytes = await disk.readFile(path);
    const text = bytes === null ? '' : openText(bytes);
    if (text === null)
      this.options.logger.error('The list of data directories fails its check and is made anew.', { path });
    const known = new Map<string, string>();
    for (const line of (text ?? '').split('\n')) {
      const at = line.indexOf(' ');
      if (at > 0) known.set(line.slice(0, at), line.slice(at + 1));
    }
    const present = new Map<string, string>();
    for (const directory of this.all) {
      if (directory === main) continue;
      const wasAt = [...known.values()].includes(directory.path);
      if (directory.fault.reason === null) present.set(await this.idOf(directory, wasAt), directory.path);
      else for (const [id, at] of known) if (at === directory.path) present.set(id, at);
    }
    for (const [id, at] of known) {
      if (present.has(id)) continue;
      throw new MillraceError(
        logErrors.directoryMissing,
        `The data directory ${at} holds partitions and is not among log.dirs, or is not what it was. Mount it and name it there; if its data are lost for good, remove ${path}.`,
      );
    }
    const isSame = [...present].every(([id, at]) => known.get(id) === at);
    if (isSame && text !== null) return;
    const lines = [...present].map(([id, at]) => `${id} ${at}\n`);
    await replaceFile(disk, path, sealText(lines.join('')));
  }

  private async idOf(directory: LogDirectory, wasUsed: boolean): Promise<string> {
    const path = join(directory.path, idName);
    const id = (await this.disk.readFile(path))?.toString().trim() ?? '';
    if (/^[0-9a-f]{32}$/.test(id) || wasUsed) return id;
    let made = '';
    while (made.length < 32) made += Math.floor(this.options.random.next() * 16).toString(16);
    await replaceFile(this.disk, path, Buffer.from(`${made}\n`));
    return made;
  }

  /** Where two directories have one of the same name, the topic's id tells which one is meant. */
  private async findOwners(): Promise<void> {
    for (const [name, places] of this.found) {
      if (places.length === 1) continue;
      for (const place of places) {
        const path = join(place.directory.path, name);
        try {
          place.owner = await readOwner(this.disk, path);
        } catch (error) {
          this.options.logger.error('It cannot be told whose data these are.', { path, error: messageOf(error) });
        }
      }
    }
  }
}

function isWithin(path: string, directory: string): boolean {
  return path.startsWith(directory) && (path.length === directory.length || path[directory.length] === '/');
}
