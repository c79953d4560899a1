/** Where a tailed file's bytes come from: the file itself, or what a `.gz` file holds. */
import { createReadStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { createGunzip, type Gunzip } from 'node:zlib';
import { systemCode } from '#std/errors';

export interface ByteSource {
  /** Reads at `position`; 0 at the end. Positions never go back, except to where `reopen` begins again. */
  read(into: Buffer, at: number, length: number, position: number): Promise<number>;
  close(): Promise<void>;
}

export function isCompressed(path: string): boolean {
  return path.endsWith('.gz');
}

export function bytesOf(handle: FileHandle, path: string): ByteSource {
  return isCompressed(path) ? new GzipBytes(handle, path) : new PlainBytes(handle);
}

/** Opens what a file holds. */
export async function openBytes(path: string): Promise<ByteSource> {
  return bytesOf(await open(path, 'r'), path);
}

class PlainBytes implements ByteSource {
  constructor(private readonly handle: FileHandle) {}

  async read(into: Buffer, at: number, length: number, position: number): Promise<number> {
    return (await this.handle.read(into, at, length, position)).bytesRead;
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

/** The decompressed bytes of a file; what lies before the first position that is asked for is passed over. */
class GzipBytes implements ByteSource {
  private stream: Gunzip | null = null;
  private chunks: AsyncIterator<Buffer> | null = null;
  private chunk: Buffer = Buffer.alloc(0);
  /** Place of the chunk's first byte. */
  private chunkAt = 0;

  constructor(
    private readonly handle: FileHandle,
    private readonly path: string,
  ) {}

  async read(into: Buffer, at: number, length: number, position: number): Promise<number> {
    if (this.chunks === null || position < this.chunkAt) this.begin();
    let filled = 0;
    while (filled < length) {
      const from = position + filled - this.chunkAt;
      if (from < this.chunk.length) {
        filled += this.chunk.copy(into, at + filled, from, Math.min(this.chunk.length, from + length - filled));
        continue;
      }
      const next = await this.nextChunk();
      if (next === null) break;
      this.chunkAt += this.chunk.length;
      this.chunk = next;
    }
    return filled;
  }

  async close(): Promise<void> {
    this.stream?.destroy();
    await this.handle.close();
  }

  /** Null at the end, also of a file that is still being written: it is then read anew when it has changed. */
  private async nextChunk(): Promise<Buffer | null> {
    try {
      const next = await this.chunks?.next();
      return next === undefined || next.done === true ? null : next.value;
    } catch (error) {
      if (systemCode(error) !== 'Z_BUF_ERROR') throw error;
      this.chunks = null;
      return null;
    }
  }

  private begin(): void {
    this.stream?.destroy();
    const compressed = createReadStream(this.path, { fd: this.handle.fd, start: 0, autoClose: false });
    const stream = createGunzip();
    compressed.on('error', (error) => stream.destroy(error));
    compressed.pipe(stream);
    this.stream = stream;
    this.chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    this.chunk = Buffer.alloc(0);
    this.chunkAt = 0;
  }
}
