import type { Disk, DiskFile, DiskSpace } from '#std/disk';
import type { DirectoryLock } from '#std/directory-lock';
import type { Random } from '#std/random';

/**
 * A disk in memory that remembers what was synced. `crash` is the power cut: of the writes since a file's last sync an
 * arbitrary part reaches the medium, in any order, torn at sector bounds; of the changes in a directory since its last sync
 * a prefix (file systems journal them in order). A file survives only if its directory entry does. Faults can be set on the
 * n-th operation. Synced bytes always survive.
 */
export interface SimulatedDiskOptions {
  /** Decides how many turns an operation takes, so that interleavings differ by seed; without it each takes one. */
  readonly random?: Random;
}

export type DiskOperation =
  | 'open'
  | 'stat'
  | 'read'
  | 'write'
  | 'truncate'
  | 'sync'
  | 'rename'
  | 'remove'
  | 'syncDirectory';

const sectorBytes = 512;

type FileChange = { readonly position: number; readonly bytes: Buffer } | { readonly size: number };
type EntryChange = (entries: Map<string, Inode>) => void;

interface Inode {
  live: Buffer;
  durable: Buffer;
  changes: FileChange[];
}

interface Directory {
  live: Map<string, Inode>;
  durable: Map<string, Inode>;
  changes: EntryChange[];
}

export class SimulatedDisk implements Disk {
  private readonly faults: { operation: DiskOperation; path: RegExp | null; left: number; error: Error }[] = [];
  private readonly locked = new Set<string>();
  private haltAfter = Infinity;
  /** Operations in this life. */
  operations = 0;
  /** A write that would make the files larger than this fails with ENOSPC; the limit may be moved at any time. */
  totalBytes = Infinity;

  constructor(
    private readonly options: SimulatedDiskOptions = {},
    private readonly directories = new Map<string, Directory>(),
  ) {}

  /** The `nth` (from 1) operation of this kind from now on fails once with `error`; `path` limits it to matching paths. */
  failAt(operation: DiskOperation, nth: number, error: Error, path: RegExp | null = null): void {
    this.faults.push({ operation, path, left: nth, error });
  }

  /** The power goes after `count` more operations: later ones never come back, until `crash` gives the next life. */
  haltIn(count: number): void {
    this.haltAfter = this.operations + count;
  }

  /** Faults set that have not come yet. */
  get faultsLeft(): number {
    return this.faults.filter(({ left }) => left > 0).length;
  }

  get halted(): boolean {
    return this.operations >= this.haltAfter;
  }

  /** Cuts the power now; gives the disk's next life, with what reached the medium. Nothing asked of this one comes back. */
  crash(random: Random): SimulatedDisk {
    this.haltAfter = 0;
    const inodes = new Set<Inode>();
    for (const directory of this.directories.values()) {
      const kept = Math.floor(random.next() * (directory.changes.length + 1));
      for (const change of directory.changes.slice(0, kept)) change(directory.durable);
      directory.changes = [];
      directory.live = new Map(directory.durable);
      for (const inode of directory.live.values()) inodes.add(inode);
    }
    for (const inode of inodes) settle(inode, random);
    return new SimulatedDisk(this.options, this.directories);
  }

  /** kill -9 of the process: everything written stays, synced or not; gives the disk as the next process sees it. */
  kill(): SimulatedDisk {
    this.haltAfter = 0;
    return new SimulatedDisk(this.options, this.directories);
  }

  /** Replaces a file's bytes as if they had always been there; for tests that damage files. */
  overwrite(path: string, bytes: Buffer): void {
    const inode = this.inode(path);
    if (inode === undefined) throw systemError('ENOENT', path);
    inode.live = Buffer.from(bytes);
    inode.durable = Buffer.from(bytes);
    inode.changes = [];
  }

  /** The bytes a process sees in a file now; null where there is none. */
  peek(path: string): Buffer | null {
    const inode = this.inode(path);
    return inode === undefined ? null : Buffer.from(inode.live);
  }

  /** All file paths, sorted. */
  paths(): string[] {
    return [...this.directories]
      .flatMap(([parent, directory]) => [...directory.live.keys()].map((name) => `${parent}/${name}`))
      .sort();
  }

  async open(path: string, mode: 'read' | 'append' | 'readwrite'): Promise<DiskFile> {
    await this.step('open', path);
    let inode = this.inode(path);
    if (inode === undefined) {
      if (mode !== 'append') throw systemError('ENOENT', path);
      inode = { live: Buffer.alloc(0), durable: Buffer.alloc(0), changes: [] };
      const made = inode;
      this.changeEntries(parentOf(path), (entries) => entries.set(nameOf(path), made));
    }
    return this.file(path, inode);
  }

