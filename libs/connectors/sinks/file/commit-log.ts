/**
 * The commit log of one topic-partition in a store: who owns it, what is durable, and which renames a commit still has to do.
 *
 *     <base>/+state/<topic>/<partition>/000000000017.json     the entry with the highest number is the truth
 *     <base>/+tmp/<topic>/<partition>/<claim>-<n>             files under way
 *
 * An entry is made by writing a temporary file and renaming it to the next number, which the store does atomically and never over
 * an entry that is there. So of two owners who want the next number one gets it: that is the fence. A new owner takes a number too (its
 * claim), after which no older owner can commit. A claim repeats the renames of the entry below it, so that a commit once
 * made is finished by whoever comes.
 *
 * Entries below the highest are removed. A stale owner could then take a number that was used and removed before; therefore an
 * entry counts only after the owner has listed the folder and found none above it. The highest is never removed before there is a
 * higher, so a stale owner always finds one.
 */
import { FatalSinkError, FencedSinkError, RetriableSinkError } from '#pipeline/errors';
import { crc32c } from '#std/crc32c';
import type { FileStore } from './file-store.js';

export interface CommitEntry {
  /** Unique for each commit and claim, so that an owner knows its own entry when the answer was lost. */
  readonly id: string;
  readonly connector: string;
  readonly task: number;
  readonly ownerEpoch: number;
  /** Everything below is in the store once `renames` are done; null where nothing was ever written. */
  readonly nextOffset: number | null;
  readonly renames: readonly PlannedRename[];
}

/** Paths are relative to the base folder. */
export interface PlannedRename {
  readonly from: string;
  readonly to: string;
  /** Size of the file. */
  readonly bytes: number;
}

export interface CommitOwner {
  readonly connector: string;
  readonly task: number;
  readonly ownerEpoch: number;
}

export interface CommitLogOptions {
  readonly store: FileStore;
  readonly stateDirectory: string;
  readonly temporaryDirectory: string;
  readonly owner: CommitOwner;
  /** Names this owner's entries; never gives the same text twice, over all owners. */
  readonly newId: () => string;
}

const claimAttemptsMax = 100;

export class CommitLog {
  private sequence = 0;
  private claimSequence = 0;
  private temporaryCount = 0;
  private abandoned: string[] = [];
  /** Entries below this owner's, as last seen. */
  private older: readonly number[] = [];

  constructor(private readonly options: CommitLogOptions) {}

  /**
   * Takes the partition over. Gives the state that was found, whose renames are to be done now. `scan` looks for the next offset
   * where there is no log at all. Throws FatalSinkError where a newer owner of the same task has it.
   */
  async claim(scan: () => Promise<number | null>): Promise<CommitEntry> {
    const { store, owner, stateDirectory, temporaryDirectory } = this.options;
    await store.makeDirectory(stateDirectory);
    await store.makeDirectory(temporaryDirectory);
    for (let attempt = 0; attempt < claimAttemptsMax; attempt += 1) {
      const top = (await this.sequences()).at(-1) ?? 0;
      const previous = top === 0 ? null : await this.read(top);
      if (top > 0 && previous === null) continue;
      if (previous !== null) this.refuseNewer(previous);
      const state = previous ?? { nextOffset: await scan(), renames: [] };
      const id = this.options.newId();
      const entry = { ...owner, id, nextOffset: state.nextOffset, renames: state.renames };
      if (!(await this.create(top + 1, entry, `claim-${id}`))) continue;
      if (!(await this.isHighest(top + 1))) continue;
      this.sequence = top + 1;
      this.claimSequence = this.sequence;
      await this.removeOlder();
      return entry;
    }
    throw new RetriableSinkError(
      `${stateDirectory}: others took the next entry ${claimAttemptsMax} times; is a second connector writing here?`,
    );
  }

  /** Of this owner's claim. */
  get claimPath(): string {
    return this.path(this.claimSequence);
  }

  /** A path for a file under way, never given before. */
  nextTemporary(): string {
    this.temporaryCount += 1;
    return `${this.options.temporaryDirectory}/${sequenceName(this.claimSequence)}-${this.temporaryCount}`;
  }

  /** A write under this path failed; whatever of it came into being is removed after the next commit. */
  abandon(temporary: string): void {
    this.abandoned.push(temporary);
  }

  /**
   * Makes `entry` the truth. May be called again with the same entry when it failed. Throws FencedSinkError where another owner came,
   * and then nothing more may be written.
   */
  async append(entry: CommitEntry): Promise<void> {
    const sequence = this.sequence + 1;
    const temporary = this.nextTemporary().slice(this.options.temporaryDirectory.length + 1);
    const created = await this.create(sequence, entry, temporary);
    if (!created || !(await this.isHighest(sequence))) throw await this.fenced();
    this.sequence = sequence;
  }

