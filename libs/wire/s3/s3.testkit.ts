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
}

export const fakeKeys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'a/secret+Key', sessionToken: null } as const;

export class FakeS3 {
  readonly objects = new Map<string, FakeObject>();
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

  put(key: string, content: string | Buffer): void {
    const etag = `"${createHash('md5').update(content).digest('hex')}"`;
    this.objects.set(key, { content: Buffer.from(content), etag, modifiedMs: 1_700_000_000_000 });
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
    else if (key === '') this.list(new URLSearchParams(search), response);
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
    response.writeHead(headers.range === undefined ? 200 : 206, { etag: object.etag, 'content-length': part.length });
    response.end(method === 'HEAD' ? undefined : part);
  }

  private write(key: string, { headers }: IncomingMessage, response: ServerResponse, body: Buffer): void {
    const source = headers['x-amz-copy-source'];
    if (typeof source !== 'string') {
      this.put(key, body);
      response.writeHead(200).end();
      return;
    }
    const object = this.objects.get(decodeURIComponent(source).slice(this.bucket.length + 2));
    if (object === undefined) return refuse(response, 404, 'NoSuchKey');
    if (headers['x-amz-copy-source-if-match'] !== object.etag) return refuse(response, 412, 'PreconditionFailed');
    this.objects.set(key, object);
    response.writeHead(200).end(`<CopyObjectResult><ETag>${escaped(object.etag)}</ETag></CopyObjectResult>`);
  }

  private list(query: URLSearchParams, response: ServerResponse): void {
    const prefix = query.get('prefix') ?? '';
    const isFlat = query.get('delimiter') === '/';
    const after = Buffer.from(query.get('continuation-token') ?? '', 'base64').toString();
    const keys = [...this.objects.keys()]
      .filter((key) => key.startsWith(prefix) && key > after)
      .filter((key) => !isFlat || !key.slice(prefix.length).includes('/'))
      .toSorted((left, right) => (left < right ? -1 : 1));
    const page = keys.slice(0, this.pageKeys);
    const isTruncated = keys.length > page.length;
    const contents = page.map((key) => {
      const { content, etag, modifiedMs } = this.objects.get(key) ?? { content: '', etag: '', modifiedMs: 0 };
      const time = new Date(modifiedMs).toISOString();
      return `<Contents><Key>${escaped(key)}</Key><LastModified>${time}</LastModified><ETag>${escaped(etag)}</ETag><Size>${content.length}</Size></Contents>`;
    });
    const token = Buffer.from(page.at(-1) ?? '').toString('base64');
    const next = isTruncated ? `<NextContinuationToken>${token}</NextContinuationToken>` : '';
    response
      .writeHead(200)
      .end(
        `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>${isTruncated}</IsTruncated>${next}${contents.join('')}</ListBucketResult>`,
      );
  }
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