  async makeDirectory(path: string): Promise<void> {
    await this.step('open', path);
    // Directories themselves survive at once: what is lost or kept is their entries.
    if (!this.directories.has(path)) this.directories.set(path, { live: new Map(), durable: new Map(), changes: [] });
  }

  async list(path: string): Promise<string[]> {
    await this.step('stat', path);
    const names = new Set(this.directories.get(path)?.live.keys());
    for (const directory of this.directories.keys()) {
      if (directory.startsWith(`${path}/`)) names.add(directory.slice(path.length + 1).split('/')[0] ?? '');
    }
    return [...names].sort();
  }

  async rename(from: string, to: string): Promise<void> {
    await this.step('rename', from);
    if (this.directories.has(from)) {
      for (const [path, directory] of this.directories) {
        if (path !== from && !path.startsWith(`${from}/`)) continue;
        this.directories.delete(path);
        this.directories.set(to + path.slice(from.length), directory);
      }
      return;
    }
    const inode = this.inode(from);
    if (inode === undefined) throw systemError('ENOENT', from);
    const sameParent = parentOf(from) === parentOf(to);
    this.changeEntries(parentOf(to), (entries) => {
      entries.set(nameOf(to), inode);
      if (sameParent) entries.delete(nameOf(from));
    });
    if (!sameParent) this.changeEntries(parentOf(from), (entries) => entries.delete(nameOf(from)));
  }

  async remove(path: string): Promise<void> {
    await this.step('remove', path);
    if (this.inode(path) !== undefined) this.changeEntries(parentOf(path), (entries) => entries.delete(nameOf(path)));
  }

  async removeTree(path: string): Promise<void> {
    await this.step('remove', path);
    for (const directory of this.directories.keys()) {
      if (directory === path || directory.startsWith(`${path}/`)) this.directories.delete(directory);
    }
  }

  async syncDirectory(path: string): Promise<void> {
    await this.step('syncDirectory', path);
    const directory = this.directories.get(path);
    // What only holds directories has no changes to keep.
    if (directory === undefined && [...this.directories.keys()].some((each) => each.startsWith(path))) return;
    if (directory === undefined) throw systemError('ENOENT', path);
    directory.durable = new Map(directory.live);
    directory.changes = [];
  }

  async size(path: string): Promise<number | null> {
    await this.step('stat', path);
    return this.inode(path)?.live.length ?? null;
  }

  async readFile(path: string): Promise<Buffer | null> {
    await this.step('read', path);
    return this.peek(path);
  }

  async lock(directory: string): Promise<DirectoryLock | null> {
    await this.step('open', directory);
    if (this.locked.has(directory)) return null;
    this.locked.add(directory);
    return { release: () => this.locked.delete(directory) };
  }

  async space(path: string): Promise<DiskSpace> {
    await this.step('stat', path);
    return { totalBytes: this.totalBytes, usableBytes: Math.max(0, this.totalBytes - this.usedBytes()) };
  }

  private usedBytes(): number {
    if (this.totalBytes === Infinity) return 0;
    const inodes = new Set([...this.directories.values()].flatMap(({ live }) => [...live.values()]));
    return [...inodes].reduce((sum, { live }) => sum + live.length, 0);
  }

  /** Writes what there is room for. */
  private fill(inode: Inode, path: string, position: number, bytes: Buffer): void {
    const missing = position + bytes.length - inode.live.length;
    const room = missing > 0 ? this.totalBytes - this.usedBytes() : Infinity;
    if (missing <= room) {
      change(inode, { position, bytes });
      return;
    }
    const fitting = Math.max(0, bytes.length - missing + Math.max(0, room));
    if (fitting > 0) change(inode, { position, bytes: bytes.subarray(0, fitting) });
    throw systemError('ENOSPC', path);
  }

