import { open, type FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { headBytesMax, headOfBytes } from '../file-head.js';
import type { CutLines } from '../line-cutter.js';
import { bytesOf, isCompressed, type ByteSource } from '../byte-source.js';
import type { FoundFile } from './file-finder.js';
import { cutEvents, type LineRules } from './line-batches.js';
import type { FilePosition } from './position-file.js';

const chunkBytes = 512 * 1024;
const chunkBytesMin = 4096;
/** So many bytes before the place to read at are compared with what was there, to notice a file that was written anew. */
const overlapBytes = 64;

/** Events of a file, handed out and not yet delivered. */
export interface LineBatch {
  readonly bytes: Buffer;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** Place in the file of `bytes[0]`. */
  readonly bytesAt: number;
  /** As it holds when the batch is delivered. */
  readonly after: FilePosition;
  /** Of the file's content: another one after it was cut. */
  readonly content: number;
}

export type ReadOutcome = LineBatch | 'end' | 'rewritten';

/**
 * One file under the tail. Three places in it: `committed`, up to where channels have everything; `position`, up to where events were
 * handed out; and the end of what was read. It is known by its open handle, so that a rename does not end it and its inode cannot be
 * given to another file meanwhile.
 */
export class TailedFile {
  readonly device: number;
  readonly inode: number;
  readonly group: string;
  readonly isCompressed: boolean;
  path: string;
  committed: FilePosition;
  /** As of the last look. */
  size: number;
  modifiedMs: number;
  /** When there was news, by the monotonic clock. */
  lastNewsMs: number;
  /** No listed name leads to it any more. */
  isGone = false;
  private position: FilePosition;
  private content = 0;
  private source: ByteSource | null = null;
  private handle: FileHandle | null = null;
  /** Read and not handed out: `buffer[from, to)`; `buffer[from]` lies at `position`. Before it may lie what was. */
  private buffer: Buffer = Buffer.alloc(0);
  private from = 0;
  private to = 0;
  /** The first bytes of the file, as far as they were handed out. */
  private headBytes: Buffer = Buffer.alloc(0);
  /** What a look saw when the last read came to the end. */
  private readSize = -1;
  private readModifiedMs = -1;

  constructor(found: FoundFile, start: FilePosition | null, nowMs: number) {
    this.device = found.device;
    this.inode = found.inode;
    this.group = found.group;
    this.path = found.path;
    this.size = found.size;
    this.modifiedMs = found.modifiedMs;
    this.isCompressed = isCompressed(found.path);
    this.lastNewsMs = nowMs;
    this.position = { ...(start ?? beginning), inode: found.inode, device: found.device, file: found.path };
    this.committed = this.position;
  }

  get key(): string {
    return `${this.device}:${this.inode}`;
  }

  get isOpen(): boolean {
    return this.source !== null;
  }

  /** Whether the last look saw something that was not read. */
  get hasNews(): boolean {
    if (this.isCompressed || this.readSize >= 0) {
      return this.size !== this.readSize || this.modifiedMs !== this.readModifiedMs;
    }
    return this.size !== this.position.pos || this.to > this.from;
  }

  get hasHeldLines(): boolean {
    return this.to > this.from;
  }

  see(found: FoundFile): void {
    this.path = found.path;
    this.size = found.size;
    this.modifiedMs = found.modifiedMs;
    this.isGone = false;
  }

  /** Looks by the handle, where no name leads to the file. True where it has been deleted. */
  async seeByHandle(): Promise<boolean> {
    if (this.handle === null) return true;
    const stats = await this.handle.stat();
    this.size = stats.size;
    this.modifiedMs = stats.mtimeMs;
    return stats.nlink === 0;
  }

  /**
   * False where another file is at the path. Where the file at the path is this one, but does not begin as it did when its position
   * was taken, it is read from its beginning.
   */
  async open(): Promise<boolean> {
    if (this.source !== null) return true;
    const handle = await open(this.path, 'r');
    const stats = await handle.stat();
    if (stats.ino !== this.inode || stats.dev !== this.device) {
      await handle.close();
      return false;
    }
    this.handle = handle;
    this.source = bytesOf(handle, this.path);
    await this.checkHead();
    return true;
  }

  async close(): Promise<void> {
    const { source } = this;
    this.source = null;
    this.handle = null;
    // What a later read is compared with; lines that were held are read again.
    const isHeld = this.to > this.from;
    const last = Buffer.from(this.buffer.subarray(Math.max(0, this.to - overlapBytes), this.to));
    const { readSize, readModifiedMs } = this;
    this.dropBuffer();
    if (!isHeld && !this.isCompressed) {
      this.buffer = last;
      this.from = last.length;
      this.to = last.length;
    }
    if (!isHeld) Object.assign(this, { readSize, readModifiedMs });
    await source?.close();
  }

  /** The next events. `rewritten`: what was read before is not there any more; `restart` has to follow. */
  async next(rules: LineRules): Promise<ReadOutcome> {
    for (;;) {
      const cut = cutEvents(this.buffer, { from: this.from, to: this.to }, rules, false);
      if (cut.starts.length > 0) return this.handOut(cut);
      if (this.to - this.from >= rules.lineBytesMax) return this.handOut(this.wholeRest());
      const read = await this.readMore();
      if (read !== 'more') return read;
    }
  }

  /** Lines that still wait for others; with `isWhole` also a last line without end. Null where there is nothing. */
  rest(rules: LineRules, isWhole: boolean): LineBatch | null {
    if (this.to === this.from) return null;
    const cut = cutEvents(this.buffer, { from: this.from, to: this.to }, rules, true);
    if (cut.starts.length > 0) return this.handOut(cut);
    return isWhole ? this.handOut(this.wholeRest()) : null;
  }

  /** The events were committed, with all before them. */
  commit(batch: LineBatch): void {
    if (batch.content === this.content) this.committed = batch.after;
  }

  /** What was handed out and not committed comes again. */
  rewind(): void {
    if (this.position === this.committed) return;
    this.position = this.committed;
    this.dropBuffer();
    this.headBytes = this.headBytes.subarray(0, this.committed.pos);
  }

  /** Reads from the beginning: the file was cut, or written anew. */
  restart(): void {
    this.content += 1;
    this.position = { ...beginning, inode: this.inode, device: this.device, file: this.path };
    this.committed = this.position;
    this.headBytes = Buffer.alloc(0);
    this.dropBuffer();
  }

  private async checkHead(): Promise<void> {
    const { head, pos } = this.position;
    const wanted = Math.min(headBytesMax, pos);
    if (wanted === 0) return;
    const bytes = Buffer.alloc(wanted);
    const read = (await this.source?.read(bytes, 0, wanted, 0)) ?? 0;
    const isSame = head === null || headOfBytes(bytes.subarray(0, head.bytes)).hash === head.hash;
    if (read < wanted || !isSame) this.restart();
    else this.headBytes = bytes;
  }

  private handOut(cut: CutLines): LineBatch {
    const { pos, crc } = this.position;
    const passed = this.buffer.subarray(this.from, cut.next);
    const position = pos + passed.length;
    if (this.headBytes.length < headBytesMax && pos === this.headBytes.length) {
      this.headBytes = Buffer.concat([this.headBytes, passed.subarray(0, headBytesMax - pos)]);
      this.position = { ...this.position, head: headOfBytes(this.headBytes) };
    } else if (this.position.head === null && this.headBytes.length > 0) {
      this.position = { ...this.position, head: headOfBytes(this.headBytes) };
    }
    const after = {
      ...this.position,
      file: this.path,
      pos: position,
      crc: crc === null ? null : crc32(passed, crc),
    };
    const batch = {
      bytes: this.buffer,
      starts: cut.starts,
      ends: cut.ends,
      bytesAt: pos - this.from,
      after,
      content: this.content,
    };
    this.from = cut.next;
    this.position = after;
    return batch;
  }

  private wholeRest(): CutLines {
    return { starts: Int32Array.of(this.from), ends: Int32Array.of(this.to), next: this.to };
  }

  /**
   * Reads on behind what is there. Delivered batches keep the old buffer, so it is never reused; its last bytes are read again, because a
   * file that was cut and has grown since shows itself there.
   */
  private async readMore(): Promise<'more' | 'end' | 'rewritten'> {
    const { source, size, modifiedMs } = this;
    if (source === null) return 'end';
    const kept = this.to - this.from;
    const overlap = this.isCompressed ? 0 : Math.min(overlapBytes, this.to);
    const keepFrom = Math.min(this.from, this.to - overlap);
    const keptTo = this.to - keepFrom;
    // The line that is there only in part doubles until it is whole, so that a long one is not read again and again.
    const left = this.isCompressed ? chunkBytes : Math.max(chunkBytesMin, size - this.position.pos - kept);
    const buffer = Buffer.allocUnsafeSlow(keptTo + Math.max(Math.min(chunkBytes, left), Math.min(kept, left)));
    this.buffer.copy(buffer, 0, keepFrom, this.to - overlap);
    const readAt = keptTo - overlap;
    const end = this.position.pos + kept;
    const read = await source.read(buffer, readAt, buffer.length - readAt, end - overlap);
    const isSame =
      read >= overlap && buffer.compare(this.buffer, this.to - overlap, this.to, readAt, readAt + overlap) === 0;
    if (!isSame || (overlap === 0 && !this.isCompressed && size < end)) return 'rewritten';
    if (read === overlap) {
      this.readSize = size;
      this.readModifiedMs = modifiedMs;
      return 'end';
    }
    this.buffer = buffer;
    this.from -= keepFrom;
    this.to = readAt + read;
    return 'more';
  }

  private dropBuffer(): void {
    this.buffer = Buffer.alloc(0);
    this.from = 0;
    this.to = 0;
    this.readSize = -1;
    this.readModifiedMs = -1;
  }
}

const beginning: FilePosition = { inode: 0, device: -1, pos: 0, file: '', head: null, crc: 0 };
