import { dirname } from 'node:path';
import { crc32c } from '#std/crc32c';
import type { Disk, DiskFile } from '#std/disk';
import { messageOf } from '#std/errors';
import type { Logger } from '#std/log';
import { GroupCommit } from './group-commit.js';

/**
 * An append-only file of small entries from which a state in memory follows: `u32 length, u32 crc, payload`, the CRC-32C seeded with
 * the length. When it has grown to a multiple of what the state needs, it is replaced by a file with just the state.
 */
export interface JournalOptions {
  readonly disk: Disk;
  readonly logger: Logger;
  readonly path: string;
  /** Called at open for every entry, in order. */
  readonly replay: (entry: Buffer) => void;
  /** The entries from which the present durable state follows. */
  readonly snapshot: () => Buffer[];
}

interface Addition {
  readonly entry: Buffer;
  readonly apply: () => void;
}

const headerBytes = 8;
const compactBytesMin = 1024 * 1024;
const compactRatio = 4;

export class Journal {
  private file: DiskFile | null = null;
  private size = 0;
  private snapshotBytes = 0;
  private failure: unknown = null;
  private readonly commits = new GroupCommit<Addition>((additions) => this.commit(additions));

  constructor(private readonly options: JournalOptions) {}

  async open(): Promise<void> {
    const { disk, path, logger, replay } = this.options;
    const bytes = await disk.readFile(path);
    this.size = bytes === null ? 0 : replayFrames(bytes, replay);
    this.file = await disk.open(path, 'append');
    if (bytes !== null && this.size < bytes.length) {
      logger.warn('An incomplete end of a journal was cut.', { file: path, cutBytes: bytes.length - this.size });
      await this.file.truncate(this.size);
    }
    await this.file.sync();
    await disk.syncDirectory(dirname(path));
    this.snapshotBytes = this.size;
  }

  /** Resolves when the entry is durable and `apply` was called. Entries are applied in the order of the calls. */
  append(entry: Buffer, apply: () => void): Promise<void> {
    return this.commits.submit({ entry, apply });
  }

  async close(): Promise<void> {
    await this.commits.idle();
    await this.file?.close();
    this.file = null;
  }

  private async commit(additions: readonly Addition[]): Promise<void> {
    if (this.failure !== null) throw this.failure;
    if (this.file === null) throw new Error(`${this.options.path} is closed`);
    const chunks = additions.flatMap(({ entry }) => [frameHeader(entry), entry]);
    await this.write(this.file, chunks);
    try {
      await this.file.sync();
    } catch (error) {
      this.failure = error;
      throw error;
    }
    for (const chunk of chunks) this.size += chunk.length;
    for (const { apply } of additions) apply();
    if (this.size > compactBytesMin && this.size > this.snapshotBytes * compactRatio) await this.tryCompact();
  }

  /** After a failed write (the disk is full) the file is cut to what it was, and the next commit may succeed. */
  private async write(file: DiskFile, chunks: readonly Buffer[]): Promise<void> {
    try {
      await file.write(chunks, this.size);
    } catch (error) {
      await file.truncate(this.size).catch((cause: unknown) => {
        this.failure = cause;
      });
      throw error;
    }
  }

  /** The commit itself is durable: a failure here only leaves the file long. */
  private async tryCompact(): Promise<void> {
    try {
      await this.compact();
    } catch (error) {
      this.snapshotBytes = this.size;
      this.options.logger.warn('A journal cannot be compacted.', { file: this.options.path, error: messageOf(error) });
    }
  }

  private async compact(): Promise<void> {
    const { disk, path, snapshot } = this.options;
    const chunks = snapshot().flatMap((entry) => [frameHeader(entry), entry]);
    const file = await disk.open(`${path}.tmp`, 'append');
    await file.truncate(0);
    await file.write(chunks, 0);
    await file.sync();
    await disk.rename(`${path}.tmp`, path);
    const replaced = this.file;
    this.file = file;
    this.size = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    this.snapshotBytes = this.size;
    try {
      await disk.syncDirectory(dirname(path));
    } catch (error) {
      // After a power cut the old file may be back, without what is appended from here on.
      this.failure = error;
      throw error;
    }
    await replaced?.close();
  }
}

function frameHeader(entry: Buffer): Buffer {
  const header = Buffer.allocUnsafe(headerBytes);
  header.writeUInt32BE(entry.length, 0);
  header.writeUInt32BE(crc32c(entry, entry.length), 4);
  return header;
}

/** Bytes of the sound frames at the beginning. */
function replayFrames(bytes: Buffer, replay: (entry: Buffer) => void): number {
  let at = 0;
  while (at + headerBytes <= bytes.length) {
    const length = bytes.readUInt32BE(at);
    const end = at + headerBytes + length;
    if (length === 0 || end > bytes.length) break;
    const entry = bytes.subarray(at + headerBytes, end);
    if (crc32c(entry, length) !== bytes.readUInt32BE(at + 4)) break;
    replay(entry);
    at = end;
  }
  return at;
}