  private file(path: string, inode: Inode): DiskFile {
    const step = (operation: DiskOperation): Promise<void> => this.step(operation, path);
    const write = async (bytes: Buffer, position: number): Promise<void> => {
      try {
        await step('write');
      } catch (error) {
        // A failing write leaves a part behind, as a full disk does.
        change(inode, { position, bytes: bytes.subarray(0, bytes.length >> 1) });
        throw error;
      }
      this.fill(inode, path, position, bytes);
    };
    return {
      path,
      size: async () => {
        await step('stat');
        return inode.live.length;
      },
      read: async (target, position) => {
        await step('read');
        if (position >= inode.live.length) return 0;
        return inode.live.copy(target, 0, position, Math.min(inode.live.length, position + target.length));
      },
      write: async (chunks, position) => {
        await write(Buffer.concat(chunks), position);
      },
      writeDurably: async (chunks, position) => {
        const bytes = Buffer.concat(chunks);
        await write(bytes, position);
        await step('sync');
        settleRange(inode, position, position + bytes.length);
      },
      truncate: async (size) => {
        await step('truncate');
        change(inode, { size });
      },
      sync: async () => {
        const count = inode.changes.length;
        await step('sync');
        // Only what was written before the call is covered for certain.
        for (const done of inode.changes.splice(0, count)) inode.durable = apply(inode.durable, done);
      },
      close: async () => {
        await Promise.resolve();
      },
    };
  }

  private async step(operation: DiskOperation, path: string): Promise<void> {
    const turns = 1 + Math.floor((this.options.random?.next() ?? 0) * 4);
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
    if (this.halted) await never();
    this.operations += 1;
    for (const fault of this.faults) {
      if (fault.operation !== operation || fault.left === 0 || fault.path?.test(path) === false) continue;
      fault.left -= 1;
      if (fault.left === 0) throw fault.error;
    }
  }

  private changeEntries(path: string, entryChange: EntryChange): void {
    const directory = this.directories.get(path);
    if (directory === undefined) throw systemError('ENOENT', path);
    entryChange(directory.live);
    directory.changes.push(entryChange);
  }

  private inode(path: string): Inode | undefined {
    return this.directories.get(parentOf(path))?.live.get(nameOf(path));
  }
}

function change(inode: Inode, fileChange: FileChange): void {
  inode.live = apply(inode.live, fileChange);
  inode.changes.push(fileChange);
}

function apply(content: Buffer, fileChange: FileChange): Buffer {
  if ('size' in fileChange) {
    if (fileChange.size <= content.length) return content.subarray(0, fileChange.size);
    return Buffer.concat([content, Buffer.alloc(fileChange.size - content.length)]);
  }
  const { position, bytes } = fileChange;
  if (position === content.length) return Buffer.concat([content, bytes]);
  const result = Buffer.alloc(Math.max(content.length, position + bytes.length));
  content.copy(result);
  bytes.copy(result, position);
  return result;
}

/**
 * Bytes `[from, to)` and the file's size are durable, as a process sees them now. Of what was written elsewhere since the last sync
 * nothing is sure yet.
 */
function settleRange(inode: Inode, from: number, to: number): void {
  const { live } = inode;
  const unsure = inode.changes;
  let kept = inode.durable.length;
  inode.changes = [];
  for (const fileChange of unsure) {
    if ('size' in fileChange) {
      kept = Math.min(kept, fileChange.size);
      continue;
    }
    const { position } = fileChange;
    const end = Math.min(position + fileChange.bytes.length, live.length);
    for (const [start, stop] of [
      [position, Math.min(end, from)],
      [Math.max(position, to), end],
    ] as const) {
      if (start < stop) inode.changes.push({ position: start, bytes: live.subarray(start, stop) });
    }
  }
  const durable = Buffer.alloc(live.length);
  inode.durable.copy(durable, 0, 0, Math.min(kept, live.length));
  live.copy(durable, from, from, to);
  inode.durable = durable;
}

/** What of the unsynced changes reached the medium: any subset of sectors, or a prefix, or all. */
function settle(inode: Inode, random: Random): void {
  let content = inode.durable;
  const mood = random.next();
  const kept = mood < 0.3 ? Math.floor(random.next() * (inode.changes.length + 1)) : inode.changes.length;
  for (const fileChange of inode.changes.slice(0, kept)) {
    if (mood < 0.4 || 'size' in fileChange) content = apply(content, fileChange);
    else content = applySectors(content, fileChange, random);
  }
  if (mood > 0.8 && content.length > inode.durable.length) {
    const extra = Math.floor(random.next() * (content.length - inode.durable.length));
    content = content.subarray(0, inode.durable.length + extra);
  }
  inode.live = Buffer.from(content);
  inode.durable = inode.live;
  inode.changes = [];
}

function applySectors(content: Buffer, write: { position: number; bytes: Buffer }, random: Random): Buffer {
  let result = content;
  const end = write.position + write.bytes.length;
  for (let at = write.position; at < end;) {
    const next = Math.min(end, (Math.floor(at / sectorBytes) + 1) * sectorBytes);
    if (random.next() < 0.6) {
      const bytes = write.bytes.subarray(at - write.position, next - write.position);
      result = apply(result, { position: at, bytes });
    }
    at = next;
  }
  return result;
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}

function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
