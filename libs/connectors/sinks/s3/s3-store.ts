/**
 * A bucket as rolling files see it. S3 renames nothing, but has two things that serve as well:
 *
 * - An object is only made where there is none (`If-None-Match: *`), so of two owners one gets the next entry of the commit log.
 * - A multipart upload is nobody's object until it is completed. So files are uploaded whole, the entry names the uploads with the ETags of
 *   their parts, and completing one is the rename: it happens once, and whoever finds the entry can do it.
 *
 * Paths are keys behind a slash. A staged file is `<base>/+upload/<upload id>/<ETag>,<ETag>…`.
 */
import { posix } from 'node:path';
import { FatalSinkError, RetriableSinkError } from '#pipeline/errors';
import { messageOf } from '#std/errors';
import type { S3Client } from '#wire/s3/s3-client';
import { S3Error, s3Errors } from '#wire/s3/s3-errors';
import type { S3Upload, S3Writer } from '#wire/s3/s3-writer';
import type { FileStore, RenameResult, StagedFile, StageNote, StoredFile } from '../file/file-store.js';
import { Turns } from '../file/turns.js';

export interface S3StoreOptions {
  /** Of all parts but the last. */
  readonly partBytes: number;
  /** Files that are uploaded at once; each holds a part in memory. */
  readonly uploadsMax: number;
  /** What the objects will be: encryption, storage class. */
  readonly headers: Readonly<Record<string, string>>;
  /** The server knows `If-None-Match`; false: it is asked whether there is an object before one is made, which is no fence. */
  readonly hasConditions: boolean;
}

const stagedFolder = '+upload';
const nextOffsetName = 'next-offset';
/** S3's own limit. */
const partsMax = 10_000;
/** How far clocks of a store's servers may lie apart, ms. */
const clockMarginMs = 10_000;

export class S3Store implements FileStore {
  private readonly turns: Turns;
  private areConditionsSeen = false;

  constructor(
    private readonly client: S3Client,
    private readonly writer: S3Writer,
    private readonly options: S3StoreOptions,
  ) {
    this.turns = new Turns(options.uploadsMax);
  }

  /** A bucket has no folders. */
  async makeDirectory(): Promise<void> {}

  async write(path: string, chunks: AsyncIterable<Buffer>): Promise<number> {
    const staged = await this.stage(path, path, chunks, null);
    await this.rename(staged.from, path);
    return staged.bytes;
  }

  createNew(path: string, bytes: Buffer): Promise<boolean> {
    return explained(async () => {
      const key = keyOf(path);
      if (!this.options.hasConditions) {
        if ((await this.writer.head(key)) !== null) return false;
        await this.writer.put(key, bytes);
        return true;
      }
      if (!(await this.writer.putNew(key, bytes))) return false;
      await this.seeConditions(key, bytes);
      return true;
    });
  }

  stage(_temporary: string, to: string, chunks: AsyncIterable<Buffer>, note: StageNote | null): Promise<StagedFile> {
    return this.turns.run(() =>
      explained(async () => {
        const headers = { ...this.options.headers };
        if (note !== null) headers[`x-amz-meta-${nextOffsetName}`] = String(note.nextOffset);
        const upload = await this.writer.createUpload(keyOf(to), headers);
        try {
          const { etags, bytes } = await this.upload(upload, chunks);
          return { from: stagedPath(to, upload, etags), bytes };
        } catch (error) {
          await this.writer.abortUpload(upload).catch(() => {
            // The next owner does it.
          });
          throw error;
        }
      }),
    );
  }

  rename(from: string, to: string): Promise<RenameResult> {
    return explained(async () => {
      const { id, etags } = stagedOf(from);
      const key = keyOf(to);
      const { hasConditions } = this.options;
      if (!hasConditions && (await this.writer.head(key)) !== null) return 'exists';
      try {
        await this.writer.completeUpload({ key, id }, etags, hasConditions);
        return 'renamed';
      } catch (error) {
        if (!(error instanceof S3Error)) throw error;
        if (error.kind === s3Errors.changed && error.s3Code !== 'ConditionalRequestConflict') return 'exists';
        if (error.kind !== s3Errors.missing || error.s3Code === 'NoSuchBucket') throw error;
        // It was completed before, and the answer was lost.
        if ((await this.writer.head(key)) !== null) return 'missing';
        throw new FatalSinkError(
          `The upload of ${key} is gone before it was completed, and so are its records: something aborted it, maybe a rule of the bucket. ` +
            "Remove the partition's folder below +state and set the connector's offsets back to before the first offset in that name.",
          { cause: error },
        );
      }
    });
  }

  read(path: string): Promise<Buffer | null> {
    return explained(() => this.writer.read(keyOf(path)));
  }

  size(path: string): Promise<number | null> {
    return explained(async () => (await this.writer.head(keyOf(path)))?.bytes ?? null);
  }

