import { posix } from 'node:path';
import type { FilePart, StoredFile, StoredFiles } from '#pipeline/stored-files';
import type { WebHdfsClient } from '#wire/hdfs/webhdfs-client';
import { explained } from './hdfs-store.js';

/** Files of HDFS, with the rights of the sink's own user. */
export class HdfsFiles implements StoredFiles {
  constructor(
    private readonly client: WebHdfsClient,
    readonly base: string,
  ) {}

  async *walk(folder: string, signal: AbortSignal): AsyncGenerator<StoredFile> {
    const waiting = [folder];
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      signal.throwIfAborted();
      const directory = at;
      const entries = await explained(() => this.client.list(posix.join(this.base, directory)));
      for (const { name, directory: isDirectory, length, modifiedMs } of entries ?? []) {
        const path = posix.join(directory, name);
        if (isDirectory) waiting.push(path);
        else yield { path, bytes: length, modifiedMs };
      }
    }
  }

  read(path: string, from: number, bytesMax: number): Promise<FilePart | null> {
    return explained(async () => {
      const whole = posix.join(this.base, path);
      const status = await this.client.status(whole);
      if (status === null || status.directory) return null;
      const start = from < 0 ? Math.max(0, status.length + from) : from;
      const chunks: Buffer[] = [];
      let got = 0;
      if (start < status.length) {
        for await (const chunk of this.client.open(whole, start)) {
          chunks.push(chunk);
          got += chunk.length;
          if (got >= bytesMax) break;
        }
      }
      return { bytes: Buffer.concat(chunks).subarray(0, bytesMax), size: status.length };
    });
  }

  async close(): Promise<void> {
    this.client.close();
  }
}
