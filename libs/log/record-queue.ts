import { join } from 'node:path';
import { assert } from '#std/assert';
import type { Disk, DiskFile } from '#std/disk';
import { MillraceError, messageOf } from '#std/errors';
import type { Logger } from '#std/log';
import { logErrors } from './errors.js';
import { GroupCommit } from './group-commit.js';
import {
  checkFrame,
  findFrame,
  frameBytesAt,
  frameHeader,
  headerBytes,
  headFlag,
  headFrame,
  headFrameBytes,
  scanFrames,
} from './record-queue-frame.js';

/**
 * A durable queue of byte chunks in segment files, without topics: what a collector's file channel stands on.
 *
 * A position is a byte position in the whole queue: it only grows and is never given to other bytes. Files are named by the
 * position of their first byte (20 digits, `.queue`). Frames are told in `record-queue-frame`. Every
 * file begins with a head frame, and `trim` appends one, so the head is as durable as the records and costs no file of
 * its own. After a crash the incomplete frame at the end of the last file is cut.
 *
 * Of several directories each new file takes the next one that has room. Where bytes are damaged, or a file is gone, a read says so
 * and goes on at the next frame that is whole; a file with damage is renamed to `….damaged` when it would have been removed.
 */
export interface RecordQueueOptions {
  readonly disk: Disk;
  readonly logger: Logger;
  /** A file is closed when the next group would pass this; default 64 MiB. */
  readonly segmentBytesMax?: number;
  /** False: what was written is durable after `sync` or `close`, and a file when the next one begins. Default true. */
  readonly syncsEach?: boolean;
  /** A directory with less free space gets no new file while another has more, bytes; default 0. */
  readonly freeBytesMin?: number;
}

export interface QueueRecord {
  readonly position: number;
  readonly bytes: Buffer;
}

export interface QueueRead {
  readonly records: readonly QueueRecord[];
  /** Where to read on; equals `end` when everything was read. */
  readonly next: number;
  /** A sentence on what could not be read before the first of `records`; null where nothing is damaged. */
  readonly damage: string | null;
}

type Change =
  | { readonly record: Buffer; position: number }
  | { readonly head: number }
  /** Nothing new: what was written before is synced. */
  | { readonly sync: true };

export class RecordQueue {
  private readonly files: QueueFile[] = [];
  private readonly commits = new GroupCommit<Change>((changes) => this.commit(changes));
  private headPosition = 0;
  private durableEnd = 0;
  private writer: DiskFile | null = null;
  private reader: DiskFile | null = null;
  private failure: MillraceError | null = null;
  /** Set while a sync is under way, and for good when it failed. */
  private isSyncing = false;
  private turn: Promise<unknown> = Promise.resolve();
  private readonly segmentBytesMax: number;
  private readonly syncsEach: boolean;
  /** Written and not synced, where groups are not synced each. */
  private isDirty = false;
  private readonly directory: string;

  private constructor(
    private readonly directories: readonly string[],
    private readonly options: RecordQueueOptions,
  ) {
    this.directory = directories[0] ?? '';
    this.segmentBytesMax = options.segmentBytesMax ?? 64 * 1024 * 1024;
    this.syncsEach = options.syncsEach ?? true;
  }

  /** Opens or makes the queue in one directory or several; cuts what a crash tore. */
  static async open(directories: string | readonly string[], options: RecordQueueOptions): Promise<RecordQueue> {
    const queue = new RecordQueue(typeof directories === 'string' ? [directories] : directories, options);
    await queue.recover();
    return queue;
  }

  /** Everything below was trimmed. */
  get head(): number {
    return this.headPosition;
  }

  /** The position after the last durable record. */
  get end(): number {
    return this.durableEnd;
  }

  /** Bytes between head and end, frames included. */
  get sizeBytes(): number {
    return this.durableEnd - this.headPosition;
  }

  /** Resolves with the chunk's position when it is durable. Keeps `chunk` until then. Order of calls is order of positions. */
  async append(chunk: Buffer): Promise<number> {
    assert(chunk.length > 0 && chunk.length < headFlag, 'a chunk is not empty and shorter than 2 GiB');
    const change = { record: chunk, position: -1 };
    await this.commits.submit(change);
    return change.position;
  }

