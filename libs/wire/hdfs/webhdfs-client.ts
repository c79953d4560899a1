/**
 * HDFS over HTTP (WebHDFS, HttpFS, or a gateway before them). Operations on names go to a NameNode; bytes go to the DataNode that it
 * names in the first of two steps, asked for with `noredirect` so that no body is sent twice.
 *
 * There may be several NameNodes: a call goes to the one that answered last, and on to the next when that one is away, on standby
 * or still starting. Each is tried once a call; waiting and trying again is the caller's business, and so is that an answer
 * may be lost after the operation happened (a rename then says false).
 *
 * What `create` and `append` resolved is in HDFS: the file is closed each time, as WebHDFS can neither sync nor keep a file open.
 * Several appends to one file must not run at once.
 */
import type { ConnectionOptions } from 'node:tls';
import { assert } from '#std/assert';
import type { Clock } from '#std/clock';
import { messageOf } from '#std/errors';
import { hdfsErrors, HdfsError } from './hdfs-errors.js';
import { FetchedTokens, fixedToken, type TokenSource } from './hdfs-tokens.js';
import { HttpExchange, readText, type HttpAnswer, type HttpMethod } from './http-exchange.js';
import { asksForAnother, remoteError, remoteFailure } from './remote-exception.js';

export interface WebHdfsOptions {
  /** Addresses of NameNodes, HttpFS or a gateway: `http://nn1:9870`, `https://gate:8443/gateway/lake`. At least one. */
  readonly urls: readonly string[];
  /** Simple authentication: who the files belong to. */
  readonly user?: string | null;
  /** Proxy user. */
  readonly doAs?: string | null;
  /** Delegation token in place of a user; secret. */
  readonly delegationToken?: string | TokenSource | null;
  /** Login to a secured HDFS: fetches a delegation token, which all other calls carry. */
  readonly login?: HdfsLogin | null;
  /** For HTTPS: whom to trust, and what to show. */
  readonly tls?: ConnectionOptions;
  /** DataNodes are reached under other names from here: `host:port` or `host` as HDFS says it → as it is reached. */
  readonly dataNodes?: ReadonlyMap<string, string>;
  /** Connections to each host; default 8. */
  readonly connectionsMax?: number;
  readonly connectTimeoutMs?: number;
  /** Without a byte in either direction; default 60,000 ms. */
  readonly idleTimeoutMs?: number;
}

export interface HdfsLogin {
  /** Token of a Negotiate login (RFC 4559) to the web server of a host, good once. */
  negotiate(host: string): Promise<string>;
  readonly clock: Clock;
}

export interface FileStatus {
  /** Name in its folder; empty for the file that was asked for itself. */
  readonly name: string;
  readonly directory: boolean;
  /** Bytes. */
  readonly length: number;
  /** Milliseconds since the epoch. */
  readonly modifiedMs: number;
  readonly owner: string;
}

export interface CreateOptions {
  /** Default false: a file that is there is an error. */
  readonly overwrite?: boolean;
}

type Query = Readonly<Record<string, string | boolean>>;

const defaults = { connectionsMax: 8, connectTimeoutMs: 5000, idleTimeoutMs: 60_000 };
const answerBytesMax = 64 * 1024 * 1024;

export class WebHdfsClient {
  private readonly http: HttpExchange;
  private active = 0;
  /** Null = simple authentication. */
  private readonly tokens: TokenSource | null;
  /** `hadoop.auth` of web servers that were logged in to, by address. */
  private readonly cookies = new Map<string, string>();

  constructor(private readonly options: WebHdfsOptions) {
    assert(options.urls.length > 0, 'there is at least one NameNode');
    this.http = new HttpExchange({
      connectionsMax: options.connectionsMax ?? defaults.connectionsMax,
      connectTimeoutMs: options.connectTimeoutMs ?? defaults.connectTimeoutMs,
      idleTimeoutMs: options.idleTimeoutMs ?? defaults.idleTimeoutMs,
      tls: options.tls,
    });
    const { delegationToken, login } = options;
    if (typeof delegationToken === 'string') this.tokens = fixedToken(delegationToken);
    else if (delegationToken !== null && delegationToken !== undefined) this.tokens = delegationToken;
    else this.tokens = login === null || login === undefined ? null : this.tokensOf(login);
  }

