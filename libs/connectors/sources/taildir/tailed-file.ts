import { open, type FileHandle } from 'node:fs/promises';
import { headBytesMax, headOf, type FileHead } from '../file-head.js';
import { cutLines, type CutLines } from '../line-cutter.js';
import type { Position } from './position-file.js';

const chunkBytes = 512 * 1024;

/** Whole lines of a file, not yet delivered. */
export interface LineBatch extends CutLines {
  readonly bytes: Buffer;
  /** Place in the file of `bytes[0]`. */
  readonly bytesAt: number;
  /** Place in the file after these lines. */
  readonly position: number;
}

/**
 * One file under the tail: what was read of it and what is committed. It is known by its open handle, so that a rename does not
 * end it and its inode cannot be given to another file meanwhile.
 */
export class TailedFile {
  /** Everything before it is committed by the channels. */
  committed: number;
  /** When there was news, by the monotonic clock. */
  lastNewsMs: number;
  private handle: FileHandle | null = null;
  /** Read and not yet cut into lines: `buffer[from, to)`, which begins at `committed` in the file. */
  private buffer: Buffer = Buffer.alloc(0);
  private from = 0;
  private to = 0;
  private head: FileHead | null;

  constructor(
    /** Where it is now; changes when it is renamed. */
    public path: string,
    readonly inode: number,
    readonly group: string,
    start: { readonly position: number; readonly head: FileHead | null; readonly nowMs: number },
  ) {
    this.committed = start.position;
    this.head = start.head;
    this.lastNewsMs = start.nowMs;
  }

  get isOpen(): boolean {
    return this.handle !== null;
  }

  toPosition(): Position {
    return { inode: this.inode, pos: this.committed, file: this.path, head: this.head };
  }

  /** False where another file has taken the path meanwhile. */
  async open(): Promise<boolean> {
    if (this.handle !== null) return true;
    const handle = await open(this.path, 'r');
    if ((await handle.stat()).ino !== this.inode) {
      await handle.close();
      return false;
    }
    this.handle = handle;
    return true;
  }

  async close(): Promise<void> {
    const handle = this.handle;
    this.handle = null;
    this.buffer = Buffer.alloc(0);
    this.from = 0;
    this.to = 0;
    await handle?.close();
  }

  /** The next lines, or null where there is no whole one. A line of `lineBytesMax` and more comes in pieces. */
  async nextLines(linesMax: number, lineBytesMax: number): Promise<LineBatch | null> {
    for (;;) {
      const cut = cutLines(this.buffer, { from: this.from, to: this.to }, linesMax, true);
      if (cut.starts.length > 0) return this.batchOf(cut);
      if (this.to - this.from >= lineBytesMax) return this.batchOf(this.wholeRest());
      if (!(await this.readMore())) return null;
    }
  }

  /** What was read after the last line end, as one line; null where there is nothing. */
  rest(): LineBatch | null {
    return this.to === this.from ? null : this.batchOf(this.wholeRest());
  }

  /** The lines were committed. */
  commit(batch: LineBatch): void {
    this.from += batch.position - this.committed;
    this.committed = batch.position;
  }

  /** Notices a file that was cut (copytruncate): true when it is shorter than what is committed, and it begins again at 0. */
  async restartIfTruncated(): Promise<boolean> {
    if (this.handle === null) return false;
    const { size } = await this.handle.stat();
    if (size >= this.committed) return false;
    this.committed = 0;
    this.from = 0;
    this.to = 0;
    this.head = null;
    return true;
  }

  /** Makes sure that the head is known, so that the file is recognised after a restart. */
  async learnHead(): Promise<void> {
    if (this.handle === null || this.committed === 0) return;
    const bytes = Math.min(headBytesMax, this.committed);
    if (this.head !== null && this.head.bytes === bytes) return;
    this.head = await headOf(this.handle, bytes);
  }

  private batchOf(cut: CutLines): LineBatch {
    return {
      ...cut,
      bytes: this.buffer,
      bytesAt: this.committed - this.from,
      position: this.committed + (cut.next - this.from),
    };
  }

  private wholeRest(): CutLines {
    return { starts: Int32Array.of(this.from), ends: Int32Array.of(this.to), next: this.to };
  }

  /** Reads on behind what is there; false at the end of the file. Delivered batches keep the old buffer, so it is never reused. */
  private async readMore(): Promise<boolean> {
    if (this.handle === null) return false;
    const kept = this.to - this.from;
    // The line that is there only in part doubles until it is whole, so that a long one is not read again and again.
    const buffer = Buffer.allocUnsafeSlow(kept + Math.max(chunkBytes, kept));
    this.buffer.copy(buffer, 0, this.from, this.to);
    const { bytesRead } = await this.handle.read(buffer, kept, buffer.length - kept, this.committed + kept);
    if (bytesRead === 0) return false;
    this.buffer = buffer;
    this.from = 0;
    this.to = kept + bytesRead;
    return true;
  }
}
