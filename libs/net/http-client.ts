/**
 * Calls over HTTP and HTTPS whose requests and answers fit into memory: kept connections, a bound on their number, on time and on the answer's
 * size, a forward proxy, rules for targets. Nothing is followed, decoded or tried again here, but for one case: a kept connection that the server
 * was just closing.
 */
import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import * as http from 'node:http';
import * as https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { Clock, Timer } from '#std/clock';
import { MillraceError, messageOf, systemCode, type ErrorKind } from '#std/errors';
import type { TargetRules } from './target-rules.js';

export interface HttpClientOptions {
  readonly clock: Clock;
  /** To each host; more calls wait for one. Default 8. */
  readonly connectionsMax?: number;
  /** With the handshake of TLS; default 10,000 ms. */
  readonly connectTimeoutMs?: number;
  /** From the connection to the end of the answer, where the call says nothing; default 60,000 ms. */
  readonly timeoutMs?: number;
  /** Default 16 MiB. A longer answer fails the call. */
  readonly answerBytesMax?: number;
  readonly tls?: ConnectionOptions;
  readonly proxy?: HttpProxy;
  /** Absent: any target. Behind a proxy only names and literal addresses are looked at: the proxy resolves. */
  readonly targets?: TargetRules;
  /** Finds the addresses of a host; default: the system's way. */
  readonly lookup?: LookupFunction;
}

export interface HttpProxy {
  /** `http://proxy:3128`, user and password before the host where it wants them. */
  readonly url: URL;
  /** Hosts that are asked directly: `internal.example.com`, or `.example.com` for all below. */
  readonly except: readonly string[];
}

export interface HttpCall {
  readonly method: string;
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  readonly timeoutMs?: number;
  /** Twice does no more than once. Default: by the method (RFC 9110, 9.2.2). */
  readonly repeatable?: boolean;
}

export interface HttpResult {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

export const httpErrors = {
  /** No connection, no answer, or it broke off. */
  away: { code: 'net.http.away', retriable: true },
  timeout: { code: 'net.http.timeout', retriable: true },
  /** The server's certificate is not trusted, or is another host's; or it wants one of this side; or it speaks no TLS. */
  tls: { code: 'net.http.tls', retriable: false },
  /** By the rules for targets. */
  target: { code: 'net.http.target', retriable: false },
  answerSize: { code: 'net.http.answer_size', retriable: false },
} satisfies Record<string, ErrorKind>;

/** Shorter than servers keep an unused connection (Node 5 s, Jetty 10 s), so that none is used that is just being closed. */
const unusedMsMax = 4000;
const repeatableMethods = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'];

export class HttpClient {
  private readonly direct: Agents;
  private readonly proxied: Agents | null;
  private readonly lookup: LookupFunction;
  private readonly open = new Set<http.ClientRequest>();
  private closed = false;

  constructor(private readonly options: HttpClientOptions) {
    const { connectionsMax = 8, tls = {}, proxy } = options;
    const agent = { keepAlive: true, maxSockets: connectionsMax, timeout: unusedMsMax };
    this.direct = { plain: new http.Agent(agent), secure: new https.Agent({ ...agent, ...tls }) };
    const proxyEnv = { HTTP_PROXY: proxy?.url.href, HTTPS_PROXY: proxy?.url.href };
    this.proxied =
      proxy === undefined
        ? null
        : { plain: new http.Agent({ ...agent, proxyEnv }), secure: new https.Agent({ ...agent, ...tls, proxyEnv }) };
    this.lookup = guardedLookup(options.lookup ?? systemLookup, options.targets ?? null);
  }

  /** Calls under way fail. */
  close(): void {
    this.closed = true;
    for (const request of this.open) request.destroy(new Error('the client was closed'));
    for (const agents of [this.direct, this.proxied]) {
      agents?.plain.destroy();
      agents?.secure.destroy();
    }
  }

  /** The answer, whatever its status. Rejects with a MillraceError of `httpErrors` where there is none. */
  async call(call: HttpCall): Promise<HttpResult> {
    const problem = this.options.targets?.hostProblem(call.url.hostname) ?? null;
    if (problem !== null) throw new MillraceError(httpErrors.target, `${describe(call)} is not allowed: ${problem}.`);
    const repeatable = call.repeatable ?? repeatableMethods.includes(call.method.toUpperCase());
    const attempt: Attempt = { staleConnection: false };
    try {
      return await this.ask(call, attempt);
    } catch (error) {
      if (!attempt.staleConnection || !repeatable || this.closed) throw this.failure(call, error);
    }
    try {
      return await this.ask(call, { staleConnection: false });
    } catch (error) {
      throw this.failure(call, error);
    }
  }