  close(): void {
    this.http.close();
  }

  /** Writes a whole file, with the folders above it, and gives its size. A failed call may leave a part of it. */
  async create(path: string, content: AsyncIterable<Buffer>, options: CreateOptions = {}): Promise<number> {
    const query = { overwrite: options.overwrite ?? false, noredirect: true };
    const location = await this.locate('PUT', 'CREATE', path, query);
    let bytes = 0;
    const counted = async function* (): AsyncGenerator<Buffer> {
      for await (const chunk of content) {
        bytes += chunk.length;
        yield chunk;
      }
    };
    const what = `CREATE ${path}`;
    await this.delivered(what, await this.send(what, 'PUT', location, counted()));
    return bytes;
  }

  /** Adds to the end of a file that is there. A failed call may have added a part, or all of it. */
  async append(path: string, bytes: Buffer): Promise<void> {
    const location = await this.locate('POST', 'APPEND', path, { noredirect: true });
    const what = `APPEND ${path}`;
    const once = async function* (): AsyncGenerator<Buffer> {
      yield bytes;
    };
    await this.delivered(what, await this.send(what, 'POST', location, once()));
  }

  /**
   * Cuts a file to `length` bytes. False where HDFS has begun to do so and is not done: the length is right only once the file can be
   * appended to again.
   */
  async truncate(path: string, length: number): Promise<boolean> {
    return this.boolean('POST', 'TRUNCATE', path, { newlength: String(length) });
  }

  /** The bytes of a file from `offset` on. Throws `missing`. */
  async *open(path: string, offset = 0): AsyncGenerator<Buffer> {
    const what = `OPEN ${path}`;
    const location = await this.locate('GET', 'OPEN', path, { offset: String(offset), noredirect: true });
    const answer = await this.send(what, 'GET', location, null);
    if (answer.status !== 200) await succeeded(what, answer);
    try {
      for await (const chunk of answer.body) yield chunk;
    } catch (error) {
      throw new HdfsError(hdfsErrors.busy, `HDFS broke off ${what}: ${messageOf(error)}`, { cause: error });
    }
  }

  /** Null where there is nothing. */
  async status(path: string): Promise<FileStatus | null> {
    const answer = await orNull(this.json('GET', 'GETFILESTATUS', path, {}));
    return answer === null ? null : fileStatus(field(answer, 'FileStatus'));
  }

  /** What lies in a folder, all of it, in portions; null where there is none. */
  async list(path: string): Promise<readonly FileStatus[] | null> {
    const all: FileStatus[] = [];
    for (let startAfter: string | null = null; ;) {
      const query: Query = startAfter === null ? {} : { startAfter };
      const answer = await orNull(this.json('GET', 'LISTSTATUS_BATCH', path, query));
      if (answer === null) return null;
      const listing = field(answer, 'DirectoryListing');
      const portion = field(field(field(listing, 'partialListing'), 'FileStatuses'), 'FileStatus');
      if (Array.isArray(portion)) all.push(...portion.map(fileStatus));
      startAfter = all.at(-1)?.name ?? null;
      if (startAfter === null || field(listing, 'remainingEntries') === 0) return all;
    }
  }

  async makeDirectory(path: string): Promise<void> {
    if (!(await this.boolean('PUT', 'MKDIRS', path, {}))) {
      throw new HdfsError(hdfsErrors.busy, `HDFS did not make the folder ${path}, without saying why.`);
    }
  }

  /** False where the source is not there, the target is, or its folder is not: WebHDFS does not say which. */
  async rename(from: string, to: string): Promise<boolean> {
    return this.boolean('PUT', 'RENAME', from, { destination: to });
  }

  /** False where there was nothing. */
  async delete(path: string, options: { readonly recursive?: boolean } = {}): Promise<boolean> {
    return this.boolean('DELETE', 'DELETE', path, { recursive: options.recursive ?? false });
  }