  list(directory: string): Promise<readonly StoredFile[]> {
    return explained(async () => {
      const prefix = prefixOf(directory);
      const found: StoredFile[] = [];
      for (let after: string | null = null; ;) {
        const page = await this.client.page({ prefix, isFlat: true, after });
        for (const { key } of page.objects) found.push({ name: key.slice(prefix.length), directory: false });
        for (const folder of page.folders) found.push({ name: folder.slice(prefix.length, -1), directory: true });
        if (page.next === null) return found;
        after = page.next;
      }
    });
  }

  async remove(path: string): Promise<void> {
    await explained(async () => {
      // What was staged for a file that is there by now; its upload is gone or will be dropped by the next owner.
      if (isStaged(path)) return;
      await this.writer.remove(keyOf(path));
    });
  }

  /**
   * Uploads of owners before this one. They are known by when they began: one of a newer owner, who may not be disturbed, began after its
   * claim, which was after this one's.
   */
  async dropStaged(directory: string, since: string, isOwn: (name: string) => boolean): Promise<void> {
    await explained(async () => {
      const claim = await this.writer.head(keyOf(since));
      if (claim === null) return;
      for await (const upload of this.writer.uploads(prefixOf(directory))) {
        const isOld = upload.initiatedMs + clockMarginMs < claim.modifiedMs;
        if (isOld && isOwn(posix.basename(upload.key))) await this.writer.abortUpload(upload);
      }
    });
  }

  noteOf(path: string): Promise<StageNote | null> {
    return explained(async () => {
      const text = (await this.writer.head(keyOf(path)))?.metadata[nextOffsetName];
      return text === undefined || !/^\d+$/.test(text) ? null : { nextOffset: Number(text) };
    });
  }

  async close(): Promise<void> {
    this.client.close();
    this.writer.close();
  }

  private async upload(upload: S3Upload, chunks: AsyncIterable<Buffer>): Promise<{ etags: string[]; bytes: number }> {
    const etags: string[] = [];
    let waiting: Buffer[] = [];
    let waitingBytes = 0;
    let bytes = 0;
    const put = async (body: Buffer): Promise<void> => {
      if (etags.length >= partsMax) {
        throw new FatalSinkError(
          `${upload.key} has more than ${partsMax} parts: raise s3.part.size or cut files earlier.`,
        );
      }
      etags.push(await this.writer.putPart(upload, etags.length + 1, body));
    };
    for await (const chunk of chunks) {
      waiting.push(chunk);
      waitingBytes += chunk.length;
      bytes += chunk.length;
      while (waitingBytes >= this.options.partBytes) {
        const joined = Buffer.concat(waiting);
        await put(joined.subarray(0, this.options.partBytes));
        waiting = [joined.subarray(this.options.partBytes)];
        waitingBytes -= this.options.partBytes;
      }
    }
    if (waitingBytes > 0 || etags.length === 0) await put(Buffer.concat(waiting));
    return { etags, bytes };
  }

  /** A server that passes over the condition would let two owners write; found out once, on the first entry. */
  private async seeConditions(key: string, bytes: Buffer): Promise<void> {
    if (this.areConditionsSeen) return;
    if (await this.writer.putNew(key, bytes)) {
      throw new FatalSinkError(
        'This server of S3 replaces objects although If-None-Match forbids it, so nothing keeps two workers apart. ' +
          'Take a newer one, or set s3.conditional.writes=false, which gives at-least-once.',
      );
    }
    this.areConditionsSeen = true;
  }
}

function keyOf(path: string): string {
  return path.replace(/^\/+/, '');
}

function prefixOf(directory: string): string {
  const key = keyOf(directory).replace(/\/+$/, '');
  return key === '' ? '' : `${key}/`;
}

function stagedPath(to: string, { id }: S3Upload, etags: readonly string[]): string {
  const [, top = ''] = to.split('/');
  return `/${top}/${stagedFolder}/${encodeURIComponent(id)}/${etags.map(encodeURIComponent).join(',')}`;
}

function isStaged(path: string): boolean {
  return path.split('/').at(-3) === stagedFolder;
}

function stagedOf(path: string): { readonly id: string; readonly etags: readonly string[] } {
  const parts = path.split('/');
  if (!isStaged(path)) throw new FatalSinkError(`${path} is no upload, and S3 renames nothing else.`);
  return {
    id: decodeURIComponent(parts.at(-2) ?? ''),
    etags: (parts.at(-1) ?? '').split(',').map(decodeURIComponent),
  };
}

/** S3's errors in the classes that a sink's runner knows. */
export async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof S3Error)) throw error;
    const isFatal =
      error.kind === s3Errors.denied || error.kind === s3Errors.invalid || error.s3Code === 'NoSuchBucket';
    if (isFatal) throw new FatalSinkError(messageOf(error), { cause: error });
    throw new RetriableSinkError(messageOf(error), { cause: error });
  }
}