  /**
   * Whole records from `position` on, at most `bytesMax` but at least one where there is one; nothing at the end. A position below
   * the head reads from the head. Bytes that fail their check are passed over, and named.
   */
  read(position: number, bytesMax: number): Promise<QueueRead> {
    return this.inTurn(() => this.readFrom(position, bytesMax));
  }

  /** Forgets everything below `position`, durable when it resolves; files wholly below are removed. Only forward. */
  async trim(position: number): Promise<void> {
    if (position <= this.headPosition) return;
    if (position > this.durableEnd) {
      throw new MillraceError(logErrors.positionUnknown, `Queue ${this.directory} ends at ${this.durableEnd}.`);
    }
    await this.commits.submit({ head: position });
    // A file may only go when the head that says so is durable.
    if ((this.files[1]?.start ?? Infinity) <= this.headPosition) await this.sync();
    await this.inTurn(() => this.removeTrimmed());
  }

  /** Resolves when everything appended and trimmed before is durable. */
  async sync(): Promise<void> {
    if (this.isDirty) await this.commits.submit({ sync: true });
  }

  async close(): Promise<void> {
    if (this.isDirty && this.failure === null) await this.sync().catch(() => undefined);
    await this.commits.idle();
    await this.turn;
    this.failure ??= new MillraceError(logErrors.closed, `Queue ${this.directory} is closed.`);
    await this.writer?.close();
    await this.reader?.close();
    this.writer = null;
    this.reader = null;
  }

