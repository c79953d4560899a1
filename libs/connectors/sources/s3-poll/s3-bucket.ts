import { S3Client } from '#wire/s3/s3-client';
import { S3Error, s3Errors } from '#wire/s3/s3-errors';
import type { S3Options } from '#wire/s3/s3-exchange';
import type { ObjectStore, StoredObject } from '../object-poll/object-store.js';

export interface S3BucketOptions {
  /** Keys begin with it. */
  readonly prefix: string;
  /** Also keys with slashes behind the prefix. */
  readonly isRecursive: boolean;
  /** By the name of a folder: a part of a key between the prefix and its last slash. */
  readonly isFolderWanted: (name: string) => boolean;
}

/** What one look keeps in memory, some 300 bytes each. */
const objectsMax = 1_000_000;

/** Objects of a bucket of S3. Their ETag is their version, and an offset holds in that version only. */
export class S3Bucket implements ObjectStore {
  private readonly client: S3Client;

  constructor(
    private readonly s3: S3Options,
    private readonly options: S3BucketOptions,
  ) {
    this.client = new S3Client(s3);
  }

  async list(): Promise<readonly StoredObject[]> {
    const { prefix, isRecursive } = this.options;
    const found: StoredObject[] = [];
    for (let after: string | null = null; ;) {
      const page = await this.client.page({ prefix, isFlat: !isRecursive, after });
      for (const { key, bytes, modifiedMs, etag } of page.objects) {
        if (!this.isWanted(key)) continue;
        found.push({ path: key, name: key.slice(key.lastIndexOf('/') + 1), bytes, modifiedMs, version: etag });
      }
      if (found.length > objectsMax) {
        throw new S3Error(
          s3Errors.invalid,
          `More than ${objectsMax} objects lie under s3://${this.s3.bucket}/${prefix}: give the source a longer prefix, or let it delete what was read.`,
        );
      }
      if (page.next === null) return found;
      after = page.next;
    }
  }

  async *open(file: StoredObject, offset: number): AsyncGenerator<Buffer> {
    // S3 refuses a range behind the end.
    if (offset >= file.bytes) return;
    try {
      yield* this.client.open(objectOf(file), offset);
    } catch (error) {
      // In an archive, from where only its owner can get it back; the others are not held up.
      if (error instanceof S3Error && error.s3Code === 'InvalidObjectState') throw new Error(error.message);
      throw error;
    }
  }

  /** Leaves an object that was replaced since it was listed. */
  async delete(file: StoredObject): Promise<void> {
    // Not every server knows the condition that goes with the delete.
    if ((await this.client.etag(file.path)) === file.version) await this.client.delete(objectOf(file));
  }

  async rename(file: StoredObject, to: string): Promise<boolean> {
    if ((await this.client.etag(to)) !== null) return false;
    await this.client.copy(objectOf(file), to);
    await this.delete(file);
    return true;
  }

  close(): void {
    this.client.close();
  }

  private isWanted(key: string): boolean {
    // The prefix may end inside a name.
    const below = key.slice(this.options.prefix.lastIndexOf('/') + 1);
    return below
      .split('/')
      .slice(0, -1)
      .every((name) => name === '' || this.options.isFolderWanted(name));
  }
}

function objectOf({ path, bytes, version = '' }: StoredObject) {
  return { key: path, bytes, etag: version };
}
