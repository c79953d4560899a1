import { join } from 'node:path';
import { assert } from '#std/assert';
import { crc32c } from '#std/crc32c';
import type { Disk, DiskFile } from '#std/disk';
import { MillraceError, messageOf } from '#std/errors';
import type { Logger } from '#std/log';
import { logErrors } from './errors.js';
import { GroupCommit } from './group-commit.js';

/**
 * A durable queue of byte chunks in segment files, without topics: what a collector's file channel stands on.
 *
 * A position is a byte position in the whole queue: it only grows and is never given to other bytes. Files are named by the
 * position of their first byte (20 digits, `.queue`). A frame is `u32 kind+length, u32 crc, payload`; the top bit of the first
 * word marks a head frame (payload: the head as an i64), else it is a record. The CRC-32C covers the payload, seeded with the first word. Every
 * file begins with a head frame, and `trim` appends one, so the head is as durable as the records and costs no file of
 * its own. After a crash the incomplete frame at the end of the last file is cut.
 */
export interface RecordQueueOptions {
  readonly disk: Disk;
  readonly logger: Logger;
  /** A file is closed when the next group would pass this; default 64 MiB. */
  readonly segmentBytesMax?: number;
}

export interface QueueRecord {
  readonly position: number;
  readonly bytes: Buffer;
}

export interface QueueRead {
  readonly records: readonly QueueRecord[];
  /** Where to read on; equals `end` when everything was read. */
  readonly next: number;
}

type Change = { readonly record: Buffer; position: number } | { readonly head: number };