  /** One at a time: reads and removals share the one open reader. */
  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.turn.then(work);
    this.turn = result.catch(() => undefined);
    return result;
  }

  private async readFrom(position: number, bytesMax: number): Promise<QueueRead> {
    this.checkUsable();
    let at = Math.max(position, this.headPosition);
    if (at > this.durableEnd) {
      throw new MillraceError(
        logErrors.positionUnknown,
        `Queue ${this.directory} ends at ${this.durableEnd}; position ${at} was never given.`,
      );
    }
    const damage: string[] = [];
    while (at < this.durableEnd) {
      const first = this.files[0]?.start ?? 0;
      if (at < first) {
        damage.push(`The files before ${this.files[0]?.path ?? ''} are gone, ${first - at} bytes.`);
        at = first;
      }
      const read = await this.readFile(this.fileAt(at), at, bytesMax);
      if (read.damage !== null) damage.push(read.damage);
      at = read.next;
      if (read.records.length > 0) return { ...read, damage: damage.length === 0 ? null : damage.join(' ') };
    }
    return { records: [], next: at, damage: damage.length === 0 ? null : damage.join(' ') };
  }

  private checkUsable(): void {
    if (this.failure !== null) throw this.failure;
  }

  private fileAt(position: number): QueueFile {
    const file = this.files.findLast((candidate) => candidate.start <= position);
    assert(file !== undefined, 'a position between head and end lies in a file');
    return file;
  }

  private async commit(changes: readonly Change[]): Promise<void> {
    this.checkUsable();
    try {
      let rest = changes;
      while (rest.length > 0) rest = await this.commitPart(rest);
    } catch (error) {
      const failure = new MillraceError(
        logErrors.storage,
        `Queue ${this.directory} cannot write: ${messageOf(error)}.`,
        { cause: error },
      );
      await this.undoWrite(failure);
      throw failure;
    }
  }

  /**
   * After a failed write (the disk is full) the file is cut to what is durable, and the next append may succeed. After a failed
   * sync nobody knows what the disk has, so this was the last one.
   */
  private async undoWrite(failure: MillraceError): Promise<void> {
    const last = this.files.at(-1);
    if (this.isSyncing) this.failure = failure;
    else if (last !== undefined && this.writer?.path === last.path) {
      await this.writer.truncate(this.durableEnd - last.start).catch(() => {
        this.failure = failure;
      });
    }
  }

  private async syncFile(writer: DiskFile): Promise<void> {
    this.isSyncing = true;
    await writer.sync();
    this.isSyncing = false;
    this.isDirty = false;
  }

  /** Writes as many changes as the current file takes, at least one, and syncs; gives the rest. */
  private async commitPart(changes: readonly Change[]): Promise<readonly Change[]> {
    const file = await this.writableFile();
    const chunks: Buffer[] = [];
    let position = this.durableEnd;
    let head = this.headPosition;
    let taken = 0;
    let isSyncAsked = this.syncsEach;
    for (const change of changes) {
      if (taken > 0 && position - file.start >= this.segmentBytesMax) break;
      taken += 1;
      if ('record' in change) {
        change.position = position;
        chunks.push(frameHeader(change.record.length, change.record), change.record);
        position += headerBytes + change.record.length;
      } else if ('sync' in change) {
        isSyncAsked = true;
      } else {
        head = Math.max(head, change.head);
      }
    }
    if (head > this.headPosition) {
      chunks.push(headFrame(head));
      position += headFrameBytes;
    }
    assert(this.writer !== null, 'a writable file is open');
    if (chunks.length > 0) {
      await this.writer.write(chunks, this.durableEnd - file.start);
      this.isDirty = true;
    }
    if (isSyncAsked && this.isDirty) await this.syncFile(this.writer);
    this.durableEnd = position;
    this.headPosition = head;
    return changes.slice(taken);
  }

  private async writableFile(): Promise<QueueFile> {
    const last = this.files.at(-1);
    if (last !== undefined && this.durableEnd - last.start < this.segmentBytesMax) {
      this.writer ??= await this.options.disk.open(last.path, 'readwrite');
      return last;
    }
    if (this.writer !== null && this.isDirty) await this.syncFile(this.writer);
    await this.writer?.close();
    this.writer = null;
    const directory = await this.directoryAfter(last);
    const file = describe(directory, this.durableEnd);
    this.writer = await this.options.disk.open(file.path, 'append');
    await this.writer.truncate(0);
    await this.writer.write([headFrame(this.headPosition)], 0);
    await this.syncFile(this.writer);
    this.isSyncing = true;
    await this.options.disk.syncDirectory(directory);
    this.isSyncing = false;
    if (this.headPosition === this.durableEnd) this.headPosition += headFrameBytes;
    this.durableEnd += headFrameBytes;
    this.files.push(file);
    return file;
  }

  /** The directory after that of the last file; one with too little room only where all are like that. */
  private async directoryAfter(last: QueueFile | undefined): Promise<string> {
    const { disk, freeBytesMin = 0 } = this.options;
    const count = this.directories.length;
    const first = last === undefined ? 0 : this.directories.indexOf(last.directory) + 1;
    const inTurn = this.directories.map((_, index) => this.directories[(first + index) % count] ?? this.directory);
    if (count > 1) {
      for (const directory of inTurn) if ((await disk.space(directory)).usableBytes >= freeBytesMin) return directory;
    }
    return inTurn[0] ?? this.directory;
  }

  private async removeTrimmed(): Promise<void> {
    while (this.files.length > 1) {
      const [first, second] = this.files;
      if (first === undefined || second === undefined || second.start > this.headPosition) return;
      this.files.shift();
      if (this.reader?.path === first.path) {
        const reader = this.reader;
        this.reader = null;
        await reader.close();
      }
      if (first.isDamaged) await this.options.disk.rename(first.path, `${first.path}.damaged`);
      else await this.options.disk.remove(first.path);
    }
  }

  private async readFile(file: QueueFile, position: number, bytesMax: number): Promise<QueueRead> {
    const index = this.files.indexOf(file);
    const fileEnd = this.files[index + 1]?.start ?? this.durableEnd;
    const wanted = Math.min(Math.max(bytesMax, headFrameBytes), fileEnd - position);
    let buffer = await this.readBytes(file, position, wanted);
    const first = frameBytesAt(buffer, 0);
    if (first > buffer.length && position + first <= fileEnd) buffer = await this.readBytes(file, position, first);
    const records: QueueRecord[] = [];
    let at = 0;
    while (at < buffer.length) {
      const length = frameBytesAt(buffer, at);
      if (at + length > buffer.length) break;
      const kind = checkFrame(buffer, at, length);
      if (kind === null) break;
      if (kind === 'record') {
        records.push({ position: position + at, bytes: buffer.subarray(at + headerBytes, at + length) });
      }
      at += length;
    }
    if (at === 0) return await this.passDamage(file, position, fileEnd);
    return { records, next: position + at, damage: null };
  }

  /** Looks for the next whole frame; where there is none the file ends here. */
  private async passDamage(file: QueueFile, position: number, fileEnd: number): Promise<QueueRead> {
    const next = (await findFrame((at, length) => this.readBytes(file, at, length), position, fileEnd)) ?? fileEnd;
    file.isDamaged = true;
    const damage = `${file.path} is damaged at byte ${position - file.start}: ${next - position} bytes fail their check and are passed over.`;
    return { records: [], next, damage };
  }

  private async readBytes(file: QueueFile, position: number, length: number): Promise<Buffer> {
    if (this.reader?.path !== file.path) {
      await this.reader?.close();
      this.reader = await this.options.disk.open(file.path, 'read');
    }
    const buffer = Buffer.allocUnsafeSlow(length);
    const count = await this.reader.read(buffer, position - file.start);
    return buffer.subarray(0, count);
  }

  private async recover(): Promise<void> {
    const { disk } = this.options;
    const found = new Map<number, QueueFile>();
    for (const directory of this.directories) {
      await disk.makeDirectory(directory);
      for (const name of await disk.list(directory)) {
        const match = /^(\d{20})\.queue$/.exec(name);
        if (match?.[1] === undefined) continue;
        const file = describe(directory, Number(match[1]));
        const other = found.get(file.start);
        // Made in one directory, where that failed, and then in another: it holds nothing but its head frame.
        const isLeftOver =
          other !== undefined && ((await disk.size(other.path)) ?? 0) > ((await disk.size(file.path)) ?? 0);
        if (other !== undefined) await disk.remove(isLeftOver ? file.path : other.path);
        if (!isLeftOver) found.set(file.start, file);
      }
    }
    this.files.push(...[...found.values()].toSorted((left, right) => left.start - right.start));
    // A file whose own head frame is not whole was being made when the process died: nothing in it was acknowledged.
    let last = this.files.at(-1);
    while (last !== undefined && !(await this.scan(last))) {
      await disk.remove(last.path);
      this.files.pop();
      last = this.files.at(-1);
    }
    if (last !== undefined) await disk.syncDirectory(last.directory);
    await this.removeTrimmed();
  }

  /** Finds head and end in the last file, cuts a torn tail and syncs the rest; false where not even its head frame is whole. */
  private async scan(file: QueueFile): Promise<boolean> {
    const handle = await this.options.disk.open(file.path, 'readwrite');
    try {
      const size = await handle.size();
      const scanned = await scanFrames(handle, size);
      if (scanned.head === null) {
        if (size <= headFrameBytes) return false;
        // The head frame is synced before anything follows it, so this is damage and not a torn write.
        throw new MillraceError(
          logErrors.corrupt,
          `${file.path}: none of its head frames can be read; move the file away to go on without it.`,
        );
      }
      if (scanned.end < size) {
        this.options.logger.warn('An incomplete frame at the end of a queue file was cut.', {
          file: file.path,
          keptBytes: scanned.end,
          cutBytes: size - scanned.end,
        });
        await handle.truncate(scanned.end);
      }
      await handle.sync();
      file.isDamaged = scanned.isDamaged;
      this.durableEnd = file.start + scanned.end;
      // A head below the file means that older files should be there, whether they are or not.
      this.headPosition =
        scanned.head < file.start ? scanned.head : Math.max(scanned.head, file.start + headFrameBytes);
      return true;
    } finally {
      await handle.close();
    }
  }
}

interface QueueFile {
  readonly start: number;
  readonly directory: string;
  readonly path: string;
  isDamaged: boolean;
}

function describe(directory: string, start: number): QueueFile {
  const path = join(directory, `${String(start).padStart(20, '0')}.queue`);
  return { start, directory, path, isDamaged: false };
}
