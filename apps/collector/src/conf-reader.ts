import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { ConfFile } from '#pipeline/flume-conf';
import type { Clock } from '#std/clock';
import { messageOf } from '#std/errors';

/** Where the configuration of an agent lies. Keys of later ones replace those of earlier ones; all URIs come before all files. */
export interface ConfPlaces {
  readonly files: readonly string[];
  /** `http:`, `https:` or `file:`. */
  readonly uris: readonly string[];
  /** For servers that ask who is there (Basic). */
  readonly user?: string | null;
  readonly password?: string | null;
}

const answerMsMax = 30_000;
const bytesMax = 16 * 1024 * 1024;

interface RemoteFile {
  readonly bytes: Buffer;
  readonly etag: string | null;
  readonly lastModified: string | null;
  /** Monotonic, ms. */
  readonly askedAt: number;
}

/** Reads the files of a configuration, and tells whether they have changed. */
export class ConfReader {
  private readonly remote = new Map<string, RemoteFile>();
  private before: readonly ConfFile[] = [];

  constructor(
    private readonly places: ConfPlaces,
    private readonly clock: Clock,
    /** How long an answer of a server is believed. */
    private readonly remoteMsMin: number,
  ) {}

  /** Everything as it is now. Throws a sentence that names what cannot be read. */
  async read(): Promise<readonly ConfFile[]> {
    this.before = await this.readAll(0);
    return this.before;
  }

  /** Null where everything is as it was at the last call. Throws as `read`. */
  async readChanged(): Promise<readonly ConfFile[] | null> {
    const now = await this.readAll(this.remoteMsMin);
    const isSame =
      now.length === this.before.length &&
      now.every(({ bytes }, index) => this.before[index]?.bytes.equals(bytes) === true);
    if (isSame) return null;
    this.before = now;
    return now;
  }

  private readAll(remoteMsMin: number): Promise<ConfFile[]> {
    const uris = this.places.uris.map((uri) => this.readUri(uri, remoteMsMin));
    return Promise.all([...uris, ...this.places.files.map(readLocal)]);
  }

  private async readUri(uri: string, remoteMsMin: number): Promise<ConfFile> {
    const url = URL.canParse(uri) ? new URL(uri) : null;
    if (url?.protocol === 'file:') return readLocal(fileURLToPath(url));
    if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
      throw new Error(`A configuration is read from http:, https: and file:, not from "${uri}".`);
    }
    const before = this.remote.get(uri);
    if (before !== undefined && this.clock.monotonic() - before.askedAt < remoteMsMin) {
      return { file: uri, bytes: before.bytes };
    }
    const file = await this.ask(url, before);
    this.remote.set(uri, file);
    return { file: uri, bytes: file.bytes };
  }

  /** With the conditions of HTTP, so that a server sends nothing that is known already. */
  private async ask(url: URL, before: RemoteFile | undefined): Promise<RemoteFile> {
    const { user, password } = this.places;
    const headers = new Headers();
    if (user !== null && user !== undefined) {
      headers.set('authorization', `Basic ${Buffer.from(`${user}:${password ?? ''}`).toString('base64')}`);
    }
    if (before?.etag) headers.set('if-none-match', before.etag);
    if (before?.lastModified) headers.set('if-modified-since', before.lastModified);
    let response: Response;
    try {
      response = await fetch(url, { headers, signal: AbortSignal.timeout(answerMsMax) });
    } catch (error) {
      throw new Error(`${url.href} does not answer: ${messageOf(error)}`, { cause: error });
    }
    const askedAt = this.clock.monotonic();
    if (response.status === 304 && before !== undefined) return { ...before, askedAt };
    if (!response.ok) throw new Error(`${url.href} answered ${response.status} ${response.statusText}.`);
    if (Number(response.headers.get('content-length')) > bytesMax) {
      throw new Error(`${url.href} is larger than ${bytesMax} bytes.`);
    }
    const bytes = Buffer.from(await response.arrayBuffer());
    return {
      bytes,
      etag: response.headers.get('etag'),
      lastModified: response.headers.get('last-modified'),
      askedAt,
    };
  }
}

async function readLocal(path: string): Promise<ConfFile> {
  return { file: path, bytes: await readFile(path) };
}
