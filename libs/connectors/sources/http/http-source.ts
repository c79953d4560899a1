/**
 * Flume's http: a request is events, and all of it one transaction. Answers 200 with no body when every required channel has committed, 400 for
 * bad JSON, 503 where the channels refuse (try again), 500 for everything else: an empty request, a charset that is not UTF-8,
 * -16 or -32, a missing parameter, an interceptor that fails. GET and POST on any path; TRACE and OPTIONS get 403, others 405.
 *
 * Where it differs from Flume:
 * - It listens on 127.0.0.1 where no `bind` is set; any address that others reach needs `insecure`, or a login (`basicUser`, `bearerToken`).
 * - A request over `maxBodyBytes` gets 413; while bodies in hand are over their limit, others get 503. Connections are limited.
 * - JSON without a charset is UTF-8 whatever its Content-Type, as RFC 8259 has it. JSON has to be JSON: Flume also takes single quotes.
 * - An event that is null, and a trailing comma, are bad requests (400; Flume: 500). A header that is null is left out.
 * - `BLOBHandler` works without `mandatoryParameters`; Flume then fails each request.
 * - Settings of Flume's web server (`QueuedThreadPool.*` …) are accepted and have no effect.
 */
import type { IncomingMessage } from 'node:http';
import { requireOptions, type OptionValues } from '#config/options';
import type { ComponentType, Source, SourceContext } from '#pipeline/collector';
import { ChannelError } from '#pipeline/errors';
import { messageOf } from '#std/errors';
import { serverTls } from '../../tls/component-tls.js';
import { BlobHandler } from './blob-handler.js';
import { BadRequestError, type HttpHandler } from './http-handler.js';
import { bodyOf, HttpListener, type HttpAnswer, type TakeBytes } from './http-listener.js';
import { checkHttpListener, httpOptions } from './http-options.js';
import { JsonHandler } from './json-handler.js';

export const httpSource: ComponentType<Source> = {
  name: 'http',
  classNames: ['org.apache.flume.source.http.HTTPSource'],
  doc: 'Takes events of HTTP requests.',
  options: httpOptions,
  check: (options) => checkHttpListener(requireOptions('source', httpOptions, options)),
  create: (input) => new HttpSource(requireOptions(`source ${input.name}`, httpOptions, input.options)),
};

class HttpSource implements Source {
  private readonly handler: HttpHandler;
  private readonly listener: HttpListener;
  private wasRefused = false;

  constructor(private readonly options: OptionValues<typeof httpOptions>) {
    this.handler = createHandler(options);
    this.listener = new HttpListener({
      ...options,
      login: options,
      tls: () => serverTls(options),
      serve: (request, take, context) => this.serve(request, take, context),
    });
  }

  get port(): number {
    return this.listener.port;
  }

  start(context: SourceContext): Promise<void> {
    return this.listener.start(context);
  }

  stop(): Promise<void> {
    return this.listener.stop();
  }

  private async serve(request: IncomingMessage, take: TakeBytes, context: SourceContext): Promise<HttpAnswer> {
    const { method = '' } = request;
    if (method === 'TRACE' || method === 'OPTIONS') return { status: 403, body: '' };
    if (method !== 'GET' && method !== 'POST') return { status: 405, body: '' };
    const limits = { bytesMax: this.options.maxBodyBytes, cutAt: this.handler.bodyBytesMax };
    const body = await bodyOf(request, take, limits);
    if (!Buffer.isBuffer(body)) return body;
    try {
      const url = request.url ?? '';
      const queryAt = url.indexOf('?');
      const events = this.handler.events({
        body,
        contentType: request.headers['content-type'] ?? null,
        query: queryAt === -1 ? '' : url.slice(queryAt + 1),
      });
      if (events.count > 0) await context.deliver(events);
      if (this.wasRefused) this.report(context, null);
      return { status: 200, body: '' };
    } catch (error) {
      return this.failure(context, error);
    }
  }

  private failure(context: SourceContext, error: unknown): HttpAnswer {
    const body = `${messageOf(error)}\n`;
    if (error instanceof ChannelError) {
      this.report(context, error);
      return { status: 503, body };
    }
    context.count('EventReadFail', 1);
    return { status: error instanceof BadRequestError ? 400 : 500, body };
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
