/** The operations of S3's REST API on a bucket that a reader of its objects needs. Each is tried once; trying again is the caller's business. */
import { messageOf } from '#std/errors';
import { S3Error, s3Errors } from './s3-errors.js';
import { S3Exchange, type S3Options, type S3Request } from './s3-exchange.js';
import { encodedKey } from './signature-v4.js';
import { childText, type XmlElement } from './xml-reader.js';

export interface S3Object {
  readonly key: string;
  readonly bytes: number;
  /** Milliseconds since the epoch. */
  readonly modifiedMs: number;
  /** As S3 gives it, with its quotes. */
  readonly etag: string;
}

export interface S3Page {
  /** Without markers of folders, whose keys end in a slash: some servers give them no time or ETag. */
  readonly objects: readonly S3Object[];
  /** What lies further below, each with its slash; empty where no delimiter was asked for. */
  readonly folders: readonly string[];
  /** Asks for the next page; null behind the last one. */
  readonly next: string | null;
}

export interface S3PageQuery {
  readonly prefix: string;
  /** Keys with another slash behind the prefix come as `folders`. */
  readonly isFlat: boolean;
  /** Of the page before; null for the first. */
  readonly after: string | null;
}

/** A page has 1,000 keys of 1,024 bytes at most, each byte up to six characters of XML. */
const pageBytesMax = 16 * 1024 * 1024;
const answerBytesMax = 1024 * 1024;

export class S3Client {
  private readonly exchange: S3Exchange;

  constructor(private readonly options: S3Options) {
    this.exchange = new S3Exchange(options);
  }

  close(): void {
    this.exchange.close();
  }

  /** ListObjectsV2: one page. */
  async page({ prefix, isFlat, after }: S3PageQuery): Promise<S3Page> {
    const query: [string, string][] = [['list-type', '2']];
    if (prefix !== '') query.push(['prefix', prefix]);
    if (isFlat) query.push(['delimiter', '/']);
    if (after !== null) query.push(['continuation-token', after]);
    const root = await this.exchange.document({ method: 'GET', key: '', query }, pageBytesMax);
    const truncated = childText(root, 'IsTruncated') === 'true';
    const next = childText(root, 'NextContinuationToken');
    if (root.name !== 'ListBucketResult' || (truncated && (next === null || next === after))) {
      throw new S3Error(s3Errors.busy, `The answer of ${this.options.endpoint.host} is no list of objects of S3.`);
    }
    return {
      objects: named(root, 'Contents')
        .filter((element) => childText(element, 'Key')?.endsWith('/') !== true)
        .map(objectOf),
      folders: named(root, 'CommonPrefixes').map((folder) => childText(folder, 'Prefix') ?? ''),
      next: truncated ? next : null,
    };
  }

  /** The bytes of an object from `offset`, which lies before its end, on; `changed` where its ETag is another. */
  async *open({ key, bytes, etag }: Pick<S3Object, 'key' | 'bytes' | 'etag'>, offset: number): AsyncGenerator<Buffer> {
    const headers: Record<string, string> = { 'if-match': etag };
    if (offset > 0) headers['range'] = `bytes=${offset}-`;
    const request: S3Request = { method: 'GET', key, headers };
    const answer = await this.exchange.send(request);
    const what = this.exchange.describe(request);
    let received = 0;
    try {
      if (offset > 0 && answer.statusCode !== 206) {
        throw new S3Error(s3Errors.invalid, `${this.options.endpoint.host} gives no part of an object to ${what}.`);
      }
      for await (const chunk of answer as AsyncIterable<Buffer>) {
        received += chunk.length;
        yield chunk;
      }
    } catch (cause) {
      if (cause instanceof S3Error) throw cause;
      throw new S3Error(s3Errors.away, `S3 broke off ${what}: ${messageOf(cause)}`, { cause });
    } finally {
      answer.destroy();
    }
    if (received !== bytes - offset) {
      throw new S3Error(s3Errors.away, `S3 gave ${received} bytes of ${bytes - offset} to ${what}.`);
    }
  }

  /** The ETag of an object; null where there is none. */
  async etag(key: string): Promise<string | null> {
    try {
      const answer = await this.exchange.send({ method: 'HEAD', key });
      answer.resume();
      return answer.headers.etag ?? '';
    } catch (error) {
      if (error instanceof S3Error && error.kind === s3Errors.missing) return null;
      throw error;
    }
  }

  async put(key: string, body: Buffer): Promise<void> {
    const answer = await this.exchange.send({ method: 'PUT', key, body });
    answer.resume();
  }

  /** Copies an object of at most 5 GB inside the bucket; `changed` where its ETag is another. */
  async copy({ key, etag }: Pick<S3Object, 'key' | 'etag'>, to: string): Promise<void> {
    const source = `/${this.options.bucket}/${encodedKey(key)}`;
    const headers = { 'x-amz-copy-source': source, 'x-amz-copy-source-if-match': etag };
    await this.exchange.document({ method: 'PUT', key: to, headers }, answerBytesMax);
  }

  /** Also where there is nothing. `changed` where the ETag is another, by servers that know conditions of deletes. */
  async delete({ key, etag }: Pick<S3Object, 'key' | 'etag'>): Promise<void> {
    const answer = await this.exchange.send({ method: 'DELETE', key, headers: { 'if-match': etag } });
    answer.resume();
  }
}

function named(root: XmlElement, name: string): XmlElement[] {
  return root.children.filter((child) => child.name === name);
}

function objectOf(element: XmlElement): S3Object {
  const key = childText(element, 'Key');
  const bytes = Number(childText(element, 'Size') ?? Number.NaN);
  const modifiedMs = Date.parse(childText(element, 'LastModified') ?? '');
  const etag = childText(element, 'ETag');
  if (key === null || key === '' || etag === null || !Number.isSafeInteger(bytes) || Number.isNaN(modifiedMs)) {
    throw new S3Error(s3Errors.busy, `S3 lists the object ${key ?? ''} without its size, time or ETag.`);
  }
  return { key, bytes, modifiedMs, etag };
}
