import { open, type FileHandle } from 'node:fs/promises';
import { EventBatch } from '#pipeline/event-batch';
import { headBytesMax, headOf, type FileHead } from '../file-head.js';
import type { SpooledEntry } from './spool-folder.js';

const chunkBytes = 512 * 1024;

/** Events of a file, not yet delivered. */
export interface FileEvents {
  readonly batch: EventBatch;
  /** Place in the file after them. */
  readonly position: number;
}

/** Makes events of a file's bytes. */
export interface Deserializer {
  /** The next events, at most `eventsMax`; null at the end of the file. Throws on bytes that it cannot take. */
  next(file: SpooledFile, eventsMax: number): Promise<FileEvents | null>;
}

/**
 * One file while it is read. It ends where it ended when it was opened: what is written later is no part of it, and the source
 * then refuses to call it done.
 */
export class SpooledFile {
  /** Read and not yet delivered: `buffer[from, to)`, which begins at `position` in the file. */
  buffer: Buffer = Buffer.alloc(0);
  from = 0;
  to = 0;

  private constructor(
    readonly entry: SpooledEntry,
    private readonly handle: FileHandle,
    /** Everything before it is committed by the channels. */
    public position: number,
  ) {}

  static async open(entry: SpooledEntry, position: number): Promise<SpooledFile> {
    return new SpooledFile(entry, await open(entry.path, 'r'), position);
  }

  /** Whether the buffer reaches to the end of the file. */
  get isReadToEnd(): boolean {
    return this.position + (this.to - this.from) >= this.entry.size;
  }

  /** The first bytes of the file. */
  async head(bytes: number): Promise<Buffer> {
    const { buffer, bytesRead } = await this.handle.read(Buffer.alloc(bytes), 0, bytes, 0);
    return buffer.subarray(0, bytesRead);
  }

  /** Tells this file from another one of its name. */
  fingerprint(): Promise<FileHead> {
    return headOf(this.handle, Math.min(headBytesMax, this.position));
  }

  /** Reads on behind what is there; false at the end. Delivered batches keep the old buffer, so it is never reused. */
  async readMore(bytesMin = 0): Promise<boolean> {
    const kept = this.to - this.from;
    const left = this.entry.size - this.position - kept;
    if (left <= 0) return false;
    // A piece that is there only in part doubles until it is whole, so that a long one is not read again and again.
    const wanted = Math.min(left, Math.max(chunkBytes, kept, bytesMin));
    const buffer = Buffer.allocUnsafeSlow(kept + wanted);
    this.buffer.copy(buffer, 0, this.from, this.to);
    const { bytesRead } = await this.handle.read(buffer, kept, wanted, this.position + kept);
    if (bytesRead === 0)
      throw new Error(`it was cut from ${this.entry.size} bytes to ${this.position + kept} while it was read`);
    this.buffer = buffer;
    this.from = 0;
    this.to = kept + bytesRead;
    return true;
  }

  /** Everything before `position` was delivered. */
  commit(position: number): void {
    this.from += position - this.position;
    this.position = position;
  }

  async close(): Promise<void> {
    this.buffer = Buffer.alloc(0);
    await this.handle.close();
  }
}
