import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import { plainAddress } from '#net/host';
import type { SourceContext } from '#pipeline/collector';
import { listenError } from '../socket-listener.js';
import { isAllowed, type HttpLogin } from './http-login.js';
import { readBody, type BodyRefusal } from './request-body.js';

export interface HttpAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

/** Takes a piece of memory for a request; false where all requests together hold too much. */
export type TakeBytes = (bytes: number) => boolean;

export interface HttpListenerOptions {
  readonly bind: string;
  readonly port: number;
  readonly maxConnections: number;
  /** ms; how long a connection may rest between requests. */
  readonly keepAliveTimeout: number;
  readonly maxBodyBytes: number;
  readonly login: HttpLogin;
  /** Called at each start; null without TLS. */
  readonly tls: () => SecureContextOptions | null;
  /** Null where a request may last as long as it likes. */
  readonly requestMsMax?: number | null;
  /** Answers one request; never rejects. */
  readonly serve: (request: IncomingMessage, take: TakeBytes, context: SourceContext) => Promise<HttpAnswer>;
}

/** Bodies of all requests together; more where a single one may be larger. */
const bodiesBytesMax = 128 * 1024 * 1024;
const headersTimeoutMs = 10_000;
const requestTimeoutMs = 300_000;
/** What requests under way get when the source stops. */
const stopMsMax = 5000;
/** After so long without a word a peer is asked whether it is still there. */
const probeMs = 60_000;

/** An HTTP server of a source: connections, TLS, logins and memory; what a request means is its owner's. */
export class HttpListener {
  private server: Server | null = null;
  private context: SourceContext | null = null;
  private bytesInHand = 0;

  constructor(private readonly options: HttpListenerOptions) {}

  /** The port that is listened on; 0 while stopped. */
  get port(): number {
    const address = this.server?.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  async start(context: SourceContext): Promise<void> {
    const { bind, port, maxConnections, keepAliveTimeout } = this.options;
    const tls = this.options.tls();
    const options: ServerOptions = {
      headersTimeout: headersTimeoutMs,
      requestTimeout: this.options.requestMsMax === null ? 0 : (this.options.requestMsMax ?? requestTimeoutMs),
      keepAliveTimeout,
      keepAlive: true,
      keepAliveInitialDelay: probeMs,
      noDelay: true,
    };
    const listener = (request: IncomingMessage, response: ServerResponse): void => {
      void this.serve(context, request, response);
    };
    const server = tls === null ? createServer(options, listener) : createTlsServer({ ...options, ...tls }, listener);
    server.maxConnections = maxConnections;
    server.on('drop', () => context.count('ConnectionRefusedCount', 1));
    server.on('tlsClientError', () => context.count('ConnectionFailedCount', 1));
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(listenError(error, bind, port)));
      server.listen({ host: plainAddress(bind), port, exclusive: true }, resolve);
    });
    server.on('error', () => undefined);
    this.context = context;
    this.server = server;
  }

  /** Requests under way are answered. */
  async stop(): Promise<void> {
    const { server, context } = this;
    if (server === null || context === null) return;
    this.server = null;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeIdleConnections();
    const timer = context.clock.after(stopMsMax, () => server.closeAllConnections());
    await closed;
    timer.cancel();
  }

  private async serve(context: SourceContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
    let taken = 0;
    const take: TakeBytes = (bytes) => {
      if (this.bytesInHand + bytes > Math.max(bodiesBytesMax, this.options.maxBodyBytes)) return false;
      this.bytesInHand += bytes;
      taken += bytes;
      return true;
    };
    const isIn = isAllowed(this.options.login, request.headers.authorization);
    if (!isIn) {
      context.count('AuthenticationFailedCount', 1);
      request.resume();
    }
    const answer = isIn ? await this.options.serve(request, take, context) : loginAnswer(this.options.login);
    this.bytesInHand -= taken;
    if (response.destroyed) return;
    const length = typeof answer.body === 'string' ? Buffer.byteLength(answer.body) : answer.body.length;
    const headers: Record<string, string | number> = { 'Content-Length': length, ...answer.headers };
    if (length > 0) headers['Content-Type'] ??= 'text/plain; charset=utf-8';
    if (answer.status === 503) headers['Retry-After'] ??= '1';
    // After a stop, and after a body that was not read, the connection cannot go on.
    if (this.server === null || !request.complete) headers['Connection'] = 'close';
    response.writeHead(answer.status, headers);
    response.end(answer.body);
  }
}

function loginAnswer({ basicUser, bearerToken }: HttpLogin): HttpAnswer {
  const schemes = [
    ...(basicUser === null ? [] : ['Basic realm="millrace"']),
    ...(bearerToken === null ? [] : ['Bearer']),
  ];
  return { status: 401, headers: { 'WWW-Authenticate': schemes.join(', ') }, body: '' };
}

/** Why a body could not be read, as an answer. */
export const bodyAnswers: Readonly<Record<BodyRefusal, HttpAnswer>> = {
  'too large': { status: 413, body: 'The request is larger than maxBodyBytes.\n' },
  busy: { status: 503, body: 'Too many bytes of requests are in hand. Try again.\n' },
  aborted: { status: 400, body: 'The request ended early.\n' },
};

/** The whole body of a request, or the answer where there is none. */
export async function bodyOf(
  request: IncomingMessage,
  take: TakeBytes,
  limits: { readonly bytesMax: number; readonly cutAt?: number | null },
): Promise<Buffer | HttpAnswer> {
  const body = await readBody(request, { bytesMax: limits.bytesMax, cutAt: limits.cutAt ?? null, take });
  return typeof body === 'string' ? bodyAnswers[body] : body;
}
