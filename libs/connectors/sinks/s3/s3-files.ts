import type { FilePart, StoredFile, StoredFiles } from '#pipeline/stored-files';
import type { S3Client, S3Page, S3PageQuery } from '#wire/s3/s3-client';
import { explained } from './s3-store.js';

/** Objects of a bucket, with the rights of the sink's own key. */
export class S3Files implements StoredFiles {
  private readonly prefix: string;

  constructor(
    private readonly client: S3Client,
    readonly base: string,
  ) {
    const key = base.replace(/^\/+|\/+$/g, '');
    this.prefix = key === '' ? '' : `${key}/`;
  }

  async *walk(folder: string, signal: AbortSignal): AsyncGenerator<StoredFile> {
    const prefix = `${this.prefix}${folder === '' ? '' : `${folder}/`}`;
    for (let after: string | null = null; ;) {
      signal.throwIfAborted();
      const query: S3PageQuery = { prefix, isFlat: false, after };
      const page: S3Page = await explained(() => this.client.page(query));
      for (const { key, bytes, modifiedMs } of page.objects) {
        yield { path: key.slice(this.prefix.length), bytes, modifiedMs };
      }
      if (page.next === null) return;
      after = page.next;
    }
  }

  read(path: string, from: number, bytesMax: number): Promise<FilePart | null> {
    return explained(async () => {
      const key = `${this.prefix}${path}`;
      const { objects } = await this.client.page({ prefix: key, isFlat: false, after: null });
      const object = objects.find((candidate) => candidate.key === key);
      if (object === undefined) return null;
      const start = from < 0 ? Math.max(0, object.bytes + from) : from;
      const chunks: Buffer[] = [];
      let got = 0;
      if (start < object.bytes) {
        for await (const chunk of this.client.open(object, start)) {
          chunks.push(chunk);
          got += chunk.length;
          if (got >= bytesMax) break;
        }
      }
      return { bytes: Buffer.concat(chunks).subarray(0, bytesMax), size: object.bytes };
    });
  }

  async close(): Promise<void> {
    this.client.close();
  }
}
