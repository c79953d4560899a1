import { open } from 'node:fs/promises';
import { EventBatch } from '#pipeline/event-batch';
import { bytesOf, isCompressed, type ByteSource } from '../byte-source.js';
import { headBytesMax, headOfBytes, type FileHead } from '../file-head.js';
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
 * One file while it is read, a `.gz` file decompressed. It ends where it ended when it was opened: what is written later is no part of
 * it, and the source then refuses to call it done.
 */
export class SpooledFile {
  /** Read and not yet handed out: `buffer[from, to)`, which begins at `position` in what the file holds. */
  buffer: Buffer = Buffer.alloc(0);
  from = 0;
  to = 0;
  private readonly heads = new Map<number, FileHead>();

  private constructor(
    readonly entry: SpooledEntry,
    private readonly source: ByteSource,
    /** Everything before it was handed out. */
    public position: number,
    /** Bytes that the file holds; Infinity until the end of a compressed one is seen. */
    private contentBytes: number,
  ) {}

  static async open(entry: SpooledEntry, position: number): Promise<SpooledFile> {
    const source = bytesOf(await open(entry.path, 'r'), entry.path);
    return new SpooledFile(entry, source, position, isCompressed(entry.path) ? Infinity : entry.size);
  }

  /** Whether the buffer reaches to the end of the file. */
  get isReadToEnd(): boolean {
    return this.position + (this.to - this.from) >= this.contentBytes;
  }

  /** The first bytes of what the file holds. */
  async head(bytes: number): Promise<Buffer> {
    const buffer = Buffer.alloc(bytes);
    return buffer.subarray(0, await this.source.read(buffer, 0, bytes, 0));
  }

  /** Tells this file, read up to `position`, from another one of its name. */
  async fingerprint(position: number): Promise<FileHead> {
    const bytes = Math.min(headBytesMax, position);
    const known = this.heads.get(bytes);
    if (known !== undefined) return known;
    const found = { ...headOfBytes(await this.readHead(bytes)), bytes };
    this.heads.set(bytes, found);
    return found;
  }

  /** Reads on behind what is there; false at the end. Delivered batches keep the old buffer, so it is never reused. */
  async readMore(bytesMin = 0): Promise<boolean> {
    const kept = this.to - this.from;
    const left = this.contentBytes - this.position - kept;
    if (left <= 0) return false;
    // A piece that is there only in part doubles until it is whole, so that a long one is not read again and again.
    const wanted = Math.min(left, Math.max(chunkBytes, kept, Number.isFinite(bytesMin) ? bytesMin : 0));
    const buffer = Buffer.allocUnsafeSlow(kept + wanted);
    this.buffer.copy(buffer, 0, this.from, this.to);
    const bytesRead = await this.source.read(buffer, kept, wanted, this.position + kept);
    if (bytesRead === 0) {
      if (Number.isFinite(this.contentBytes)) {
        throw new Error(`it was cut from ${this.entry.size} bytes to ${this.position + kept} while it was read`);
      }
      // What was read is all: it may end without a line end.
      this.contentBytes = this.position + kept;
      return kept > 0;
    }
    this.buffer = buffer;
    this.from = 0;
    this.to = kept + bytesRead;
    return true;
  }

  /** Everything before `position` was handed out. */
  commit(position: number): void {
    this.from += position - this.position;
    this.position = position;
  }

  async close(): Promise<void> {
    this.buffer = Buffer.alloc(0);
    await this.source.close();
  }

  /** A compressed file is opened a second time, because its bytes only come one after another. */
  private async readHead(bytes: number): Promise<Buffer> {
    if (!isCompressed(this.entry.path)) return await this.head(bytes);
    const second = await SpooledFile.open(this.entry, 0);
    try {
      return await second.head(bytes);
    } finally {
      await second.close();
    }
  }
}
