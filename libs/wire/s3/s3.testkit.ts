/**
 * A server of S3's REST API in one process for specs. It checks each signature from the bytes of the request as they came, with a reading of
 * its own. Its answers have the shapes of S3's. `intercept` may answer in its place.
 */
import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeS3Answer {
  readonly status: number;
  readonly body?: string;
  /** Cut the connection behind the body, before its promised length. */
  readonly isCut?: boolean;
  /** Say nothing more there. */
  readonly isSilent?: boolean;
}

interface FakeObject {
  readonly content: Buffer;
  readonly etag: string;
  readonly modifiedMs: number;
  readonly metadata: Readonly<Record<string, string>>;
}

interface FakeUpload {
  readonly key: string;
  readonly initiatedMs: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly parts: Map<number, Buffer>;
}

export const fakeKeys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'a/secret+Key', sessionToken: null } as const;

export class FakeS3 {
  readonly objects = new Map<string, FakeObject>();
  /** Multipart uploads under way, by their id. */
  readonly uploads = new Map<string, FakeUpload>();
  /** Objects and uploads get this time, ms since the epoch. */
  nowMs = 1_700_000_000_000;
  /** Whether `If-None-Match` is kept. */
  hasConditions = true;
  private uploadsMade = 0;
  /** Method and path with query, as they came; `host` first. */
  readonly requests: string[] = [];
  /** Keys of one page. */
  pageKeys = 2;
  intercept: (request: IncomingMessage) => FakeS3Answer | null = () => null;
  private readonly server: Server = createServer((request, response) => void this.serve(request, response));

  constructor(private readonly bucket: string) {}

  /** Resolves with its address. */
  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  put(key: string, content: string | Buffer, metadata: Readonly<Record<string, string>> = {}): void {
    this.objects.set(key, { content: Buffer.from(content), etag: etagOf(content), modifiedMs: this.nowMs, metadata });
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = request;
    this.requests.push(`${headers.host} ${method} ${url}`);
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const answer = this.intercept(request);
    if (answer !== null) {
      const { status, body = '', isCut = false, isSilent = false } = answer;
      response.writeHead(status, { 'content-length': body.length + (isCut || isSilent ? 1 : 0) });
      if (isCut) response.write(body, () => response.destroy());
      else if (isSilent) response.write(body);
      else response.end(body);
      return;
    }
    if (!isSigned(request, Buffer.concat(chunks))) refuse(response, 403, 'SignatureDoesNotMatch');
    else this.answer(request, response, Buffer.concat(chunks));
  }

  private answer(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    const [path = '', search = ''] = (request.url ?? '').split('?');
    const isVirtual = request.headers.host?.startsWith(`${this.bucket}.`) === true;
    const key = decodeURIComponent(path).slice(isVirtual ? 1 : this.bucket.length + 2);
    if (!isVirtual && !path.startsWith(`/${this.bucket}/`)) refuse(response, 404, 'NoSuchBucket');
    else if (key === '' && new URLSearchParams(search).has('uploads'))
      this.listUploads(new URLSearchParams(search), response);
    else if (key === '') this.list(new URLSearchParams(search), response);
    else if (/(^|&)upload(s|Id)=/.test(search)) {
      this.upload(key, new URLSearchParams(search), request, response, body);
    } else if (request.method === 'PUT' && this.isRefused(key, request)) refuse(response, 412, 'PreconditionFailed');
    else if (request.method === 'PUT') this.write(key, request, response, body);
    else this.read(key, request, response);
  }

  private read(key: string, { method, headers }: IncomingMessage, response: ServerResponse): void {
    const object = this.objects.get(key);
    if (object === undefined) return refuse(response, 404, 'NoSuchKey');
    const condition = headers['if-match'];
    if (condition !== undefined && condition !== object.etag) return refuse(response, 412, 'PreconditionFailed');
    if (method === 'DELETE') {
      this.objects.delete(key);
      response.writeHead(204).end();
      return;
    }
    const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
    if (from > 0 && from >= object.content.length) return refuse(response, 416, 'InvalidRange');
    const part = object.content.subarray(from);
    response.writeHead(headers.range === undefined ? 200 : 206, {
      ...object.metadata,
      etag: object.etag,
      'content-length': part.length,
      'last-modified': new Date(object.modifiedMs).toUTCString(),
    });
    response.end(method === 'HEAD' ? undefined : part);
  }

  private write(key: string, request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    const { headers } = request;
    const source = headers['x-amz-copy-source'];
    if (typeof source !== 'string') {
      this.put(key, body, metadataOf(request));
      response.writeHead(200).end();
      return;
    }
    const object = this.objects.get(decodeURIComponent(source).slice(this.bucket.length + 2));
    if (object === undefined) return refuse(response, 404, 'NoSuchKey');
    if (headers['x-amz-copy-source-if-match'] !== object.etag) return refuse(response, 412, 'PreconditionFailed');
    this.objects.set(key, object);
    response.writeHead(200).end(`<CopyObjectResult><ETag>${escaped(object.etag)}</ETag></CopyObjectResult>`);
  }

  private isRefused(key: string, { headers }: IncomingMessage): boolean {
    return this.hasConditions && headers['if-none-match'] === '*' && this.objects.has(key);
  }