  /** Sets an extended attribute (`user.offset`), new or not. */
  async setAttribute(path: string, name: string, value: string): Promise<void> {
    const exists = (await this.attributes(path)).has(name);
    const query = { 'xattr.name': name, 'xattr.value': value, flag: exists ? 'REPLACE' : 'CREATE' };
    await this.answer('PUT', 'SETXATTR', path, query);
  }

  /** All extended attributes of a path. */
  async attributes(path: string): Promise<ReadonlyMap<string, string>> {
    const answer = await this.json('GET', 'GETXATTRS', path, { encoding: 'base64' });
    const list = field(answer, 'XAttrs');
    if (!Array.isArray(list)) return new Map();
    return new Map(list.map((entry) => [text(field(entry, 'name')), attributeText(text(field(entry, 'value')))]));
  }

  private async boolean(method: HttpMethod, op: string, path: string, query: Query): Promise<boolean> {
    return field(await this.json(method, op, path, query), 'boolean') === true;
  }

  private async json(method: HttpMethod, op: string, path: string, query: Query): Promise<unknown> {
    const body = await this.answer(method, op, path, query);
    try {
      return JSON.parse(body);
    } catch (error) {
      throw new HdfsError(hdfsErrors.busy, `The answer to ${op} ${path} is not JSON; is this a WebHDFS address?`, {
        cause: error,
      });
    }
  }

  private async answer(method: HttpMethod, op: string, path: string, query: Query): Promise<string> {
    const answer = await this.ask(method, op, path, query);
    return succeeded(`${op} ${path}`, answer);
  }

  /** A token may have ended between the two steps. */
  private async delivered(what: string, answer: HttpAnswer): Promise<void> {
    try {
      await succeeded(what, answer);
    } catch (error) {
      if (!(error instanceof HdfsError) || error.exception !== 'InvalidToken' || this.tokens?.refused('') !== true)
        throw error;
      throw new HdfsError(hdfsErrors.busy, error.message, { cause: error, exception: error.exception });
    }
  }

  /** First step: where the DataNode wants the bytes. Older NameNodes redirect in place of telling it. */
  private async locate(method: HttpMethod, op: string, path: string, query: Query): Promise<URL> {
    const answer = await this.ask(method, op, path, query);
    const redirected = answer.status >= 300 && answer.status < 400 ? answer.location : null;
    const body =
      redirected === null ? await succeeded(`${op} ${path}`, answer) : await answerText(`${op} ${path}`, answer);
    const location = redirected ?? (body === '' ? undefined : field(parsed(body), 'Location'));
    if (typeof location !== 'string' || !URL.canParse(location)) {
      throw new HdfsError(hdfsErrors.busy, `The answer to ${op} ${path} names no DataNode; is this a WebHDFS address?`);
    }
    const url = new URL(location);
    const other = this.options.dataNodes?.get(url.host) ?? this.options.dataNodes?.get(url.hostname);
    if (other !== undefined) url.host = other;
    // HttpFS answers with itself, and takes bytes only with this.
    if (method !== 'GET') url.searchParams.set('data', 'true');
    return url;
  }

  /** Asks one NameNode after the other until one answers for itself. */
  private async ask(method: HttpMethod, op: string, path: string, query: Query): Promise<HttpAnswer> {
    const { urls } = this.options;
    const what = `${op} ${path}`;
    let failure: HdfsError | null = null;
    let renewals = 0;
    for (let attempt = 0; attempt < urls.length; attempt += 1) {
      const base = urls[this.active] ?? '';
      try {
        const token = (await this.tokens?.current(base)) ?? null;
        const answer = await this.send(what, method, this.address(base, op, path, query, token), null);
        if (answer.status < 400) return answer;
        const remote = remoteFailure(answer.status, await answerText(what, answer));
        failure = remoteError(what, remote);
        if (token !== null && remote.exception === 'InvalidToken' && renewals < urls.length) {
          // It has ended, or this NameNode does not know it; another one may do.
          if (this.tokens?.refused(token) === true) {
            renewals += 1;
            attempt -= 1;
            continue;
          }
        }
        if (!asksForAnother(remote)) throw failure;
      } catch (error) {
        if (!(error instanceof HdfsError) || error.kind !== hdfsErrors.away) throw error;
        failure = error;
      }
      this.active = (this.active + 1) % urls.length;
    }
    throw failure ?? new HdfsError(hdfsErrors.away, `No NameNode took ${what}.`);
  }

