/**
 * Flume's http: a request is events, and all of it one transaction. Answers 200 with no body when every required channel has committed, 400 for
 * bad JSON, 503 where the channels refuse (try again), 500 for everything else: an empty request, a charset that is not UTF-8,
 * -16 or -32, a missing parameter, an interceptor that fails. GET and POST on any path; TRACE and OPTIONS get 403, others 405.
 *
 * Where it differs from Flume:
 * - It listens on 127.0.0.1 where no `bind` is set; any address that others reach needs `insecure`.
 * - A request over `maxBodyBytes` gets 413; while bodies in hand are over their limit, others get 503. Connections are limited.
 * - JSON without a charset is UTF-8 whatever its Content-Type, as RFC 8259 has it. JSON has to be JSON: Flume also takes single quotes.
 * - An event that is null, and a trailing comma, are bad requests (400; Flume: 500). A header that is null is left out.
 * - `BLOBHandler` works without `mandatoryParameters`; Flume then fails each request.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { requireOptions, type OptionValues } from '#config/options';
import { plainAddress } from '#net/host';
import type { ComponentType, Source, SourceContext } from '#pipeline/collector';
import { ChannelError } from '#pipeline/errors';
import { messageOf } from '#std/errors';
import { checkBind } from '../bind-options.js';
import { listenError } from '../socket-listener.js';
import { BlobHandler } from './blob-handler.js';
import { BadRequestError, type HttpHandler } from './http-handler.js';
import { httpOptions } from './http-options.js';
import { JsonHandler } from './json-handler.js';
import { readBody, type BodyRefusal } from './request-body.js';

/** Bodies of all requests together; more where a single one may be larger. */
const bodiesBytesMax = 128 * 1024 * 1024;
const headersTimeoutMs = 10_000;
const requestTimeoutMs = 300_000;
/** What requests under way get when the source stops. */
const stopMsMax = 5000;

export const httpSource: ComponentType<Source> = {
  name: 'http',
  classNames: ['org.apache.flume.source.http.HTTPSource'],
  doc: 'Takes events of HTTP requests.',
  options: httpOptions,
  check(options) {
    const { bind, insecure } = requireOptions('source', httpOptions, options);
    return checkBind('bind', bind, insecure);
  },
  create: (input) => new HttpSource(requireOptions(`source ${input.name}`, httpOptions, input.options)),
};

interface Answer {
  readonly status: number;
  readonly text: string;
}

const answers: Readonly<Record<BodyRefusal, Answer>> = {
  'too large': { status: 413, text: 'The request is larger than maxBodyBytes.' },
  busy: { status: 503, text: 'Too many bytes of requests are in hand. Try again.' },
  aborted: { status: 400, text: 'The request ended early.' },
};

class HttpSource implements Source {
  private readonly handler: HttpHandler;
  private server: Server | null = null;
  private context: SourceContext | null = null;
  private bytesInHand = 0;
  private wasRefused = false;

  constructor(private readonly options: OptionValues<typeof httpOptions>) {
    this.handler = createHandler(options);
  }

  /** The port that is listened on; 0 while stopped. */
  get port(): number {
    const address = this.server?.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  async start(context: SourceContext): Promise<void> {
    const { bind, port, maxConnections } = this.options;
    const timeouts = { headersTimeout: headersTimeoutMs, requestTimeout: requestTimeoutMs };
    const server = createServer({ ...timeouts, keepAlive: true, noDelay: true }, (request, response) => {
      void this.serve(context, request, response);
    });
    server.maxConnections = maxConnections;
    server.on('drop', () => context.count('ConnectionRefusedCount', 1));
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
    const take = (bytes: number): boolean => {
      if (this.bytesInHand + bytes > Math.max(bodiesBytesMax, this.options.maxBodyBytes)) return false;
      this.bytesInHand += bytes;
      taken += bytes;
      return true;
    };
    const answer = await this.answer(context, request, take);
    this.bytesInHand -= taken;
    if (response.destroyed) return;
    const hasBody = answer.text !== '';
    response.writeHead(answer.status, {
      'Content-Length': Buffer.byteLength(answer.text),
      ...(hasBody ? { 'Content-Type': 'text/plain; charset=utf-8' } : {}),
      ...(answer.status === 503 ? { 'Retry-After': '1' } : {}),
      // After a stop, and after a body that was not read, the connection cannot go on.
      ...(this.server === null || !request.complete ? { Connection: 'close' } : {}),
    });
    response.end(answer.text);
  }

  private async answer(
    context: SourceContext,
    request: IncomingMessage,
    take: (bytes: number) => boolean,
  ): Promise<Answer> {
    const { method = '' } = request;
    if (method === 'TRACE' || method === 'OPTIONS') return { status: 403, text: '' };
    if (method !== 'GET' && method !== 'POST') return { status: 405, text: '' };
    const cutAt = this.handler.bodyBytesMax;
    const body = await readBody(request, { bytesMax: this.options.maxBodyBytes, cutAt, take });
    if (typeof body === 'string') return answers[body];
    try {
      const events = this.handler.events({
        body,
        contentType: request.headers['content-type'] ?? null,
        parameters: new URLSearchParams(/\?(.*)$/s.exec(request.url ?? '')?.[1] ?? ''),
      });
      if (events.count > 0) await context.deliver(events);
      if (this.wasRefused) this.report(context, null);
      return { status: 200, text: '' };
    } catch (error) {
      return this.failure(context, error);
    }
  }

  private failure(context: SourceContext, error: unknown): Answer {
    const text = `${messageOf(error)}\n`;
    if (error instanceof ChannelError) {
      this.report(context, error);
      return { status: 503, text };
    }
    context.count('EventReadFail', 1);
    return { status: error instanceof BadRequestError ? 400 : 500, text };
  }

  private report(context: SourceContext, error: unknown): void {
    this.wasRefused = error !== null;
    context.reportError(error);
  }
}

function createHandler(options: OptionValues<typeof httpOptions>): HttpHandler {
  switch (options.handler) {
    case 'JSONHandler':
    case 'org.apache.flume.source.http.JSONHandler':
      return new JsonHandler();
    case 'BLOBHandler':
    case 'org.apache.flume.source.http.BLOBHandler':
      return new BlobHandler({
        mandatory: options['handler.mandatoryParameters'],
        bodyBytesMax: null,
        withContentType: false,
      });
    case 'org.apache.flume.sink.solr.morphline.BlobHandler':
      return new BlobHandler({
        mandatory: [],
        bodyBytesMax: options['handler.maxBlobLength'],
        withContentType: true,
      });
  }
}
