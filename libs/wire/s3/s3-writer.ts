/**
 * The operations of S3's REST API on a bucket that a writer of objects needs: objects that are only made where there is none (`If-None-Match`), and
 * multipart uploads, which nobody sees before they are completed. Each is tried once; trying again is the caller's business.
 */
import { S3Error, s3Errors } from './s3-errors.js';
import { S3Exchange, type S3Options, type S3Request } from './s3-exchange.js';
import { childText } from './xml-reader.js';

export interface S3Upload {
  readonly key: string;
  /** As S3 gave it. */
  readonly id: string;
}

export interface S3UploadFound extends S3Upload {
  /** When it began, by S3's clock, ms since the epoch. */
  readonly initiatedMs: number;
}

export interface S3Head {
  readonly bytes: number;
  /** By S3's clock, ms since the epoch; to a second. */
  readonly modifiedMs: number;
  /** Names in lower case, without `x-amz-meta-`. */
  readonly metadata: Readonly<Record<string, string>>;
}

const metadataPrefix = 'x-amz-meta-';
const answerBytesMax = 16 * 1024 * 1024;

export class S3Writer {
  private readonly exchange: S3Exchange;

  constructor(options: S3Options) {
    this.exchange = new S3Exchange(options);
  }

  close(): void {
    this.exchange.close();
  }

  /** False where there is one of that key already, which stays. */
  async putNew(key: string, body: Buffer): Promise<boolean> {
    try {
      await this.finish({ method: 'PUT', key, body, headers: { 'if-none-match': '*' } });
      return true;
    } catch (error) {
      if (
        error instanceof S3Error &&
        error.kind === s3Errors.changed &&
        error.s3Code !== 'ConditionalRequestConflict'
      ) {
        return false;
      }
      throw error;
    }
  }

  /** In the place of one of that key, if there is one. */
  async put(key: string, body: Buffer): Promise<void> {
    await this.finish({ method: 'PUT', key, body });
  }

  /** Null where there is none. */
  async head(key: string): Promise<S3Head | null> {
    const answer = await orNull(() => this.exchange.send({ method: 'HEAD', key }));
    if (answer === null) return null;
    answer.resume();
    const metadata = Object.entries(answer.headers).flatMap(([name, value]) =>
      name.startsWith(metadataPrefix) ? [[name.slice(metadataPrefix.length), String(value)] as const] : [],
    );
    return {
      bytes: Number(answer.headers['content-length'] ?? 0),
      modifiedMs: Date.parse(answer.headers['last-modified'] ?? ''),
      metadata: Object.fromEntries(metadata),
    };
  }

  /** The whole of a small object; null where there is none. */
  async read(key: string): Promise<Buffer | null> {
    const request: S3Request = { method: 'GET', key };
    const answer = await orNull(() => this.exchange.send(request));
    if (answer === null) return null;
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
    } catch (cause) {
      throw new S3Error(s3Errors.away, `S3 broke off ${this.exchange.describe(request)}.`, { cause });
    }
    return Buffer.concat(chunks);
  }

  /** Also where there is nothing. */
  async remove(key: string): Promise<void> {
    await orNull(() => this.finish({ method: 'DELETE', key }));
  }

  /** CreateMultipartUpload; `headers` say what the object will be: encryption, storage class, metadata. */
  async createUpload(key: string, headers: Readonly<Record<string, string>>): Promise<S3Upload> {
    const request: S3Request = { method: 'POST', key, query: [['uploads', '']], headers };
    const root = await this.exchange.document(request, answerBytesMax);
    const id = childText(root, 'UploadId');
    if (id === null || id === '') {
      throw new S3Error(s3Errors.busy, `The answer to ${this.exchange.describe(request)} names no upload.`);
    }
    return { key, id };
  }

  /** Part `number`, from 1 on; gives its ETag. All but the last have 5 MiB at least. */
  async putPart({ key, id }: S3Upload, number: number, body: Buffer): Promise<string> {
    const query = [
      ['partNumber', String(number)],
      ['uploadId', id],
    ] as const;
    const request: S3Request = { method: 'PUT', key, query, body };
    const answer = await this.exchange.send(request);
    answer.resume();
    const { etag } = answer.headers;
    if (etag === undefined) {
      throw new S3Error(s3Errors.busy, `The answer to ${this.exchange.describe(request)} has no ETag.`);
    }
    return etag;
  }

  /**
   * Makes the object of its parts, never over another one where `onlyNew` is set: `changed` where there is one. `missing` where the upload is none
   * (any more).
   */
  async completeUpload({ key, id }: S3Upload, etags: readonly string[], onlyNew: boolean): Promise<void> {
    const parts = etags.map(
      (etag, at) => `<Part><PartNumber>${at + 1}</PartNumber><ETag>${escaped(etag)}</ETag></Part>`,
    );
    const body = Buffer.from(
      `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts.join('')}</CompleteMultipartUpload>`,
    );
    const headers: Record<string, string> = { 'content-type': 'application/xml' };
    if (onlyNew) headers['if-none-match'] = '*';
    await this.exchange.document({ method: 'POST', key, query: [['uploadId', id]], headers, body }, answerBytesMax);
  }

  /** No error where there is none. */
  async abortUpload({ key, id }: S3Upload): Promise<void> {
    await orNull(() => this.finish({ method: 'DELETE', key, query: [['uploadId', id]] }));
  }

  /** Uploads that are not complete, of keys that begin with `prefix`. */
  async *uploads(prefix: string): AsyncGenerator<S3UploadFound> {
    let after: readonly (readonly [string, string])[] = [];
    for (;;) {
      const query = [['uploads', ''] as const, ['prefix', prefix] as const, ...after];
      const root = await this.exchange.document({ method: 'GET', key: '', query }, answerBytesMax);
      for (const element of root.children) {
        if (element.name !== 'Upload') continue;
        const [key, id] = [childText(element, 'Key') ?? '', childText(element, 'UploadId') ?? ''];
        yield { key, id, initiatedMs: Date.parse(childText(element, 'Initiated') ?? '') };
      }
      const [key, id] = [childText(root, 'NextKeyMarker') ?? '', childText(root, 'NextUploadIdMarker') ?? ''];
      if (childText(root, 'IsTruncated') !== 'true' || key === '') return;
      after = [['key-marker', key] as const, ...(id === '' ? [] : [['upload-id-marker', id] as const])];
    }
  }

  private async finish(request: S3Request): Promise<void> {
    const answer = await this.exchange.send(request);
    answer.resume();
  }
}

async function orNull<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof S3Error && error.kind === s3Errors.missing && error.s3Code !== 'NoSuchBucket') return null;
    throw error;
  }
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