  /** Clears what this owner's entry replaced, and what failed. Not needed for safety: a failure is made good at the next commit. */
  async removeOlder(): Promise<void> {
    for (const sequence of this.older) await this.options.store.remove(this.path(sequence));
    this.older = [];
    for (const path of this.abandoned) await this.options.store.remove(path);
    this.abandoned = [];
  }

  /** Files under way that belong to owners before this one. Those of a newer owner are never touched. */
  async removeStaleTemporaries(): Promise<void> {
    const { store, temporaryDirectory } = this.options;
    for (const { name } of await store.list(temporaryDirectory)) {
      const claim = /^(\d+)-\d+$/.exec(name)?.[1];
      const stale = claim === undefined ? name.startsWith('claim-') : Number(claim) < this.claimSequence;
      if (stale) await store.remove(`${temporaryDirectory}/${name}`);
    }
  }

  private async create(sequence: number, entry: CommitEntry, temporaryName: string): Promise<boolean> {
    const { store, temporaryDirectory } = this.options;
    const temporary = `${temporaryDirectory}/${temporaryName}`;
    if (store.createNew !== undefined) {
      if (await store.createNew(this.path(sequence), encodeEntry(entry))) return true;
      return (await this.read(sequence))?.id === entry.id;
    }
    this.abandon(temporary);
    await store.write(temporary, once(encodeEntry(entry)));
    const result = await store.rename(temporary, this.path(sequence));
    if (result !== 'exists') this.abandoned = this.abandoned.filter((path) => path !== temporary);
    if (result === 'renamed') return true;
    return (await this.read(sequence))?.id === entry.id;
  }

  private async isHighest(sequence: number): Promise<boolean> {
    const all = await this.sequences();
    this.older = all.filter((other) => other < sequence);
    return all.at(-1) === sequence;
  }

  private async sequences(): Promise<number[]> {
    const files = await this.options.store.list(this.options.stateDirectory);
    return files
      .flatMap(({ name }) => /^(\d+)\.json$/.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((left, right) => left - right);
  }

  private async read(sequence: number): Promise<CommitEntry | null> {
    const bytes = await this.options.store.read(this.path(sequence));
    return bytes === null ? null : decodeEntry(bytes, this.path(sequence));
  }

  private refuseNewer(found: CommitEntry): void {
    const { owner, stateDirectory } = this.options;
    if (!isNewer(found, owner)) return;
    throw new FatalSinkError(
      `${stateDirectory} belongs to owner epoch ${found.ownerEpoch} of ${found.connector}/${found.task}, this is epoch ` +
        `${owner.ownerEpoch}: a newer owner has the task. If the control database was made anew, give the ` +
        'connector another name: it then takes over where the files end.',
    );
  }

  private async fenced(): Promise<FencedSinkError> {
    const { stateDirectory } = this.options;
    const top = (await this.sequences()).at(-1) ?? 0;
    const by = top === 0 ? null : await this.read(top);
    const who = by === null ? 'another owner' : `${by.connector}/${by.task} of epoch ${by.ownerEpoch}`;
    return new FencedSinkError(`${stateDirectory} was taken over by ${who}`);
  }

  private path(sequence: number): string {
    return `${this.options.stateDirectory}/${sequenceName(sequence)}.json`;
  }
}

/** Epochs count the owners of one task; those of different tasks or connectors cannot be compared. */
function isNewer(entry: CommitEntry, owner: CommitOwner): boolean {
  return entry.connector === owner.connector && entry.task === owner.task && entry.ownerEpoch > owner.ownerEpoch;
}

function sequenceName(sequence: number): string {
  return String(sequence).padStart(12, '0');
}

const entryVersion = 1;

function encodeEntry(entry: CommitEntry): Buffer {
  const text = JSON.stringify(entry);
  return Buffer.from(JSON.stringify({ version: entryVersion, crc32c: crc32c(Buffer.from(text)), entry: text }));
}

function decodeEntry(bytes: Buffer, path: string): CommitEntry {
  const problem = (what: string, cause?: unknown): FatalSinkError =>
    new FatalSinkError(
      `${path} is ${what}. Restore it, or remove its folder: the position is then found from the names of the files.`,
      { cause },
    );
  try {
    const frame = JSON.parse(bytes.toString()) as { version: unknown; crc32c: unknown; entry: unknown };
    if (frame.version !== entryVersion)
      throw problem(`of version ${String(frame.version)}, this release reads ${entryVersion}`);
    if (typeof frame.entry !== 'string' || crc32c(Buffer.from(frame.entry)) !== frame.crc32c) throw problem('damaged');
    return JSON.parse(frame.entry) as CommitEntry;
  } catch (error) {
    throw error instanceof FatalSinkError ? error : problem('damaged', error);
  }
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