  private upload(
    key: string,
    query: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
    body: Buffer,
  ): void {
    if (query.has('uploads')) {
      const id = `upload/${(this.uploadsMade += 1)}`;
      this.uploads.set(id, { key, initiatedMs: this.nowMs, metadata: metadataOf(request), parts: new Map() });
      response
        .writeHead(200)
        .end(`<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`);
      return;
    }
    const id = query.get('uploadId') ?? '';
    const upload = this.uploads.get(id);
    if (upload?.key !== key) return refuse(response, 404, 'NoSuchUpload');
    if (request.method === 'PUT') {
      upload.parts.set(Number(query.get('partNumber')), body);
      response.writeHead(200, { etag: etagOf(body) }).end();
    } else if (request.method === 'DELETE') {
      this.uploads.delete(id);
      response.writeHead(204).end();
    } else this.complete(id, upload, request, response, body.toString());
  }

  private complete(
    id: string,
    upload: FakeUpload,
    request: IncomingMessage,
    response: ServerResponse,
    list: string,
  ): void {
    if (this.isRefused(upload.key, request)) return refuse(response, 412, 'PreconditionFailed');
    const wanted = [...list.matchAll(/<PartNumber>(\d+)<\/PartNumber><ETag>&quot;(\w+)&quot;/g)];
    const parts = wanted.map(([, number, etag]) => {
      const part = upload.parts.get(Number(number));
      return part !== undefined && etagOf(part) === `"${etag}"` ? part : null;
    });
    if (parts.length === 0 || parts.includes(null)) return refuse(response, 400, 'InvalidPart');
    this.uploads.delete(id);
    this.put(upload.key, Buffer.concat(parts.filter((part) => part !== null)), upload.metadata);
    response.writeHead(200).end('<CompleteMultipartUploadResult></CompleteMultipartUploadResult>');
  }

  private listUploads(query: URLSearchParams, response: ServerResponse): void {
    const prefix = query.get('prefix') ?? '';
    const found = [...this.uploads].filter(([, { key }]) => key.startsWith(prefix));
    const rows = found.map(([id, { key, initiatedMs }]) => {
      return `<Upload><Key>${escaped(key)}</Key><UploadId>${id}</UploadId><Initiated>${new Date(initiatedMs).toISOString()}</Initiated></Upload>`;
    });
    response
      .writeHead(200)
      .end(`<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>${rows.join('')}</ListMultipartUploadsResult>`);
  }

  private list(query: URLSearchParams, response: ServerResponse): void {
    const prefix = query.get('prefix') ?? '';
    const isFlat = query.get('delimiter') === '/';
    const after = Buffer.from(query.get('continuation-token') ?? '', 'base64').toString();
    const below = [...this.objects.keys()].filter((key) => key.startsWith(prefix));
    const folders = new Set(isFlat ? below.flatMap((key) => /^[^/]*\//.exec(key.slice(prefix.length))?.[0] ?? []) : []);
    const keys = below
      .filter((key) => key > after)
      .filter((key) => !isFlat || !key.slice(prefix.length).includes('/'))
      .toSorted((left, right) => (left < right ? -1 : 1));
    const page = keys.slice(0, this.pageKeys);
    const isTruncated = keys.length > page.length;
    const contents = page.map((key) => {
      const { content, etag, modifiedMs } = this.objects.get(key) ?? { content: '', etag: '', modifiedMs: 0 };
      const time = new Date(modifiedMs).toISOString();
      return `<Contents><Key>${escaped(key)}</Key><LastModified>${time}</LastModified><ETag>${escaped(etag)}</ETag><Size>${content.length}</Size></Contents>`;
    });
    const prefixes = [...folders].map(
      (folder) => `<CommonPrefixes><Prefix>${escaped(prefix + folder)}</Prefix></CommonPrefixes>`,
    );
    const token = Buffer.from(page.at(-1) ?? '').toString('base64');
    const next = isTruncated ? `<NextContinuationToken>${token}</NextContinuationToken>` : '';
    response
      .writeHead(200)
      .end(
        `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>${isTruncated}</IsTruncated>${next}${contents.join('')}${prefixes.join('')}</ListBucketResult>`,
      );
  }
}

function etagOf(content: string | Buffer): string {
  return `"${createHash('md5').update(content).digest('hex')}"`;
}

function metadataOf({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (name.startsWith('x-amz-meta-') ? [[name, String(value)]] : [])),
  );
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status).end(`<Error><Code>${code}</Code><Message>It said ${code}.</Message></Error>`);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

/** The query is signed as it came: a client that sends it in order and encoded as it should signs what it sends. */
function isSigned(request: IncomingMessage, body: Buffer): boolean {
  const [path = '', search = ''] = (request.url ?? '').split('?');
  const bodyHash = createHash('sha256').update(body).digest('hex');
  const { authorization = '' } = request.headers;
  const match =
    /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      authorization,
    );
  if (match === null || request.headers['x-amz-content-sha256'] !== bodyHash) return false;
  const [, day = '', region = '', names = '', signature] = match;
  const lines = names.split(';').map((name) => `${name}:${String(request.headers[name])}\n`);
  const text = `${request.method}\n${path}\n${search}\n${lines.join('')}\n${names}\n${bodyHash}`;
  const date = String(request.headers['x-amz-date']);
  const hash = createHash('sha256').update(text).digest('hex');
  const hmac = (key: string | Buffer, part: string): Buffer => createHmac('sha256', key).update(part).digest();
  const key = hmac(hmac(hmac(hmac(`AWS4${fakeKeys.secretAccessKey}`, day), region), 's3'), 'aws4_request');
  const toSign = `AWS4-HMAC-SHA256\n${date}\n${day}/${region}/s3/aws4_request\n${hash}`;
  return names.split(';').includes('host') && hmac(key, toSign).toString('hex') === signature;
}