  private address(base: string, op: string, path: string, query: Query, token: string | null): URL {
    const url = webAddress(base, path);
    url.searchParams.set('op', op);
    const { user, doAs } = this.options;
    if (token !== null) url.searchParams.set('delegation', token);
    else if (typeof user === 'string') url.searchParams.set('user.name', user);
    // A token is of the proxy user already where it was fetched for one.
    if (typeof doAs === 'string' && (token === null || (this.options.login ?? null) === null))
      url.searchParams.set('doas', doAs);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
    return url;
  }

  private tokensOf(login: HdfsLogin): TokenSource {
    return new FetchedTokens(
      {
        fetch: async (base) => {
          const answer = await this.loggedIn(login, 'GET', base, { op: 'GETDELEGATIONTOKEN' });
          const token = text(field(field(answer, 'Token'), 'urlString'));
          if (token !== '') return token;
          throw new HdfsError(hdfsErrors.denied, 'HDFS gives no delegation token: is it without Kerberos?');
        },
        renew: async (base, token) =>
          Number(field(await this.loggedIn(login, 'PUT', base, { op: 'RENEWDELEGATIONTOKEN', token }), 'long')),
      },
      login.clock,
    );
  }

  /** A call with a login of its own, or with the cookie of an earlier one. */
  private async loggedIn(
    login: HdfsLogin,
    method: HttpMethod,
    base: string,
    query: { readonly op: string; readonly token?: string },
  ): Promise<unknown> {
    const url = webAddress(base, '/');
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const { doAs } = this.options;
    if (typeof doAs === 'string') url.searchParams.set('doas', doAs);
    const cookie = this.cookies.get(url.host);
    if (cookie !== undefined) {
      const answer = await this.send(query.op, method, url, null, { Cookie: cookie });
      if (answer.status !== 401) return parsed(await succeeded(query.op, answer));
      await answerText(query.op, answer);
    }
    this.cookies.delete(url.host);
    const token = await login.negotiate(url.hostname);
    const answer = await this.send(query.op, method, url, null, { Authorization: `Negotiate ${token}` });
    const body = await succeeded(query.op, answer);
    const given = answer.cookies.find((one) => /^hadoop\.auth=./.test(one));
    if (given !== undefined) this.cookies.set(url.host, given);
    return parsed(body);
  }

  private async send(
    what: string,
    method: HttpMethod,
    url: URL,
    body: AsyncIterable<Buffer> | null,
    headers?: Readonly<Record<string, string>>,
  ): Promise<HttpAnswer> {
    try {
      return await this.http.send(method, url, body, headers);
    } catch (error) {
      throw new HdfsError(hdfsErrors.away, `No answer from ${url.host} to ${what}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }
}

function webAddress(base: string, path: string): URL {
  const encoded = path.split('/').map(encodeURIComponent).join('/');
  return new URL(`${base.replace(/\/(webhdfs\/v1)?\/?$/, '')}/webhdfs/v1${encoded}`);
}

async function answerText(what: string, answer: HttpAnswer): Promise<string> {
  try {
    return await readText(answer, answerBytesMax);
  } catch (error) {
    throw new HdfsError(hdfsErrors.away, `The answer to ${what} broke off: ${messageOf(error)}`, { cause: error });
  }
}

async function succeeded(what: string, answer: HttpAnswer): Promise<string> {
  const body = await answerText(what, answer);
  if (answer.status < 300) return body;
  throw remoteError(what, remoteFailure(answer.status, body));
}

async function orNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof HdfsError && error.kind === hdfsErrors.missing) return null;
    throw error;
  }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function fileStatus(value: unknown): FileStatus {
  return {
    name: text(field(value, 'pathSuffix')),
    directory: field(value, 'type') === 'DIRECTORY',
    length: Number(field(value, 'length')),
    modifiedMs: Number(field(value, 'modificationTime')),
    owner: text(field(value, 'owner')),
  };
}

/** `0s` and base64, as asked for. */
function attributeText(value: string): string {
  return value.startsWith('0s') ? Buffer.from(value.slice(2), 'base64').toString() : value;
}
