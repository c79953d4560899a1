/**
 * A WebHDFS in one process for specs: a NameNode that keeps names and, on another port, a DataNode that takes and gives bytes in the second
 * step. Its answers have the shapes of Hadoop 3's. `intercept` may answer in its place.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';

export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
}

export interface FakeAnswer {
  readonly status: number;
  readonly exception?: string;
  readonly body?: string;
  /** Do the work first, then cut the connection. */
  readonly lost?: boolean;
  /** Never answer. */
  readonly hangs?: boolean;
}

export class FakeHdfs {
  readonly files = new Map<string, Buffer>();
  readonly directories = new Set<string>(['/']);
  readonly attributes = new Map<string, string>();
  readonly requests: FakeRequest[] = [];
  /** Names of one listing portion. */
  portion = 2;
  /** Redirect as older NameNodes do, in place of naming the DataNode. */
  redirects = false;
  intercept: (request: FakeRequest) => FakeAnswer | null = () => null;
  private readonly nameNode: Server = createServer((request, response) => void this.serveName(request, response));
  private readonly dataNode: Server = createServer((request, response) => void this.serveData(request, response));

  async start(): Promise<string> {
    for (const server of [this.nameNode, this.dataNode]) {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    }
    return addressOf(this.nameNode);
  }

  async stop(): Promise<void> {
    for (const server of [this.nameNode, this.dataNode]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  private note(request: IncomingMessage): FakeRequest {
    const url = new URL(request.url ?? '/', 'http://fake');
    const path = decodeURIComponent(url.pathname.slice('/webhdfs/v1'.length));
    const noted = { method: request.method ?? '', path, query: url.searchParams, headers: request.headers };
    this.requests.push(noted);
    return noted;
  }

  private async serveName(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const noted = this.note(request);
    const instead = this.intercept(noted);
    if (instead !== null && instead.lost !== true) return answerInstead(response, instead);
    const answer = this.work(noted, request.url ?? '');
    if (instead?.lost === true) response.destroy();
    else if (this.redirects && 'Location' in answer.body) {
      response.writeHead(307, { Location: String(answer.body['Location']) }).end();
    } else response.writeHead(answer.status).end(JSON.stringify(answer.body));
  }

  private work(request: FakeRequest, url: string): { status: number; body: Record<string, unknown> } {
    const { path, query } = request;
    const ok = (body: Record<string, unknown>) => ({ status: 200, body });
    switch (query.get('op')) {
      case 'CREATE':
      case 'APPEND':
      case 'OPEN': {
        const create = query.get('op') === 'CREATE';
        if (!create && !this.files.has(path)) return refusal(404, 'FileNotFoundException');
        if (create && query.get('overwrite') === 'false' && this.files.has(path))
          return refusal(403, 'FileAlreadyExistsException');
        return ok({ Location: `${addressOf(this.dataNode)}${url}` });
      }
      case 'GETFILESTATUS': {
        const status = this.statusOf(path, '');
        return status === null ? refusal(404, 'FileNotFoundException') : ok({ FileStatus: status });
      }
      case 'LISTSTATUS_BATCH':
        return this.directories.has(path)
          ? ok(this.listing(path, query.get('startAfter') ?? ''))
          : refusal(404, 'FileNotFoundException');
      case 'MKDIRS':
        this.addDirectory(path);
        return ok({ boolean: true });
      case 'RENAME': {
        const to = query.get('destination') ?? '';
        const bytes = this.files.get(path);
        const parent = to.slice(0, to.lastIndexOf('/')) || '/';
        if (bytes === undefined || this.files.has(to) || !this.directories.has(parent)) return ok({ boolean: false });
        this.files.delete(path);
        this.files.set(to, bytes);
        return ok({ boolean: true });
      }
      case 'TRUNCATE': {
        const bytes = this.files.get(path);
        if (bytes === undefined) return refusal(404, 'FileNotFoundException');
        this.files.set(path, bytes.subarray(0, Number(query.get('newlength'))));
        return ok({ boolean: true });
      }
      case 'DELETE':
        return ok({ boolean: this.files.delete(path) });
      case 'SETXATTR':
        this.attributes.set(query.get('xattr.name') ?? '', query.get('xattr.value') ?? '');
        return ok({});
      case 'GETXATTRS': {
        const list = [...this.attributes].map(([name, value]) => ({
          name,
          value: `0s${Buffer.from(value).toString('base64')}`,
        }));
        return ok({ XAttrs: list });
      }
      default:
        return refusal(400, 'IllegalArgumentException');
    }
  }

  private async serveData(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const noted = this.note(request);
    if (noted.method === 'GET') {
      const offset = Number(noted.query.get('offset') ?? 0);
      Readable.from([this.files.get(noted.path)?.subarray(offset) ?? Buffer.alloc(0)]).pipe(response);
      return;
    }
    // A real DataNode does so, though nobody asked.
    response.writeContinue();
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const instead = this.intercept({ ...noted, method: 'DATA' });
    if (instead !== null && instead.lost !== true) return answerInstead(response, instead);
    this.addDirectory(noted.path.slice(0, noted.path.lastIndexOf('/')));
    const before = noted.method === 'POST' ? this.files.get(noted.path) : undefined;
    this.files.set(noted.path, Buffer.concat(before === undefined ? chunks : [before, ...chunks]));
    if (instead?.lost === true) response.destroy();
    else response.writeHead(201).end();
  }

  private listing(path: string, startAfter: string): Record<string, unknown> {
    const prefix = path === '/' ? '/' : `${path}/`;
    const names = [...this.files.keys(), ...this.directories]
      .filter((other) => other.startsWith(prefix) && other !== prefix)
      .map((other) => other.slice(prefix.length))
      .filter((name) => !name.includes('/'))
      .sort()
      .filter((name) => name > startAfter);
    const portion = names.slice(0, this.portion).map((name) => this.statusOf(`${prefix}${name}`, name));
    return {
      DirectoryListing: {
        partialListing: { FileStatuses: { FileStatus: portion } },
        remainingEntries: names.length - portion.length,
      },
    };
  }

  private statusOf(path: string, name: string): Record<string, unknown> | null {
    const bytes = this.files.get(path);
    if (bytes === undefined && !this.directories.has(path)) return null;
    return {
      pathSuffix: name,
      type: bytes === undefined ? 'DIRECTORY' : 'FILE',
      length: bytes?.length ?? 0,
      modificationTime: 1_700_000_000_000,
      owner: 'ann',
    };
  }

  private addDirectory(path: string): void {
    const parts = path.split('/').filter((part) => part !== '');
    for (let count = 1; count <= parts.length; count += 1) this.directories.add(`/${parts.slice(0, count).join('/')}`);
  }
}

function answerInstead(response: ServerResponse, answer: FakeAnswer): void {
  if (answer.hangs === true) return;
  const { body } = answer.exception === undefined ? { body: answer.body } : refusal(answer.status, answer.exception);
  response.writeHead(answer.status).end(typeof body === 'string' ? body : JSON.stringify(body ?? {}));
}

function refusal(status: number, exception: string): { status: number; body: Record<string, unknown> } {
  const javaClassName = `org.apache.hadoop.${exception}`;
  return { status, body: { RemoteException: { exception, javaClassName, message: `because of ${exception}` } } };
}

function addressOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
