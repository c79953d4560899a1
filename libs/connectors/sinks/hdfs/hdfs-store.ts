import { FatalSinkError, RetriableSinkError } from '#pipeline/errors';
import { messageOf } from '#std/errors';
import { hdfsErrors, HdfsError } from '#wire/hdfs/hdfs-errors';
import type { WebHdfsClient } from '#wire/hdfs/webhdfs-client';
import type { FileStore, RenameResult, StoredFile } from '../file/file-store.js';

/** HDFS as rolling files see it, with its errors in the classes that a sink's runner knows. */
export class HdfsStore implements FileStore {
  constructor(protected readonly client: WebHdfsClient) {}

  makeDirectory(path: string): Promise<void> {
    return explained(() => this.client.makeDirectory(path));
  }

  /** Names are never used twice; overwriting is for a gateway that sends a request again by itself. */
  write(path: string, chunks: AsyncIterable<Buffer>): Promise<number> {
    return explained(() => this.client.create(path, chunks, { overwrite: true }));
  }

  /** HDFS answers false for several reasons; which one it was is looked for afterwards, so it may be outdated but not wrong. */
  rename(from: string, to: string): Promise<RenameResult> {
    return explained(async () => {
      if (await this.client.rename(from, to)) return 'renamed';
      if ((await this.client.status(from)) === null) return 'missing';
      if ((await this.client.status(to)) !== null) return 'exists';
      throw new RetriableSinkError(`HDFS did not rename ${from} to ${to}, without saying why; is the folder gone?`);
    });
  }

  read(path: string): Promise<Buffer | null> {
    return explained(async () => {
      const chunks: Buffer[] = [];
      try {
        for await (const chunk of this.client.open(path)) chunks.push(chunk);
      } catch (error) {
        if (error instanceof HdfsError && error.kind === hdfsErrors.missing) return null;
        throw error;
      }
      return Buffer.concat(chunks);
    });
  }

  size(path: string): Promise<number | null> {
    return explained(async () => (await this.client.status(path))?.length ?? null);
  }

  list(directory: string): Promise<readonly StoredFile[]> {
    return explained(async () => (await this.client.list(directory)) ?? []);
  }

  async remove(path: string): Promise<void> {
    await explained(() => this.client.delete(path));
  }

  async close(): Promise<void> {
    this.client.close();
  }
}

const fatalKinds: ReadonlySet<unknown> = new Set([hdfsErrors.denied, hdfsErrors.quota, hdfsErrors.invalid]);

/** HDFS's errors in the classes that a sink's runner knows. */
export async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof HdfsError)) throw error;
    if (fatalKinds.has(error.kind)) throw new FatalSinkError(messageOf(error), { cause: error });
    throw new RetriableSinkError(messageOf(error), { cause: error });
  }
}
