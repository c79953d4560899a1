/**
 * The bytes of files that are not yet in the store. They wait in memory; once all files of the task hold more than
 * `memoryBytesMax` there, the file that grows moves its part to the local disk. Losing a spool costs nothing: the offsets of its
 * records were not committed, they are read again.
 */
import { join } from 'node:path';
import { RetriableSinkError } from '#pipeline/errors';
import type { Disk, DiskFile } from '#std/disk';
import { messageOf } from '#std/errors';
import type { Logger } from '#std/log';

export interface SpoolLimits {
  /** Bytes of all files kept in memory. */
  readonly memoryBytesMax: number;
  /** Bytes of all files, in memory and on disk; at it `full` says so. */
  readonly bytesMax: number;
}

const readChunkBytes = 256 * 1024;

export class Spool {
  private usedBytes = 0;
  private memoryBytes = 0;
  private filesMade = 0;
  private spillFailed = false;

  constructor(
    private readonly disk: Disk,
    private readonly logger: Logger,
    private readonly directory: string,
    readonly limits: SpoolLimits,
  ) {}

  async start(): Promise<void> {
    await this.disk.removeTree(this.directory);
    await this.disk.makeDirectory(this.directory);
  }

  async stop(): Promise<void> {
    await this.disk.removeTree(this.directory);
  }

  get bytes(): number {
    return this.usedBytes;
  }

  get full(): boolean {
    return this.usedBytes >= this.limits.bytesMax;
  }

  create(): SpoolFile {
    this.filesMade += 1;
    const path = join(this.directory, `${this.filesMade}.spool`);
    const account: Account = (memory, total) => {
      this.memoryBytes += memory;
      this.usedBytes += total;
      return this.memoryBytes > this.limits.memoryBytesMax;
    };
    return new SpoolFile(this.disk, path, account, (error) => {
      if (!this.spillFailed) {
        this.logger.warn('The spool cannot use the local disk and stays in memory', { error: messageOf(error) });
      }
      this.spillFailed = true;
    });
  }
}

/** Tells the spool of bytes that came (or went, below zero) in memory and in all; true asks to move what is in memory to disk. */
type Account = (memoryBytes: number, bytes: number) => boolean;

export class SpoolFile {
  private pending: Buffer[] = [];
  private pendingBytes = 0;
  private file: DiskFile | null = null;
  private diskBytes = 0;

  constructor(
    private readonly disk: Disk,
    private readonly path: string,
    private readonly account: Account,
    private readonly onSpillFailed: (error: unknown) => void,
  ) {}

  get bytes(): number {
    return this.diskBytes + this.pendingBytes;
  }

  /** `chunk` now belongs to the spool. */
  async append(chunk: Buffer): Promise<void> {
    if (chunk.length === 0) return;
    this.pending.push(chunk);
    this.pendingBytes += chunk.length;
    if (this.account(chunk.length, chunk.length)) await this.spill();
  }

  /** All bytes from the start; may be called again. */
  async *chunks(): AsyncGenerator<Buffer> {
    for (let at = 0; this.file !== null && at < this.diskBytes; at += readChunkBytes) {
      const chunk = Buffer.allocUnsafe(Math.min(readChunkBytes, this.diskBytes - at));
      if ((await this.file.read(chunk, at)) < chunk.length) {
        throw new RetriableSinkError(
          `Spool file ${this.path} has less than its ${this.diskBytes} bytes; restart the task.`,
        );
      }
      yield chunk;
    }
    yield* this.pending;
  }

  async release(): Promise<void> {
    this.account(-this.pendingBytes, -this.bytes);
    this.pending = [];
    this.pendingBytes = 0;
    this.diskBytes = 0;
    const file = this.file;
    this.file = null;
    if (file === null) return;
    await file.close();
    await this.disk.remove(this.path);
  }

  /** Where the local disk does not take them, the bytes stay in memory; the limit of the whole spool still holds. */
  private async spill(): Promise<void> {
    try {
      this.file ??= await this.disk.open(this.path, 'append');
      await this.file.write(this.pending, this.diskBytes);
    } catch (error) {
      this.onSpillFailed(error);
      return;
    }
    this.diskBytes += this.pendingBytes;
    this.account(-this.pendingBytes, 0);
    this.pending = [];
    this.pendingBytes = 0;
  }
}
