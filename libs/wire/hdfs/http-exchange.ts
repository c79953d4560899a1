/**
 * HTTP requests over kept connections, with a bound on their number and on silence. Plain `node:http`: a DataNode answers every upload with
 * `100 Continue` first, asked or not, which undici takes for a broken answer.
 */
import * as http from 'node:http';
import * as https from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ConnectionOptions } from 'node:tls';

export type HttpMethod = 'GET' | 'PUT' | 'POST' | 'DELETE';

export interface HttpAnswer {
  readonly status: number;
  /** Where a redirect points; null where there is none. */
  readonly location: string | null;
  /** `name=value` of the cookies that it sets. */
  readonly cookies: readonly string[];
  readonly body: AsyncIterable<Buffer>;
}

export interface HttpExchangeOptions {
  /** To each host. */
  readonly connectionsMax: number;
  readonly connectTimeoutMs: number;
  /** Without a byte in either direction. */
  readonly idleTimeoutMs: number;
  /** Whom to trust, and what to show, over HTTPS; default: the authorities that Node knows, nothing. */
  readonly tls?: ConnectionOptions;
}

/** Shorter than servers keep an unused connection (Jetty: 10 s and more), so that none is used that is just being closed. */
const unusedMsMax = 4000;

export class HttpExchange {
  private readonly plain: http.Agent;
  private readonly secure: https.Agent;

  constructor(private readonly options: HttpExchangeOptions) {
    const agent = { keepAlive: true, maxSockets: options.connectionsMax, timeout: unusedMsMax };
    this.plain = new http.Agent(agent);
    this.secure = new https.Agent({ ...options.tls, ...agent });
  }

  close(): void {
    this.plain.destroy();
    this.secure.destroy();
  }

  /** Resolves with the head of the answer; its body must be read. Rejects where the connection failed or fell silent. */
  async send(
    method: HttpMethod,
    url: URL,
    body: AsyncIterable<Buffer> | null,
    more: Readonly<Record<string, string>> = {},
  ): Promise<HttpAnswer> {
    const headers: Record<string, string> = { 'X-XSRF-HEADER': '""', ...more };
    if (body !== null) headers['Content-Type'] = 'application/octet-stream';
    const secure = url.protocol === 'https:';
    const request = (secure ? https : http).request(url, {
      method,
      headers,
      agent: secure ? this.secure : this.plain,
      timeout: this.options.idleTimeoutMs,
    });
    this.limitSilence(request);
    const answered = new Promise<http.IncomingMessage>((resolve, reject) => {
      request.once('response', resolve);
      request.once('error', reject);
      request.once('close', () => reject(new Error('the connection was closed')));
    });
    const [message] = await Promise.all([answered, upload(request, body)]);
    const cookies = (message.headers['set-cookie'] ?? []).map((cookie) => cookie.split(';', 1)[0] ?? '');
    return { status: message.statusCode ?? 0, location: message.headers.location ?? null, cookies, body: message };
  }

  private limitSilence(request: http.ClientRequest): void {
    const { connectTimeoutMs, idleTimeoutMs } = this.options;
    request.on('timeout', () => request.destroy(new Error(`nothing came or went for ${idleTimeoutMs} ms`)));
    request.once('socket', (socket) => {
      if (!socket.connecting) return;
      const timer = setTimeout(
        () => request.destroy(new Error(`no connection within ${connectTimeoutMs} ms`)),
        connectTimeoutMs,
      );
      socket.once('connect', () => clearTimeout(timer));
      socket.once('close', () => clearTimeout(timer));
    });
  }
}

async function upload(request: http.ClientRequest, body: AsyncIterable<Buffer> | null): Promise<void> {
  if (body === null) {
    request.end();
    return;
  }
  const source = Readable.from(body, { objectMode: false });
  source.once('error', (error) => request.destroy(error));
  try {
    await pipeline(source, request);
  } catch {
    // The request was destroyed with this error and reports it, unless an answer had come before: then that says more.
  }
}

export async function readText(answer: HttpAnswer, bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer.body) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new Error(`it is over ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