const headerBytes = 8;
const headFlag = 0x8000_0000;
const headFrameBytes = headerBytes + 8;
const scanBytes = 1024 * 1024;

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

  private constructor(
    private readonly directory: string,
    private readonly options: RecordQueueOptions,
  ) {
    this.segmentBytesMax = options.segmentBytesMax ?? 64 * 1024 * 1024;
  }

  /** Opens or makes the queue in `directory`; cuts what a crash tore. Throws `log.corrupt` on damage that is no torn tail. */
  static async open(directory: string, options: RecordQueueOptions): Promise<RecordQueue> {
    const queue = new RecordQueue(directory, options);
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
   * the head reads from the head. Throws `log.corrupt` where bytes fail their check.
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
    await this.inTurn(() => this.removeTrimmed());
  }

  async close(): Promise<void> {
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
    while (at < this.durableEnd) {
      const read = await this.readFile(this.fileAt(at), at, bytesMax);
      if (read.records.length > 0) return read;
      at = read.next;
    }
    return { records: [], next: at };
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

  private async sync(writer: DiskFile): Promise<void> {
    this.isSyncing = true;
    await writer.sync();
    this.isSyncing = false;
  }

  /** Writes as many changes as the current file takes, at least one, and syncs; gives the rest. */
  private async commitPart(changes: readonly Change[]): Promise<readonly Change[]> {
    const file = await this.writableFile();
    const chunks: Buffer[] = [];
    let position = this.durableEnd;
    let head = this.headPosition;
    let taken = 0;
    for (const change of changes) {
      if (taken > 0 && position - file.start >= this.segmentBytesMax) break;
      taken += 1;
      if ('record' in change) {
        change.position = position;
        chunks.push(frameHeader(change.record.length, change.record), change.record);
        position += headerBytes + change.record.length;
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
      await this.sync(this.writer);
    }
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
    await this.writer?.close();
    this.writer = null;
    const file = this.describe(this.durableEnd);
    this.writer = await this.options.disk.open(file.path, 'append');
    await this.writer.truncate(0);
    await this.writer.write([headFrame(this.headPosition)], 0);
    await this.sync(this.writer);
    this.isSyncing = true;
    await this.options.disk.syncDirectory(this.directory);
    this.isSyncing = false;
    if (this.headPosition === this.durableEnd) this.headPosition += headFrameBytes;
    this.durableEnd += headFrameBytes;
    this.files.push(file);
    return file;
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
      await this.options.disk.remove(first.path);
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
    if (at === 0) {
      throw new MillraceError(
        logErrors.corrupt,
        `${file.path}: the frame at position ${position} fails its check. What follows it cannot be trusted; move the file away to go on without it.`,
      );
    }
    return { records, next: position + at };
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
    await this.options.disk.makeDirectory(this.directory);
    const names = await this.options.disk.list(this.directory);
    for (const name of names) {
      const match = /^(\d{20})\.queue$/.exec(name);
      if (match?.[1] !== undefined) this.files.push(this.describe(Number(match[1])));
    }
    // A file whose own head frame is not whole was being made when the process died: nothing in it was acknowledged.
    let last = this.files.at(-1);
    while (last !== undefined && !(await this.scan(last, this.files.length > 1))) {
      await this.options.disk.remove(last.path);
      this.files.pop();
      last = this.files.at(-1);
    }
    if (last !== undefined) await this.options.disk.syncDirectory(this.directory);
    await this.removeTrimmed();
  }

  /** Finds head and end in the last file, cuts a torn tail and syncs the rest; false where not even its head frame is whole. */
  private async scan(file: QueueFile, hasOlder: boolean): Promise<boolean> {
    const handle = await this.options.disk.open(file.path, 'readwrite');
    try {
      const size = await handle.size();
      let at = 0;
      let head = -1;
      let buffer: Buffer = Buffer.alloc(0);
      let bufferAt = 0;
      for (;;) {
        const left = bufferAt + buffer.length - at;
        const need = left < headerBytes ? headerBytes : frameBytesAt(buffer, at - bufferAt);
        if (at + need > size) break;
        if (left < need) {
          buffer = Buffer.allocUnsafeSlow(Math.min(Math.max(need, scanBytes), size - at));
          bufferAt = at;
          await handle.read(buffer, at);
          continue;
        }
        const kind = checkFrame(buffer, at - bufferAt, need);
        if (kind === null) break;
        if (kind === 'head') head = Number(buffer.readBigInt64BE(at - bufferAt + headerBytes));
        at += need;
      }
      if (head === -1) {
        if (size <= headFrameBytes) return false;
        // The head frame is synced before anything follows it, so this is damage and not a torn write.
        throw new MillraceError(
          logErrors.corrupt,
          `${file.path}: its first frame fails its check; move the file away.`,
        );
      }
      if (at < size) {
        this.options.logger.warn('An incomplete frame at the end of a queue file was cut.', {
          file: file.path,
          keptBytes: at,
          cutBytes: size - at,
        });
        await handle.truncate(at);
      }
      await handle.sync();
      this.durableEnd = file.start + at;
      this.headPosition = hasOlder ? head : Math.max(head, file.start + headFrameBytes);
      return true;
    } finally {
      await handle.close();
    }
  }

  private describe(start: number): QueueFile {
    return { start, path: join(this.directory, `${String(start).padStart(20, '0')}.queue`) };
  }
}

interface QueueFile {
  readonly start: number;
  readonly path: string;
}

function frameHeader(word: number, payload: Buffer): Buffer {
  const header = Buffer.allocUnsafe(headerBytes);
  header.writeUInt32BE(word, 0);
  header.writeUInt32BE(crc32c(payload, word), 4);
  return header;
}

function headFrame(head: number): Buffer {
  const payload = Buffer.alloc(8);
  payload.writeBigInt64BE(BigInt(head));
  return Buffer.concat([frameHeader((headFlag | payload.length) >>> 0, payload), payload]);
}

/** Bytes of the frame whose header begins at `at`; the header's own size where not all of it is in `buffer`. */
function frameBytesAt(buffer: Buffer, at: number): number {
  if (at + headerBytes > buffer.length) return headerBytes + 1;
  return headerBytes + (buffer.readUInt32BE(at) & ~headFlag);
}

function checkFrame(buffer: Buffer, at: number, length: number): 'record' | 'head' | null {
  const word = buffer.readUInt32BE(at);
  const payload = buffer.subarray(at + headerBytes, at + length);
  // All zeros, as an unwritten page has, is no frame: the CRC of nothing seeded with nothing is zero as well.
  if (word === 0 || crc32c(payload, word) !== buffer.readUInt32BE(at + 4)) return null;
  if (word < headFlag) return 'record';
  return payload.length === 8 ? 'head' : null;
}