  private ask(call: HttpCall, attempt: Attempt): Promise<HttpResult> {
    const { url, method, headers = {}, body } = call;
    const isSecure = url.protocol === 'https:';
    const agents = this.proxied !== null && !this.isDirect(url) ? this.proxied : this.direct;
    return new Promise((resolve, reject) => {
      if (this.closed) {
        reject(new Error('the client was closed'));
        return;
      }
      const request = (isSecure ? https : http).request(url, {
        method,
        headers: body === undefined ? headers : { ...headers, 'Content-Length': String(body.length) },
        agent: isSecure ? agents.secure : agents.plain,
        ...(agents === this.direct ? { lookup: this.lookup } : {}),
      });
      this.open.add(request);
      const endWait = this.limitTime(request, call);
      let isAnswered = false;
      request.once('response', (answer) => {
        isAnswered = true;
        readBody(answer, this.options.answerBytesMax ?? answerBytesMaxDefault).then(
          (bytes) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: bytes }),
          (error: unknown) => {
            reject(error instanceof Error ? error : new Error(String(error)));
            request.destroy();
          },
        );
      });
      request.once('error', (error) => {
        const code = systemCode(error);
        attempt.staleConnection = request.reusedSocket && !isAnswered && (code === 'ECONNRESET' || code === 'EPIPE');
        reject(error);
      });
      request.once('close', () => {
        this.open.delete(request);
        endWait();
        if (!isAnswered) reject(new Error('the connection was closed'));
      });
      request.end(body);
    });
  }

  /** Time begins when there is a connection, or one is made: what waits for others is not late. Gives what ends it. */
  private limitTime(request: http.ClientRequest, call: HttpCall): () => void {
    const { clock, connectTimeoutMs = connectTimeoutMsDefault } = this.options;
    const timeoutMs = call.timeoutMs ?? this.options.timeoutMs ?? timeoutMsDefault;
    const timers: Timer[] = [];
    const limit = (delayMs: number, what: string): Timer => {
      const timer = clock.after(delayMs, () => request.destroy(new TimeoutError(`${what} within ${delayMs} ms`)));
      timers.push(timer);
      return timer;
    };
    request.once('socket', (socket) => {
      limit(timeoutMs, 'no whole answer');
      if (!socket.connecting) return;
      const connect = limit(connectTimeoutMs, 'no connection');
      socket.once(call.url.protocol === 'https:' ? 'secureConnect' : 'connect', () => connect.cancel());
    });
    return () => {
      for (const timer of timers) timer.cancel();
    };
  }

  private isDirect({ hostname }: URL): boolean {
    return (this.options.proxy?.except ?? []).some((rule) => {
      const name = rule.toLowerCase().replace(/^\*/, '');
      return name.startsWith('.') ? hostname.endsWith(name) : hostname === name;
    });
  }

  private failure(call: HttpCall, cause: unknown): MillraceError {
    if (cause instanceof MillraceError) return cause;
    const kind = cause instanceof TimeoutError ? httpErrors.timeout : isOfTls(cause) ? httpErrors.tls : httpErrors.away;
    return new MillraceError(kind, `No answer to ${describe(call)}: ${reasonOf(cause)}.`, { cause });
  }
}

/** `Basic` of user and password (RFC 7617, UTF-8). */
export function basicAuthorization(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** What `Retry-After` asks for, in ms from `nowMs` (since 1970): seconds, or a date (RFC 9110, 10.2.3). Null where it says nothing. */
export function retryAfterMs(headers: http.IncomingHttpHeaders, nowMs: number): number | null {
  const text = headers['retry-after']?.trim() ?? '';
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, retryAfterMsMax);
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.min(Math.max(at - nowMs, 0), retryAfterMsMax);
}

/** `POST https://host/path`; what a query holds may be secret. */
export function describe({ method, url }: Pick<HttpCall, 'method' | 'url'>): string {
  return `${method} ${url.origin}${url.pathname}`;
}

const answerBytesMaxDefault = 16 * 1024 * 1024;
const connectTimeoutMsDefault = 10_000;
const timeoutMsDefault = 60_000;
const retryAfterMsMax = 3_600_000;

interface Agents {
  readonly plain: http.Agent;
  readonly secure: https.Agent;
}

interface Attempt {
  /** The request went out on a connection that was kept from before, and that was closed without an answer. */
  staleConnection: boolean;
}

class TimeoutError extends Error {}

/** Node looks a host up through this for each connection that it makes, and connects to what it gives: no second answer can differ. */
function guardedLookup(find: LookupFunction, targets: TargetRules | null): LookupFunction {
  if (targets === null) return find;
  return (hostname, options, callback) => {
    find(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      const addresses: LookupAddress[] = Array.isArray(found) ? found : [{ address: found, family: isIP(found) }];
      const allowed = addresses.filter(({ address }) => targets.addressProblem(hostname, address) === null);
      const [first] = allowed;
      if (first === undefined) {
        const problem = targets.addressProblem(hostname, addresses[0]?.address ?? '') ?? 'it has no address';
        callback(new MillraceError(httpErrors.target, `Connecting is not allowed: ${problem}.`), []);
      } else if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

async function readBody(answer: http.IncomingMessage, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new MillraceError(httpErrors.answerSize, `The answer is over ${bytesMax} bytes.`);
    chunks.push(chunk);
  }
  const [first = Buffer.alloc(0)] = chunks;
  return chunks.length <= 1 ? first : Buffer.concat(chunks, bytes);
}

function isOfTls(cause: unknown): boolean {
  const code = systemCode(cause) ?? '';
  return /^(?:EPROTO$|CERT_|ERR_TLS_|ERR_SSL_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_)/.test(code);
}

function reasonOf(cause: unknown): string {
  // Where a name has several addresses, what each of them said lies below an empty message.
  if (cause instanceof AggregateError) return cause.errors.map(messageOf).join('; ');
  return messageOf(cause);
}
